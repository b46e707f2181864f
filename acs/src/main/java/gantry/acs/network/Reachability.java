package gantry.acs.network;

import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Group;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.Route;
import gantry.acs.network.NetworkPlan.RouteTable;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.NetworkPlan.RulePeer;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Can this interface open a connection to that address, and if not, what stops it? Answered from
 * configuration alone, in the order in which packets are judged: the sender's security groups, its
 * subnet's network ACL, its route table, the receiver's network ACL, its security groups; then the
 * way back, which only stateless ACLs and routes can close.
 */
public final class Reachability {

  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int ICMP = 1;

  /** Where clients' own ports are: replies go there. */
  private static final int EPHEMERAL_FROM = 32_768;

  private static final int EPHEMERAL_TO = 60_999;

  private final NetworkPlan plan;
  private final int protocol;
  private final int port;
  private final List<String> path = new ArrayList<>();

  private Reachability(NetworkPlan plan, int protocol, int port) {
    this.plan = plan;
    this.protocol = protocol;
    this.port = port;
  }

  /** The answer to a question. */
  public sealed interface Answer {

    /** It can; {@code path} names what the packets pass: interfaces, rules, ACLs, route tables. */
    record Allowed(List<String> path) implements Answer {}

    /**
     * It cannot.
     *
     * @param by what kind of thing stops it
     * @param resource the security groups, ACL, route table or other resource that does
     * @param at the interface, subnet or VPC that it stands for
     * @param why a sentence that ends with what would help
     */
    record Stopped(By by, String resource, String at, String why) implements Answer {}

    default boolean allowed() {
      return this instanceof Allowed;
    }
  }

  /** What can stop a packet. */
  public enum By {
    NOBODY_THERE,
    SECURITY_GROUP_EGRESS,
    SECURITY_GROUP_INGRESS,
    NETWORK_ACL_EGRESS,
    NETWORK_ACL_INGRESS,
    ROUTE,
    BLACK_HOLE,
    NO_PUBLIC_ADDRESS,
    PRIVATE_DESTINATION
  }

  /** Ends the walk. */
  private static final class Stop extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Answer.Stopped answer;

