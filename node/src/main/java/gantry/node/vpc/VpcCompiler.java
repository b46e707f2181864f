package gantry.node.vpc;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Endpoint;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.Subnet;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.acs.network.PrivateBlocks;
import gantry.node.vpc.KernelPlan.Host;
import gantry.node.vpc.KernelPlan.Namespace;
import gantry.node.vpc.KernelPlan.Veth;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * From a network plan to kernel objects; pure.
 *
 * <pre>
 *   task ── veth ── [router of its VPC] ── uplink ── [edge] ── veth ── host ── the world
 *                     │        │
 *                   veth     veth
 *                     │        │
 *                [NAT gateway] [router of a peer]
 * </pre>
 *
 * A router holds its subnets' first and second addresses, those of the metadata services and those
 * of load balancers. What a packet may do is in its nftables ({@link VpcFirewall}), where it goes
 * in its routing tables ({@link VpcRoutes}).
 */
final class VpcCompiler {

  private final VpcSettings settings;

  VpcCompiler(VpcSettings settings) {
    this.settings = settings;
  }

  /**
   * Compiles the whole plan.
   *
   * @param attached interfaces whose veth pair exists: only those have a route
   */
  KernelPlan compile(NetworkPlan plan, Set<String> attached) {
    Names names = settings.names();
    SortedMap<String, Namespace> namespaces = new TreeMap<>();
    SortedSet<Veth> veths = new TreeSet<>();
    for (Vpc vpc : plan.vpcs().values()) {
      String router = names.router(vpc.id());
      VpcRoutes routes = new VpcRoutes(vpc, attached);
      SortedSet<String> interfaces = new TreeSet<>();
      vpc.enis().values().stream()
          .filter(eni -> eni.kind() == Eni.Kind.ATTACHED)
          .forEach(eni -> interfaces.add(Names.eniLink(eni.id())));
      namespaces.put(
          router,
          new Namespace(
              router,
              addresses(vpc),
              routes.routes(),
              routes.rules(),
              interfaces,
              new VpcFirewall(plan, vpc, routes.tables()).table()));
      if (vpc.internetGateway() != null) {
        veths.add(new Veth(router, Names.UPLINK, names.edge(), Names.edgeLink(vpc.id())));
      }
      for (Nat nat : vpc.nats().values()) {
        Eni eni = vpc.enis().get(nat.eni());
        Subnet subnet = eni == null ? null : vpc.subnets().get(eni.subnet());
        if (eni != null && subnet != null) {
          String namespace = names.nat(nat.id());
          namespaces.put(namespace, nat(namespace, eni, subnet));
          veths.add(new Veth(router, Names.natLink(eni.id()), namespace, "eth0"));
        }
      }
    }
    for (Peering peering : plan.peerings().values()) {
      if (plan.vpcs().containsKey(peering.requesterVpc())
          && plan.vpcs().containsKey(peering.accepterVpc())) {
        String link = Names.peeringLink(peering.id());
        veths.add(
            new Veth(
                names.router(peering.requesterVpc()),
                link,
                names.router(peering.accepterVpc()),
                link));
      }
    }
    namespaces.put(names.edge(), edge(plan));
    return new KernelPlan(namespaces, veths, host());
  }

  private static SortedSet<String> addresses(Vpc vpc) {
    SortedSet<String> addresses = new TreeSet<>();
    addresses.add(onLoopback(LinkLocal.ROUTER));
    LinkLocal.SERVICES.forEach(service -> addresses.add(onLoopback(service)));
    if (!vpc.cidrs().isEmpty()) {
      addresses.add(onLoopback(vpc.cidrs().getFirst().address(2)));
    }
    for (Subnet subnet : vpc.subnets().values()) {
      addresses.add(onLoopback(subnet.router()));
      addresses.add(onLoopback(subnet.resolver()));
    }
    // A gateway endpoint's whole block is the router's own; who may use it, the firewall decides.
    for (Endpoint endpoint : vpc.endpoints().values()) {
      if (endpoint.gateway()) {
        endpoint
            .cidrs()
            .forEach(cidr -> addresses.add(cidr.address(1) + "/" + cidr.prefix() + " dev lo"));
      }
    }
    for (Eni eni : vpc.enis().values()) {
      if (eni.kind() == Eni.Kind.SERVICE) {
        eni.addresses().forEach(address -> addresses.add(onLoopback(address)));
      }
    }
    return addresses;
  }

  private static String onLoopback(String address) {
    return address + "/32 dev lo";
  }

  /** It carries what begins through it, and no answer to what did not. */
  private Namespace nat(String name, Eni eni, Subnet subnet) {
    NftTable nft =
        new NftTable.Builder("ip", "gantry")
            .hook("begun", "filter hook forward priority 0;", List.of("ct state invalid drop"))
            .hook(
                "post",
                "nat hook postrouting priority 100;",
                List.of("oifname \"eth0\" ip saddr != " + eni.address() + " masquerade"))
            .build();
    return new Namespace(
        name,
        new TreeSet<>(List.of(eni.address() + "/32 dev eth0")),
        new TreeSet<>(
            List.of(
                subnet.router() + " dev eth0 scope link",
                "default via " + subnet.router() + " dev eth0")),
        new TreeSet<>(),
        new TreeSet<>(),
        nft);
  }

  private Namespace edge(NetworkPlan plan) {
    Cidr pool = settings.publicPool();
    SortedSet<String> routes = new TreeSet<>();
    routes.add("default via " + pool.address(1) + " dev " + Names.UPLINK);
    for (Vpc vpc : plan.vpcs().values()) {
      if (vpc.internetGateway() != null) {
        for (Eni eni : vpc.enis().values()) {
          for (String address : eni.publicAddresses().values()) {
            routes.add(
                address
                    + " via "
                    + LinkLocal.ROUTER
                    + " dev "
                    + Names.edgeLink(vpc.id())
                    + " onlink");
          }
        }
      }
    }
    return new Namespace(
        settings.names().edge(),
        new TreeSet<>(
            List.of(
                onLoopback(LinkLocal.EDGE),
                pool.address(2) + "/" + pool.prefix() + " dev " + Names.UPLINK)),
        routes,
        new TreeSet<>(),
        new TreeSet<>(),
        gatewayRules(plan));
  }

  /** The internet knows no private addresses: what stands beside the machine stays out of reach. */
  private static NftTable gatewayRules(NetworkPlan plan) {
    NftTable.Builder nft = new NftTable.Builder("ip", "gantry");
    nft.set("lan", "type ipv4_addr; flags interval;");
    Cidr.withoutNested(plan.lan()).forEach(cidr -> nft.element("lan", cidr.toString()));
    nft.set("private", "type ipv4_addr; flags interval;");
    PrivateBlocks.ALL.forEach(cidr -> nft.element("private", cidr.toString()));
    return nft.hook(
            "igw",
            "filter hook forward priority 0;",
            List.of(
                "ct state established,related accept",
                "oifname \"" + Names.UPLINK + "\" ip daddr @lan accept",
                "oifname \"" + Names.UPLINK + "\" ip daddr @private drop"))
        .build();
  }

  private Host host() {
    Cidr pool = settings.publicPool();
    String link = settings.names().hostLink();
    NftTable nft =
        new NftTable.Builder("ip", settings.names().hostTable())
            .hook(
                "post",
                "nat hook postrouting priority 100;",
                List.of("ip saddr " + pool + " oifname != \"" + link + "\" masquerade"))
            .build();
    return new Host(link, pool.address(1) + "/" + pool.prefix(), nft);
  }
}
