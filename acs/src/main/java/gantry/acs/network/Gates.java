package gantry.acs.network;

import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Group;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.Route;
import gantry.acs.network.NetworkPlan.RouteTable;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.NetworkPlan.RulePeer;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.acs.network.Reachability.Answer;
import gantry.acs.network.Reachability.By;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What packets pass on their way: security groups, network ACLs, route tables. Each lets them by,
 * and those that decide about the request note themselves in the path, or stops them.
 */
final class Gates {

  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int ICMP = 1;

  /** Where clients' own ports are: replies go there. */
  private static final int EPHEMERAL_FROM = 32_768;

  private static final int EPHEMERAL_TO = 60_999;

  private final NetworkPlan plan;
  private final int protocol;
  private final int port;
  private final List<String> path;

  Gates(NetworkPlan plan, int protocol, int port, List<String> path) {
    this.plan = plan;
    this.protocol = protocol;
    this.port = port;
    this.path = path;
  }

  /** Ends the walk. */
  static final class Stop extends Exception {
    private static final long serialVersionUID = 1L;
    final transient Answer.Stopped answer;

    Stop(By by, String resource, String at, String why) {
      super(why, null, false, false);
      this.answer = new Answer.Stopped(by, resource, at, why);
    }
  }

  /** The route of the longest prefix. */
  static RouteTarget route(Vpc vpc, Subnet subnet, String to) throws Stop {
    long address = Ipv4.parse(to);
    RouteTable table = vpc.routeTables().get(subnet.routeTable());
    Route best = null;
    for (Cidr cidr : vpc.cidrs()) {
      if (cidr.contains(address)) {
        best = new Route(cidr, new RouteTarget.Local());
      }
    }
    if (table != null) {
      for (Route route : table.routes()) {
        if (route.destination().contains(address)
            && !(route.target() instanceof RouteTarget.Local)
            && (best == null || route.destination().prefix() > best.destination().prefix())) {
          best = route;
        }
      }
    }
    if (best == null) {
      throw new Stop(
          By.ROUTE,
          subnet.routeTable(),
          subnet.id(),
          "Route table "
              + subnet.routeTable()
              + " of "
              + subnet.id()
              + " has no route to "
              + to
              + ". Add one (an internet gateway, a NAT gateway, a peering or an endpoint).");
    }
    return best.target();
  }

  void groups(Vpc vpc, Eni eni, boolean egress, String peer) throws Stop {
    if (eni.ungrouped()) {
      return;
    }
    for (String id : eni.groups()) {
      Group group = vpc.groups().get(id);
      if (group != null) {
        for (Rule rule : group.rules()) {
          if (rule.egress() == egress
              && matches(rule.protocol(), rule.from(), rule.to(), port)
              && isPeer(vpc, rule.peer(), peer)) {
            path.add(rule.id());
            return;
          }
        }
      }
    }
    String names = String.join(", ", eni.groups());
    throw new Stop(
        egress ? By.SECURITY_GROUP_EGRESS : By.SECURITY_GROUP_INGRESS,
        names,
        eni.id(),
        "No %s rule of %s (on %s) allows %s %s %s. Add one."
            .formatted(
                egress ? "outbound" : "inbound",
                names,
                eni.id(),
                question(),
                egress ? "to" : "from",
                peer));
  }

  private String question() {
    return switch (protocol) {
      case TCP -> "tcp/" + port;
      case UDP -> "udp/" + port;
      case ICMP -> "icmp type " + port;
      default -> "protocol " + protocol;
    };
  }

  private boolean isPeer(Vpc vpc, RulePeer peer, String address) {
    return switch (peer) {
      case RulePeer.Block(Cidr cidr) -> cidr.contains(address);
      case RulePeer.PrefixList(String id) ->
          plan.prefixLists().getOrDefault(id, List.of()).stream()
              .anyMatch(cidr -> cidr.contains(address));
      case RulePeer.Members(String group) -> {
        if (isMember(vpc, group, address)) {
          yield true;
        }
        for (Peering peering : plan.peerings().values()) {
          Vpc other = plan.vpcs().get(peering.other(vpc.id()));
          if (peering.joins(vpc.id()) && other != null && isMember(other, group, address)) {
            yield true;
          }
        }
        yield false;
      }
    };
  }

  private static boolean isMember(Vpc vpc, String group, String address) {
    Eni eni = vpc.eniAt(address);
    return eni != null && eni.groups().contains(group);
  }

  private boolean matches(int ruleProtocol, int from, int to, int asked) {
    if (ruleProtocol == -1) {
      return true;
    }
    if (ruleProtocol != protocol) {
      return false;
    }
    return switch (protocol) {
      case TCP, UDP -> from < 0 || (asked >= from && asked <= to);
      case ICMP -> from < 0 || from == asked;
      default -> true;
    };
  }

  /** What a subnet's ACL says of the request itself. */
  void request(Vpc vpc, Subnet subnet, boolean egress, String peer) throws Stop {
    Acl acl = acl(vpc, subnet, egress, peer, port, port, "what goes");
    if (acl != null) {
      path.add(acl.id());
    }
  }

  /** Replies leave from the port that was asked for to a client's own port, wherever that is. */
  void reply(Vpc vpc, Subnet subnet, boolean egress, String peer) throws Stop {
    if (protocol == TCP || protocol == UDP) {
      acl(vpc, subnet, egress, peer, EPHEMERAL_FROM, EPHEMERAL_TO, "replies that go");
    } else {
      acl(vpc, subnet, egress, peer, protocol == ICMP ? 0 : port, 0, "replies that go");
    }
  }

  /**
   * Judges packets between the subnet and an address outside of it, for every port of a range.
   *
   * @return the ACL that lets them pass; null where none is asked
   */
  private @Nullable Acl acl(
      Vpc vpc, Subnet subnet, boolean egress, String peer, int from, int to, String what)
      throws Stop {
    Acl acl = vpc.acls().get(subnet.acl());
    if (acl == null || subnet.cidr().contains(peer)) {
      return null;
    }
    List<AclEntry> entries = egress ? acl.egress() : acl.ingress();
    SortedSet<Integer> ports = new TreeSet<>(List.of(from, Math.max(from, to)));
    for (AclEntry entry : entries) {
      for (int edge : new int[] {entry.from() - 1, entry.from(), entry.to(), entry.to() + 1}) {
        if (edge > from && edge < to) {
          ports.add(edge);
        }
      }
    }
    for (int asked : ports) {
      AclEntry decides = null;
      for (AclEntry entry : entries) {
        if (decides == null
            && matches(entry.protocol(), entry.from(), entry.to(), asked)
            && entry.cidr().contains(peer)) {
          decides = entry;
        }
      }
      if (decides == null || !decides.allow()) {
        throw new Stop(
            egress ? By.NETWORK_ACL_EGRESS : By.NETWORK_ACL_INGRESS,
            acl.id(),
            subnet.id(),
            String.format(
                Locale.ROOT,
                "%s entry %s of %s denies %s %s %s, port %d.",
                egress ? "Outbound" : "Inbound",
                decides == null ? "*" : Integer.toString(decides.number()),
                acl.id(),
                what,
                egress ? "to" : "from",
                peer,
                asked));
      }
    }
    return acl;
  }
}
