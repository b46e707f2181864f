package gantry.services.cloudmap;

import gantry.state.Ids;

/** Ids as Cloud Map makes them. */
final class NewIds {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

  private NewIds() {}

  static String namespace(Ids ids) {
    return "ns-" + letters(ids, 16);
  }

  static String service(Ids ids) {
    return "srv-" + letters(ids, 16);
  }

  static String operation(Ids ids) {
    return letters(ids, 32) + "-" + letters(ids, 8);
  }

  private static String letters(Ids ids, int count) {
    var text = new StringBuilder(count);
    for (byte b : ids.bytes(count)) {
      text.append(ALPHABET.charAt(b & 31));
    }
    return text.toString();
  }
}
