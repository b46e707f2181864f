package gantry.app.http;

import io.helidon.common.buffers.DataReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** A request's body, whose every failure is an {@link IOException} that says what it was. */
final class RequestStream extends FilterInputStream {

  RequestStream(InputStream in) {
    super(in);
  }

  @Override
  public int read() throws IOException {
    try {
      return in.read();
    } catch (RuntimeException e) {
      throw broken(e);
    }
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    try {
      return in.read(into, offset, length);
    } catch (RuntimeException e) {
      throw broken(e);
    }
  }

  @Override
  public long skip(long count) throws IOException {
    try {
      return in.skip(count);
    } catch (RuntimeException e) {
      throw broken(e);
    }
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private static IOException broken(RuntimeException e) {
    return switch (e) {
      case DataReader.InsufficientDataAvailableException ended ->
          new BrokenRequest(408, "The request's body did not all arrive.");
      case UncheckedIOException io -> new IOException(io.getCause());
      default -> new BrokenRequest(400, "The request's body is not well-formed.");
    };
  }
}
