package gantry.acs.network;

/** IPv4 addresses as numbers: dotted text in and out, nothing more lenient. */
public final class Ipv4 {

  private Ipv4() {}

  /**
   * Reads a dotted address.
   *
   * @throws IllegalArgumentException when {@code text} is not four decimal numbers below 256
   */
  public static long parse(String text) {
    long address = 0;
    int part = -1;
    int parts = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? '.' : text.charAt(i);
      if (c == '.') {
        if (part < 0 || part > 255 || ++parts > 4) {
          throw new IllegalArgumentException("not an IPv4 address: " + text);
        }
        address = address << 8 | part;
        part = -1;
      } else if (c >= '0' && c <= '9' && part < 256 && part != 0) {
        part = (part < 0 ? 0 : part * 10) + (c - '0');
      } else {
        throw new IllegalArgumentException("not an IPv4 address: " + text);
      }
    }
    if (parts != 4) {
      throw new IllegalArgumentException("not an IPv4 address: " + text);
    }
    return address;
  }

  public static boolean isValid(String text) {
    try {
      parse(text);
      return true;
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }

  public static String text(long address) {
    return (address >> 24 & 255)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255);
  }
}
