package gantry.services.route53;

import java.util.Locale;

/**
 * Names as Route 53 keeps and shows them: lower case, a dot at the end, odd characters as {@code
 * \ooo}.
 */
final class DomainNames {

  /**
   * Sorts before every character that a name may have, so that parents stand before their children.
   */
  private static final char SEPARATOR = '\u0001';

  private DomainNames() {}

  /**
   * The stored form.
   *
   * @throws IllegalArgumentException for a name that DNS cannot carry
   */
  static String stored(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("FATAL problem: DomainNameEmpty (Domain name is empty)");
    }
    var text = new StringBuilder(name.length() + 1);
    int label = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '.') {
        if (label == 0 && name.length() > 1) {
          throw new IllegalArgumentException(
              "FATAL problem: DomainLabelEmpty (Domain label is empty)");
        }
        label = 0;
        text.append('.');
        continue;
      }
      if (++label > 63) {
        throw new IllegalArgumentException(
            "FATAL problem: DomainLabelTooLong (Domain label is too long)");
      }
      if (c == '\\'
          && i + 3 < name.length()
          && name.substring(i + 1, i + 4).matches("[0-3][0-7]{2}")) {
        append(text, (char) Integer.parseInt(name.substring(i + 1, i + 4), 8));
        i += 3;
      } else if (c <= ' ' || c > '~') {
        throw new IllegalArgumentException(
            "FATAL problem: UnsupportedCharacter (Value contains unsupported characters)");
      } else {
        append(text, c);
      }
    }
    if (text.charAt(text.length() - 1) != '.') {
      text.append('.');
    }
    String stored = text.toString().toLowerCase(Locale.ROOT);
    if (stored.length() > 255) {
      throw new IllegalArgumentException(
          "FATAL problem: DomainNameTooLong (Domain name is too long)");
    }
    return stored;
  }

  private static void append(StringBuilder text, char c) {
    boolean plain = Character.isLetterOrDigit(c) && c < 128 || c == '-' || c == '_';
    if (plain) {
      text.append(c);
    } else {
      text.append('\\')
          .append((char) ('0' + (c >> 6)))
          .append((char) ('0' + (c >> 3 & 7)))
          .append((char) ('0' + (c & 7)));
    }
  }

  static boolean isWithin(String name, String zone) {
    return name.equals(zone) || name.endsWith("." + zone) || zone.equals(".");
  }

  /** The labels from right to left. */
  static String sortKey(String name) {
    String[] labels = name.split("\\.", -1);
    var key = new StringBuilder(name.length());
    for (int i = labels.length - 1; i >= 0; i--) {
      if (!labels[i].isEmpty()) {
        key.append(labels[i]).append(SEPARATOR);
      }
    }
    return key.toString();
  }
}
