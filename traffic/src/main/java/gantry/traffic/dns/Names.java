package gantry.traffic.dns;

import java.io.ByteArrayOutputStream;

/**
 * Domain names: the text that people write and the labels that packets carry. Compared in lower
 * case, always.
 */
public final class Names {

  static final int MAX_WIRE_LENGTH = 255;
  static final int MAX_LABEL_LENGTH = 63;

  private Names() {}

  /**
   * Labels as packets carry them, in lower case, with the empty one at the end.
   *
   * @throws IllegalArgumentException for a name that no packet can carry
   */
  public static byte[] toWire(String name) {
    return toWire(name, true);
  }

  static byte[] toWire(String name, boolean lowerCase) {
    var out = new ByteArrayOutputStream(name.length() + 2);
    var label = new ByteArrayOutputStream(MAX_LABEL_LENGTH);
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '.') {
        boolean root = name.length() == 1;
        if (label.size() == 0 && !root) {
          throw new IllegalArgumentException("empty label in '" + name + "'");
        }
        endLabel(name, label, out);
      } else if (c == '\\' && i + 3 < name.length() && isOctal(name, i + 1)) {
        label.write(lower(Integer.parseInt(name, i + 1, i + 4, 8) & 0xff, lowerCase));
        i += 3;
      } else if (c == '\\' && i + 1 < name.length()) {
        label.write(lower(name.charAt(++i), lowerCase));
      } else if (c > 0x7e || c <= ' ') {
        throw new IllegalArgumentException("character " + (int) c + " in '" + name + "'");
      } else {
        label.write(lower(c, lowerCase));
      }
    }
    endLabel(name, label, out);
    out.write(0);
    if (out.size() > MAX_WIRE_LENGTH) {
      throw new IllegalArgumentException("a name may have 255 bytes: '" + name + "'");
    }
    return out.toByteArray();
  }

  private static void endLabel(
      String name, ByteArrayOutputStream label, ByteArrayOutputStream out) {
    if (label.size() > MAX_LABEL_LENGTH) {
      throw new IllegalArgumentException("a label may have 63 bytes: '" + name + "'");
    }
    if (label.size() > 0) {
      out.write(label.size());
      out.writeBytes(label.toByteArray());
      label.reset();
    }
  }

  private static boolean isOctal(String text, int at) {
    return octal(text.charAt(at)) && octal(text.charAt(at + 1)) && octal(text.charAt(at + 2));
  }

  private static boolean octal(char c) {
    return c >= '0' && c <= '7';
  }

  private static int lower(int c, boolean lowerCase) {
    return lowerCase && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  }

  /** The text of a wire name, with a dot at the end, odd bytes as {@code \ooo}. */
  public static String toText(byte[] wire) {
    if (wire[0] == 0) {
      return ".";
    }
    var text = new StringBuilder(wire.length + 1);
    for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
      for (int i = at + 1; i <= at + wire[at]; i++) {
        int c = wire[i] & 0xff;
        boolean plain = c > ' ' && c < 0x7f && c != '.' && c != '\\';
        if (plain) {
          text.append((char) c);
        } else {
          text.append('\\')
              .append((char) ('0' + (c >> 6)))
              .append((char) ('0' + ((c >> 3) & 7)))
              .append((char) ('0' + (c & 7)));
        }
      }
      text.append('.');
    }
    return text.toString();
  }

  /** How many labels, not counting the empty one. */
  static int labels(byte[] wire) {
    int labels = 0;
    for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
      labels++;
    }
    return labels;
  }
}
