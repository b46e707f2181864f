package gantry.services.ec2;

import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.VpcRow;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ec2.model.Address;
import software.amazon.awssdk.services.ec2.model.DhcpOptions;
import software.amazon.awssdk.services.ec2.model.FlowLog;
import software.amazon.awssdk.services.ec2.model.GroupIdentifier;
import software.amazon.awssdk.services.ec2.model.InternetGateway;
import software.amazon.awssdk.services.ec2.model.InternetGatewayAttachment;
import software.amazon.awssdk.services.ec2.model.KeyPairInfo;
import software.amazon.awssdk.services.ec2.model.NatGateway;
import software.amazon.awssdk.services.ec2.model.NetworkAcl;
import software.amazon.awssdk.services.ec2.model.NetworkAclAssociation;
import software.amazon.awssdk.services.ec2.model.NetworkAclEntry;
import software.amazon.awssdk.services.ec2.model.NetworkInsightsAnalysis;
import software.amazon.awssdk.services.ec2.model.NetworkInsightsPath;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfacePrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.Route;
import software.amazon.awssdk.services.ec2.model.RouteTable;
import software.amazon.awssdk.services.ec2.model.RouteTableAssociation;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupIdentifier;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.VpcCidrBlockAssociation;
import software.amazon.awssdk.services.ec2.model.VpcEndpoint;
import software.amazon.awssdk.services.ec2.model.VpcPeeringConnection;

/** Every kind of resource, with the filters that AWS documents for it. */
final class Kinds {

  static final Kind<VpcRow> VPC =
      new Kind<>(
          Ec2Tables.VPCS,
          ResourceType.VPC,
          "vpc-",
          "InvalidVpcID.NotFound",
          "The vpc ID '%s' does not exist",
          row -> row.vpc().tags(),
          (row, tags) -> row.with(row.vpc().toBuilder().tags(tags).build()),
          new Filters<VpcRow>()
              .one("vpc-id", row -> row.vpc().vpcId())
              .one("cidr", row -> row.vpc().cidrBlock())
              .one("cidr-block", row -> row.vpc().cidrBlock())
              .one("cidrBlock", row -> row.vpc().cidrBlock())
              .many(
                  "cidr-block-association.cidr-block",
                  row ->
                      each(row.vpc().cidrBlockAssociationSet(), VpcCidrBlockAssociation::cidrBlock))
              .many(
                  "cidr-block-association.association-id",
                  row ->
                      each(
                          row.vpc().cidrBlockAssociationSet(),
                          VpcCidrBlockAssociation::associationId))
              .many(
                  "cidr-block-association.state",
                  row ->
                      each(
                          row.vpc().cidrBlockAssociationSet(),
                          a -> a.cidrBlockState().stateAsString()))
              .one("dhcp-options-id", row -> row.vpc().dhcpOptionsId())
              .one("dhcpOptionsId", row -> row.vpc().dhcpOptionsId())
              .one("is-default", row -> row.vpc().isDefault())
              .one("isDefault", row -> row.vpc().isDefault())
              .one("owner-id", row -> row.vpc().ownerId())
              .one("state", row -> row.vpc().stateAsString()));

  static final Kind<Subnet> SUBNET =
      new Kind<>(
          Ec2Tables.SUBNETS,
          ResourceType.SUBNET,
          "subnet-",
          "InvalidSubnetID.NotFound",
          "The subnet ID '%s' does not exist",
          Subnet::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<Subnet>()
              .one("subnet-id", Subnet::subnetId)
              .one("subnet-arn", Subnet::subnetArn)
              .one("vpc-id", Subnet::vpcId)
              .one("availability-zone", Subnet::availabilityZone)
              .one("availabilityZone", Subnet::availabilityZone)
              .one("availability-zone-id", Subnet::availabilityZoneId)
              .one("availabilityZoneId", Subnet::availabilityZoneId)
              .one("cidr", Subnet::cidrBlock)
              .one("cidr-block", Subnet::cidrBlock)
              .one("cidrBlock", Subnet::cidrBlock)
              .one("default-for-az", Subnet::defaultForAz)
              .one("defaultForAz", Subnet::defaultForAz)
              .one("map-public-ip-on-launch", Subnet::mapPublicIpOnLaunch)
              .one("owner-id", Subnet::ownerId)
              .found(
                  "available-ip-address-count",
                  (lookup, row) -> List.of(Integer.toString(Ipam.available(lookup, row))))
              .one("state", Subnet::stateAsString));

