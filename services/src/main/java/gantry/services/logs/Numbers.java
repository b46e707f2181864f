package gantry.services.logs;

/**
 * The columns of a segment that are numbers, as {@link Bytes} wrote them one behind the other: all
 * of them, or only those of some rows, for which nothing of the length of the column is made.
 */
final class Numbers {

  private final byte[] bytes;
  private int at;

  private Numbers(byte[] bytes) {
    this.bytes = bytes;
  }

  private long next() {
    byte next = bytes[at++];
    if (next >= 0) {
      return next; // most are that small
    }
    long value = next & 0x7F;
    int shift = 7;
    while ((next = bytes[at++]) < 0) {
      value |= (long) (next & 0x7F) << shift;
      shift += 7;
    }
    return value | (long) next << shift;
  }

  /** A number of either sign. */
  private long nextSigned() {
    long value = next();
    return (value >>> 1) ^ -(value & 1);
  }

  private void skip(int count) {
    for (int left = count; left > 0; ) {
      if (bytes[at++] >= 0) {
        left--;
      }
    }
  }

  static long[] all(byte[] bytes, int count) {
    Numbers in = new Numbers(bytes);
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = in.next();
    }
    return values;
  }

  /**
   * @param rows in ascending order
   */
  static long[] of(byte[] bytes, int[] rows) {
    Numbers in = new Numbers(bytes);
    long[] values = new long[rows.length];
    int row = 0;
    for (int i = 0; i < rows.length; i++) {
      in.skip(rows[i] - row);
      values[i] = in.next();
      row = rows[i] + 1;
    }
    return values;
  }

  /** Of a column that keeps the difference of each to the one before. */
  static long[] allSummed(byte[] bytes, int count) {
    Numbers in = new Numbers(bytes);
    long[] values = new long[count];
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += in.nextSigned();
      values[i] = sum;
    }
    return values;
  }

  static long[] summed(byte[] bytes, int[] rows) {
    Numbers in = new Numbers(bytes);
    long[] values = new long[rows.length];
    long sum = 0;
    int row = 0;
    for (int i = 0; i < rows.length; i++) {
      for (; row <= rows[i]; row++) {
        sum += in.nextSigned();
      }
      values[i] = sum;
    }
    return values;
  }

  /** Where each of some things ends whose lengths stand there. */
  static int[] ends(byte[] bytes, int count) {
    Numbers in = new Numbers(bytes);
    int[] values = new int[count];
    int end = 0;
    for (int i = 0; i < count; i++) {
      end += (int) in.next();
      values[i] = end;
    }
    return values;
  }
}