    Stop(By by, String resource, String at, String why) {
      super(why, null, false, false);
      this.answer = new Answer.Stopped(by, resource, at, why);
    }
  }

  /**
   * Asks.
   *
   * @param fromEni the interface that would open the connection
   * @param to the address it would open it to: private, public, or on the internet
   * @param protocol IANA number
   * @param port the destination port; the type for ICMP; ignored for others
   */
  public static Answer ask(NetworkPlan plan, String fromEni, String to, int protocol, int port) {
    Reachability question = new Reachability(plan, protocol, port);
    try {
      question.walk(fromEni, to);
      return new Answer.Allowed(List.copyOf(question.path));
    } catch (Stop stop) {
      return stop.answer;
    }
  }

  private void walk(String fromEni, String to) throws Stop {
    Vpc vpc = null;
    for (Vpc one : plan.vpcs().values()) {
      if (one.enis().containsKey(fromEni)) {
        vpc = one;
      }
    }
    Eni from = vpc == null ? null : vpc.enis().get(fromEni);
    if (vpc == null || from == null) {
      throw new Stop(By.NOBODY_THERE, fromEni, fromEni, "There is no interface " + fromEni + ".");
    }
    path.add(fromEni);
    if (from.addresses().contains(to) || unfiltered(vpc, to)) {
      path.add(to);
      return;
    }
    Subnet subnet = subnet(vpc, from);
    groups(vpc, from, true, to);
    acl(vpc, subnet, true, to, port, port, "to");
    RouteTarget target = route(vpc, subnet, to);
    path.add(subnet.routeTable());
    switch (target) {
      case RouteTarget.Local _ -> local(vpc, from, subnet, vpc, to, null);
      case RouteTarget.ToPeer(String id) -> {
        Peering peering = plan.peerings().get(id);
        Vpc other = peering == null ? null : plan.vpcs().get(peering.other(vpc.id()));
        if (other == null) {
          throw blackhole(subnet, to, id);
        }
        path.add(id);
        local(vpc, from, subnet, other, to, id);
      }
      case RouteTarget.Internet(String gateway) -> {
        String source = from.publicAddresses().get(from.address());
        if (source == null) {
          throw new Stop(
              By.NO_PUBLIC_ADDRESS,
              gateway,
              fromEni,
              fromEni
                  + " has no public address, so the internet gateway drops what it sends. Give it"
                  + " one (assignPublicIp), or route its subnet to a NAT gateway.");
        }
        path.add(gateway);
        internet(vpc, subnet, gateway, source, to);
      }
      case RouteTarget.ToNat(String id) -> nat(vpc, from, subnet, id, to);
      case RouteTarget.ToEndpoint(String id) -> path.add(id);
      case RouteTarget.ToInterface(String id) ->
          throw new Stop(
              By.ROUTE,
              subnet.routeTable(),
              subnet.id(),
              "The route leads to " + id + ", and what that forwards is its own affair.");
      case RouteTarget.Blackhole(String id) -> throw blackhole(subnet, to, id);
    }
  }

  private static Stop blackhole(Subnet subnet, String to, String former) {
    return new Stop(
        By.BLACK_HOLE,
        subnet.routeTable(),
        subnet.id(),
        "The route of "
            + subnet.routeTable()
            + " for "
            + to
            + " is a black hole: "
            + former
            + " is gone, detached or not active.");
  }

  /** To an interface of the same VPC or of a peer. */
  private void local(
      Vpc vpc, Eni from, Subnet subnet, Vpc there, String to, @Nullable String peering)
      throws Stop {
    Eni target = there.eniAt(to);
    if (target == null) {
      throw new Stop(
          By.NOBODY_THERE,
          there.id(),
          there.id(),
          "No interface of " + there.id() + " has address " + to + ".");
    }
    Subnet home = subnet(there, target);
    acl(there, home, false, from.address(), port, port, "to");
    groups(there, target, false, from.address());
    RouteTarget back = route(there, home, from.address());
    boolean returns =
        peering == null
            ? back instanceof RouteTarget.Local
            : back instanceof RouteTarget.ToPeer(String id) && id.equals(peering);
    if (!returns) {
      throw noWayBack(home, from.address());
    }
    reply(there, home, true, from.address());
    reply(vpc, subnet, false, to);
    path.add(target.id());
  }

  private static Stop noWayBack(Subnet home, String to) {
    return new Stop(
        By.ROUTE,
        home.routeTable(),
        home.id(),
        "Replies do not come back: "
            + home.routeTable()
            + " of "
            + home.id()
            + " does not route "
            + to
            + " the way the request came.");
  }

  /** Out through an internet gateway: to an interface with that public address, or the world. */
  private void internet(Vpc vpc, Subnet subnet, String gateway, String source, String to)
      throws Stop {
    for (Vpc there : plan.vpcs().values()) {
      for (Eni target : there.enis().values()) {
        if (target.publicAddresses().containsValue(to)) {
          if (there.internetGateway() == null) {
            throw new Stop(
                By.ROUTE,
                there.id(),
                there.id(),
                there.id() + " has no internet gateway attached.");
          }
          Subnet home = subnet(there, target);
          acl(there, home, false, source, port, port, "to");
          groups(there, target, false, source);
          if (!(route(there, home, source) instanceof RouteTarget.Internet)) {
            throw noWayBack(home, source);
          }
          reply(there, home, true, source);
          reply(vpc, subnet, false, to);
          path.add(target.id());
          return;
        }
      }
    }
    if (!plan.handsOn(to)) {
      throw new Stop(
          By.PRIVATE_DESTINATION,
          gateway,
          vpc.id(),
          to
              + " is a private address, and internet gateways hand nothing on to those. If it stands"
              + " beside this machine and tasks are to reach it, start Gantry with --allow-lan "
              + to
              + "/32.");
    }
    reply(vpc, subnet, false, to);
    path.add("internet");
  }

  private void nat(Vpc vpc, Eni from, Subnet subnet, String id, String to) throws Stop {
    Nat nat = vpc.nats().get(id);
    Eni gateway = nat == null ? null : vpc.enis().get(nat.eni());
    if (gateway == null) {
      throw blackhole(subnet, to, id);
    }
    path.add(id);
    Subnet home = subnet(vpc, gateway);
    acl(vpc, home, false, from.address(), port, port, "to");
    acl(vpc, home, true, to, port, port, "to");
    RouteTarget onward = route(vpc, home, to);
    if (!(onward instanceof RouteTarget.Internet(String igw))) {
      throw new Stop(
          By.ROUTE,
          home.routeTable(),
          home.id(),
          id
              + " stands in "
              + home.id()
              + ", whose route table does not lead to an internet"
              + " gateway. Put it in a public subnet.");
    }
    String source = gateway.publicAddresses().get(gateway.address());
    if (source == null) {
      throw new Stop(
          By.NO_PUBLIC_ADDRESS, igw, gateway.id(), id + " is private: it has no elastic address.");
    }
    path.add(home.routeTable());
    path.add(igw);
    internet(vpc, home, igw, source, to);
    if (!home.id().equals(subnet.id())) {
      reply(vpc, home, true, from.address());
      reply(vpc, subnet, false, to);
    }
  }

  private static Subnet subnet(Vpc vpc, Eni eni) throws Stop {
    Subnet subnet = vpc.subnets().get(eni.subnet());
    if (subnet == null) {
      throw new Stop(
          By.NOBODY_THERE, eni.subnet(), eni.id(), "There is no subnet " + eni.subnet() + ".");
    }
    return subnet;
  }

  /** Resolver, metadata and the subnets' routers are never filtered. */
  private static boolean unfiltered(Vpc vpc, String to) {
    if (to.startsWith("169.254.")
        && (to.startsWith("169.254.169.") || to.startsWith("169.254.170."))) {
      return true;
    }
    if (!vpc.cidrs().isEmpty() && to.equals(vpc.cidrs().getFirst().address(2))) {
      return true;
    }
    for (Subnet subnet : vpc.subnets().values()) {
      if (to.equals(subnet.router()) || to.equals(subnet.resolver())) {
        return true;
      }
    }
    return false;
  }

  /** The route of the longest prefix. */
  private RouteTarget route(Vpc vpc, Subnet subnet, String to) throws Stop {
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

  private void groups(Vpc vpc, Eni eni, boolean egress, String peer) throws Stop {
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

  /** Replies leave from the port that was asked for to a client's own port, wherever that is. */
  private void reply(Vpc vpc, Subnet subnet, boolean egress, String peer) throws Stop {
    if (protocol == TCP || protocol == UDP) {
      acl(vpc, subnet, egress, peer, EPHEMERAL_FROM, EPHEMERAL_TO, "replies to");
    } else {
      acl(vpc, subnet, egress, peer, protocol == ICMP ? 0 : port, 0, "replies to");
    }
  }

  /** Judges packets between the subnet and an address outside of it, for every port of a range. */
  private void acl(
      Vpc vpc, Subnet subnet, boolean egress, String peer, int from, int to, String what)
      throws Stop {
    Acl acl = vpc.acls().get(subnet.acl());
    if (acl == null || subnet.cidr().contains(peer)) {
      return;
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
            "%s entry %s of %s denies %s %s %s, port %d."
                .formatted(
                    egress ? "Outbound" : "Inbound",
                    decides == null ? "*" : Integer.toString(decides.number()),
                    acl.id(),
                    what.equals("to") ? "what goes" : "replies that go",
                    egress ? "to" : "from",
                    peer,
                    asked));
      }
    }
    if (what.equals("to")) {
      path.add(acl.id());
    }
  }
}
