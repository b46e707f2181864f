package gantry.node.vpc;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.Route;
import gantry.acs.network.NetworkPlan.RouteTable;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A VPC's routes as its router's. The main table knows every interface that is here; each route
 * table is a table of its own, chosen by the mark that a packet gets from the interface it came in
 * by, so the sender's subnet decides, as on AWS. A table leaves the VPC's own blocks to the main
 * one ({@code throw}) except where it has a more specific route.
 */
final class VpcRoutes {

  /**
   * The mark, and the table, of answers to connections that a load balancer makes in its client's
   * name: they end here, whoever they are addressed to.
   */
  static final int KEPT = 9_000;

  private static final int FIRST_TABLE = 10_000;
  private static final int TABLES = 1 << 28;

  private final Vpc vpc;
  private final Set<String> attached;
  private final SortedMap<String, Integer> tables = new TreeMap<>();

  VpcRoutes(Vpc vpc, Set<String> attached) {
    this.vpc = vpc;
    this.attached = attached;
    Map<Integer, String> taken = new HashMap<>();
    for (String id : vpc.routeTables().keySet()) {
      int number = Math.floorMod(id.hashCode(), TABLES);
      while (taken.putIfAbsent(number, id) != null) {
        number = (number + 1) % TABLES;
      }
      tables.put(id, FIRST_TABLE + number);
    }
  }

  /** The kernel's number of each route table, which is the mark of its packets too. */
  SortedMap<String, Integer> tables() {
    return tables;
  }

  SortedSet<String> routes() {
    SortedSet<String> routes = new TreeSet<>();
    routes.add("blackhole default");
    routes.add("local default dev lo table " + KEPT + " scope host");
    vpc.cidrs().forEach(cidr -> routes.add("blackhole " + destination(cidr)));
    for (Eni eni : vpc.enis().values()) {
      String link =
          switch (eni.kind()) {
            case ATTACHED -> attached.contains(eni.id()) ? Names.eniLink(eni.id()) : "";
            case NAT -> Names.natLink(eni.id());
            case SERVICE -> "";
          };
      if (!link.isEmpty()) {
        eni.addresses().forEach(address -> routes.add(address + " dev " + link + " scope link"));
      }
    }
    for (RouteTable table : vpc.routeTables().values()) {
      String in = " table " + tables.get(table.id());
      vpc.cidrs().forEach(cidr -> routes.add("throw " + destination(cidr) + in));
      boolean hasDefault = false;
      for (Route route : table.routes()) {
        // The VPC's own blocks are in the main table, and endpoints are the router itself.
        if (!(route.target() instanceof RouteTarget.Local)
            && !(route.target() instanceof RouteTarget.ToEndpoint)) {
          routes.add(route(route, in));
          hasDefault |= route.destination().prefix() == 0;
        }
      }
      if (!hasDefault) {
        routes.add("blackhole default" + in);
      }
    }
    return routes;
  }

  SortedSet<String> rules() {
    SortedSet<String> rules = new TreeSet<>();
    rules.add("500: from all fwmark 0x" + Integer.toHexString(KEPT) + " lookup " + KEPT);
    tables
        .values()
        .forEach(
            table ->
                rules.add(
                    "1000: from all fwmark 0x" + Integer.toHexString(table) + " lookup " + table));
    // What our own sockets send (load balancers) goes by the table of the subnet they stand in.
    for (Subnet subnet : vpc.subnets().values()) {
      Integer table = tables.get(subnet.routeTable());
      if (table != null) {
        rules.add("2000: from " + subnet.cidr() + " iif lo lookup " + table);
      }
    }
    return rules;
  }

  private String route(Route route, String in) {
    String to = destination(route.destination());
    return switch (route.target()) {
      case RouteTarget.Internet(String gateway) ->
          gateway.equals(vpc.internetGateway())
              ? to + " via " + LinkLocal.EDGE + " dev " + Names.UPLINK + in + " onlink"
              : "blackhole " + to + in;
      case RouteTarget.ToNat(String id) -> {
        Nat nat = vpc.nats().get(id);
        Eni eni = nat == null ? null : vpc.enis().get(nat.eni());
        yield eni == null
            ? "blackhole " + to + in
            : to + " via " + eni.address() + " dev " + Names.natLink(eni.id()) + in + " onlink";
      }
      case RouteTarget.ToPeer(String peering) ->
          to + " dev " + Names.peeringLink(peering) + in + " scope link";
      case RouteTarget.ToInterface(String id) -> {
        Eni eni = vpc.enis().get(id);
        // An interface that checks destinations refuses what is not for itself.
        yield eni == null || eni.sourceDestCheck() || !attached.contains(id)
            ? "blackhole " + to + in
            : to + " via " + eni.address() + " dev " + Names.eniLink(id) + in + " onlink";
      }
      case RouteTarget.Blackhole _ -> "blackhole " + to + in;
      case RouteTarget.Local _, RouteTarget.ToEndpoint _ ->
          throw new IllegalStateException(route + " is not a route of the kernel");
    };
  }

  private static String destination(Cidr cidr) {
    if (cidr.prefix() == 0) {
      return "default";
    }
    return cidr.prefix() == 32 ? cidr.address(0) : cidr.toString();
  }
}
