package gantry.acs.network;

import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Can this interface open a connection to that address, and if not, what stops it? Answered from
 * configuration alone, in the order in which packets are judged: the sender's security groups, its
 * subnet's network ACL, its route table, the receiver's network ACL, its security groups; then the
 * way back, which only stateless ACLs and routes can close.
 */
public final class Reachability {

  private final NetworkPlan plan;
  private final List<String> path = new ArrayList<>();
  private final Gates gates;

  private Reachability(NetworkPlan plan, int protocol, int port) {
    this.plan = plan;
    this.gates = new Gates(plan, protocol, port, path);
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
    } catch (Gates.Stop stop) {
      return stop.answer;
    }
  }

  private void walk(String fromEni, String to) throws Gates.Stop {
    Vpc vpc = null;
    for (Vpc one : plan.vpcs().values()) {
      if (one.enis().containsKey(fromEni)) {
        vpc = one;
      }
    }
    Eni from = vpc == null ? null : vpc.enis().get(fromEni);
    if (vpc == null || from == null) {
      throw new Gates.Stop(
          By.NOBODY_THERE, fromEni, fromEni, "There is no interface " + fromEni + ".");
    }
    path.add(fromEni);
    if (from.addresses().contains(to) || unfiltered(vpc, to)) {
      path.add(to);
      return;
    }
    Subnet subnet = subnet(vpc, from);
    gates.groups(vpc, from, true, to);
    gates.request(vpc, subnet, true, to);
    RouteTarget target = Gates.route(vpc, subnet, to);
    path.add(subnet.routeTable());
    switch (target) {
      case RouteTarget.Local _ -> local(vpc, from, subnet, vpc, to, null);
      case RouteTarget.ToPeer(String id) -> peer(vpc, from, subnet, id, to);
      case RouteTarget.Internet(String gateway) -> {
        String source = from.publicAddresses().get(from.address());
        if (source == null) {
          throw new Gates.Stop(
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
          throw new Gates.Stop(
              By.ROUTE,
              subnet.routeTable(),
              subnet.id(),
              "The route leads to " + id + ", and what that forwards is its own affair.");
      case RouteTarget.Blackhole(String id) -> throw blackhole(subnet, to, id);
    }
  }

  private void peer(Vpc vpc, Eni from, Subnet subnet, String id, String to) throws Gates.Stop {
    Peering peering = plan.peerings().get(id);
    Vpc other = peering == null ? null : plan.vpcs().get(peering.other(vpc.id()));
    if (other == null) {
      throw blackhole(subnet, to, id);
    }
    path.add(id);
    local(vpc, from, subnet, other, to, id);
  }

  private static Gates.Stop blackhole(Subnet subnet, String to, String former) {
    return new Gates.Stop(
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
      throws Gates.Stop {
    Eni target = there.eniAt(to);
    if (target == null) {
      throw new Gates.Stop(
          By.NOBODY_THERE,
          there.id(),
          there.id(),
          "No interface of " + there.id() + " has address " + to + ".");
    }
    Subnet home = subnet(there, target);
    gates.request(there, home, false, from.address());
    gates.groups(there, target, false, from.address());
    RouteTarget back = Gates.route(there, home, from.address());
    boolean returns =
        peering == null
            ? back instanceof RouteTarget.Local
            : back instanceof RouteTarget.ToPeer(String id) && id.equals(peering);
    if (!returns) {
      throw noWayBack(home, from.address());
    }
    gates.reply(there, home, true, from.address());
    gates.reply(vpc, subnet, false, to);
    path.add(target.id());
  }

  private static Gates.Stop noWayBack(Subnet home, String to) {
    return new Gates.Stop(
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
      throws Gates.Stop {
    for (Vpc there : plan.vpcs().values()) {
      for (Eni target : there.enis().values()) {
        if (target.publicAddresses().containsValue(to)) {
          if (there.internetGateway() == null) {
            throw new Gates.Stop(
                By.ROUTE,
                there.id(),
                there.id(),
                there.id() + " has no internet gateway attached.");
          }
          Subnet home = subnet(there, target);
          gates.request(there, home, false, source);
          gates.groups(there, target, false, source);
          if (!(Gates.route(there, home, source) instanceof RouteTarget.Internet)) {
            throw noWayBack(home, source);
          }
          gates.reply(there, home, true, source);
          gates.reply(vpc, subnet, false, to);
          path.add(target.id());
          return;
        }
      }
    }
    if (!plan.handsOn(to)) {
      throw new Gates.Stop(
          By.PRIVATE_DESTINATION,
          gateway,
          vpc.id(),
          to
              + " is a private address, and internet gateways hand nothing on to those. If it stands"
              + " beside this machine and tasks are to reach it, start Gantry with --allow-lan "
              + to
              + "/32.");
    }
    gates.reply(vpc, subnet, false, to);
    path.add("internet");
  }

  private void nat(Vpc vpc, Eni from, Subnet subnet, String id, String to) throws Gates.Stop {
    Nat nat = vpc.nats().get(id);
    Eni gateway = nat == null ? null : vpc.enis().get(nat.eni());
    if (gateway == null) {
      throw blackhole(subnet, to, id);
    }
    path.add(id);
    Subnet home = subnet(vpc, gateway);
    gates.request(vpc, home, false, from.address());
    gates.request(vpc, home, true, to);
    path.add(home.routeTable());
    switch (Gates.route(vpc, home, to)) {
      case RouteTarget.Internet(String igw) -> {
        String source = gateway.publicAddresses().get(gateway.address());
        if (source == null) {
          throw new Gates.Stop(
              By.NO_PUBLIC_ADDRESS,
              igw,
              gateway.id(),
              id + " is private: it has no elastic address.");
        }
        path.add(igw);
        internet(vpc, home, igw, source, to);
      }
      case RouteTarget.ToPeer(String peering) -> peer(vpc, gateway, home, peering, to);
      default ->
          throw new Gates.Stop(
              By.ROUTE,
              home.routeTable(),
              home.id(),
              id
                  + " stands in "
                  + home.id()
                  + ", whose route table does not lead to an internet"
                  + " gateway. Put it in a public subnet.");
    }
    if (!home.id().equals(subnet.id())) {
      gates.reply(vpc, home, true, from.address());
      gates.reply(vpc, subnet, false, to);
    }
  }

  private static Subnet subnet(Vpc vpc, Eni eni) throws Gates.Stop {
    Subnet subnet = vpc.subnets().get(eni.subnet());
    if (subnet == null) {
      throw new Gates.Stop(
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
}
