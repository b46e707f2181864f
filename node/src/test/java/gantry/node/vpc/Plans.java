package gantry.node.vpc;

import gantry.acs.EniPayload;
import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Endpoint;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.FlowLog;
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
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Builds network plans in the words of the tests. Everything allows unless a test says otherwise.
 */
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
final class Plans {

  static final AclEntry ALLOW_ALL = new AclEntry(100, true, -1, -1, -1, Cidr.ANYWHERE);

  final SortedMap<String, VpcPlan> vpcs = new TreeMap<>();
  final SortedMap<String, Peering> peerings = new TreeMap<>();
  final SortedMap<String, List<Cidr>> lists = new TreeMap<>();
  private int rules;

  static final class VpcPlan {
    final String id;
    final Cidr cidr;
    @Nullable String gateway;
    final SortedMap<String, Subnet> subnets = new TreeMap<>();
    final SortedMap<String, Eni> enis = new TreeMap<>();
    final SortedMap<String, Group> groups = new TreeMap<>();
    final SortedMap<String, RouteTable> tables = new TreeMap<>();
    final SortedMap<String, Acl> acls = new TreeMap<>();
    final SortedMap<String, Nat> nats = new TreeMap<>();
    final SortedMap<String, Endpoint> endpoints = new TreeMap<>();
    final List<FlowLog> flowLogs = new ArrayList<>();

    VpcPlan(String id, Cidr cidr) {
      this.id = id;
      this.cidr = cidr;
    }
  }

  VpcPlan vpc(String id, String cidr) {
    VpcPlan vpc = new VpcPlan(id, Cidr.parse(cidr));
    vpc.acls.put("acl-" + id, new Acl("acl-" + id, List.of(ALLOW_ALL), List.of(ALLOW_ALL)));
    vpc.tables.put("rtb-" + id, new RouteTable("rtb-" + id, List.of()));
    vpcs.put(id, vpc);
    return vpc;
  }

  void internet(VpcPlan vpc) {
    vpc.gateway = "igw-" + vpc.id;
    route(vpc, "rtb-" + vpc.id, "0.0.0.0/0", new RouteTarget.Internet("igw-" + vpc.id));
  }

  void route(VpcPlan vpc, String table, String to, RouteTarget target) {
    List<Route> routes =
        new ArrayList<>(vpc.tables.getOrDefault(table, new RouteTable(table, List.of())).routes());
    routes.add(new Route(Cidr.parse(to), target));
    vpc.tables.put(table, new RouteTable(table, List.copyOf(routes)));
  }

  void subnet(VpcPlan vpc, String id, String cidr) {
    subnet(vpc, id, cidr, "rtb-" + vpc.id);
  }

  void subnet(VpcPlan vpc, String id, String cidr, String table) {
    if (!vpc.tables.containsKey(table)) {
      vpc.tables.put(table, new RouteTable(table, List.of()));
    }
    vpc.subnets.put(id, new Subnet(id, Cidr.parse(cidr), "us-east-1a", table, "acl-" + vpc.id));
  }

  /** Another table or list for a subnet that is there. */
  void move(VpcPlan vpc, String id, String table, String acl) {
    Subnet old = vpc.subnets.get(id);
    vpc.subnets.put(id, new Subnet(id, old.cidr(), old.availabilityZone(), table, acl));
  }

  void eni(VpcPlan vpc, String id, String subnet, String address, String... groups) {
    eni(vpc, id, Eni.Kind.ATTACHED, subnet, address, null, groups);
  }

  void eni(
      VpcPlan vpc,
      String id,
      Eni.Kind kind,
      String subnet,
      String address,
      @Nullable String publicAddress,
      String... groups) {
    SortedMap<String, String> publics = new TreeMap<>();
    if (publicAddress != null) {
      publics.put(address, publicAddress);
    }
    vpc.enis.put(
        id,
        new Eni(
            id,
            kind,
            "02:00:0a:%02x:%02x:%02x"
                .formatted(
                    Math.floorMod(id.hashCode() >> 16, 256),
                    Math.floorMod(id.hashCode() >> 8, 256),
                    Math.floorMod(id.hashCode(), 256)),
            List.of(address),
            subnet,
            new TreeSet<>(List.of(groups)),
            publics,
            true));
  }

  void group(VpcPlan vpc, String id, Rule... rules) {
    vpc.groups.put(id, new Group(id, id, List.of(rules)));
  }

  Rule in(int protocol, int from, int to, RulePeer peer) {
    return new Rule("sgr-" + ++rules, false, protocol, from, to, peer);
  }

  Rule out(int protocol, int from, int to, RulePeer peer) {
    return new Rule("sgr-" + ++rules, true, protocol, from, to, peer);
  }

  Rule tcp(int port, String peer) {
    return in(6, port, port, peer(peer));
  }

  Rule allOut() {
    return out(-1, -1, -1, new RulePeer.Block(Cidr.ANYWHERE));
  }

  static RulePeer peer(String text) {
    if (text.startsWith("sg-")) {
      return new RulePeer.Members(text);
    }
    return text.startsWith("pl-")
        ? new RulePeer.PrefixList(text)
        : new RulePeer.Block(Cidr.parse(text));
  }

  void peering(String id, VpcPlan requester, VpcPlan accepter) {
    peerings.put(id, new Peering(id, requester.id, accepter.id));
  }

  static EniPayload payload(NetworkPlan plan, String vpc, String eni) {
    Vpc in = plan.vpcs().get(vpc);
    Eni one = in.enis().get(eni);
    Subnet subnet = in.subnets().get(one.subnet());
    return new EniPayload(
        "attachment",
        eni,
        vpc,
        subnet.id(),
        one.mac(),
        one.address(),
        subnet.cidr().toString(),
        "ip.ec2.internal",
        one.publicAddresses().get(one.address()));
  }

  NetworkPlan plan() {
    SortedMap<String, Vpc> all = new TreeMap<>();
    for (Map.Entry<String, VpcPlan> entry : vpcs.entrySet()) {
      VpcPlan vpc = entry.getValue();
      all.put(
          vpc.id,
          new Vpc(
              vpc.id,
              "000000000000",
              "us-east-1",
              List.of(vpc.cidr),
              vpc.gateway,
              new TreeMap<>(vpc.subnets),
              new TreeMap<>(vpc.enis),
              new TreeMap<>(vpc.groups),
              new TreeMap<>(vpc.tables),
              new TreeMap<>(vpc.acls),
              new TreeMap<>(vpc.nats),
              new TreeMap<>(vpc.endpoints),
              List.copyOf(vpc.flowLogs)));
    }
    return new NetworkPlan(all, new TreeMap<>(peerings), new TreeMap<>(lists));
  }
}
