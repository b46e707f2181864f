package gantry.node.vpc;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Endpoint;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Group;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.RouteTable;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.NetworkPlan.RulePeer;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A router's nftables. A packet passes these stages, each a base chain of its own so that "accept"
 * means "on to the next":
 *
 * <pre>
 *   prerouting   source check, mark by the sender's route table, public to private address
 *   0   sg_out   security groups of the sender's interface      (stateful)
 *   10  acl_out  network ACL of the sender's subnet             (stateless, if it leaves the subnet)
 *   15  flow_out what the sender's interface logs
 *   20  acl_in   network ACL of the receiver's subnet           (stateless, if it comes from outside)
 *   30  sg_in    security groups of the receiver's interface    (stateful)
 *   35  flow_in  what the receiver's interface logs
 *   40  igw      only interfaces with a public address pass the internet gateway
 *   postrouting  private to public address
 * </pre>
 *
 * An interface finds its groups by one look-up of its address; a combination of groups is a chain
 * that jumps to each group's rules; a group named by a rule is a set of addresses. So an interface
 * that comes or goes changes elements and no rule.
 */
final class VpcFirewall {

  private static final List<String> STAGES = List.of("sg_out", "acl_out", "acl_in", "sg_in");
  private static final List<Integer> PRIORITIES = List.of(0, 10, 20, 30);
  private static final int FLOW_OUT = 15;
  private static final int FLOW_IN = 35;
  private static final int GATEWAY = 40;

  private static final String FLOW_KEY = "ip saddr . ip daddr . meta l4proto . th sport . th dport";
  private static final String FLOW_KEY_NO_PORTS = "ip saddr . ip daddr . meta l4proto";

  private final NetworkPlan plan;
  private final Vpc vpc;
  private final Map<String, Integer> tables;
  private final NftTable.Builder nft = new NftTable.Builder("ip", "gantry");
  private final SortedSet<String> logged = new TreeSet<>();

  VpcFirewall(NetworkPlan plan, Vpc vpc, Map<String, Integer> tables) {
    this.plan = plan;
    this.vpc = vpc;
    this.tables = tables;
    vpc.flowLogs().forEach(log -> logged.addAll(log.enis()));
  }

  NftTable table() {
    declare();
    interfaces();
    groups();
    acls();
    hooks();
    return nft.build();
  }

  /** The name of the chain, and the counter, of interfaces that carry exactly these groups. */
  static String combination(Collection<String> groups) {
    long hash = 1125899906842597L;
    String text = String.join(",", new TreeSet<>(groups));
    for (int i = 0; i < text.length(); i++) {
      hash = 31 * hash + text.charAt(i);
    }
    return Long.toHexString(hash);
  }

  private boolean logs() {
    return !logged.isEmpty();
  }

