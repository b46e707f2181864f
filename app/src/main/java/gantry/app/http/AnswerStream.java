package gantry.app.http;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;

/** A body that is written while its handler runs; short ones leave as a whole. */
final class AnswerStream extends OutputStream {

  private static final int BLOCK = 16 * 1024;

  private final NettyExchange exchange;
  private final int status;
  private byte[] block = new byte[BLOCK];
  private int size;
  private boolean began;
  private boolean closed;

  AnswerStream(NettyExchange exchange, int status) {
    this.exchange = exchange;
    this.status = status;
  }

  @Override
  public void write(int b) throws IOException {
    if (size == BLOCK) {
      send();
    }
    block[size++] = (byte) b;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (closed) {
      throw new IOException("the answer has ended");
    }
    int from = offset;
    int left = length;
    while (left > 0) {
      if (size == BLOCK) {
        send();
      }
      int count = Math.min(left, BLOCK - size);
      System.arraycopy(bytes, from, block, size, count);
      size += count;
      from += count;
      left -= count;
    }
  }

  /** What was written so far leaves now. */
  @Override
  public void flush() throws IOException {
    if (!closed) {
      send();
    }
  }

  private void send() throws IOException {
    if (!began) {
      began = true;
      exchange.begin(status);
    }
    if (size > 0) {
      byte[] full = size == BLOCK ? block : Arrays.copyOf(block, size);
      if (size == BLOCK) {
        block = new byte[BLOCK];
      }
      size = 0;
      exchange.more(full);
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    if (began) {
      send();
      closed = true;
      exchange.end();
    } else {
      closed = true;
      exchange.whole(status, Arrays.copyOf(block, size));
    }
  }
}
