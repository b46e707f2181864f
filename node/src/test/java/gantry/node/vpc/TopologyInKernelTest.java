package gantry.node.vpc;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Endpoint;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.FlowLog;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.Reachability;
import gantry.node.vpc.Plans.VpcPlan;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Gateways, NAT, peering, network ACLs, endpoints and flow logs with real packets. */
@Tag("docker")
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
class TopologyInKernelTest {

  private final Plans plans = new Plans();

  private VpcPlan open(String id, String cidr, String group) {
    VpcPlan vpc = plans.vpc(id, cidr);
    plans.group(vpc, group, plans.allOut(), plans.in(-1, -1, -1, Plans.peer("0.0.0.0/0")));
    return vpc;
  }

  /** A server of the world outside: it listens in the edge, at one of its reserved addresses. */
  private static String world(Lab lab) throws Exception {
    String address = lab.settings.publicPool().address(9);
    String edge = lab.settings.names().edge();
    new Commands().ip(edge, List.of("addr add " + address + "/32 dev lo"));
    lab.serve(
        "world",
        lab.sockets.inEdge(
            () ->
                ServerSocketChannel.open(StandardProtocolFamily.INET)
                    .bind(new InetSocketAddress(address, 443))));
    return address;
  }

  /** What reaches tasks from within their VPC hears when there is one, and when it is gone. */
  @Test
  void tells_when_vpcs_come_and_go_in_the_kernel() throws Exception {
    AtomicInteger told = new AtomicInteger();
    try (VpcNetwork network = new VpcNetwork(Lab.ownSettings(), told::incrementAndGet)) {
      try {
        assertThat(network.awaitFirst(Duration.ofMillis(50))).isFalse();
        NetworkPlan none = plans.plan();
        VpcPlan vpc = open("vpc-0a", "10.0.0.0/16", "sg-0a");
        network.update(plans.plan());
        assertThat(network.awaitFirst(Lab.APPLIED_WITHIN)).isTrue();
        assertThat(told).hasValue(1);
        plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
        network.update(plans.plan());
        assertThat(network.awaitApplied(Lab.APPLIED_WITHIN)).isTrue();
        assertThat(told).as("the same VPC").hasValue(1);
        network.update(none);
        assertThat(network.awaitApplied(Lab.APPLIED_WITHIN)).isTrue();
        assertThat(told).hasValue(2);
      } finally {
        network.removeEverything();
      }
    }
  }

  /** Whoever listens may break; the thread that follows the plans goes on all the same. */
  @Test
  void follows_plans_after_a_mistake() throws Exception {
    AtomicInteger told = new AtomicInteger();
    try (VpcNetwork network =
        new VpcNetwork(
            Lab.ownSettings(),
            () -> {
              if (told.incrementAndGet() == 1) {
                throw new IllegalStateException("a mistake of ours");
              }
            })) {
      try {
        NetworkPlan none = plans.plan();
        open("vpc-0m", "10.0.0.0/16", "sg-0m");
        network.update(plans.plan());
        assertThat(network.awaitFirst(Lab.APPLIED_WITHIN)).isTrue();
        network.update(none);
        assertThat(network.awaitApplied(Lab.APPLIED_WITHIN)).isTrue();
        assertThat(told).hasValue(2);
      } finally {
        network.removeEverything();
      }
    }
  }

  @Test
  void public_addresses_work_both_ways_and_private_ones_stay_inside() throws Exception {
    try (Lab lab = new Lab()) {
      String pub = lab.settings.publicPool().address(40);
      VpcPlan vpc = open("vpc-0a", "10.0.0.0/16", "sg-0a");
      plans.internet(vpc);
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.eni(vpc, "eni-0a", Eni.Kind.ATTACHED, "subnet-0a", "10.0.1.5", pub, "sg-0a");
      plans.eni(vpc, "eni-0b", "subnet-0a", "10.0.1.6", "sg-0a");
      VpcPlan other = open("vpc-0b", "10.0.0.0/16", "sg-0b");
      String pubB = lab.settings.publicPool().address(41);
      plans.internet(other);
      plans.subnet(other, "subnet-0b", "10.0.1.0/24");
      plans.eni(other, "eni-0c", Eni.Kind.ATTACHED, "subnet-0b", "10.0.1.5", pubB, "sg-0b");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      for (String eni : List.of("eni-0a", "eni-0b")) {
        lab.task(plan, "vpc-0a", eni);
      }
      lab.task(plan, "vpc-0b", "eni-0c");
      lab.serve("eni-0a", 80);
      lab.serve("eni-0c", 80);
      String world = world(lab);

      assertThat(lab.hear("eni-0a", world, 443)).isEqualTo("world saw " + pub);
      assertThat(lab.ask("eni-0b", world, 443)).isEqualTo("refused");
      assertThat(lab.hear("", pub, 80)).startsWith("eni-0a saw 198.");
      assertThat(lab.hear("eni-0a", pubB, 80)).isEqualTo("eni-0c saw " + pub);
      // To its own VPC's public address: out by the gateway and in again, with the public source.
      assertThat(lab.hear("eni-0a", pub, 80)).isEqualTo("eni-0a saw " + pub);

      assertThat(Reachability.ask(plan, "eni-0b", world, 6, 443))
          .isInstanceOfSatisfying(
              Reachability.Answer.Stopped.class,
              stopped -> assertThat(stopped.by()).isEqualTo(Reachability.By.NO_PUBLIC_ADDRESS));
      assertThat(Reachability.ask(plan, "eni-0a", pubB, 6, 80).allowed()).isTrue();
    }
  }