  private void declare() {
    nft.set("exempt", "type ipv4_addr; flags interval;");
    nft.element("exempt", "169.254.0.0/16");
    Set<String> ours = new TreeSet<>();
    if (!vpc.cidrs().isEmpty()) {
      ours.add(vpc.cidrs().getFirst().address(2));
    }
    for (Subnet subnet : vpc.subnets().values()) {
      ours.add(subnet.router());
      ours.add(subnet.resolver());
    }
    ours.forEach(address -> nft.element("exempt", address));
    // All addresses that the router has: what it sends from another is sent in a client's name.
    List<Cidr> standing = new ArrayList<>();
    standing.add(Cidr.parse("127.0.0.0/8"));
    standing.add(Cidr.parse("169.254.0.0/16"));
    ours.forEach(address -> standing.add(Cidr.parse(address + "/32")));
    for (Eni eni : vpc.enis().values()) {
      if (eni.kind() == Eni.Kind.SERVICE) {
        eni.addresses().forEach(address -> standing.add(Cidr.parse(address + "/32")));
      }
    }
    vpc.endpoints().values().stream()
        .filter(Endpoint::gateway)
        .forEach(endpoint -> standing.addAll(endpoint.cidrs()));
    nft.set("standing", "type ipv4_addr; flags interval;");
    Cidr.withoutNested(standing).forEach(cidr -> nft.element("standing", cidr.toString()));
    nft.set("checked", "type ifname;");
    nft.set("own", "type ifname . ipv4_addr;");
    nft.map("marks", "type ifname : mark;");
    nft.map("sg_out_of", "type ipv4_addr : verdict;");
    nft.map("sg_in_of", "type ipv4_addr : verdict;");
    nft.map("acl_out_of", "type ipv4_addr : verdict;");
    nft.map("acl_in_of", "type ipv4_addr : verdict;");
    nft.map("acl_out_of_nat", "type ifname : verdict;");
    nft.map("acl_in_of_nat", "type ifname : verdict;");
    nft.map("public_of", "type ipv4_addr : ipv4_addr;");
    nft.map("private_of", "type ipv4_addr : ipv4_addr;");
    nft.set("has_public", "type ipv4_addr;");
    // What was refused lately, for whoever asks why.
    for (String direction : List.of("out", "in")) {
      nft.set(
          "denied_" + direction,
          "type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 4096; flags dynamic,"
              + " timeout; timeout 1h;");
      nft.set(
          "denied_" + direction + "_x",
          "type ipv4_addr . ipv4_addr . inet_proto; size 4096; flags dynamic, timeout; timeout"
              + " 1h;");
    }
    if (logs()) {
      nft.set("logged", "type ipv4_addr;");
      for (String set : List.of("out_ok", "out_no", "in_ok", "in_no")) {
        nft.set(
            "flow_" + set,
            "type ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service; size 65536;"
                + " flags dynamic, timeout; timeout 20m;");
        nft.set(
            "flow_" + set + "_x",
            "type ipv4_addr . ipv4_addr . inet_proto; size 65536; flags dynamic, timeout; timeout"
                + " 20m;");
      }
    }
  }

  private void interfaces() {
    for (Eni eni : vpc.enis().values()) {
      Subnet subnet = vpc.subnets().get(eni.subnet());
      if (subnet == null) {
        continue;
      }
      Integer table = tables.get(subnet.routeTable());
      String link =
          switch (eni.kind()) {
            case ATTACHED -> Names.eniLink(eni.id());
            case NAT -> Names.natLink(eni.id());
            case SERVICE -> "";
          };
      if (!link.isEmpty() && table != null) {
        nft.element("marks", quoted(link), "0x" + Integer.toHexString(table));
      }
      if (eni.kind() == Eni.Kind.ATTACHED && eni.sourceDestCheck()) {
        nft.element("checked", quoted(link));
        eni.addresses().forEach(address -> nft.element("own", quoted(link) + " . " + address));
      }
      if (eni.kind() == Eni.Kind.NAT) {
        nft.element("acl_out_of_nat", quoted(link), "goto ao_" + Names.nft(subnet.id()));
        nft.element("acl_in_of_nat", quoted(link), "goto ai_" + Names.nft(subnet.id()));
      }
      for (String address : eni.addresses()) {
        if (!eni.ungrouped()) {
          String groups = combination(eni.groups());
          nft.element("sg_out_of", address, "goto so_" + groups);
          nft.element("sg_in_of", address, "goto si_" + groups);
        }
        nft.element("acl_out_of", address, "goto ao_" + Names.nft(subnet.id()));
        nft.element("acl_in_of", address, "goto ai_" + Names.nft(subnet.id()));
        if (logged.contains(eni.id())) {
          nft.element("logged", address);
        }
      }
      eni.publicAddresses()
          .forEach(
              (inside, outside) -> {
                nft.element("public_of", inside, outside);
                nft.element("private_of", outside, inside);
                nft.element("has_public", inside);
              });
    }
  }

