package gantry.services.elbv2;

import java.util.regex.Pattern;

/** What is an address, and which ones may be targets. Text only: nothing is looked up. */
final class Addresses {

  private static final Pattern V4 =
      Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

  private Addresses() {}

  static boolean isV4(String text) {
    var m = V4.matcher(text);
    if (!m.matches()) {
      return false;
    }
    for (int i = 1; i <= 4; i++) {
      if (Integer.parseInt(m.group(i)) > 255) {
        return false;
      }
    }
    return true;
  }

  static boolean isV6(String text) {
    return text.indexOf(':') >= 0
        && text.matches("[0-9A-Fa-f:.]{2,45}")
        && text.indexOf("::") == text.lastIndexOf("::")
        && (text.contains("::") || text.split(":", -1).length == 8);
  }

  static boolean isCidr(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("\\d{1,3}")) {
      return false;
    }
    int bits = Integer.parseInt(text.substring(slash + 1));
    String address = text.substring(0, slash);
    return isV4(address) ? bits <= 32 : isV6(address) && bits <= 128;
  }

  /**
   * RFC 1918, RFC 6598, or IPv6; and loopback, which on AWS no target could have: here it is a
   * program on this very machine.
   */
  static boolean mayBeTarget(String text) {
    if (!isV4(text)) {
      return isV6(text);
    }
    String[] parts = text.split("\\.", 4);
    int a = Integer.parseInt(parts[0]);
    int b = Integer.parseInt(parts[1]);
    return a == 10
        || a == 127
        || a == 192 && b == 168
        || a == 172 && b >= 16 && b < 32
        || a == 100 && b >= 64 && b < 128;
  }
}
