package gantry.services.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
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

  /** The rows that hold it, of messages that together have {@code size} bytes. */
  int[] rows(byte[] messages, int size, Ends lengths) throws IOException {
    int[] rows = new int[16];
    int count = 0;
    int @Nullable [] ends = null;
    int row = 0;
    int free = 0; // in front of it is only what was found already
    int most = Math.max(PIECE, 2 * bytes.length);
    for (int at = 0; size - at >= bytes.length; at += most - bytes.length + 1) {
      String piece = new String(messages, at, Math.min(most, size - at), ISO_8859_1);
      int found = piece.indexOf(text, Math.max(0, free - at));
      while (found >= 0) {
        if (ends == null) {
          ends = lengths.get();
        }
        while (ends[row] <= at + found) {
          row++;
        }
        free = at + found + 1;
        if (at + found + bytes.length <= ends[row]) {
          if (count == rows.length) {
            rows = Arrays.copyOf(rows, 2 * count);
          }
          rows[count++] = row;
          free = ends[row];
        }
        found = piece.indexOf(text, free - at);
      }
    }
    return Arrays.copyOf(rows, count);
  }

  /** Where the messages end; asked only when there is something to find. */
  @FunctionalInterface
  interface Ends {
    int[] get() throws IOException;
  }
}
