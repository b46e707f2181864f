package gantry.node.vpc;

import java.util.Locale;

/**
 * The names of everything we make in the kernel. All of them carry the installation's id, so two
 * installations on one machine never meet, and a sweep by prefix finds whatever is ours.
 */
public final class Names {

  /** Linux allows 15 characters for an interface. */
  private static final int INTERFACE_NAME_LIMIT = 15;

  private final String install;

  /**
   * For one installation.
   *
   * @param install up to eight lower-case letters and digits
   */
  public Names(String install) {
    if (!install.matches("[a-z0-9]{1,8}")) {
      throw new IllegalArgumentException("an installation's id is [a-z0-9]{1,8}, not " + install);
    }
    this.install = install;
  }

  public String prefix() {
    return "gantry-" + install + "-";
  }

  public String router(String vpc) {
    return prefix() + vpc;
  }

  public String nat(String nat) {
    return prefix() + nat;
  }

  /** The namespace that stands for the internet: every internet gateway leads to it. */
  public String edge() {
    return prefix() + "edge";
  }

  /** The host's end of the edge's veth. */
  public String hostLink() {
    return "gt" + install + "-h";
  }

  /** The table in the host's own nftables. */
  public String hostTable() {
    return "gantry_" + install;
  }

  /**
   * An interface's name inside a namespace of ours; the namespace carries the installation's id.
   */
  public static String link(char kind, String id) {
    String tail = id.substring(id.lastIndexOf('-') + 1).toLowerCase(Locale.ROOT);
    int keep = Math.min(tail.length(), INTERFACE_NAME_LIMIT - 1);
    return kind + tail.substring(tail.length() - keep);
  }

  /** The router's end of an interface's veth pair. */
  public static String eniLink(String eni) {
    return link('e', eni);
  }

  /** The router's end of a NAT gateway's veth pair. */
  public static String natLink(String eni) {
    return link('n', eni);
  }

  public static String peeringLink(String peering) {
    return link('p', peering);
  }

  /** The router's way out, and its far end in the edge. */
  public static final String UPLINK = "igw0";

  public static String edgeLink(String vpc) {
    return link('v', vpc);
  }

  /** An AWS id as an nftables identifier. */
  public static String nft(String id) {
    return id.replace('-', '_');
  }
}