  static final Kind<NetworkInterface> INTERFACE =
      new Kind<>(
          Ec2Tables.INTERFACES,
          ResourceType.NETWORK_INTERFACE,
          "eni-",
          "InvalidNetworkInterfaceID.NotFound",
          "The networkInterface ID '%s' does not exist",
          NetworkInterface::tagSet,
          (row, tags) -> row.toBuilder().tagSet(tags).build(),
          new Filters<NetworkInterface>()
              .one("network-interface-id", NetworkInterface::networkInterfaceId)
              .one("vpc-id", NetworkInterface::vpcId)
              .one("subnet-id", NetworkInterface::subnetId)
              .one("availability-zone", NetworkInterface::availabilityZone)
              .one("description", NetworkInterface::description)
              .one("interface-type", NetworkInterface::interfaceTypeAsString)
              .one("mac-address", NetworkInterface::macAddress)
              .one("owner-id", NetworkInterface::ownerId)
              .one("private-dns-name", NetworkInterface::privateDnsName)
              .one("private-ip-address", NetworkInterface::privateIpAddress)
              .one("requester-id", NetworkInterface::requesterId)
              .one("requester-managed", NetworkInterface::requesterManaged)
              .one("source-dest-check", NetworkInterface::sourceDestCheck)
              .one("status", NetworkInterface::statusAsString)
              .many("group-id", row -> each(row.groups(), GroupIdentifier::groupId))
              .many("group-name", row -> each(row.groups(), GroupIdentifier::groupName))
              .many(
                  "addresses.private-ip-address",
                  row ->
                      each(
                          row.privateIpAddresses(),
                          NetworkInterfacePrivateIpAddress::privateIpAddress))
              .many(
                  "addresses.primary",
                  row -> each(row.privateIpAddresses(), a -> String.valueOf(a.primary())))
              .many(
                  "addresses.association.public-ip",
                  row ->
                      each(
                          row.privateIpAddresses(),
                          a -> a.association() == null ? null : a.association().publicIp()))
              .one(
                  "association.public-ip",
                  row -> row.association() == null ? null : row.association().publicIp())
              .one(
                  "association.allocation-id",
                  row -> row.association() == null ? null : row.association().allocationId())
              .one(
                  "association.association-id",
                  row -> row.association() == null ? null : row.association().associationId())
              .one(
                  "association.ip-owner-id",
                  row -> row.association() == null ? null : row.association().ipOwnerId())
              .one(
                  "attachment.attachment-id",
                  row -> row.attachment() == null ? null : row.attachment().attachmentId())
              .one(
                  "attachment.instance-id",
                  row -> row.attachment() == null ? null : row.attachment().instanceId())
              .one(
                  "attachment.instance-owner-id",
                  row -> row.attachment() == null ? null : row.attachment().instanceOwnerId())
              .one(
                  "attachment.status",
                  row -> row.attachment() == null ? null : row.attachment().statusAsString())
              .one(
                  "attachment.device-index",
                  row -> row.attachment() == null ? null : row.attachment().deviceIndex()));

  static final Kind<SecurityGroup> GROUP =
      new Kind<>(
          Ec2Tables.GROUPS,
          ResourceType.SECURITY_GROUP,
          "sg-",
          "InvalidGroup.NotFound",
          "The security group '%s' does not exist",
          SecurityGroup::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          groupFilters());

  static final Kind<SecurityGroupRule> RULE =
      new Kind<>(
          Ec2Tables.RULES,
          ResourceType.SECURITY_GROUP_RULE,
          "sgr-",
          "InvalidSecurityGroupRuleId.NotFound",
          "The security group rule ID '%s' does not exist",
          SecurityGroupRule::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<SecurityGroupRule>()
              .one("group-id", SecurityGroupRule::groupId)
              .one("security-group-rule-id", SecurityGroupRule::securityGroupRuleId));

