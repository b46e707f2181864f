package gantry.app.machine;

import gantry.acs.network.NetworkPlan;
import gantry.app.dns.DnsLink;
import gantry.node.NetnsSockets;
import gantry.services.elbv2.BalancerHealth;
import gantry.services.elbv2.Rows;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.NodeRow;
import gantry.state.Change;
import gantry.state.View;
import gantry.traffic.dns.RecordSet;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.Zone;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names that AWS gives by itself: load balancers', the registries of the VPC's region, and
 * those of interfaces by their private address, both ways.
 */
final class VpcNames implements DnsLink.OwnNames {

  private static final String SOA =
      "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60";
  private static final long TTL = 60;

  /** Where tasks find all of AWS, and so the registry of every account. */
  private static final String API = NetnsSockets.API.getAddress().getHostAddress();

  private volatile NetworkPlan plan =
      new NetworkPlan(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

  void update(NetworkPlan newest) {
    plan = newest;
  }

  @Override
  public List<Zone> zones(View view, String vpcId) {
    Map<String, List<RecordSet>> byZone = new TreeMap<>();
    view.scanAll(Rows.BALANCERS).forEach(row -> addBalancer(byZone, row.value(), vpcId));
    NetworkPlan.Vpc vpc = plan.vpcs().get(vpcId);
    if (vpc != null) {
      String registries = "dkr.ecr." + vpc.region() + ".amazonaws.com";
      put(byZone, registries, RecordSet.simple("*." + registries, RecordType.A, TTL, API));
      String domain = privateDomain(vpc.region());
      for (NetworkPlan.Eni eni : vpc.enis().values()) {
        for (String address : eni.addresses()) {
          String name = "ip-" + address.replace('.', '-') + "." + domain;
          put(byZone, domain, RecordSet.simple(name, RecordType.A, TTL, address));
          String reverse = reverse(address);
          // One zone for each /24: a question about anybody else's address is still forwarded.
          put(
              byZone,
              reverse.substring(reverse.indexOf('.') + 1),
              RecordSet.simple(reverse, RecordType.PTR, TTL, name));
        }
      }
    }
    List<Zone> zones = new ArrayList<>();
    byZone.forEach((name, records) -> zones.add(Zone.of(name, SOA, TTL, records)));
    return zones;
  }

  private static String privateDomain(String region) {
    return region.equals("us-east-1") ? "ec2.internal" : region + ".compute.internal";
  }

  private static String reverse(String address) {
    String[] bytes = address.split("\\.", 4);
    return bytes[3] + "." + bytes[2] + "." + bytes[1] + "." + bytes[0] + ".in-addr.arpa";
  }

  /**
   * At its interfaces inside its own VPC; the host and other VPCs see the machine's own address for
   * it.
   */
  private static void addBalancer(
      Map<String, List<RecordSet>> byZone, BalancerRow row, String vpcId) {
    String name = row.balancer().dnsName();
    String zone = name.substring(name.indexOf('.') + 1);
    boolean inside = vpcId.equals(row.balancer().vpcId());
    List<String> addresses =
        inside
            ? row.nodes().stream()
                .filter(node -> !node.outOfDns())
                .map(NodeRow::address)
                .filter(VpcNames::given)
                .toList()
            : List.of("127.0.0.1");
    if (!addresses.isEmpty() && (inside || vpcId.equals(DnsLink.HOST))) {
      put(
          byZone,
          zone,
          RecordSet.simple(name, RecordType.A, TTL, addresses.toArray(String[]::new)));
    }
  }

  private static boolean given(@Nullable String address) {
    return address != null;
  }

  private static void put(Map<String, List<RecordSet>> byZone, String zone, RecordSet record) {
    byZone.computeIfAbsent(zone, absent -> new ArrayList<>()).add(record);
  }

  @Override
  public boolean concerns(Change<?> change) {
    return change.table() == Rows.BALANCERS;
  }

  @Override
  public boolean healthy(View view, String balancerName) {
    return BalancerHealth.of(view, balancerName);
  }

  @Override
  public boolean concernsHealth(Change<?> change) {
    return BalancerHealth.concerns(change);
  }

  @Override
  public List<String> vpcIds(View view) {
    return List.copyOf(plan.vpcs().keySet());
  }
}
