package gantry.wire.sigv4;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How the body of a request is framed, and how its bytes are proven. */
public sealed interface Payload {

  Payload PLAIN = new Plain();

  /**
   * The body's own bytes. Reading the end of the stream is what proves it: it throws {@link
   * SigV4Failure.Refused} when the body is not what was signed.
   */
  InputStream decode(InputStream raw);

  /** Nothing to undo and nothing to prove. */
  record Plain() implements Payload {
    @Override
    public InputStream decode(InputStream raw) {
      return raw;
    }
  }

  /** The hash was signed, the body must have it. */
  record Hashed(String sha256) implements Payload {
    @Override
    public InputStream decode(InputStream raw) {
      return new HashedStream(raw, sha256);
    }
  }

  /**
   * {@code aws-chunked}.
   *
   * @param signingKey null where nobody checks
   * @param signed whether each chunk carries a signature
   * @param trailer the name of the trailing header, if one was announced
   */
  record Chunked(
      long decodedLength,
      Claim claim,
      @Nullable SigningKey signingKey,
      boolean signed,
      @Nullable String trailer)
      implements Payload {
    @Override
    public InputStream decode(InputStream raw) {
      return new ChunkedStream(raw, this);
    }
  }

  /** Hashes what passes and compares at the end. */
  final class HashedStream extends FilterInputStream {
    private final MessageDigest digest = Hashes.sha256();
    private final String wanted;
    private boolean ended;

    HashedStream(InputStream raw, String wanted) {
      super(raw);
      this.wanted = wanted;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int count = in.read(into, offset, length);
      if (count > 0) {
        digest.update(into, offset, count);
      } else if (count < 0 && !ended) {
        ended = true;
        String actual = Hashes.hex(digest.digest());
        if (!Hashes.same(actual, wanted.toLowerCase(Locale.ROOT))) {
          throw SigV4Failure.PAYLOAD_HASH.refused(
              "The provided 'x-amz-content-sha256' header does not match what was computed.");
        }
      }
      return count;
    }

    @Override
    public long skip(long count) throws IOException {
      return read(new byte[(int) Math.min(count, 8192)]);
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