  private void groups() {
    for (Eni eni : vpc.enis().values()) {
      if (eni.ungrouped()) {
        continue;
      }
      String combination = combination(eni.groups());
      if (!nft.hasChain("so_" + combination)) {
        nft.counter("do_" + combination);
        nft.counter("di_" + combination);
        nft.chain("so_" + combination, combined(eni, "go_", "out", "do_" + combination));
        nft.chain("si_" + combination, combined(eni, "gi_", "in", "di_" + combination));
      }
    }
    SortedSet<String> referenced = new TreeSet<>();
    SortedSet<String> lists = new TreeSet<>();
    for (Group group : vpc.groups().values()) {
      List<String> out = new ArrayList<>();
      List<String> in = new ArrayList<>();
      for (Rule rule : group.rules()) {
        (rule.egress() ? out : in).add(RuleText.of(rule));
        switch (rule.peer()) {
          case RulePeer.Members(String id) -> referenced.add(id);
          case RulePeer.PrefixList(String id) -> lists.add(id);
          case RulePeer.Block _ -> {}
        }
      }
      nft.chain("go_" + Names.nft(group.id()), out);
      nft.chain("gi_" + Names.nft(group.id()), in);
    }
    for (String group : referenced) {
      nft.set(RuleText.groupSet(group), "type ipv4_addr;");
      for (Vpc member : reachable()) {
        for (Eni eni : member.enis().values()) {
          if (eni.groups().contains(group)) {
            eni.addresses().forEach(address -> nft.element(RuleText.groupSet(group), address));
          }
        }
      }
    }
    for (String list : lists) {
      nft.set(RuleText.listSet(list), "type ipv4_addr; flags interval;");
      Cidr.withoutNested(plan.prefixLists().getOrDefault(list, List.of()))
          .forEach(cidr -> nft.element(RuleText.listSet(list), cidr.toString()));
    }
  }

  private List<String> combined(Eni eni, String chain, String direction, String counter) {
    List<String> rules = new ArrayList<>();
    for (String group : eni.groups()) {
      if (vpc.groups().containsKey(group)) {
        rules.add("jump " + chain + Names.nft(group));
      }
    }
    refuse(rules, direction, counter);
    return rules;
  }

  /** Notes, counts and drops. */
  private void refuse(List<String> rules, String direction, String counter) {
    if (logs()) {
      flow(rules, direction, "no");
    }
    rules.add(
        "meta l4proto { tcp, udp } update @denied_"
            + direction
            + " { ip saddr . ip daddr . meta l4proto . th dport counter }");
    rules.add(
        "meta l4proto != { tcp, udp } update @denied_"
            + direction
            + "_x { "
            + FLOW_KEY_NO_PORTS
            + " counter }");
    rules.add("counter name " + counter + " drop");
  }

  private static void flow(List<String> rules, String direction, String outcome) {
    String side = direction.equals("out") ? "ip saddr @logged " : "ip daddr @logged ";
    String set = "flow_" + direction + "_" + outcome;
    rules.add(side + "meta l4proto { tcp, udp } update @" + set + " { " + FLOW_KEY + " counter }");
    rules.add(
        side
            + "meta l4proto != { tcp, udp } update @"
            + set
            + "_x { "
            + FLOW_KEY_NO_PORTS
            + " counter }");
  }

  /** This VPC and those it is peered with: only there does a reference to a group reach. */
  private List<Vpc> reachable() {
    List<Vpc> reachable = new ArrayList<>(List.of(vpc));
    Set<String> seen = new HashSet<>(Set.of(vpc.id()));
    for (Peering peering : plan.peerings().values()) {
      if (peering.joins(vpc.id()) && seen.add(peering.other(vpc.id()))) {
        Vpc other = plan.vpcs().get(peering.other(vpc.id()));
        if (other != null) {
          reachable.add(other);
        }
      }
    }
    return reachable;
  }

  private void acls() {
    for (Acl acl : vpc.acls().values()) {
      acl(acl, "out", acl.egress());
      acl(acl, "in", acl.ingress());
    }
    for (Subnet subnet : vpc.subnets().values()) {
      String id = Names.nft(subnet.id());
      String acl = Names.nft(subnet.acl());
      nft.chain("ao_" + id, List.of("ip daddr " + subnet.cidr() + " accept", "goto out_" + acl));
      nft.chain("ai_" + id, List.of("ip saddr " + subnet.cidr() + " accept", "goto in_" + acl));
    }
  }

  private void acl(Acl acl, String direction, List<AclEntry> entries) {
    String id = Names.nft(acl.id());
    String denied = direction + "_no_" + id;
    nft.counter(denied);
    List<String> refusal = new ArrayList<>();
    refuse(refusal, direction, denied);
    nft.chain(denied, refusal);
    List<String> rules = new ArrayList<>();
    for (AclEntry entry : entries) {
      rules.add(
          RuleText.of(entry, direction.equals("out"))
              + (entry.allow() ? "accept" : "goto " + denied));
    }
    rules.add("goto " + denied);
    nft.chain(direction + "_" + id, rules);
  }

