package gantry.services.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The places of some bytes in many. They are looked at as if each were a character, because the
 * search in such a string is among the machine's widest instructions; and in short pieces, which
 * stay in the processor's cache while they are copied for it, and of which there are soon so many
 * that the compiler uses those instructions.
 */
final class Literal {

  private static final int PIECE = 8 << 10;

  private final byte[] bytes;
  private final String text;

  Literal(byte[] bytes) {
    this.bytes = bytes;
    this.text = new String(bytes, ISO_8859_1);
  }

  static @Nullable Literal of(@Nullable String text) {
    return text == null ? null : new Literal(text.getBytes(UTF_8));
  }

  byte[] bytes() {
    return bytes;
  }

  /** The first place at or behind {@code from} where all of it stands; -1: there is none. */
  int in(byte[] hay, int from, int size) {
    int most = Math.max(PIECE, 2 * bytes.length);
    int at = from;
    while (size - at >= bytes.length) {
      int length = Math.min(most, size - at);
      int found = new String(hay, at, length, ISO_8859_1).indexOf(text);
      if (found >= 0) {
        return at + found;
      }
      at += length - bytes.length + 1;
    }
    return -1;
  }

  /** The rows that hold it, of messages that end at {@code ends}. */
  int[] rows(byte[] messages, int size, int first, int[] ends) {
    int[] rows = new int[16];
    int count = 0;
    int found = first;
    while (found >= 0) {
      int place = Arrays.binarySearch(ends, found + 1);
      int row = place >= 0 ? place : -place - 1;
      while (row > 0 && ends[row - 1] == ends[row]) {
        row--; // of an empty message and its neighbour, the one that holds the byte comes first
      }
      int from = found + 1;
      if (found + bytes.length <= ends[row]) {
        if (count == rows.length) {
          rows = Arrays.copyOf(rows, 2 * count);
        }
        rows[count++] = row;
        from = ends[row];
      }
      found = in(messages, from, size);
    }
    return Arrays.copyOf(rows, count);
  }
}
