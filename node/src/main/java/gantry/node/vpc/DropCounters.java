package gantry.node.vpc;

import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Vpc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** What was refused, by whom, and between whom: read from the kernel when asked. */
public final class DropCounters {

  private final Names names;
  private final NetworkPlan plan;
  private final NftReader reader = new NftReader(new Commands());

  DropCounters(Names names, NetworkPlan plan) {
    this.names = names;
    this.plan = plan;
  }

  /** Which way a packet went, as the interface sees it. */
  public enum Direction {
    INGRESS,
    EGRESS
  }

  /**
   * Packets refused since the firewall was made.
   *
   * @param groups the security groups that all of the refusing interfaces carry; each of them had
   *     no rule for the packet. Empty for a network ACL
   * @param acl the network ACL, or empty
   */
  public record Drops(Direction direction, SortedSet<String> groups, String acl, long packets) {}

  /**
   * A kind of packet that was refused within the last hour.
   *
   * @param port 0 where the protocol has none
   */
  public record Denied(
      Direction direction, String from, String to, int protocol, int port, long packets) {}

  /** The counters of one VPC, those that are zero left out. */
  public List<Drops> drops(String vpcId) {
    Vpc vpc = plan.vpcs().get(vpcId);
    if (vpc == null) {
      return List.of();
    }
    Map<String, Long> counters = reader.counters(names.router(vpcId));
    List<Drops> drops = new ArrayList<>();
    Map<String, SortedSet<String>> combinations = new HashMap<>();
    for (Eni eni : vpc.enis().values()) {
      combinations.put(VpcFirewall.combination(eni.groups()), eni.groups());
    }
    combinations.forEach(
        (name, groups) -> {
          add(drops, Direction.EGRESS, groups, "", counters.get("do_" + name));
          add(drops, Direction.INGRESS, groups, "", counters.get("di_" + name));
        });
    for (Acl acl : vpc.acls().values()) {
      String id = Names.nft(acl.id());
      add(drops, Direction.EGRESS, new TreeSet<>(), acl.id(), counters.get("out_no_" + id));
      add(drops, Direction.INGRESS, new TreeSet<>(), acl.id(), counters.get("in_no_" + id));
    }
    return drops;
  }

  /** Packets refused by one security group, in one direction. */
  public long ofGroup(String vpcId, String group, Direction direction) {
    return drops(vpcId).stream()
        .filter(drop -> drop.direction() == direction && drop.groups().contains(group))
        .mapToLong(Drops::packets)
        .sum();
  }

  /** Who was refused lately, for the answer to "why can it not reach that?". */
  public List<Denied> recent(String vpcId) {
    if (!plan.vpcs().containsKey(vpcId)) {
      return List.of();
    }
    List<Denied> denied = new ArrayList<>();
    for (Direction direction : Direction.values()) {
      String set = direction == Direction.EGRESS ? "denied_out" : "denied_in";
      for (String name : List.of(set, set + "_x")) {
        for (NftReader.Counted element : reader.elements(names.router(vpcId), name)) {
          List<String> key = element.key();
          denied.add(
              new Denied(
                  direction,
                  key.get(0),
                  key.get(1),
                  NftReader.protocol(key.get(2)),
                  key.size() > 3 ? Integer.parseInt(key.get(3)) : 0,
                  element.packets()));
        }
      }
    }
    return denied;
  }

  private static void add(
      List<Drops> drops,
      Direction direction,
      SortedSet<String> groups,
      String acl,
      @org.jspecify.annotations.Nullable Long packets) {
    if (packets != null && packets > 0) {
      drops.add(new Drops(direction, groups, acl, packets));
    }
  }
}
