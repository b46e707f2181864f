package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array to write heads into: a worker has one, and writes one head at a time. */
final class Bytes {

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  byte[] array = new byte[16 * 1024];
  int size;

  /** A text that is put often, ready to be put. */
  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  void reset(int room) {
    size = 0;
    if (array.length < room) {
      array = new byte[room * 2];
    }
  }

  private void room(int more) {
    if (size + more > array.length) {
      array = Arrays.copyOf(array, Math.max(array.length * 2, size + more));
    }
  }

  Bytes put(byte[] from) {
    return put(from, 0, from.length);
  }

  Bytes put(byte[] from, int start, int end) {
    int n = end - start;
    room(n);
    System.arraycopy(from, start, array, size, n);
    size += n;
    return this;
  }

  Bytes put(char c) {
    room(1);
    array[size++] = (byte) c;
    return this;
  }

  Bytes put(String ascii) {
    int n = ascii.length();
    room(n);
    for (int i = 0; i < n; i++) {
      array[size++] = (byte) ascii.charAt(i);
    }
    return this;
  }

  Bytes number(long value) {
    room(20);
    if (value < 10) {
      array[size++] = (byte) ('0' + value);
      return this;
    }
    int digits = 1;
    for (long v = value; v >= 10; v /= 10) {
      digits++;
    }
    int end = size + digits;
    long v = value;
    for (int i = end - 1; i >= size; i--) {
      array[i] = (byte) ('0' + v % 10);
      v /= 10;
    }
    size = end;
    return this;
  }

  Bytes hex(long value, int digits) {
    room(digits);
    for (int i = digits - 1; i >= 0; i--) {
      array[size++] = HEX[(int) (value >>> (4 * i)) & 15];
    }
    return this;
  }

  Bytes crlf() {
    room(2);
    array[size++] = '\r';
    array[size++] = '\n';
    return this;
  }

  String text(int start, int end) {
    return new String(array, start, end - start, java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  void copyTo(ByteBuf out) {
    out.writeBytes(array, 0, size);
  }
}