  /** What stands beside the machine, a router or a printer say, is not the internet. */
  @Test
  void private_addresses_are_beyond_no_internet_gateway_unless_that_is_told() throws Exception {
    try (Lab lab = new Lab()) {
      VpcPlan vpc = open("vpc-0a", "10.0.0.0/16", "sg-0a");
      plans.internet(vpc);
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      String pub = lab.settings.publicPool().address(40);
      plans.eni(vpc, "eni-0a", Eni.Kind.ATTACHED, "subnet-0a", "10.0.1.5", pub, "sg-0a");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0a");
      lab.serve("eni-0a", 80);
      String machine = lab.settings.publicPool().address(1);
      String beside = "192.168.213.77";
      new Commands()
          .run("ip", "addr", "add", beside + "/32", "dev", lab.settings.names().hostLink());
      for (String address : List.of(machine, beside)) {
        lab.serve(
            address,
            ServerSocketChannel.open(StandardProtocolFamily.INET)
                .bind(new InetSocketAddress(address, 443)));
      }

      assertThat(lab.hear("eni-0a", machine, 443)).isEqualTo(machine + " saw " + pub);
      assertThat(lab.ask("eni-0a", beside, 443)).isEqualTo("refused");
      assertThat(Reachability.ask(plan, "eni-0a", beside, 6, 443))
          .isInstanceOfSatisfying(
              Reachability.Answer.Stopped.class,
              stopped -> {
                assertThat(stopped.by()).isEqualTo(Reachability.By.PRIVATE_DESTINATION);
                assertThat(stopped.why()).contains("--allow-lan 192.168.213.77/32");
              });
      // Whoever comes from there is answered.
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET)) {
        channel.bind(new InetSocketAddress(beside, 0));
        channel.socket().setSoTimeout(Lab.ANSWERED_WITHIN_MILLIS);
        channel.socket().connect(new InetSocketAddress(pub, 80), Lab.ANSWERED_WITHIN_MILLIS);
        assertThat(Lab.line(channel.socket())).isEqualTo("eni-0a saw " + beside);
      }

