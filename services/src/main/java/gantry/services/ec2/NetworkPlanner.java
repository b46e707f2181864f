package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Acl;
import gantry.acs.network.NetworkPlan.AclEntry;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Group;
import gantry.acs.network.NetworkPlan.Nat;
import gantry.acs.network.NetworkPlan.Peering;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.acs.network.NetworkPlan.Rule;
import gantry.acs.network.NetworkPlan.RulePeer;
import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.VpcRow;
import gantry.state.Change;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import software.amazon.awssdk.services.ec2.model.FlowLog;
import software.amazon.awssdk.services.ec2.model.GroupIdentifier;
import software.amazon.awssdk.services.ec2.model.InternetGateway;
import software.amazon.awssdk.services.ec2.model.NatGateway;
import software.amazon.awssdk.services.ec2.model.NatGatewayState;
import software.amazon.awssdk.services.ec2.model.NetworkAcl;
import software.amazon.awssdk.services.ec2.model.NetworkAclAssociation;
import software.amazon.awssdk.services.ec2.model.NetworkAclEntry;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfacePrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.Route;
import software.amazon.awssdk.services.ec2.model.RouteTable;
import software.amazon.awssdk.services.ec2.model.RouteTableAssociation;
import software.amazon.awssdk.services.ec2.model.RuleAction;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.VpcEndpoint;
import software.amazon.awssdk.services.ec2.model.VpcEndpointType;

/** From state to the networks that nodes build; pure. */
public final class NetworkPlanner {

  private static final int ACL_LAST = 32_767;

  private static final String BALANCERS = "elasticloadbalancing.amazonaws.com";

  private static final Set<String> TABLES = tables();

  private NetworkPlanner() {}

  /** Whether a change can be one of the plan's: most are not. */
  static boolean concerns(Change<?> change) {
    return TABLES.contains(change.table().name());
  }

  /** All networks of all accounts and regions. */
  public static NetworkPlan plan(View view) {
    SortedMap<String, NetworkPlan.Vpc> vpcs = new TreeMap<>();
    SortedMap<String, List<Cidr>> lists = new TreeMap<>();
    view.scanAll(Ec2Tables.PREFIX_LISTS)
        .forEach(row -> lists.put(row.key().id(), cidrs(row.value())));
    view.scanAll(Ec2Tables.VPCS)
        .forEach(row -> vpcs.put(row.key().id(), vpc(view, row.key().scope(), row.value(), lists)));
    SortedMap<String, Peering> peerings = new TreeMap<>();
    view.scanAll(Ec2Tables.PEERINGS)
        .map(Row::value)
        .filter(Peerings::isActive)
        .forEach(
            peering ->
                peerings.put(
                    peering.vpcPeeringConnectionId(),
                    new Peering(
                        peering.vpcPeeringConnectionId(),
                        peering.requesterVpcInfo().vpcId(),
                        peering.accepterVpcInfo().vpcId())));
    return new NetworkPlan(vpcs, peerings, lists);
  }

