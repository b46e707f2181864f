package gantry.wire.sigv4;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Undoes {@code aws-chunked}: sizes in hexadecimal, a signature for each chunk that continues the
 * one before, and a trailing header. A chunk's bytes are handed on while its signature is still
 * being computed, so whoever keeps them must wait for the end of the stream.
 */
public final class ChunkedStream extends InputStream {

  /** A chunk's header and a trailer's line: longer is not well-formed. */
  private static final int LINE_MOST = 8 * 1024;

  private static final int TRAILERS_MOST = 16;

  private final InputStream raw;
  private final Payload.Chunked payload;
  private final Map<String, String> trailers = new LinkedHashMap<>();
  private String previousSignature;
  private @Nullable String chunkSignature;
  private MessageDigest digest = Hashes.sha256();
  private long leftInChunk;
  private long total;
  private boolean ended;

  ChunkedStream(InputStream raw, Payload.Chunked payload) {
    this.raw = new BufferedInputStream(raw);
    this.payload = payload;
    this.previousSignature = payload.claim().signature();
  }

  /** The trailing headers, known when the stream has ended; names in lower case. */
  public Map<String, String> trailers() {
    return Map.copyOf(trailers);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (ended || (leftInChunk == 0 && !nextChunk())) {
      return -1;
    }
    int count = raw.read(into, offset, (int) Math.min(length, leftInChunk));
    if (count < 0) {
      throw incomplete();
    }
    if (payload.signed()) {
      digest.update(into, offset, count);
    }
    total += count;
    leftInChunk -= count;
    if (leftInChunk == 0) {
      endChunk();
    }
    return count;
  }

  /** False at the last one, whose end has then been checked. */
  private boolean nextChunk() throws IOException {
    String line = line();
    int semicolon = line.indexOf(';');
    String size = semicolon < 0 ? line : line.substring(0, semicolon);
    leftInChunk = size(size);
    if (total + leftInChunk > payload.decodedLength()) {
      throw incomplete();
    }
    if (payload.signed()) {
      String extension = semicolon < 0 ? "" : line.substring(semicolon + 1).strip();
      if (!extension.startsWith("chunk-signature=")) {
        throw incomplete();
      }
      chunkSignature = extension.substring("chunk-signature=".length());
      digest = Hashes.sha256();
    }
    if (leftInChunk > 0) {
      return true;
    }
    checkChunk();
    readTrailers();
    ended = true;
    if (total != payload.decodedLength()) {
      throw incomplete();
    }
    return false;
  }

  private void endChunk() throws IOException {
    if (!line().isEmpty()) {
      throw incomplete();
    }
    checkChunk();
  }

  private void checkChunk() {
    String sent = chunkSignature;
    SigningKey key = payload.signingKey();
    if (!payload.signed() || sent == null) {
      return;
    }
    if (key != null) {
      String toSign =
          "AWS4-HMAC-SHA256-PAYLOAD\n"
              + payload.claim().timestamp()
              + "\n"
              + payload.claim().credential().scope()
              + "\n"
              + previousSignature
              + "\n"
              + Hashes.EMPTY
              + "\n"
              + Hashes.hex(digest.digest());
      checkSignature(key, toSign, sent);
    }
    previousSignature = sent;
    chunkSignature = null;
  }

  private void readTrailers() throws IOException {
    StringBuilder canonical = new StringBuilder();
    String signature = null;
    for (String line = trailerLine(); !line.isEmpty(); line = trailerLine()) {
      int colon = line.indexOf(':');
      if (colon <= 0 || trailers.size() == TRAILERS_MOST) {
        throw malformedTrailer();
      }
      String name = Canonical.lower(line.substring(0, colon).strip());
      String value = line.substring(colon + 1).strip();
      if (name.equals("x-amz-trailer-signature")) {
        signature = value;
      } else {
        trailers.put(name, value);
        canonical.append(name).append(':').append(value).append('\n');
      }
    }
    String announced = payload.trailer();
    if (announced == null) {
      if (!trailers.isEmpty()) {
        throw malformedTrailer();
      }
      return;
    }
    for (String name : announced.split(",", -1)) {
      if (!trailers.containsKey(Canonical.lower(name.strip()))) {
        throw payload.signed() && trailers.isEmpty() ? incomplete() : malformedTrailer();
      }
    }
    if (!payload.signed()) {
      return;
    }
    if (signature == null) {
      throw incomplete();
    }
    SigningKey key = payload.signingKey();
    if (key != null) {
      String toSign =
          "AWS4-HMAC-SHA256-TRAILER\n"
              + payload.claim().timestamp()
              + "\n"
              + payload.claim().credential().scope()
              + "\n"
              + previousSignature
              + "\n"
              + Hashes.sha256Hex(canonical.toString().getBytes(UTF_8));
      checkSignature(key, toSign, signature);
    }
  }

  private static void checkSignature(SigningKey key, String toSign, String sent) {
    if (!Hashes.same(key.sign(toSign), sent)) {
      throw SigV4Failure.SIGNATURE.refused(
          "The request signature we calculated does not match the signature you provided. Check"
              + " your AWS Secret Access Key and signing method. Consult the service documentation"
              + " for details.",
          Map.of("StringToSign", toSign, "SignatureProvided", sent));
    }
  }

  private static long size(String text) {
    // Sixteen digits would not fit a long; nobody sends chunks of a petabyte.
    if (text.isEmpty() || text.length() > 15) {
      throw incomplete();
    }
    long size = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = Character.digit(text.charAt(i), 16);
      if (digit < 0) {
        throw incomplete();
      }
      size = size << 4 | digit;
    }
    return size;
  }

  private String trailerLine() throws IOException {
    return line(true);
  }

  private String line() throws IOException {
    return line(false);
  }

  /**
   * Ends with CR LF; the very end of the body ends a trailer as well. No other control character is
   * in a line: what is stripped from a value would not be under its signature.
   */
  private String line(boolean mayEnd) throws IOException {
    StringBuilder line = new StringBuilder(96);
    while (true) {
      int c = raw.read();
      if (c < 0) {
        if (mayEnd && line.isEmpty()) {
          return "";
        }
        throw incomplete();
      }
      if (c == '\n') {
        int end = line.length();
        if (end == 0 || line.charAt(end - 1) != '\r') {
          throw mayEnd ? malformedTrailer() : incomplete();
        }
        line.setLength(end - 1);
        return line.toString();
      }
      boolean afterCr = !line.isEmpty() && line.charAt(line.length() - 1) == '\r';
      if (line.length() == LINE_MOST || afterCr || c < ' ' && c != '\r' && c != '\t') {
        throw mayEnd ? malformedTrailer() : incomplete();
      }
      line.append((char) c);
    }
  }

  private static SigV4Failure.Refused incomplete() {
    return SigV4Failure.BODY_INCOMPLETE.refused("The request body terminated unexpectedly");
  }

  private static SigV4Failure.Refused malformedTrailer() {
    return SigV4Failure.TRAILER_MALFORMED.refused(
        "The request contained trailing data that was not well-formed or did not conform to our"
            + " published schema.");
  }

  @Override
  public void close() throws IOException {
    raw.close();
  }
}
