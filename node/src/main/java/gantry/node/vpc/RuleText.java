package gantry.node.vpc;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.NetworkPlan.RulePeer;

/** Security group rules and network ACL entries as nftables matches. */
final class RuleText {

  private static final int ICMP = 1;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int ANY_PORT_TO = 65_535;

  private RuleText() {}

  static String of(Rule rule) {
    String side = rule.egress() ? "ip daddr" : "ip saddr";
    String peer =
        switch (rule.peer()) {
          case RulePeer.Block(Cidr cidr) -> block(side, cidr);
          case RulePeer.Members(String group) -> side + " @" + groupSet(group) + " ";
          case RulePeer.PrefixList(String id) -> side + " @" + listSet(id) + " ";
        };
    return protocol(rule.protocol(), rule.from(), rule.to()) + peer + "accept";
  }

  /** The match of an entry, without its verdict. */
  static String of(AclEntry entry, boolean egress) {
    return protocol(entry.protocol(), entry.from(), entry.to())
        + block(egress ? "ip daddr" : "ip saddr", entry.cidr());
  }

  static String groupSet(String group) {
    return Names.nft(group);
  }

  static String listSet(String prefixList) {
    return Names.nft(prefixList);
  }

  private static String block(String side, Cidr cidr) {
    return cidr.prefix() == 0 ? "" : side + " " + cidr + " ";
  }

  private static String protocol(int protocol, int from, int to) {
    return switch (protocol) {
      case -1 -> "";
      case TCP -> ports("tcp", from, to);
      case UDP -> ports("udp", from, to);
      case ICMP ->
          from < 0
              ? "meta l4proto icmp "
              : "icmp type " + from + " " + (to < 0 ? "" : "icmp code " + to + " ");
      default -> "meta l4proto " + protocol + " ";
    };
  }

  private static String ports(String name, int from, int to) {
    if (from <= 0 && (to < 0 || to >= ANY_PORT_TO)) {
      return "meta l4proto " + name + " ";
    }
    return name + " dport " + (from == to ? "" + from : from + "-" + to) + " ";
  }
}
