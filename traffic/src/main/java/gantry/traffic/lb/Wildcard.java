package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;

/**
 * A pattern of a rule: {@code *} stands for any bytes, {@code ?} for exactly one, a backslash (in
 * query strings) takes their meaning from them. Compared with bytes as they stand in the head.
 */
final class Wildcard implements TextPattern {

  private static final short ANY = -1;
  private static final short ONE = -2;

  private final short[] pattern;
  private final boolean foldCase;
  private final boolean literal;

  Wildcard(String text, boolean foldCase, boolean escapes) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    short[] out = new short[bytes.length];
    int n = 0;
    boolean plain = true;
    for (int i = 0; i < bytes.length; i++) {
      byte b = bytes[i];
      if (escapes
          && b == '\\'
          && i + 1 < bytes.length
          && (bytes[i + 1] == '*' || bytes[i + 1] == '?' || bytes[i + 1] == '\\')) {
        out[n++] = (short) (bytes[++i] & 255);
      } else if (b == '*') {
        plain = false;
        out[n++] = ANY;
      } else if (b == '?') {
        plain = false;
        out[n++] = ONE;
      } else {
        out[n++] = (short) ((foldCase ? Head.lower(b) : b) & 255);
      }
    }
    this.pattern = java.util.Arrays.copyOf(out, n);
    this.foldCase = foldCase;
    this.literal = plain;
  }

  @Override
  public boolean matches(byte[] b, int start, int end) {
    short[] p = pattern;
    if (literal) {
      if (end - start != p.length) {
        return false;
      }
      for (int k = 0; k < p.length; k++) {
        if (!same(p[k], b[start + k])) {
          return false;
        }
      }
      return true;
    }
    // Greedy with one point of return: linear for each star.
    int i = start;
    int k = 0;
    int star = -1;
    int mark = 0;
    while (i < end) {
      if (k < p.length && p[k] == ANY) {
        star = k++;
        mark = i;
      } else if (k < p.length && (p[k] == ONE || same(p[k], b[i]))) {
        k++;
        i++;
      } else if (star >= 0) {
        k = star + 1;
        i = ++mark;
      } else {
        return false;
      }
    }
    while (k < p.length && p[k] == ANY) {
      k++;
    }
    return k == p.length;
  }

  private boolean same(short p, byte b) {
    return p == ((foldCase ? Head.lower(b) : b) & 255);
  }
}
