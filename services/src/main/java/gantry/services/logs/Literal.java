package gantry.services.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The places of some bytes in many. Eight places are looked at in one step: where both the first
 * and the last byte stand as they should, the rest is compared. That is as fast as the memory is,
 * and copies nothing.
 */
final class Literal {

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = ONES << 7;

  private final byte[] bytes;

  /** Eight times the first byte, and the last. */
  private final long eightFirst;

  private final long eightLast;

  Literal(byte[] bytes) {
    this.bytes = bytes;
    this.eightFirst = ONES * (bytes[0] & 0xFF);
    this.eightLast = ONES * (bytes[bytes.length - 1] & 0xFF);
  }

  static @Nullable Literal of(@Nullable String text) {
    return text == null || text.isEmpty() ? null : new Literal(text.getBytes(UTF_8));
  }

  byte[] bytes() {
    return bytes;
  }

  /**
   * The rows that hold it.
   *
   * @param first where it stands first, or -1
   * @param ends where the messages end, each of which begins where the one before ended
   */
  int[] rows(byte[] messages, int first, int[] ends) {
    int[] rows = new int[16];
    int count = 0;
    int row = 0;
    for (int at = first; at >= 0; ) {
      while (ends[row] <= at) {
        row++;
      }
      int from = at + 1;
      if (at + bytes.length <= ends[row]) { // otherwise it begins in one row and ends in another
        if (count == rows.length) {
          rows = Arrays.copyOf(rows, 2 * count);
        }
        rows[count++] = row;
        from = ends[row];
      }
      at = next(messages, from, ends[ends.length - 1]);
    }
    return Arrays.copyOf(rows, count);
  }

  /** The first place at or behind {@code from}, or -1. */
  int next(byte[] in, int from, int size) {
    int length = bytes.length;
    int at = from;
    for (int most = size - length + 1 - Long.BYTES; at <= most; at += Long.BYTES) {
      // A byte of this is zero where both are right; the sum's high bits tell which, and perhaps
      // one too many, which the comparison then refuses.
      long wrong =
          ((long) EIGHT.get(in, at) ^ eightFirst)
              | ((long) EIGHT.get(in, at + length - 1) ^ eightLast);
      long right = (wrong - ONES) & ~wrong & HIGHS;
      while (right != 0) {
        int place = at + (Long.numberOfTrailingZeros(right) >>> 3);
        if (Arrays.equals(in, place, place + length, bytes, 0, length)) {
          return place;
        }
        right &= right - 1;
      }
    }
    for (; at <= size - length; at++) {
      if (Arrays.equals(in, at, at + length, bytes, 0, length)) {
        return at;
      }
    }
    return -1;
  }
}
