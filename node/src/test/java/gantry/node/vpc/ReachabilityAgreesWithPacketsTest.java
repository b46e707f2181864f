package gantry.node.vpc;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.Reachability;
import gantry.node.vpc.Plans.VpcPlan;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random groups, rules, network ACLs, routes, public addresses, internet and NAT gateways over two
 * peered VPCs: what {@link Reachability} answers from configuration is what packets do. The
 * interfaces stay; everything about them changes from round to round. A failure prints the seed of
 * its round.
 */
@Tag("docker")
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
class ReachabilityAgreesWithPacketsTest {

  private static final int ROUNDS = 12;
  private static final List<Integer> PORTS = List.of(80, 443);
  private static final Map<String, String> ADDRESSES =
      new TreeMap<>(
          Map.of(
              "eni-0a",
              "10.0.1.5",
              "eni-0b",
              "10.0.1.6",
              "eni-0c",
              "10.0.2.5",
              "eni-0d",
              "10.1.1.5",
              "eni-0e",
              "10.1.2.5"));

  @Test
  void on_random_topologies() throws Exception {
    long seed = System.nanoTime();
    System.out.println("reachability seed " + seed);
    int allowed = 0;
    int asked = 0;
    try (Lab lab = new Lab();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Cidr pool = lab.settings.publicPool();
      NetworkPlan first = random(new Random(seed), pool);
      lab.apply(first);
      String world = world(lab);
      for (String eni : ADDRESSES.keySet()) {
        lab.task(first, vpcOf(eni), eni);
        for (int port : PORTS) {
          lab.serve(eni, port);
        }
      }
      for (int round = 0; round < ROUNDS; round++) {
        NetworkPlan plan = random(new Random(seed + round), pool);
        lab.apply(plan);
        atEdge(lab, world); // the reconciler takes it away when it looks at the kernel anew
        List<String> targets = new ArrayList<>(ADDRESSES.values());
        targets.add(world);
        plan.vpcs().values().stream()
            .flatMap(vpc -> vpc.enis().values().stream())
            .filter(eni -> eni.kind() == Eni.Kind.ATTACHED)
            .forEach(eni -> targets.addAll(eni.publicAddresses().values()));
        List<Future<String>> wrong = new ArrayList<>();
        for (String from : ADDRESSES.keySet()) {
          for (String to : targets) {
            for (int port : PORTS) {
              Reachability.Answer answer = Reachability.ask(plan, from, to, 6, port);
              if (!to.equals(world) && outOfTheMachine(answer)) {
                continue; // who answers at a private address out there is not ours to know
              }
              asked++;
              allowed += answer.allowed() ? 1 : 0;
              wrong.add(
                  threads.submit(
                      () -> {
                        // One that should work gets more time: the machine may be busy.
                        boolean came;
                        try {
                          came =
                              !lab.ask(
                                      from,
                                      to,
                                      port,
                                      answer.allowed() ? Lab.ANSWERED_WITHIN_MILLIS : 250)
                                  .equals("refused");
                        } catch (SocketTimeoutException silent) {
                          return from + " to " + to + ":" + port + " is silent; " + answer;
                        }
                        return came == answer.allowed()
                            ? ""
                            : from + " to " + to + ":" + port + " " + came + ", but " + answer;
                      }));
            }
          }
        }
        List<String> said = new ArrayList<>();
        for (Future<String> one : wrong) {
          said.add(one.get());
        }
        said.removeIf(String::isEmpty);
        assertThat(said).as("seed " + (seed + round)).isEmpty();
      }
    }
    System.out.println("reachability: " + asked + " questions, " + allowed + " allowed");
    assertThat(allowed).isBetween(asked / 20, asked * 19 / 20);
  }

  private static String vpcOf(String eni) {
    return ADDRESSES.get(eni).startsWith("10.0.") ? "vpc-0a" : "vpc-0b";
  }

  /** A server of the world outside: it listens in the edge. */
  private static String world(Lab lab) throws Exception {
    String address = lab.settings.publicPool().address(9);
    atEdge(lab, address);
    for (int port : PORTS) {
      lab.serve(
          "world",
          lab.sockets.inEdge(
              () ->
                  ServerSocketChannel.open(StandardProtocolFamily.INET)
                      .bind(new InetSocketAddress(address, port))));
    }
    return address;
  }

  private static boolean outOfTheMachine(Reachability.Answer answer) {
    return answer instanceof Reachability.Answer.Allowed(List<String> path)
        && path.getLast().equals("internet");
  }

  private static void atEdge(Lab lab, String address) {
    new Commands()
        .ip(lab.settings.names().edge(), List.of("addr replace " + address + "/32 dev lo"));
  }

