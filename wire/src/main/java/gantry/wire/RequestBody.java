package gantry.wire;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The body of one request: either read once as a stream, or as a whole with a bound. Not for more
 * than one thread.
 */
public final class RequestBody {
  /**
   * Enough for every call that is not a stream; the largest real ones (PutLogEvents) have 1 MiB.
   */
  public static final int MAX_BYTES = 16 << 20;

  private final InputStream source;
  private byte @Nullable [] whole;
  private byte @Nullable [] inflated;

  private RequestBody(InputStream source) {
    this.source = source;
  }

  public static RequestBody of(InputStream source) {
    return new RequestBody(source);
  }

  public static RequestBody of(byte[] bytes) {
    RequestBody body = new RequestBody(new ByteArrayInputStream(bytes));
    body.whole = bytes;
    return body;
  }

  /**
   * The bytes as they came, which are what a signature covers.
   *
   * @throws WireException if there are more than {@link #MAX_BYTES}
   */
  public byte[] bytes() {
    byte[] bytes = whole;
    if (bytes == null) {
      bytes = read(source);
      whole = bytes;
    }
    return bytes;
  }

  /** The bytes without their content encoding. */
  public byte[] content(RequestHead head) {
    String encoding = head.header("content-encoding");
    if (encoding == null || !gzip(encoding)) {
      return bytes();
    }
    byte[] bytes = inflated;
    if (bytes == null) {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes()))) {
        bytes = read(in);
      } catch (ZipException e) {
        throw WireException.serialization("The body is not valid gzip: " + e.getMessage());
      } catch (IOException | UncheckedIOException e) {
        throw WireException.serialization("The gzip body ends before its end.");
      }
      inflated = bytes;
    }
    return bytes;
  }

  private static boolean gzip(String encoding) {
    for (String one : encoding.split(",", -1)) {
      if (one.strip().equalsIgnoreCase("gzip")) {
        return true;
      }
    }
    return false;
  }

  /** The bytes as they come, for an operation that streams. */
  public InputStream stream() {
    byte[] bytes = whole;
    return bytes == null ? source : new ByteArrayInputStream(bytes);
  }

  private static byte[] read(InputStream in) {
    try {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new WireException(
            "RequestEntityTooLarge", 413, "The request is larger than " + MAX_BYTES + " bytes.");
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
