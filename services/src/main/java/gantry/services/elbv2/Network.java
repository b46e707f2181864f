package gantry.services.elbv2;

import gantry.services.Clients;
import gantry.services.elbv2.Rows.NodeRow;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Instance;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidSecurityGroupException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidTargetException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SubnetNotFoundException;

/** What the service asks of EC2: subnets, security groups, instances, and its own interfaces. */
final class Network {

  static final String PRINCIPAL = "elasticloadbalancing.amazonaws.com";

  private final Clients clients;

  Network(Clients clients) {
    this.clients = clients;
  }

  private Ec2Client ec2(Scope scope) {
    return clients.as(PRINCIPAL, scope, Ec2Client.class);
  }

  /**
   * What EC2 has; nothing when it says that there is no such thing. Whatever else it says goes on.
   */
  private static <T> List<T> known(Supplier<List<T>> ask) {
    try {
      return ask.get();
    } catch (Ec2Exception e) {
      String code = e.awsErrorDetails() == null ? "" : e.awsErrorDetails().errorCode();
      if (code.endsWith(".NotFound") || code.endsWith(".Malformed")) {
        return List.of();
      }
      throw e;
    }
  }

  List<Subnet> subnets(Scope scope, List<String> ids) {
    // One after the other, as EC2 does not say which of several it has not.
    List<Subnet> found = new ArrayList<>();
    for (String id : ids) {
      List<Subnet> one = known(() -> ec2(scope).describeSubnets(r -> r.subnetIds(id)).subnets());
      if (one.isEmpty()) {
        throw noSubnet(id);
      }
      found.add(one.getFirst());
    }
    return found;
  }

  private static SubnetNotFoundException noSubnet(String id) {
    return SubnetNotFoundException.builder()
        .message("The subnet ID '" + id + "' does not exist")
        .build();
  }

  void requireSecurityGroups(Scope scope, List<String> ids) {
    for (String id : ids) {
      if (known(() -> ec2(scope).describeSecurityGroups(r -> r.groupIds(id)).securityGroups())
          .isEmpty()) {
        throw noSecurityGroup(id);
      }
    }
  }

  private static InvalidSecurityGroupException noSecurityGroup(String id) {
    return InvalidSecurityGroupException.builder()
        .message("Security group " + id + " does not exist")
        .build();
  }

  List<String> defaultSecurityGroup(Scope scope, String vpcId) {
    return ec2(scope)
        .describeSecurityGroups(
            r -> r.filters(filter("vpc-id", vpcId), filter("group-name", "default")))
        .securityGroups()
        .stream()
        .map(group -> group.groupId())
        .toList();
  }

  private static Filter filter(String name, String value) {
    return Filter.builder().name(name).values(value).build();
  }

  void requireVpc(Scope scope, String vpcId) {
    if (known(() -> ec2(scope).describeVpcs(r -> r.vpcIds(vpcId)).vpcs()).isEmpty()) {
      throw Errors.validation("The VPC ID '" + vpcId + "' is not found");
    }
  }

  /** One interface for each subnet, as AWS describes them. */
  List<NodeRow> interfaces(
      Scope scope, List<Subnet> subnets, List<String> securityGroups, String balancerId) {
    List<NodeRow> nodes = new ArrayList<>();
    for (Subnet subnet : subnets) {
      try {
        var made =
            ec2(scope)
                .createNetworkInterface(
                    r -> {
                      r.subnetId(subnet.subnetId()).description("ELB " + balancerId);
                      if (balancerId.startsWith("net/")) {
                        // Without groups such an interface takes everything.
                        r.interfaceType("network_load_balancer");
                      }
                      if (!securityGroups.isEmpty()) {
                        r.groups(securityGroups);
                      }
                    })
                .networkInterface();
        nodes.add(
            new NodeRow(
                subnet.availabilityZone(),
                subnet.subnetId(),
                made.networkInterfaceId(),
                made.privateIpAddress()));
      } catch (RuntimeException e) {
        delete(scope, nodes);
        throw e;
      }
    }
    return nodes;
  }

  void delete(Scope scope, List<NodeRow> nodes) {
    for (NodeRow node : nodes) {
      String id = node.interfaceId();
      if (id != null) {
        try {
          ec2(scope).deleteNetworkInterface(r -> r.networkInterfaceId(id));
        } catch (AwsServiceException e) {
          Log.LOG.warn("The interface {} of a load balancer stays: {}", id, e.getMessage());
        }
      }
    }
  }

  void setSecurityGroups(Scope scope, List<NodeRow> nodes, List<String> groups) {
    for (NodeRow node : nodes) {
      String id = node.interfaceId();
      if (id != null) {
        ec2(scope).modifyNetworkInterfaceAttribute(r -> r.networkInterfaceId(id).groups(groups));
      }
    }
  }

  /** Where an instance is reached, and its zone. */
  record Reached(String address, @Nullable String zone) {}

  Reached instance(Scope scope, String id) {
    List<Instance> found =
        known(
            () ->
                ec2(scope).describeInstances(r -> r.instanceIds(id)).reservations().stream()
                    .flatMap(reservation -> reservation.instances().stream())
                    .toList());
    if (found.isEmpty()) {
      throw InvalidTargetException.builder()
          .message("The following targets are not valid instances: '" + id + "'")
          .build();
    }
    Instance instance = found.getFirst();
    if (!"running".equals(instance.state().nameAsString())) {
      throw InvalidTargetException.builder()
          .message(
              "The following targets are not in a running state and cannot be registered: '"
                  + id
                  + "'")
          .build();
    }
    return new Reached(
        instance.privateIpAddress(),
        instance.placement() == null ? null : instance.placement().availabilityZone());
  }

  /** The zone of an address, when it is in a subnet of the VPC. */
  @Nullable String zoneOf(Scope scope, String vpcId, String address) {
    for (Subnet subnet : subnetsOf(scope, vpcId)) {
      if (subnet.cidrBlock() != null && contains(subnet.cidrBlock(), address)) {
        return subnet.availabilityZone();
      }
    }
    return null;
  }

  /** The zones that the VPC has a subnet in. */
  Set<String> zones(Scope scope, String vpcId) {
    return subnetsOf(scope, vpcId).stream()
        .map(Subnet::availabilityZone)
        .collect(Collectors.toSet());
  }

  private List<Subnet> subnetsOf(Scope scope, String vpcId) {
    return ec2(scope).describeSubnets(r -> r.filters(filter("vpc-id", vpcId))).subnets();
  }

  static boolean contains(String cidr, String address) {
    if (!Addresses.isV4(address) || !Addresses.isCidr(cidr)) {
      return false;
    }
    int slash = cidr.indexOf('/');
    int bits = Integer.parseInt(cidr.substring(slash + 1));
    if (!Addresses.isV4(cidr.substring(0, slash))) {
      return false;
    }
    long mask = bits == 0 ? 0 : (0xffffffffL << (32 - bits)) & 0xffffffffL;
    return (number(cidr.substring(0, slash)) & mask) == (number(address) & mask);
  }

  private static long number(String address) {
    long value = 0;
    for (String part : address.split("\\.", 4)) {
      value = value << 8 | Integer.parseInt(part);
    }
    return value;
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(Network.class);
  }
}