  private void hooks() {
    nft.chain("sg_out", List.of("ct state established,related accept", "ip saddr vmap @sg_out_of"));
    nft.chain("sg_in", List.of("ct state established,related accept", "ip daddr vmap @sg_in_of"));
    nft.chain("acl_out", List.of("iifname vmap @acl_out_of_nat", "ip saddr vmap @acl_out_of"));
    nft.chain("acl_in", List.of("oifname vmap @acl_in_of_nat", "ip daddr vmap @acl_in_of"));
    hook("forward", List.of());
    hook("input", List.of("iif lo accept", "ip daddr @exempt accept"));
    hook("output", List.of("ip saddr @exempt accept", "ip daddr @exempt accept"));
    String kept = "0x" + Integer.toHexString(VpcRoutes.KEPT);
    nft.hook(
        "output_kept",
        "filter hook output priority -10;",
        List.of("ip saddr != @standing ct mark set " + kept));
    String toInternet = "oifname \"" + Names.UPLINK + "\" ";
    for (String hook : List.of("forward", "output")) {
      nft.hook(
          hook + "_igw",
          "filter hook " + hook + " priority " + GATEWAY + ";",
          List.of(toInternet + "ip saddr != @has_public drop"));
    }
    List<String> arriving =
        new ArrayList<>(
            List.of(
                "iifname @checked iifname . ip saddr != @own drop",
                "meta mark set iifname map @marks",
                "ct direction reply ct mark " + kept + " meta mark set " + kept,
                // An interface that the plan does not know (yet, or no more) sends nothing.
                "iifname \"e*\" meta mark 0 drop"));
    vpc.endpoints().values().stream()
        .filter(Endpoint::gateway)
        .forEach(endpoint -> onlyByRoute(arriving, endpoint));
    nft.hook("pre", "filter hook prerouting priority -150;", arriving);
    nft.hook(
        "nat_in",
        "nat hook prerouting priority -100;",
        List.of("iifname \"" + Names.UPLINK + "\" dnat to ip daddr map @private_of"));
    nft.hook(
        "nat_out",
        "nat hook postrouting priority 100;",
        List.of(toInternet + "snat to ip saddr map @public_of"));
  }

  /** A gateway endpoint answers those whose route table leads to it. */
  private void onlyByRoute(List<String> arriving, Endpoint endpoint) {
    List<String> marks = new ArrayList<>();
    for (RouteTable table : vpc.routeTables().values()) {
      Integer mark = tables.get(table.id());
      if (mark != null
          && table.routes().stream()
              .anyMatch(
                  route ->
                      route.target() instanceof RouteTarget.ToEndpoint(String id)
                          && id.equals(endpoint.id()))) {
        marks.add("0x" + Integer.toHexString(mark));
      }
    }
    for (Cidr cidr : endpoint.cidrs()) {
      arriving.add(
          "ip daddr "
              + cidr
              + (marks.isEmpty() ? "" : " meta mark != { " + String.join(", ", marks) + " }")
              + " drop");
    }
  }

  private void hook(String hook, List<String> first) {
    for (int i = 0; i < STAGES.size(); i++) {
      String stage = STAGES.get(i);
      // Packets that leave and arrive through our own loopback are judged when they leave.
      List<String> rules = new ArrayList<>(first);
      if (hook.equals("output") && stage.endsWith("_out")) {
        // Its client has not sent it; the receiver judges it as the client's.
        rules.add("ct mark 0x" + Integer.toHexString(VpcRoutes.KEPT) + " accept");
      }
      rules.add("jump " + stage);
      nft.hook(
          hook + "_" + stage,
          "filter hook " + hook + " priority " + PRIORITIES.get(i) + ";",
          rules);
    }
    if (logs()) {
      List<String> out = new ArrayList<>(first);
      flow(out, "out", "ok");
      nft.hook(hook + "_flow_out", "filter hook " + hook + " priority " + FLOW_OUT + ";", out);
      List<String> in = new ArrayList<>(first);
      flow(in, "in", "ok");
      nft.hook(hook + "_flow_in", "filter hook " + hook + " priority " + FLOW_IN + ";", in);
    }
  }

  private static String quoted(String link) {
    return '"' + link + '"';
  }
}