  static final Kind<RouteTable> ROUTE_TABLE =
      new Kind<>(
          Ec2Tables.ROUTE_TABLES,
          ResourceType.ROUTE_TABLE,
          "rtb-",
          "InvalidRouteTableID.NotFound",
          "The routeTable ID '%s' does not exist",
          RouteTable::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<RouteTable>()
              .one("route-table-id", RouteTable::routeTableId)
              .one("vpc-id", RouteTable::vpcId)
              .one("owner-id", RouteTable::ownerId)
              .many(
                  "association.main",
                  row -> each(row.associations(), a -> String.valueOf(a.main())))
              .many(
                  "association.route-table-association-id",
                  row -> each(row.associations(), RouteTableAssociation::routeTableAssociationId))
              .many(
                  "association.route-table-id",
                  row -> each(row.associations(), RouteTableAssociation::routeTableId))
              .many(
                  "association.subnet-id",
                  row -> each(row.associations(), RouteTableAssociation::subnetId))
              .many(
                  "association.gateway-id",
                  row -> each(row.associations(), RouteTableAssociation::gatewayId))
              .many(
                  "route.destination-cidr-block",
                  row -> each(row.routes(), Route::destinationCidrBlock))
              .many(
                  "route.destination-prefix-list-id",
                  row -> each(row.routes(), Route::destinationPrefixListId))
              .many("route.gateway-id", row -> each(row.routes(), Route::gatewayId))
              .many("route.nat-gateway-id", row -> each(row.routes(), Route::natGatewayId))
              .many("route.instance-id", row -> each(row.routes(), Route::instanceId))
              .many("route.origin", row -> each(row.routes(), Route::originAsString))
              .many("route.state", row -> each(row.routes(), Route::stateAsString))
              .many(
                  "route.vpc-peering-connection-id",
                  row -> each(row.routes(), Route::vpcPeeringConnectionId)));

  static final Kind<InternetGateway> INTERNET_GATEWAY =
      new Kind<>(
          Ec2Tables.INTERNET_GATEWAYS,
          ResourceType.INTERNET_GATEWAY,
          "igw-",
          "InvalidInternetGatewayID.NotFound",
          "The internetGateway ID '%s' does not exist",
          InternetGateway::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<InternetGateway>()
              .one("internet-gateway-id", InternetGateway::internetGatewayId)
              .one("owner-id", InternetGateway::ownerId)
              .many(
                  "attachment.vpc-id",
                  row -> each(row.attachments(), InternetGatewayAttachment::vpcId))
              .many(
                  "attachment.state",
                  row -> each(row.attachments(), InternetGatewayAttachment::stateAsString)));

  static final Kind<NatGateway> NAT_GATEWAY =
      new Kind<>(
          Ec2Tables.NAT_GATEWAYS,
          ResourceType.NATGATEWAY,
          "nat-",
          "NatGatewayNotFound",
          "NatGateway %s was not found",
          NatGateway::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<NatGateway>()
              .one("nat-gateway-id", NatGateway::natGatewayId)
              .one("state", NatGateway::stateAsString)
              .one("subnet-id", NatGateway::subnetId)
              .one("vpc-id", NatGateway::vpcId));

  static final Kind<Address> ADDRESS =
      new Kind<>(
          Ec2Tables.ADDRESSES,
          ResourceType.ELASTIC_IP,
          "eipalloc-",
          "InvalidAllocationID.NotFound",
          "The allocation ID '%s' does not exist",
          Address::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<Address>()
              .one("allocation-id", Address::allocationId)
              .one("association-id", Address::associationId)
              .one("domain", Address::domainAsString)
              .one("instance-id", Address::instanceId)
              .one("network-border-group", Address::networkBorderGroup)
              .one("network-interface-id", Address::networkInterfaceId)
              .one("network-interface-owner-id", Address::networkInterfaceOwnerId)
              .one("private-ip-address", Address::privateIpAddress)
              .one("public-ip", Address::publicIp));

  static final Kind<VpcPeeringConnection> PEERING =
      new Kind<>(
          Ec2Tables.PEERINGS,
          ResourceType.VPC_PEERING_CONNECTION,
          "pcx-",
          "InvalidVpcPeeringConnectionID.NotFound",
          "The vpcPeeringConnection ID '%s' does not exist",
          VpcPeeringConnection::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<VpcPeeringConnection>()
              .one("vpc-peering-connection-id", VpcPeeringConnection::vpcPeeringConnectionId)
              .one("status-code", row -> row.status().codeAsString())
              .one("status-message", row -> row.status().message())
              .one("expiration-time", VpcPeeringConnection::expirationTime)
              .one("requester-vpc-info.vpc-id", row -> row.requesterVpcInfo().vpcId())
              .one("requester-vpc-info.owner-id", row -> row.requesterVpcInfo().ownerId())
              .one("requester-vpc-info.cidr-block", row -> row.requesterVpcInfo().cidrBlock())
              .one("accepter-vpc-info.vpc-id", row -> row.accepterVpcInfo().vpcId())
              .one("accepter-vpc-info.owner-id", row -> row.accepterVpcInfo().ownerId())
              .one("accepter-vpc-info.cidr-block", row -> row.accepterVpcInfo().cidrBlock()));

