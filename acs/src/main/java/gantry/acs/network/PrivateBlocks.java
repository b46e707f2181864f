package gantry.acs.network;

import java.util.List;

/**
 * Addresses that are nobody's on the internet: those of private networks (RFC 1918), of carriers'
 * and overlay networks (RFC 6598), and of one link (RFC 3927).
 */
public final class PrivateBlocks {

  public static final List<Cidr> ALL =
      List.of(
          Cidr.parse("10.0.0.0/8"),
          Cidr.parse("100.64.0.0/10"),
          Cidr.parse("169.254.0.0/16"),
          Cidr.parse("172.16.0.0/12"),
          Cidr.parse("192.168.0.0/16"));

  private PrivateBlocks() {}

  public static boolean contain(String address) {
    return ALL.stream().anyMatch(block -> block.contains(address));
  }
}
