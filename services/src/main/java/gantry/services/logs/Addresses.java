package gantry.services.logs;

import java.net.InetAddress;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** IP addresses as queries compare them; nothing is looked up. */
final class Addresses {

  /**
   * Four numbers, or something with colons: what else the JDK takes for an address is none here.
   */
  private static final Pattern FORM =
      Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*");

  private Addresses() {}

  /** Null for what is no address. */
  static @Nullable InetAddress of(String text) {
    if (!FORM.matcher(text).matches()) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      return null; // it only looks like one
    }
  }

  /**
   * @param subnet such as {@code 10.0.0.0/8}
   */
  static boolean inSubnet(InetAddress address, String subnet) {
    int slash = subnet.indexOf('/');
    InetAddress network = slash < 0 ? null : of(subnet.substring(0, slash));
    if (network == null || !subnet.substring(slash + 1).matches("[0-9]{1,3}")) {
      return false;
    }
    byte[] one = address.getAddress();
    byte[] other = network.getAddress();
    int bits = Integer.parseInt(subnet.substring(slash + 1));
    if (one.length != other.length || bits > 8 * one.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >>> (bit & 7);
      if ((one[bit >>> 3] & mask) != (other[bit >>> 3] & mask)) {
        return false;
      }
    }
    return true;
  }
}