  static final Kind<VpcEndpoint> ENDPOINT =
      new Kind<>(
          Ec2Tables.ENDPOINTS,
          ResourceType.VPC_ENDPOINT,
          "vpce-",
          "InvalidVpcEndpointId.NotFound",
          "The Vpc Endpoint Id '%s' does not exist",
          VpcEndpoint::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<VpcEndpoint>()
              .one("vpc-endpoint-id", VpcEndpoint::vpcEndpointId)
              .one("vpc-id", VpcEndpoint::vpcId)
              .one("service-name", VpcEndpoint::serviceName)
              .one("vpc-endpoint-type", VpcEndpoint::vpcEndpointTypeAsString)
              .one("vpc-endpoint-state", VpcEndpoint::stateAsString)
              .one("ip-address-type", VpcEndpoint::ipAddressTypeAsString));

  static final Kind<NetworkAcl> ACL =
      new Kind<>(
          Ec2Tables.ACLS,
          ResourceType.NETWORK_ACL,
          "acl-",
          "InvalidNetworkAclID.NotFound",
          "The networkAcl ID '%s' does not exist",
          NetworkAcl::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<NetworkAcl>()
              .one("network-acl-id", NetworkAcl::networkAclId)
              .one("vpc-id", NetworkAcl::vpcId)
              .one("owner-id", NetworkAcl::ownerId)
              .one("default", NetworkAcl::isDefault)
              .many(
                  "association.association-id",
                  row -> each(row.associations(), NetworkAclAssociation::networkAclAssociationId))
              .many(
                  "association.network-acl-id",
                  row -> each(row.associations(), NetworkAclAssociation::networkAclId))
              .many(
                  "association.subnet-id",
                  row -> each(row.associations(), NetworkAclAssociation::subnetId))
              .many("entry.cidr", row -> each(row.entries(), NetworkAclEntry::cidrBlock))
              .many("entry.egress", row -> each(row.entries(), e -> String.valueOf(e.egress())))
              .many("entry.protocol", row -> each(row.entries(), NetworkAclEntry::protocol))
              .many(
                  "entry.rule-action",
                  row -> each(row.entries(), NetworkAclEntry::ruleActionAsString))
              .many(
                  "entry.rule-number",
                  row -> each(row.entries(), e -> String.valueOf(e.ruleNumber()))));

  static final Kind<PrefixListRow> PREFIX_LIST =
      new Kind<>(
          Ec2Tables.PREFIX_LISTS,
          ResourceType.PREFIX_LIST,
          "pl-",
          "InvalidPrefixListID.NotFound",
          "The prefix list ID '%s' does not exist",
          row -> row.list().tags(),
          (row, tags) -> row.with(row.list().toBuilder().tags(tags).build()),
          new Filters<PrefixListRow>()
              .one("owner-id", row -> row.list().ownerId())
              .one("prefix-list-id", row -> row.list().prefixListId())
              .one("prefix-list-name", row -> row.list().prefixListName()));

  static final Kind<FlowLog> FLOW_LOG =
      new Kind<>(
          Ec2Tables.FLOW_LOGS,
          ResourceType.VPC_FLOW_LOG,
          "fl-",
          "InvalidFlowLogId.NotFound",
          "The flow log ID '%s' does not exist",
          FlowLog::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<FlowLog>()
              .one("deliver-log-status", FlowLog::deliverLogsStatus)
              .one("flow-log-id", FlowLog::flowLogId)
              .one("log-destination-type", FlowLog::logDestinationTypeAsString)
              .one("log-group-name", FlowLog::logGroupName)
              .one("resource-id", FlowLog::resourceId)
              .one("traffic-type", FlowLog::trafficTypeAsString));

  static final Kind<DhcpOptions> DHCP =
      new Kind<>(
          Ec2Tables.DHCP_OPTIONS,
          ResourceType.DHCP_OPTIONS,
          "dopt-",
          "InvalidDhcpOptionID.NotFound",
          "The dhcpOption ID '%s' does not exist",
          DhcpOptions::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<DhcpOptions>()
              .one("dhcp-options-id", DhcpOptions::dhcpOptionsId)
              .one("owner-id", DhcpOptions::ownerId)
              .many("key", row -> each(row.dhcpConfigurations(), c -> c.key()))
              .many(
                  "value",
                  row ->
                      row.dhcpConfigurations().stream()
                          .flatMap(c -> c.values().stream())
                          .map(v -> v.value())
                          .toList()));