      NetworkPlan told = plan.reaching(List.of(Cidr.parse("192.168.213.0/24")));
      lab.apply(told);
      assertThat(lab.hear("eni-0a", beside, 443)).isEqualTo(beside + " saw " + pub);
      assertThat(Reachability.ask(told, "eni-0a", beside, 6, 443).allowed()).isTrue();
      lab.apply(plan);
      assertThat(lab.ask("eni-0a", beside, 443)).isEqualTo("refused");
    }
  }

  @Test
  void a_nat_gateway_lets_out_under_its_own_address() throws Exception {
    try (Lab lab = new Lab()) {
      String pub = lab.settings.publicPool().address(40);
      VpcPlan vpc = open("vpc-0a", "10.0.0.0/16", "sg-0a");
      plans.internet(vpc);
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.subnet(vpc, "subnet-0b", "10.0.2.0/24", "rtb-private");
      plans.eni(vpc, "eni-0f", Eni.Kind.NAT, "subnet-0a", "10.0.1.9", pub);
      vpc.nats.put("nat-0a", new Nat("nat-0a", "eni-0f", pub));
      plans.route(vpc, "rtb-private", "0.0.0.0/0", new RouteTarget.ToNat("nat-0a"));
      plans.eni(vpc, "eni-0a", "subnet-0b", "10.0.2.5", "sg-0a");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0a");
      String world = world(lab);
      assertThat(lab.hear("eni-0a", world, 443)).isEqualTo("world saw " + pub);
      assertThat(Reachability.ask(plan, "eni-0a", world, 6, 443).allowed()).isTrue();
      // Nobody comes in by it.
      lab.serve("eni-0a", 80);
      assertThat(lab.ask("", pub, 80)).isEqualTo("refused");

      vpc.nats.clear();
      vpc.enis.remove("eni-0f");
      lab.apply(plans.plan());
      assertThat(lab.ask("eni-0a", world, 443)).isEqualTo("refused");
      assertThat(Reachability.ask(plans.plan(), "eni-0a", world, 6, 443).allowed()).isFalse();
    }
  }

  @Test
  void peers_reach_one_another_when_both_route_and_groups_are_known_across() throws Exception {
    try (Lab lab = new Lab()) {
      VpcPlan a = open("vpc-0a", "10.0.0.0/16", "sg-0a");
      VpcPlan b = plans.vpc("vpc-0b", "10.1.0.0/16");
      plans.group(b, "sg-0b", plans.allOut(), plans.tcp(80, "sg-0a"));
      plans.subnet(a, "subnet-0a", "10.0.1.0/24");
      plans.subnet(b, "subnet-0b", "10.1.1.0/24");
      plans.eni(a, "eni-0a", "subnet-0a", "10.0.1.5", "sg-0a");
      plans.eni(b, "eni-0b", "subnet-0b", "10.1.1.5", "sg-0b");
      plans.peering("pcx-0a", a, b);
      plans.route(a, "rtb-vpc-0a", "10.1.0.0/16", new RouteTarget.ToPeer("pcx-0a"));
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0a");
      lab.task(plan, "vpc-0b", "eni-0b");
      lab.serve("eni-0b", 80);
      assertThat(lab.ask("eni-0a", "10.1.1.5", 80)).isEqualTo("refused");
      assertThat(Reachability.ask(plan, "eni-0a", "10.1.1.5", 6, 80))
          .isInstanceOfSatisfying(
              Reachability.Answer.Stopped.class,
              stopped -> assertThat(stopped.resource()).isEqualTo("rtb-vpc-0b"));

      plans.route(b, "rtb-vpc-0b", "10.0.0.0/16", new RouteTarget.ToPeer("pcx-0a"));
      plan = plans.plan();
      lab.apply(plan);
      assertThat(lab.hear("eni-0a", "10.1.1.5", 80)).isEqualTo("eni-0b saw 10.0.1.5");
      assertThat(Reachability.ask(plan, "eni-0a", "10.1.1.5", 6, 80).allowed()).isTrue();

      plans.peerings.clear();
      plans.route(a, "rtb-2", "10.1.0.0/16", new RouteTarget.Blackhole("pcx-0a"));
      plans.move(a, "subnet-0a", "rtb-2", "acl-vpc-0a");
      a.tables.remove("rtb-vpc-0a");
      b.tables.put("rtb-vpc-0b", new NetworkPlan.RouteTable("rtb-vpc-0b", List.of()));
      lab.apply(plans.plan());
      assertThat(lab.ask("eni-0a", "10.1.1.5", 80)).isEqualTo("refused");
    }
  }

  @Test
  void network_acls_are_stateless_ordered_and_cut_what_runs() throws Exception {
    try (Lab lab = new Lab()) {
      VpcPlan vpc = open("vpc-0a", "10.0.0.0/16", "sg-0a");
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.subnet(vpc, "subnet-0b", "10.0.2.0/24");
      plans.eni(vpc, "eni-0a", "subnet-0a", "10.0.1.5", "sg-0a");
      plans.eni(vpc, "eni-0b", "subnet-0b", "10.0.2.5", "sg-0a");
      plans.eni(vpc, "eni-0c", "subnet-0b", "10.0.2.6", "sg-0a");
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      for (String eni : List.of("eni-0a", "eni-0b", "eni-0c")) {
        lab.task(plan, "vpc-0a", eni);
      }
      lab.serve("eni-0b", 80);
      java.net.Socket kept = lab.connect("eni-0a", "10.0.2.5", 80);
      assertThat(Lab.line(kept)).isEqualTo("eni-0b saw 10.0.1.5");

      // Port 80 may come in and nothing may answer: the first packets pass, the replies do not.
      AclEntry web = new AclEntry(100, true, 6, 80, 80, Cidr.ANYWHERE);
      vpc.acls.put("acl-web", new Acl("acl-web", List.of(web), List.of()));
      plans.move(vpc, "subnet-0b", "rtb-vpc-0a", "acl-web");
      plan = plans.plan();
      lab.apply(plan);
      assertThat(lab.ask("eni-0a", "10.0.2.5", 80)).isEqualTo("refused");
      assertThat(lab.hear("eni-0c", "10.0.2.5", 80)).isEqualTo("eni-0b saw 10.0.2.6");
      kept.setSoTimeout(400);
      assertThat(silent(kept)).isTrue();
      assertThat(Reachability.ask(plan, "eni-0a", "10.0.2.5", 6, 80))
          .isInstanceOfSatisfying(
              Reachability.Answer.Stopped.class,
              stopped -> assertThat(stopped.resource()).isEqualTo("acl-web"));
      assertThat(lab.network.dropCounters().drops("vpc-0a"))
          .anySatisfy(drop -> assertThat(drop.acl()).isEqualTo("acl-web"));

      AclEntry deny = new AclEntry(50, false, 6, 80, 80, Cidr.parse("10.0.1.5/32"));
      AclEntry replies = new AclEntry(100, true, 6, 1024, 65_535, Cidr.ANYWHERE);
      vpc.acls.put("acl-web", new Acl("acl-web", List.of(web), List.of(replies)));
      lab.apply(plans.plan());
      assertThat(lab.hear("eni-0a", "10.0.2.5", 80)).isEqualTo("eni-0b saw 10.0.1.5");
      vpc.acls.put("acl-web", new Acl("acl-web", List.of(deny, web), List.of(replies)));
      lab.apply(plans.plan());
      assertThat(lab.ask("eni-0a", "10.0.2.5", 80)).isEqualTo("refused");
      kept.close();
    }
  }

  private static boolean silent(java.net.Socket socket) throws Exception {
    try {
      Lab.echo(socket, "anybody?");
      return false;
    } catch (java.net.SocketTimeoutException nothing) {
      return true;
    }
  }

  @Test
  void load_balancers_and_endpoints_stand_at_their_own_addresses_behind_their_groups()
      throws Exception {
    try (Lab lab = new Lab()) {
      VpcPlan vpc = plans.vpc("vpc-0a", "10.0.0.0/16");
      plans.group(vpc, "sg-lb", plans.allOut(), plans.tcp(80, "0.0.0.0/0"));
      plans.group(vpc, "sg-web", plans.allOut(), plans.tcp(8080, "sg-lb"));
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.eni(vpc, "eni-1b", Eni.Kind.SERVICE, "subnet-0a", "10.0.1.20", null, "sg-lb");
      // A Network Load Balancer's, made without groups.
      plans.eni(vpc, "eni-1c", Eni.Kind.SERVICE, "subnet-0a", "10.0.1.21", null);
      plans.eni(vpc, "eni-0a", "subnet-0a", "10.0.1.5", "sg-web");
      vpc.endpoints.put(
          "vpce-0a", new Endpoint("vpce-0a", "s3", true, List.of(Cidr.parse("169.254.172.0/28"))));
      plans.route(vpc, "rtb-vpc-0a", "169.254.172.0/28", new RouteTarget.ToEndpoint("vpce-0a"));
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0a");
      lab.serve("eni-0a", 8080);
      lab.serve("lb", lab.sockets.listen("vpc-0a", new InetSocketAddress("10.0.1.20", 80)));
      lab.serve("lb", lab.sockets.listen("vpc-0a", new InetSocketAddress("10.0.1.20", 81)));
      assertThat(lab.hear("eni-0a", "10.0.1.20", 80)).isEqualTo("lb saw 10.0.1.5");
      assertThat(lab.ask("eni-0a", "10.0.1.20", 81)).isEqualTo("refused");
      lab.serve("net", lab.sockets.listen("vpc-0a", new InetSocketAddress("10.0.1.21", 82)));
      assertThat(lab.hear("eni-0a", "10.0.1.21", 82)).isEqualTo("net saw 10.0.1.5");
      assertThat(Reachability.ask(plan, "eni-0a", "10.0.1.21", 6, 82).allowed()).isTrue();

      // From the balancer to its target: its group is what the target's rule names.
      assertThat(fromService(lab, "10.0.1.20", Lab.ANSWERED_WITHIN_MILLIS))
          .isEqualTo("eni-0a saw 10.0.1.20");
      plans.group(vpc, "sg-web", plans.allOut());
      lab.apply(plans.plan());
      assertThat(fromService(lab, "10.0.1.20", Lab.REFUSED_AFTER_MILLIS)).isEqualTo("refused");

      lab.serve(
          "s3",
          lab.sockets.in(
              "vpc-0a",
              () ->
                  ServerSocketChannel.open(StandardProtocolFamily.INET)
                      .bind(new InetSocketAddress(443))));
      assertThat(lab.hear("eni-0a", "169.254.172.3", 443)).isEqualTo("s3 saw 10.0.1.5");
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24", "rtb-without");
      lab.apply(plans.plan());
      assertThat(lab.ask("eni-0a", "169.254.172.3", 443)).isEqualTo("refused");
    }
  }

  private static String fromService(Lab lab, String source, int millis) throws Exception {
    try (var channel = lab.sockets.socket("vpc-0a", new InetSocketAddress(source, 0))) {
      channel.socket().setSoTimeout(Lab.ANSWERED_WITHIN_MILLIS);
      channel.socket().connect(new InetSocketAddress("10.0.1.5", 8080), millis);
      return Lab.line(channel.socket());
    } catch (java.net.SocketTimeoutException refused) {
      return "refused";
    }
  }

  @Test
  void flow_logs_tell_accepted_and_rejected_flows_in_awss_format() throws Exception {
    try (Lab lab = new Lab()) {
      VpcPlan vpc = plans.vpc("vpc-0a", "10.0.0.0/16");
      plans.group(vpc, "sg-0a", plans.allOut(), plans.tcp(80, "0.0.0.0/0"));
      plans.subnet(vpc, "subnet-0a", "10.0.1.0/24");
      plans.eni(vpc, "eni-0a", "subnet-0a", "10.0.1.5", "sg-0a");
      plans.eni(vpc, "eni-0b", "subnet-0a", "10.0.1.6", "sg-0a");
      vpc.flowLogs.add(
          new FlowLog(
              "fl-0a",
              FlowLog.Traffic.ALL,
              60,
              new TreeSet<>(List.of("eni-0a", "eni-0b")),
              FlowLogRecorder.DEFAULT_FORMAT,
              "flows",
              "arn:aws:iam::000000000000:role/flow"));
      NetworkPlan plan = plans.plan();
      lab.apply(plan);
      lab.task(plan, "vpc-0a", "eni-0a");
      lab.task(plan, "vpc-0a", "eni-0b");
      lab.serve("eni-0b", 80);
      List<String> lines = new ArrayList<>();
      FlowLogRecorder recorder =
          new FlowLogRecorder(
              lab.network,
              (from, log, stream, at, some) ->
                  some.forEach(line -> lines.add(log.logGroup() + "/" + stream + " " + line)));
      Instant start = Instant.parse("2026-01-01T00:00:00Z");
      recorder.collect(start);
      assertThat(lab.hear("eni-0a", "10.0.1.6", 80)).isEqualTo("eni-0b saw 10.0.1.5");
      assertThat(lab.ask("eni-0a", "10.0.1.6", 81)).isEqualTo("refused");
      recorder.collect(start.plusSeconds(59));
      assertThat(lines).isEmpty();
      recorder.collect(start.plusSeconds(60));
      assertThat(lines)
          .anyMatch(
              line ->
                  line.matches(
                      "flows/eni-0a-all 2 000000000000 eni-0a 10.0.1.5 10.0.1.6 \\d+ 80 6 \\d+"
                          + " \\d+ 1767225600 1767225660 ACCEPT OK"))
          .anyMatch(
              line ->
                  line.matches(
                      "flows/eni-0b-all 2 000000000000 eni-0b 10.0.1.6 10.0.1.5 80 \\d+ 6 .*"
                          + " ACCEPT OK"))
          .anyMatch(
              line ->
                  line.matches(
                      "flows/eni-0b-all 2 000000000000 eni-0b 10.0.1.5 10.0.1.6 \\d+ 81 6 .*"
                          + " REJECT OK"))
          .noneMatch(
              line ->
                  line.contains(" 81 6 ")
                      && line.contains("eni-0a-all")
                      && line.contains("REJECT"));
      lines.clear();
      recorder.collect(start.plusSeconds(120));
      assertThat(lines)
          .contains(
              "flows/eni-0a-all 2 000000000000 eni-0a - - - - - - - 1767225660 1767225720 -"
                  + " NODATA");
    }
  }
}
