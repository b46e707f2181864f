package gantry.services.logs;

/**
 * Which runs of four bytes stand in the messages of a segment: one bit for each, by its hash. Where
 * a bit of a literal is missing, the literal is not in the segment, and its messages need not be
 * read.
 */
final class Grams {

  private static final int LENGTH = 4;
  private static final int BITS = 20;

  private Grams() {}

  static byte[] of(byte[] messages) {
    byte[] bits = new byte[1 << (BITS - 3)];
    int gram = 0;
    for (int i = 0; i < messages.length; i++) {
      gram = gram << 8 | messages[i] & 0xFF;
      if (i >= LENGTH - 1) {
        int hash = hash(gram);
        bits[hash >>> 3] |= (byte) (1 << (hash & 7));
      }
    }
    return bits;
  }

  static boolean mayHold(byte[] bits, byte[] literal) {
    int gram = 0;
    for (int i = 0; i < literal.length; i++) {
      gram = gram << 8 | literal[i] & 0xFF;
      if (i >= LENGTH - 1) {
        int hash = hash(gram);
        if ((bits[hash >>> 3] & 1 << (hash & 7)) == 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static int hash(int gram) {
    return gram * 0x9E3779B1 >>> (32 - BITS);
  }
}
