package gantry.services.logs;

import java.util.Arrays;

/** Bytes that grow while they are written, with numbers in as few of them as they need. */
final class Bytes {

  private byte[] array;
  private int size;

  Bytes(int capacity) {
    array = new byte[Math.max(16, capacity)];
  }

  byte[] array() {
    return array;
  }

  int size() {
    return size;
  }

  private void room(int more) {
    if (array.length - size < more) {
      array =
          Arrays.copyOf(array, Math.max(size + more, Math.addExact(array.length, array.length)));
    }
  }

  void putInt(int value) {
    room(4);
    array[size++] = (byte) (value >>> 24);
    array[size++] = (byte) (value >>> 16);
    array[size++] = (byte) (value >>> 8);
    array[size++] = (byte) value;
  }

  /** An int that was left out earlier, now that it is known. */
  void setInt(int at, int value) {
    array[at] = (byte) (value >>> 24);
    array[at + 1] = (byte) (value >>> 16);
    array[at + 2] = (byte) (value >>> 8);
    array[at + 3] = (byte) value;
  }

  void putUnsigned(long value) {
    room(10);
    long left = value;
    while ((left & ~0x7FL) != 0) {
      array[size++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    array[size++] = (byte) left;
  }

  /** Small numbers of either sign are short. */
  void putSigned(long value) {
    putUnsigned((value << 1) ^ (value >> 63));
  }

  void put(byte[] bytes, int offset, int length) {
    room(length);
    System.arraycopy(bytes, offset, array, size, length);
    size += length;
  }

  /** Reads what was written. */
  static final class Reader {
    private final byte[] array;
    private int at;
    private final int end;

    Reader(byte[] array, int from, int end) {
      this.array = array;
      this.at = from;
      this.end = end;
    }

    int at() {
      return at;
    }

    int left() {
      return end - at;
    }

    int getInt() {
      int value =
          (array[at] & 0xFF) << 24
              | (array[at + 1] & 0xFF) << 16
              | (array[at + 2] & 0xFF) << 8
              | (array[at + 3] & 0xFF);
      at += 4;
      return value;
    }

    long unsigned() {
      long value = 0;
      int shift = 0;
      while (true) {
        byte next = array[at++];
        value |= (long) (next & 0x7F) << shift;
        if (next >= 0) {
          return value;
        }
        shift += 7;
      }
    }

    long signed() {
      long value = unsigned();
      return (value >>> 1) ^ -(value & 1);
    }

    void skip(int count) {
      at += count;
    }
  }
}
