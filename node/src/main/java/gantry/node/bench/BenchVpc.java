package gantry.node.bench;

import gantry.acs.EniPayload;
import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Group;
import gantry.acs.network.NetworkPlan.RouteTable;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** One VPC with one subnet and an interface for each task of the bench. */
record BenchVpc(VpcNetwork network) implements AutoCloseable {

  private static final String ID = "vpc-0bench";
  private static final String SUBNET = "10.99.0.0/16";

  static BenchVpc make(int interfaces) throws InterruptedException {
    VpcNetwork network = new VpcNetwork(VpcSettings.of("bench"));
    SortedMap<String, Eni> enis = new TreeMap<>();
    for (int i = 0; i < interfaces; i++) {
      enis.put(
          id(i),
          new Eni(
              id(i),
              Eni.Kind.ATTACHED,
              mac(i),
              List.of(address(i)),
              "subnet-0bench",
              new TreeSet<>(List.of("sg-0bench")),
              new TreeMap<>(),
              true));
    }
    AclEntry all = new AclEntry(100, true, -1, -1, -1, Cidr.ANYWHERE);
    Vpc vpc =
        new Vpc(
            ID,
            "123456789012",
            "us-east-1",
            List.of(Cidr.parse(SUBNET)),
            null,
            one(
                "subnet-0bench",
                new Subnet("subnet-0bench", Cidr.parse(SUBNET), "us-east-1a", "rtb-0", "acl-0")),
            enis,
            one("sg-0bench", new Group("sg-0bench", "bench", List.of())),
            one("rtb-0", new RouteTable("rtb-0", List.of())),
            one("acl-0", new Acl("acl-0", List.of(all), List.of(all))),
            new TreeMap<>(),
            new TreeMap<>(),
            List.of());
    network.update(new NetworkPlan(one(ID, vpc), new TreeMap<>(), new TreeMap<>()));
    if (!network.awaitApplied(Duration.ofSeconds(30))) {
      throw new IllegalStateException("the network was not made: " + network.failure());
    }
    return new BenchVpc(network);
  }

  private static <V> SortedMap<String, V> one(String key, V value) {
    SortedMap<String, V> map = new TreeMap<>();
    map.put(key, value);
    return map;
  }

  private static String id(int i) {
    return "eni-0bench" + i;
  }

  private static String address(int i) {
    return "10.99." + (1 + i / 200) + "." + (10 + i % 200);
  }

  private static String mac(int i) {
    return "02:00:00:00:%02x:%02x".formatted(i / 256, i % 256);
  }

  EniPayload eni(int i) {
    return new EniPayload(
        "arn:aws:ecs:us-east-1:123456789012:attachment/" + i,
        id(i),
        ID,
        "subnet-0bench",
        mac(i),
        address(i),
        SUBNET,
        "ip-" + address(i).replace('.', '-') + ".ec2.internal",
        null);
  }

  @Override
  public void close() {
    network.removeEverything();
    network.close();
  }
}
