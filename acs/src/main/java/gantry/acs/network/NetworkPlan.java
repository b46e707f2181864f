package gantry.acs.network;

import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * Every VPC as a node has to build it. A pure function of state makes it; another makes kernel
 * objects of it; {@link Reachability} answers questions from it. Names are AWS's ids; maps are
 * sorted, so that equal networks are equal plans.
 *
 * @param prefixLists the blocks of every prefix list that a rule or route names
 * @param lan private blocks beyond the internet gateways that these hand on to: AWS's hand on to
 *     none
 */
public record NetworkPlan(
    SortedMap<String, Vpc> vpcs,
    SortedMap<String, Peering> peerings,
    SortedMap<String, List<Cidr>> prefixLists,
    List<Cidr> lan) {

  /** As on AWS, where what stands beside the machines is out of reach. */
  public NetworkPlan(
      SortedMap<String, Vpc> vpcs,
      SortedMap<String, Peering> peerings,
      SortedMap<String, List<Cidr>> prefixLists) {
    this(vpcs, peerings, prefixLists, List.of());
  }

  public NetworkPlan reaching(List<Cidr> blocks) {
    return new NetworkPlan(vpcs, peerings, prefixLists, List.copyOf(blocks));
  }

  /** Whether an internet gateway sends on what goes to this address. */
  public boolean handsOn(String address) {
    return !PrivateBlocks.contain(address) || lan.stream().anyMatch(cidr -> cidr.contains(address));
  }

  /**
   * One VPC.
   *
   * @param internetGateway the attached gateway, or null
   */
  public record Vpc(
      String id,
      String account,
      String region,
      List<Cidr> cidrs,
      @Nullable String internetGateway,
      SortedMap<String, Subnet> subnets,
      SortedMap<String, Eni> enis,
      SortedMap<String, Group> groups,
      SortedMap<String, RouteTable> routeTables,
      SortedMap<String, Acl> acls,
      SortedMap<String, Nat> nats,
      SortedMap<String, Endpoint> endpoints,
      List<FlowLog> flowLogs) {

    public boolean contains(Cidr block) {
      return cidrs.stream().anyMatch(cidr -> cidr.contains(block));
    }

    public @Nullable Eni eniAt(String address) {
      for (Eni eni : enis.values()) {
        if (eni.addresses().contains(address)) {
          return eni;
        }
      }
      return null;
    }
  }

  public record Subnet(
      String id, Cidr cidr, String availabilityZone, String routeTable, String acl) {

    /** The first address: the default gateway of every interface in the subnet. */
    public String router() {
      return cidr.address(1);
    }

    /** The second address: AmazonProvidedDNS. */
    public String resolver() {
      return cidr.address(2);
    }
  }

  /**
   * One interface.
   *
   * @param addresses private addresses, the primary one first
   * @param publicAddresses private address to public address
   */
  public record Eni(
      String id,
      Kind kind,
      String mac,
      List<String> addresses,
      String subnet,
      SortedSet<String> groups,
      SortedMap<String, String> publicAddresses,
      boolean sourceDestCheck) {

    public String address() {
      return addresses.getFirst();
    }

    /** Nobody judges its packets: a NAT gateway, or a load balancer that was given no groups. */
    public boolean ungrouped() {
      return kind == Kind.NAT || (kind == Kind.SERVICE && groups.isEmpty());
    }

    /** Who stands behind the interface. */
    public enum Kind {
      /** A task or an instance: a veth pair into its namespace. */
      ATTACHED,
      /** A load balancer or endpoint: our own sockets in the router's namespace. */
      SERVICE,
      /** A NAT gateway: a namespace of its own that masquerades. */
      NAT
    }
  }

  public record Group(String id, String name, List<Rule> rules) {}

  /**
   * One security group rule, always an allowance.
   *
   * @param protocol IANA number, or -1 for all
   * @param from first port, or ICMP type; -1 for all
   * @param to last port, or ICMP code; -1 for all
   */
  public record Rule(String id, boolean egress, int protocol, int from, int to, RulePeer peer) {}

  /** The other side of a rule. */
  public sealed interface RulePeer {
    record Block(Cidr cidr) implements RulePeer {}

    record Members(String group) implements RulePeer {}

    record PrefixList(String id) implements RulePeer {}
  }

  public record RouteTable(String id, List<Route> routes) {}

  /** One route; those to a prefix list stand here once for each of its blocks. */
  public record Route(Cidr destination, RouteTarget target) {}

  /** Where a route leads. */
  public sealed interface RouteTarget {
    record Local() implements RouteTarget {}

    record Internet(String gateway) implements RouteTarget {}

    record ToNat(String nat) implements RouteTarget {}

    record ToInterface(String eni) implements RouteTarget {}

    record ToPeer(String peering) implements RouteTarget {}

    record ToEndpoint(String endpoint) implements RouteTarget {}

    /** What it led to is gone, detached or not active: packets are dropped. */
    record Blackhole(String formerTarget) implements RouteTarget {}
  }

  /** Entries of both directions in the order of their numbers; what none matches is denied. */
  public record Acl(String id, List<AclEntry> ingress, List<AclEntry> egress) {}

  public record AclEntry(int number, boolean allow, int protocol, int from, int to, Cidr cidr) {}

  /**
   * One NAT gateway.
   *
   * @param publicAddress null for a private NAT gateway
   */
  public record Nat(String id, String eni, @Nullable String publicAddress) {}

  /** An active peering connection. */
  public record Peering(String id, String requesterVpc, String accepterVpc) {

    public String other(String vpc) {
      return vpc.equals(requesterVpc) ? accepterVpc : requesterVpc;
    }

    public boolean joins(String vpc) {
      return vpc.equals(requesterVpc) || vpc.equals(accepterVpc);
    }
  }

  /**
   * An endpoint of a VPC.
   *
   * @param gateway whether it is reached by routes; otherwise by the addresses of its interfaces
   * @param cidrs where it answers: the service's prefix list for a gateway endpoint, its
   *     interfaces' addresses for an interface endpoint
   */
  public record Endpoint(String id, String service, boolean gateway, List<Cidr> cidrs) {}

  /**
   * One flow log.
   *
   * @param enis the interfaces it covers now
   * @param role whose permission to write records is used
   */
  public record FlowLog(
      String id,
      Traffic traffic,
      int aggregationSeconds,
      SortedSet<String> enis,
      String format,
      String logGroup,
      String role) {

    /** Which decisions are recorded. */
    public enum Traffic {
      ACCEPT,
      REJECT,
      ALL
    }
  }
}
