package gantry.app.http;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;

/** What a handler writes to a connection that speaks HTTP no more: bytes as they are, at once. */
final class RawStream extends OutputStream {

  private final Outgoing out;

  RawStream(Outgoing out) {
    this.out = out;
  }

  @Override
  public void write(int b) throws IOException {
    out.raw(new byte[] {(byte) b});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    out.raw(Arrays.copyOfRange(bytes, offset, offset + length));
  }
}
