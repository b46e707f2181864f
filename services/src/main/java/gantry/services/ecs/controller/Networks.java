package gantry.services.ecs.controller;

import gantry.acs.EniPayload;
import gantry.services.Clients;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.DomainType;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ecs.model.AssignPublicIp;
import software.amazon.awssdk.services.ecs.model.AwsVpcConfiguration;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;

/** The interfaces of awsvpc tasks, through EC2's API. */
public final class Networks {

  static final String PRINCIPAL = "ecs.amazonaws.com";

  /** A subnet as placement needs it; it never changes. */
  public record SubnetFacts(String id, String zone, String vpcId, String cidr) {}

  private final Clients clients;
  private final Map<String, SubnetFacts> known = new ConcurrentHashMap<>();

  public Networks(Clients clients) {
    this.clients = clients;
  }

  private Ec2Client ec2(Scope scope) {
    return clients.as(PRINCIPAL, scope, Ec2Client.class);
  }

  /** The subnets, in the order given. */
  public List<SubnetFacts> subnets(Scope scope, List<String> ids) {
    List<SubnetFacts> found = new ArrayList<>();
    for (String id : ids) {
      SubnetFacts facts = known.get(scope + id);
      if (facts == null) {
        facts = ask(scope, id);
        known.put(scope + id, facts);
      }
      found.add(facts);
    }
    return found;
  }

  private SubnetFacts ask(Scope scope, String id) {
    String code = "InvalidSubnetID.NotFound";
    try {
      List<Subnet> subnets = ec2(scope).describeSubnets(r -> r.subnetIds(id)).subnets();
      if (!subnets.isEmpty()) {
        Subnet subnet = subnets.getFirst();
        return new SubnetFacts(id, subnet.availabilityZone(), subnet.vpcId(), subnet.cidrBlock());
      }
    } catch (Ec2Exception refused) {
      if (refused.statusCode() >= 500) {
        throw refused;
      }
      if (refused.awsErrorDetails() != null && refused.awsErrorDetails().errorCode() != null) {
        code = refused.awsErrorDetails().errorCode();
      }
    }
    throw InvalidParameterException.builder()
        .message(
            String.format(
                Locale.ROOT,
                "Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist"
                    + " (ErrorCode: %s)",
                id,
                id,
                code))
        .build();
  }

  /** Makes the interface of a task in a subnet. */
  public EniPayload create(
      Scope scope, String attachmentArn, SubnetFacts subnet, AwsVpcConfiguration network) {
    Ec2Client ec2 = ec2(scope);
    NetworkInterface made =
        ec2.createNetworkInterface(
                r -> {
                  r.subnetId(subnet.id()).description(attachmentArn);
                  if (!network.securityGroups().isEmpty()) {
                    r.groups(network.securityGroups());
                  }
                })
            .networkInterface();
    String publicIp = null;
    if (network.assignPublicIp() == AssignPublicIp.ENABLED) {
      publicIp = publicAddress(ec2, made);
    }
    return new EniPayload(
        attachmentArn,
        made.networkInterfaceId(),
        made.vpcId() == null ? subnet.vpcId() : made.vpcId(),
        subnet.id(),
        made.macAddress() == null ? "" : made.macAddress(),
        made.privateIpAddress(),
        subnet.cidr() == null ? "" : subnet.cidr(),
        made.privateDnsName() == null ? "" : made.privateDnsName(),
        publicIp);
  }

  private static @Nullable String publicAddress(Ec2Client ec2, NetworkInterface made) {
    if (made.association() != null && made.association().publicIp() != null) {
      return made.association().publicIp();
    }
    try {
      var address = ec2.allocateAddress(r -> r.domain(DomainType.VPC));
      ec2.associateAddress(
          r ->
              r.allocationId(address.allocationId()).networkInterfaceId(made.networkInterfaceId()));
      return address.publicIp();
    } catch (Ec2Exception refused) {
      ec2.deleteNetworkInterface(r -> r.networkInterfaceId(made.networkInterfaceId()));
      throw refused;
    }
  }

  /** Gives the interface back, with its public address. To do it twice is no mistake. */
  public void delete(Scope scope, EniPayload eni) {
    Ec2Client ec2 = ec2(scope);
    try {
      if (eni.publicIp() != null) {
        ec2.describeAddresses(
                r ->
                    r.filters(
                        Filter.builder().name("network-interface-id").values(eni.eniId()).build()))
            .addresses()
            .forEach(
                address -> {
                  ec2.disassociateAddress(r -> r.associationId(address.associationId()));
                  ec2.releaseAddress(r -> r.allocationId(address.allocationId()));
                });
      }
      ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni.eniId()));
    } catch (Ec2Exception refused) {
      if (refused.awsErrorDetails() == null
          || !"InvalidNetworkInterfaceID.NotFound".equals(refused.awsErrorDetails().errorCode())) {
        throw refused;
      }
    }
  }
}
