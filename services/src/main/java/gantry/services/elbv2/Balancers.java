package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.NodeRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.AvailabilityZone;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CreateLoadBalancerRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeLoadBalancersRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeLoadBalancersResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DuplicateLoadBalancerNameException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.EnablePrefixForIpv6SourceNatEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.IpAddressType;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerSchemeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerStateEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ResourceInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SetSecurityGroupsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SetSubnetsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SubnetMapping;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyLoadBalancersException;

/** Load balancers themselves. */
final class Balancers {

  static final int MAX_PER_KIND = 50;

  private static final List<String> US_EAST_1 = List.of("Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI");

  /** Hosted zones of load balancers' names, by region, ALB then NLB. */
  private static final Map<String, List<String>> ZONES =
      Map.of(
          "us-east-1", US_EAST_1,
          "us-east-2", List.of("Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
          "us-west-2", List.of("Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
          "eu-west-1", List.of("Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
          "eu-central-1", List.of("Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"));

  private final ServiceContext context;
  private final Network network;

  Balancers(ServiceContext context, Network network) {
    this.context = context;
    this.network = network;
  }

  static boolean application(LoadBalancer balancer) {
    return balancer.type() == LoadBalancerTypeEnum.APPLICATION;
  }

  static BalancerRow require(View view, Scope scope, @Nullable String arn) {
    BalancerRow row = view.get(Rows.BALANCERS, scope.key(Arns.Kind.BALANCER.check(scope, arn)));
    if (row == null) {
      throw LoadBalancerNotFoundException.builder()
          .message("Load balancer '" + arn + "' not found")
          .build();
    }
    return row;
  }

  LoadBalancer create(CreateLoadBalancerRequest r) {
    Caller caller = Caller.current();
    Scope scope = caller.scope();
    String name = checkName(r.name());
    LoadBalancerTypeEnum type = r.type() == null ? LoadBalancerTypeEnum.APPLICATION : r.type();
    if (type == LoadBalancerTypeEnum.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.validation(
          "Load balancer type '"
              + r.typeAsString()
              + "' must be one of 'application, network, gateway'");
    }
    if (type == LoadBalancerTypeEnum.GATEWAY) {
      throw Errors.notBuilt("A gateway load balancer", "no appliance speaks GENEVE to it");
    }
    boolean application = type == LoadBalancerTypeEnum.APPLICATION;
    LoadBalancerSchemeEnum scheme =
        r.scheme() == null ? LoadBalancerSchemeEnum.INTERNET_FACING : r.scheme();
    if (scheme == LoadBalancerSchemeEnum.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.validation(
          "Load balancer scheme '"
              + r.schemeAsString()
              + "' must be one of 'internet-facing, internal'");
    }
    if (r.customerOwnedIpv4Pool() != null || r.ipamPools() != null) {
      throw Errors.notBuilt("An address pool", "addresses come from the subnets");
    }
    onlyV4(r.ipAddressTypeAsString(), r.enablePrefixForIpv6SourceNat());
    List<String> subnetIds = subnetIds(r.subnets(), r.hasSubnets(), r.subnetMappings());
    BalancerRow same = byName(context.store().snapshot(), scope, name);
    if (same != null) {
      return sameOrThrow(same, type, scheme, subnetIds, r.securityGroups(), name);
    }
    List<Subnet> subnets = network.subnets(scope, subnetIds);
    checkZones(subnets, application);
    if (!r.securityGroups().isEmpty()) {
      network.requireSecurityGroups(scope, r.securityGroups());
    }
    String vpcId = subnets.getFirst().vpcId();
    List<String> groups =
        application && r.securityGroups().isEmpty()
            ? network.defaultSecurityGroup(scope, vpcId)
            : r.securityGroups();
    Tags.check(r.tags());
    String hex = context.ids().hex(16);
    String id = (application ? "app/" : "net/") + name + "/" + hex;
    String arn = Arns.balancer(scope, id);
    boolean internal = scheme == LoadBalancerSchemeEnum.INTERNAL;
    String dns =
        application
            ? (internal ? "internal-" : "")
                + name
                + "-"
                + (1_000_000_000L + context.ids().below(1_000_000_000))
                + "."
                + scope.region()
                + ".elb.amazonaws.com"
            : name + "-" + hex + ".elb." + scope.region() + ".amazonaws.com";
    List<NodeRow> nodes = network.interfaces(scope, subnets, groups, id);
    LoadBalancer.Builder made =
        LoadBalancer.builder()
            .loadBalancerArn(arn)
            .loadBalancerName(name)
            .dnsName(dns)
            .canonicalHostedZoneId(
                ZONES.getOrDefault(scope.region(), US_EAST_1).get(application ? 0 : 1))
            .createdTime(context.clock().instant())
            .scheme(scheme)
            .type(type)
            .vpcId(vpcId)
            .state(s -> s.code(LoadBalancerStateEnum.ACTIVE))
            .availabilityZones(zones(nodes))
            .ipAddressType(IpAddressType.IPV4);
    if (!groups.isEmpty()) {
      made.securityGroups(groups);
    }
    LoadBalancer balancer = made.build();
    try {
      context
          .store()
          .write(
              tx -> {
                if (byName(tx, scope, name) != null) {
                  throw duplicate(name);
                }
                if (tx.scan(Rows.BALANCERS, scope)
                        .filter(row -> row.value().balancer().type() == type)
                        .count()
                    >= MAX_PER_KIND) {
                  throw TooManyLoadBalancersException.builder()
                      .message("You have reached the maximum number of load balancers")
                      .build();
                }
                tx.put(
                    Rows.BALANCERS,
                    scope.key(arn),
                    new BalancerRow(balancer, Map.of(), nodes, List.copyOf(r.tags())));
                return arn;
              });
    } catch (RuntimeException e) {
      network.delete(scope, nodes);
      throw e;
    }
    return balancer.toBuilder().state(s -> s.code(LoadBalancerStateEnum.PROVISIONING)).build();
  }

  static void onlyV4(
      @Nullable String ipAddressType, @Nullable EnablePrefixForIpv6SourceNatEnum prefix) {
    if (ipAddressType != null && !ipAddressType.equals("ipv4")) {
      throw Errors.notBuilt("IpAddressType " + ipAddressType, "networks here are IPv4");
    }
    if (prefix != null && prefix != EnablePrefixForIpv6SourceNatEnum.OFF) {
      throw Errors.notBuilt("EnablePrefixForIpv6SourceNat " + prefix, "networks here are IPv4");
    }
  }

  private static List<AvailabilityZone> zones(List<NodeRow> nodes) {
    return nodes.stream()
        .map(
            node ->
                AvailabilityZone.builder()
                    .zoneName(node.zone())
                    .subnetId(node.subnetId())
                    .loadBalancerAddresses(List.of())
                    .build())
        .toList();
  }

  private static String checkName(@Nullable String name) {
    if (name == null || name.isEmpty()) {
      throw Errors.validation("Load balancer name must be specified");
    }
    if (name.length() > 32) {
      throw Errors.validation(
          "Load balancer name '" + name + "' cannot be longer than '32' characters");
    }
    if (!name.matches("[A-Za-z0-9-]+")) {
      throw Errors.validation(
          "Load balancer name '"
              + name
              + "' can only contain characters that are alphanumeric characters and hyphens(-)");
    }
    if (name.startsWith("-") || name.endsWith("-")) {
      throw Errors.validation("Load balancer name '" + name + "' cannot begin or end with '-'");
    }
    if (name.startsWith("internal-")) {
      throw Errors.validation("Load balancer name '" + name + "' cannot begin with 'internal-'");
    }
    return name;
  }

  private static List<String> subnetIds(
      List<String> subnets, boolean given, List<SubnetMapping> mappings) {
    if (given && !subnets.isEmpty() && !mappings.isEmpty()) {
      throw Errors.validation("You cannot specify both subnets and subnet mappings");
    }
    List<String> ids = new ArrayList<>(subnets);
    for (SubnetMapping mapping : mappings) {
      if (mapping.allocationId() != null
          || mapping.privateIPv4Address() != null
          || mapping.iPv6Address() != null
          || mapping.sourceNatIpv6Prefix() != null) {
        throw Errors.notBuilt(
            "A chosen address of a load balancer", "it gets a free one of its subnet");
      }
      ids.add(mapping.subnetId());
    }
    if (ids.isEmpty()) {
      throw Errors.validation("At least one subnet must be specified");
    }
    return ids;
  }

  private static void checkZones(List<Subnet> subnets, boolean application) {
    Set<String> zones = new HashSet<>();
    for (Subnet subnet : subnets) {
      if (!zones.add(subnet.availabilityZone())) {
        throw Errors.configuration(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone");
      }
      if (!subnet.vpcId().equals(subnets.getFirst().vpcId())) {
        throw Errors.configuration("All subnets must belong to the same VPC");
      }
    }
    if (application && zones.size() < 2) {
      throw Errors.validation(
          "At least two subnets in two different Availability Zones must be specified");
    }
  }

  static @Nullable BalancerRow byName(View view, Scope scope, String name) {
    return view.lookup(Rows.BALANCER_BY_NAME, scope, name).findFirst().map(Row::value).orElse(null);
  }

  private static LoadBalancer sameOrThrow(
      BalancerRow row,
      LoadBalancerTypeEnum type,
      LoadBalancerSchemeEnum scheme,
      List<String> subnets,
      List<String> groups,
      String name) {
    LoadBalancer had = row.balancer();
    boolean same =
        had.type() == type
            && had.scheme() == scheme
            && new HashSet<>(
                    had.availabilityZones().stream().map(AvailabilityZone::subnetId).toList())
                .equals(new HashSet<>(subnets))
            && (groups.isEmpty()
                || new HashSet<>(had.securityGroups()).equals(new HashSet<>(groups)));
    if (!same) {
      throw duplicate(name);
    }
    return had;
  }

  private static DuplicateLoadBalancerNameException duplicate(String name) {
    return DuplicateLoadBalancerNameException.builder()
        .message(
            "A load balancer with the same name '" + name + "' exists, but with different settings")
        .build();
  }

  DescribeLoadBalancersResponse describe(DescribeLoadBalancersRequest r) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    boolean byArn = r.hasLoadBalancerArns() && !r.loadBalancerArns().isEmpty();
    boolean byName = r.hasNames() && !r.names().isEmpty();
    if (byArn && byName) {
      throw Errors.validation(
          "Load balancer names and load balancer ARNs cannot be specified at the same time");
    }
    List<LoadBalancer> found = new ArrayList<>();
    if (byArn) {
      for (String arn : r.loadBalancerArns()) {
        BalancerRow row = view.get(Rows.BALANCERS, scope.key(Arns.Kind.BALANCER.check(scope, arn)));
        if (row == null) {
          throw Errors.noBalancer();
        }
        found.add(row.balancer());
      }
    } else if (byName) {
      List<String> missing = new ArrayList<>();
      for (String name : r.names()) {
        BalancerRow row = byName(view, scope, name);
        if (row == null) {
          missing.add(name);
        } else {
          found.add(row.balancer());
        }
      }
      if (!missing.isEmpty()) {
        throw LoadBalancerNotFoundException.builder()
            .message("Load balancers '" + missing + "' not found")
            .build();
      }
    } else {
      Page<BalancerRow> page =
          Page.of(view, Rows.BALANCERS, scope, r.marker(), r.pageSize(), row -> true);
      return DescribeLoadBalancersResponse.builder()
          .loadBalancers(page.rows().stream().map(BalancerRow::balancer).toList())
          .nextMarker(page.next())
          .build();
    }
    return DescribeLoadBalancersResponse.builder().loadBalancers(found).build();
  }

  void delete(@Nullable String given) {
    Scope scope = Caller.current().scope();
    String arn = Arns.Kind.BALANCER.check(scope, given);
    List<NodeRow> nodes =
        context
            .store()
            .write(
                tx -> {
                  BalancerRow row = tx.get(Rows.BALANCERS, scope.key(arn));
                  if (row == null) {
                    return List.<NodeRow>of();
                  }
                  if ("true".equals(row.attributes().get("deletion_protection.enabled"))) {
                    throw software.amazon.awssdk.services.elasticloadbalancingv2.model
                        .OperationNotPermittedException.builder()
                        .message(
                            "Load balancer '"
                                + arn
                                + "' cannot be deleted because deletion protection is enabled")
                        .build();
                  }
                  if (tx.lookup(Rows.TARGETS_BY_ID, scope, arn).findAny().isPresent()) {
                    throw ResourceInUseException.builder()
                        .message(
                            "Load balancer '"
                                + arn
                                + "' cannot be deleted because it is registered as a target")
                        .build();
                  }
                  deleteListeners(tx, scope, arn);
                  tx.delete(Rows.BALANCERS, scope.key(arn));
                  return row.nodes();
                });
    network.delete(scope, nodes);
  }

  private static void deleteListeners(Tx tx, Scope scope, String arn) {
    for (Row<ListenerRow> listener : tx.lookup(Rows.LISTENERS_OF, scope, arn).toList()) {
      Rules.deleteAll(tx, scope, listener.key().id());
      tx.delete(Rows.LISTENERS, listener.key());
    }
  }

  List<String> setSecurityGroups(SetSecurityGroupsRequest r) {
    Scope scope = Caller.current().scope();
    BalancerRow before = require(context.store().snapshot(), scope, r.loadBalancerArn());
    if (!application(before.balancer()) && before.balancer().securityGroups().isEmpty()) {
      throw Errors.configuration(
          "You cannot set security groups on a Network Load Balancer that was created without any");
    }
    if (r.securityGroups().isEmpty()) {
      throw Errors.validation("At least one security group must be specified");
    }
    network.requireSecurityGroups(scope, r.securityGroups());
    network.setSecurityGroups(scope, before.nodes(), r.securityGroups());
    context
        .store()
        .write(
            tx -> {
              BalancerRow row = require(tx, scope, r.loadBalancerArn());
              tx.put(
                  Rows.BALANCERS,
                  scope.key(row.balancer().loadBalancerArn()),
                  row.with(row.balancer().toBuilder().securityGroups(r.securityGroups()).build()));
              return null;
            });
    return r.securityGroups();
  }

  List<AvailabilityZone> setSubnets(SetSubnetsRequest r) {
    Scope scope = Caller.current().scope();
    BalancerRow before = require(context.store().snapshot(), scope, r.loadBalancerArn());
    boolean application = application(before.balancer());
    onlyV4(r.ipAddressTypeAsString(), r.enablePrefixForIpv6SourceNat());
    List<String> ids = subnetIds(r.subnets(), r.hasSubnets(), r.subnetMappings());
    List<Subnet> subnets = network.subnets(scope, ids);
    checkZones(subnets, application);
    if (!subnets.getFirst().vpcId().equals(before.balancer().vpcId())) {
      throw Errors.configuration(
          "The subnets must belong to the load balancer's VPC '" + before.balancer().vpcId() + "'");
    }
    List<NodeRow> kept = before.nodes().stream().filter(n -> ids.contains(n.subnetId())).toList();
    if (!application && kept.size() < before.nodes().size()) {
      throw Errors.configuration("Subnets cannot be removed from a Network Load Balancer");
    }
    List<Subnet> added =
        subnets.stream()
            .filter(s -> kept.stream().noneMatch(n -> n.subnetId().equals(s.subnetId())))
            .toList();
    String id = Arns.tail(before.balancer().loadBalancerArn());
    List<NodeRow> fresh = network.interfaces(scope, added, before.balancer().securityGroups(), id);
    List<NodeRow> nodes = new ArrayList<>(kept);
    nodes.addAll(fresh);
    context
        .store()
        .write(
            tx -> {
              BalancerRow row = require(tx, scope, r.loadBalancerArn());
              tx.put(
                  Rows.BALANCERS,
                  scope.key(row.balancer().loadBalancerArn()),
                  row.with(row.balancer().toBuilder().availabilityZones(zones(nodes)).build())
                      .withNodes(nodes));
              return null;
            });
    network.delete(
        scope, before.nodes().stream().filter(n -> !ids.contains(n.subnetId())).toList());
    return zones(nodes);
  }
}