  /** Ways out: an internet gateway, a NAT gateway in the first subnet, or both, or neither. */
  private static void outside(Plans plans, VpcPlan vpc, String mine, Random random, Cidr pool) {
    if (random.nextInt(4) == 0) {
      return;
    }
    vpc.gateway = "igw-0" + mine;
    boolean nat = random.nextBoolean();
    if (nat) {
      String address = vpc.cidr.address((1 << 8) + 9);
      String elastic = pool.address(mine.equals("a") ? 60 : 61);
      plans.eni(vpc, "eni-0f" + mine, Eni.Kind.NAT, "subnet-" + mine + 1, address, elastic);
      vpc.nats.put("nat-0" + mine, new Nat("nat-0" + mine, "eni-0f" + mine, elastic));
    }
    for (int i = 1; i <= 2; i++) {
      int way = random.nextInt(4);
      if (way < 2) {
        plans.route(vpc, "rtb-" + mine + i, "0.0.0.0/0", new RouteTarget.Internet("igw-0" + mine));
      } else if (way == 2 && nat) {
        plans.route(vpc, "rtb-" + mine + i, "0.0.0.0/0", new RouteTarget.ToNat("nat-0" + mine));
      }
    }
  }

  private static NetworkPlan random(Random random, Cidr pool) {
    Plans plans = new Plans();
    VpcPlan a = plans.vpc("vpc-0a", "10.0.0.0/16");
    VpcPlan b = plans.vpc("vpc-0b", "10.1.0.0/16");
    List<String> groups = List.of("sg-0a", "sg-0b", "sg-0c");
    List<String> peers =
        new ArrayList<>(
            List.of("0.0.0.0/0", "10.0.1.0/24", "10.0.0.0/16", "10.1.1.5/32", "10.1.0.0/16"));
    boolean peered = random.nextInt(4) > 0;
    if (peered) {
      plans.peering("pcx-0a", a, b);
    }
    for (VpcPlan vpc : List.of(a, b)) {
      String mine = vpc == a ? "a" : "b";
      for (String group : groups) {
        List<Rule> rules = new ArrayList<>();
        if (random.nextInt(3) > 0) {
          rules.add(plans.allOut());
        } else if (random.nextBoolean()) {
          rules.add(plans.out(6, 80, 80, Plans.peer(pick(random, peers))));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
          int port = PORTS.get(random.nextInt(PORTS.size()));
          String peer =
              random.nextBoolean()
                  ? pick(random, peers)
                  : pick(random, groups) + (random.nextInt(4) == 0 ? other(mine) : mine);
          rules.add(
              random.nextInt(4) == 0
                  ? plans.in(-1, -1, -1, Plans.peer(peer))
                  : plans.in(6, port, random.nextBoolean() ? port : 500, Plans.peer(peer)));
        }
        plans.group(vpc, group + mine, rules.toArray(new Rule[0]));
      }
      for (int i = 1; i <= 2; i++) {
        String table = "rtb-" + mine + i;
        String subnet = "subnet-" + mine + i;
        plans.subnet(vpc, subnet, (vpc == a ? "10.0." : "10.1.") + i + ".0/24", table);
        if (peered && random.nextInt(4) > 0) {
          plans.route(
              vpc,
              table,
              vpc == a ? "10.1.0.0/16" : "10.0.0.0/16",
              new RouteTarget.ToPeer("pcx-0a"));
        }
        if (random.nextInt(6) == 0) {
          plans.route(
              vpc,
              table,
              vpc == a ? "10.1.1.0/24" : "10.0.1.0/24",
              new RouteTarget.Blackhole("nat-gone"));
        }
        if (random.nextInt(3) == 0) {
          String acl = "acl-" + mine + i;
          vpc.acls.put(acl, new Acl(acl, entries(random, peers), entries(random, peers)));
          plans.move(vpc, subnet, table, acl);
        }
      }
    }
    outside(plans, a, "a", random, pool);
    outside(plans, b, "b", random, pool);
    ADDRESSES.forEach(
        (eni, address) -> {
          VpcPlan vpc = address.startsWith("10.0.") ? a : b;
          String mine = vpc == a ? "a" : "b";
          String subnet =
              "subnet-" + mine + (address.contains(".1.") && !address.contains(".2.") ? 1 : 2);
          List<String> carried = new ArrayList<>(List.of(pick(random, groups) + mine));
          if (random.nextBoolean()) {
            carried.add(pick(random, groups) + mine);
          }
          String elastic = random.nextBoolean() ? pool.address(40 + eni.charAt(5) - 'a') : null;
          plans.eni(
              vpc,
              eni,
              Eni.Kind.ATTACHED,
              subnet,
              address,
              elastic,
              carried.toArray(new String[0]));
        });
    return plans.plan();
  }

  private static List<AclEntry> entries(Random random, List<String> peers) {
    List<AclEntry> entries = new ArrayList<>();
    if (random.nextBoolean()) {
      int port = PORTS.get(random.nextInt(PORTS.size()));
      entries.add(new AclEntry(10, false, 6, port, port, Cidr.parse(pick(random, peers))));
    }
    if (random.nextInt(4) == 0) {
      entries.add(new AclEntry(20, false, 6, 1024, 65_535, Cidr.parse(pick(random, peers))));
    }
    if (random.nextInt(5) > 0) {
      entries.add(new AclEntry(100, true, -1, -1, -1, Cidr.ANYWHERE));
    }
    return entries;
  }

  private static String other(String mine) {
    return mine.equals("a") ? "b" : "a";
  }

  private static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