  private static NetworkPlan.Vpc vpc(
      View view, Scope scope, VpcRow row, SortedMap<String, List<Cidr>> lists) {
    Lookup lookup = new Lookup(view, scope);
    String id = row.vpc().vpcId();
    List<RouteTable> tables = lookup.all(Ec2Tables.ROUTE_TABLES_BY_VPC, id).toList();
    List<NetworkAcl> acls = lookup.all(Ec2Tables.ACLS_BY_VPC, id).toList();
    List<Subnet> subnets = lookup.all(Ec2Tables.SUBNETS_BY_VPC, id).toList();
    SortedMap<String, NetworkPlan.Subnet> plannedSubnets = new TreeMap<>();
    for (Subnet subnet : subnets) {
      plannedSubnets.put(
          subnet.subnetId(),
          new NetworkPlan.Subnet(
              subnet.subnetId(),
              Cidr.parse(subnet.cidrBlock()),
              subnet.availabilityZone(),
              tableOf(tables, subnet.subnetId()),
              aclOf(acls, subnet.subnetId())));
    }
    SortedMap<String, Eni> enis = new TreeMap<>();
    lookup
        .all(Ec2Tables.INTERFACES_BY_VPC, id)
        .forEach(eni -> enis.put(eni.networkInterfaceId(), eni(eni)));
    SortedMap<String, Group> groups = new TreeMap<>();
    lookup
        .all(Ec2Tables.GROUPS_BY_VPC, id)
        .forEach(group -> groups.put(group.groupId(), group(lookup, group)));
    SortedMap<String, NetworkPlan.RouteTable> plannedTables = new TreeMap<>();
    for (RouteTable table : tables) {
      plannedTables.put(
          table.routeTableId(),
          new NetworkPlan.RouteTable(table.routeTableId(), routes(lookup, table, lists)));
    }
    SortedMap<String, Acl> plannedAcls = new TreeMap<>();
    for (NetworkAcl acl : acls) {
      plannedAcls.put(
          acl.networkAclId(), new Acl(acl.networkAclId(), entries(acl, false), entries(acl, true)));
    }
    SortedMap<String, Nat> nats = new TreeMap<>();
    lookup
        .all(Kinds.NAT_GATEWAY)
        .filter(nat -> nat.vpcId().equals(id) && nat.state() == NatGatewayState.AVAILABLE)
        .forEach(nat -> nats.put(nat.natGatewayId(), nat(nat)));
    SortedMap<String, NetworkPlan.Endpoint> endpoints = new TreeMap<>();
    lookup
        .all(Kinds.ENDPOINT)
        .filter(e -> e.vpcId().equals(id))
        .forEach(e -> endpoints.put(e.vpcEndpointId(), endpoint(lookup, e, enis)));
    String gateway =
        lookup
            .all(Kinds.INTERNET_GATEWAY)
            .filter(igw -> InternetGateways.isAttached(igw, id))
            .map(InternetGateway::internetGatewayId)
            .findFirst()
            .orElse(null);
    return new NetworkPlan.Vpc(
        id,
        scope.account(),
        scope.region(),
        Vpcs.blocks(row.vpc()),
        gateway,
        plannedSubnets,
        enis,
        groups,
        plannedTables,
        plannedAcls,
        nats,
        endpoints,
        flowLogs(lookup, id, enis));
  }

  private static String tableOf(List<RouteTable> tables, String subnet) {
    String main = "";
    for (RouteTable table : tables) {
      for (RouteTableAssociation association : table.associations()) {
        if (subnet.equals(association.subnetId())) {
          return table.routeTableId();
        }
        if (Boolean.TRUE.equals(association.main())) {
          main = table.routeTableId();
        }
      }
    }
    return main;
  }

  private static String aclOf(List<NetworkAcl> acls, String subnet) {
    for (NetworkAcl acl : acls) {
      for (NetworkAclAssociation association : acl.associations()) {
        if (subnet.equals(association.subnetId())) {
          return acl.networkAclId();
        }
      }
    }
    throw new IllegalStateException(subnet + " has no network ACL");
  }

  private static Eni eni(NetworkInterface eni) {
    Eni.Kind kind =
        switch (eni.interfaceType()) {
          case NAT_GATEWAY -> Eni.Kind.NAT;
          // A load balancer's interfaces are our own sockets, whatever type AWS shows for them.
          case INTERFACE, BRANCH, TRUNK, EFA, EFA_ONLY ->
              BALANCERS.equals(eni.requesterId()) ? Eni.Kind.SERVICE : Eni.Kind.ATTACHED;
          default -> Eni.Kind.SERVICE;
        };
    List<String> addresses = new ArrayList<>();
    SortedMap<String, String> publics = new TreeMap<>();
    for (NetworkInterfacePrivateIpAddress address : eni.privateIpAddresses()) {
      addresses.add(
          Boolean.TRUE.equals(address.primary()) ? 0 : addresses.size(),
          address.privateIpAddress());
      if (address.association() != null) {
        publics.put(address.privateIpAddress(), address.association().publicIp());
      }
    }
    SortedSet<String> groups = new TreeSet<>();
    for (GroupIdentifier group : eni.groups()) {
      groups.add(group.groupId());
    }
    return new Eni(
        eni.networkInterfaceId(),
        kind,
        eni.macAddress(),
        List.copyOf(addresses),
        eni.subnetId(),
        groups,
        publics,
        Boolean.TRUE.equals(eni.sourceDestCheck()));
  }