  static final Kind<NetworkInsightsPath> INSIGHTS_PATH =
      new Kind<>(
          Ec2Tables.INSIGHTS_PATHS,
          ResourceType.NETWORK_INSIGHTS_PATH,
          "nip-",
          "InvalidNetworkInsightsPathId.NotFound",
          "The network insights path ID '%s' does not exist",
          NetworkInsightsPath::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<NetworkInsightsPath>()
              .one("source", NetworkInsightsPath::source)
              .one("destination", NetworkInsightsPath::destination)
              .one("protocol", NetworkInsightsPath::protocolAsString));

  static final Kind<NetworkInsightsAnalysis> INSIGHTS_ANALYSIS =
      new Kind<>(
          Ec2Tables.INSIGHTS_ANALYSES,
          ResourceType.NETWORK_INSIGHTS_ANALYSIS,
          "nia-",
          "InvalidNetworkInsightsAnalysisId.NotFound",
          "The network insights analysis ID '%s' does not exist",
          NetworkInsightsAnalysis::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<NetworkInsightsAnalysis>()
              .one("path-found", NetworkInsightsAnalysis::networkPathFound)
              .one("status", NetworkInsightsAnalysis::statusAsString));

  static final Kind<KeyPairInfo> KEY_PAIR =
      new Kind<>(
          Ec2Tables.KEY_PAIRS,
          ResourceType.KEY_PAIR,
          "key-",
          "InvalidKeyPair.NotFound",
          "The key pair '%s' does not exist",
          KeyPairInfo::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          new Filters<KeyPairInfo>()
              .one("key-pair-id", KeyPairInfo::keyPairId)
              .one("fingerprint", KeyPairInfo::keyFingerprint)
              .one("key-name", KeyPairInfo::keyName));

  /** Everything that can be tagged, longest prefix first where one begins like another. */
  static final List<Kind<?>> TAGGABLE =
      List.of(
          VPC,
          SUBNET,
          INTERFACE,
          RULE,
          GROUP,
          ROUTE_TABLE,
          INTERNET_GATEWAY,
          NAT_GATEWAY,
          ADDRESS,
          PEERING,
          ENDPOINT,
          ACL,
          PREFIX_LIST,
          FLOW_LOG,
          DHCP,
          KEY_PAIR,
          INSIGHTS_PATH,
          INSIGHTS_ANALYSIS);

  private Kinds() {}

  static <A> List<String> each(
      Collection<A> all, Function<A, @org.jspecify.annotations.Nullable String> value) {
    return all.stream().map(value).filter(Objects::nonNull).toList();
  }

  private static Filters<SecurityGroup> groupFilters() {
    Filters<SecurityGroup> filters =
        new Filters<SecurityGroup>()
            .one("group-id", SecurityGroup::groupId)
            .one("group-name", SecurityGroup::groupName)
            .one("description", SecurityGroup::description)
            .one("owner-id", SecurityGroup::ownerId)
            .one("vpc-id", SecurityGroup::vpcId);
    rules(filters, "ip-permission.", false);
    rules(filters, "egress.ip-permission.", true);
    return filters;
  }

  private static void rules(Filters<SecurityGroup> filters, String prefix, boolean egress) {
    rule(filters, prefix + "cidr", egress, SecurityGroupRule::cidrIpv4);
    rule(filters, prefix + "ipv6-cidr", egress, SecurityGroupRule::cidrIpv6);
    rule(filters, prefix + "from-port", egress, SecurityGroupRule::fromPort);
    rule(filters, prefix + "to-port", egress, SecurityGroupRule::toPort);
    rule(filters, prefix + "protocol", egress, SecurityGroupRule::ipProtocol);
    rule(filters, prefix + "prefix-list-id", egress, SecurityGroupRule::prefixListId);
    rule(
        filters,
        prefix + "group-id",
        egress,
        rule -> rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().groupId());
  }

  private static void rule(
      Filters<SecurityGroup> filters,
      String name,
      boolean egress,
      Function<SecurityGroupRule, @org.jspecify.annotations.Nullable Object> value) {
    filters.found(
        name,
        (lookup, group) -> {
          Stream<SecurityGroupRule> rules = lookup.all(Ec2Tables.RULES_BY_GROUP, group.groupId());
          return rules
              .filter(rule -> rule.isEgress() == egress)
              .map(value)
              .filter(Objects::nonNull)
              .map(Object::toString)
              .toList();
        });
  }

  static List<String> groupIds(Collection<SecurityGroupIdentifier> groups) {
    return each(groups, SecurityGroupIdentifier::groupId);
  }
}