  private static Group group(Lookup lookup, SecurityGroup group) {
    List<Rule> rules = new ArrayList<>();
    for (SecurityGroupRule rule : lookup.all(Ec2Tables.RULES_BY_GROUP, group.groupId()).toList()) {
      RulePeer peer = null;
      if (rule.cidrIpv4() != null) {
        peer = new RulePeer.Block(Cidr.parse(rule.cidrIpv4()));
      } else if (rule.referencedGroupInfo() != null) {
        peer = new RulePeer.Members(rule.referencedGroupInfo().groupId());
      } else if (rule.prefixListId() != null) {
        peer = new RulePeer.PrefixList(rule.prefixListId());
      }
      // A rule about IPv6 allows nothing where there is no IPv6.
      if (peer != null && !rule.ipProtocol().equals("icmpv6")) {
        rules.add(
            new Rule(
                rule.securityGroupRuleId(),
                rule.isEgress(),
                protocol(rule.ipProtocol()),
                rule.fromPort() == null ? -1 : rule.fromPort(),
                rule.toPort() == null ? -1 : rule.toPort(),
                peer));
      }
    }
    return new Group(group.groupId(), group.groupName(), List.copyOf(rules));
  }

  private static int protocol(String name) {
    return switch (name) {
      case "tcp" -> 6;
      case "udp" -> 17;
      case "icmp" -> 1;
      default -> Integer.parseInt(name);
    };
  }

  /** One route for each destination; a block of its own beats the same one of a prefix list. */
  private static List<NetworkPlan.Route> routes(
      Lookup lookup, RouteTable table, SortedMap<String, List<Cidr>> lists) {
    Map<Cidr, NetworkPlan.Route> routes = new LinkedHashMap<>();
    for (Route route : table.routes()) {
      if (route.destinationCidrBlock() != null) {
        Cidr cidr = Cidr.parse(route.destinationCidrBlock());
        routes.put(cidr, new NetworkPlan.Route(cidr, target(lookup, table, route)));
      }
    }
    for (Route route : table.routes()) {
      if (route.destinationPrefixListId() != null) {
        for (Cidr cidr : lists.getOrDefault(route.destinationPrefixListId(), List.of())) {
          routes.putIfAbsent(cidr, new NetworkPlan.Route(cidr, target(lookup, table, route)));
        }
      }
    }
    return List.copyOf(routes.values());
  }

  private static RouteTarget target(Lookup lookup, RouteTable table, Route route) {
    if ("local".equals(route.gatewayId())) {
      return new RouteTarget.Local();
    }
    boolean gone = RouteTables.isBlackhole(lookup, table.vpcId(), route);
    String id = firstOf(route);
    if (gone) {
      return new RouteTarget.Blackhole(id);
    }
    if (id.startsWith("igw-")) {
      return new RouteTarget.Internet(id);
    }
    if (id.startsWith("nat-")) {
      return new RouteTarget.ToNat(id);
    }
    if (id.startsWith("pcx-")) {
      return new RouteTarget.ToPeer(id);
    }
    if (id.startsWith("eni-")) {
      return new RouteTarget.ToInterface(id);
    }
    return id.startsWith("vpce-") ? new RouteTarget.ToEndpoint(id) : new RouteTarget.Blackhole(id);
  }

  private static String firstOf(Route route) {
    for (String id :
        new String[] {
          route.gatewayId(),
          route.natGatewayId(),
          route.vpcPeeringConnectionId(),
          route.networkInterfaceId()
        }) {
      if (id != null) {
        return id;
      }
    }
    return "";
  }

  private static List<AclEntry> entries(NetworkAcl acl, boolean egress) {
    return acl.entries().stream()
        .filter(e -> e.egress() == egress && e.ruleNumber() < ACL_LAST && e.cidrBlock() != null)
        .sorted(Comparator.comparing(NetworkAclEntry::ruleNumber))
        .map(
            e ->
                new AclEntry(
                    e.ruleNumber(),
                    e.ruleAction() == RuleAction.ALLOW,
                    Integer.parseInt(e.protocol()),
                    e.portRange() != null
                        ? e.portRange().from()
                        : e.icmpTypeCode() != null ? e.icmpTypeCode().type() : -1,
                    e.portRange() != null
                        ? e.portRange().to()
                        : e.icmpTypeCode() != null && e.icmpTypeCode().code() != null
                            ? e.icmpTypeCode().code()
                            : -1,
                    Cidr.parse(e.cidrBlock())))
        .toList();
  }

  private static Nat nat(NatGateway nat) {
    var address = nat.natGatewayAddresses().getFirst();
    return new Nat(nat.natGatewayId(), address.networkInterfaceId(), address.publicIp());
  }

  private static NetworkPlan.Endpoint endpoint(
      Lookup lookup, VpcEndpoint endpoint, SortedMap<String, Eni> enis) {
    List<Cidr> cidrs = new ArrayList<>();
    if (endpoint.vpcEndpointType() == VpcEndpointType.GATEWAY) {
      PrefixListRow list = PrefixLists.ofService(lookup, endpoint.serviceName());
      cidrs.addAll(list == null ? List.of() : cidrs(list));
    } else {
      for (String id : endpoint.networkInterfaceIds()) {
        Eni eni = enis.get(id);
        if (eni != null) {
          cidrs.add(Cidr.host(eni.address()));
        }
      }
    }
    return new NetworkPlan.Endpoint(
        endpoint.vpcEndpointId(),
        endpoint.serviceName(),
        endpoint.vpcEndpointType() == VpcEndpointType.GATEWAY,
        List.copyOf(cidrs));
  }

  private static List<Cidr> cidrs(PrefixListRow row) {
    return row.entries().stream().map(entry -> Cidr.parse(entry.cidr())).sorted().toList();
  }

  private static List<NetworkPlan.FlowLog> flowLogs(
      Lookup lookup, String vpc, SortedMap<String, Eni> enis) {
    List<NetworkPlan.FlowLog> logs = new ArrayList<>();
    for (FlowLog log : lookup.all(Kinds.FLOW_LOG).toList()) {
      SortedSet<String> covered = new TreeSet<>();
      String resource = log.resourceId();
      for (Eni eni : enis.values()) {
        if (resource.equals(vpc) || resource.equals(eni.subnet()) || resource.equals(eni.id())) {
          covered.add(eni.id());
        }
      }
      if (!covered.isEmpty()) {
        logs.add(
            new NetworkPlan.FlowLog(
                log.flowLogId(),
                NetworkPlan.FlowLog.Traffic.valueOf(log.trafficTypeAsString()),
                log.maxAggregationInterval(),
                covered,
                log.logFormat(),
                log.logGroupName(),
                log.deliverLogsPermissionArn()));
      }
    }
    return List.copyOf(logs);
  }

  private static Set<String> tables() {
    Set<String> names = new TreeSet<>();
    Ec2Tables.ALL.forEach(table -> names.add(table.name()));
    names.remove(Ec2Tables.KEY_PAIRS.name());
    names.remove(Ec2Tables.DHCP_OPTIONS.name());
    names.remove(Ec2Tables.ACCOUNTS.name());
    names.remove(Ec2Tables.INSIGHTS_PATHS.name());
    names.remove(Ec2Tables.INSIGHTS_ANALYSES.name());
    names.remove(Ec2Tables.PUBLIC_ADDRESSES.name());
    names.remove(Ec2Tables.TOKENS.table().name());
    return names;
  }
}
