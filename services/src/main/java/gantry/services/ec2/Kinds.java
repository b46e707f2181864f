package gantry.services.ec2;

import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.VpcRow;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.Address;
import software.amazon.awssdk.services.ec2.model.DhcpOptions;
import software.amazon.awssdk.services.ec2.model.FlowLog;
import software.amazon.awssdk.services.ec2.model.InternetGateway;
import software.amazon.awssdk.services.ec2.model.KeyPairInfo;
import software.amazon.awssdk.services.ec2.model.NatGateway;
import software.amazon.awssdk.services.ec2.model.NetworkAcl;
import software.amazon.awssdk.services.ec2.model.NetworkInsightsAnalysis;
import software.amazon.awssdk.services.ec2.model.NetworkInsightsPath;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.RouteTable;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.VpcEndpoint;
import software.amazon.awssdk.services.ec2.model.VpcPeeringConnection;

/** Every kind of resource, with the filters that AWS documents for it. */
final class Kinds {

  static final Kind<VpcRow> VPC =
      new Kind<>(
          Ec2Tables.VPCS,
          ResourceType.VPC,
          "vpc-",
          "vpcId",
          "InvalidVpcID.NotFound",
          "InvalidVpcID.Malformed",
          "The vpc ID '%s' does not exist",
          row -> row.vpc().tags(),
          (row, tags) -> row.with(row.vpc().toBuilder().tags(tags).build()),
          ResourceFilters.VPC);

  static final Kind<Subnet> SUBNET =
      new Kind<>(
          Ec2Tables.SUBNETS,
          ResourceType.SUBNET,
          "subnet-",
          "subnetId",
          "InvalidSubnetID.NotFound",
          "InvalidSubnetID.Malformed",
          "The subnet ID '%s' does not exist",
          Subnet::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.SUBNET);

  static final Kind<NetworkInterface> INTERFACE =
      new Kind<>(
          Ec2Tables.INTERFACES,
          ResourceType.NETWORK_INTERFACE,
          "eni-",
          "networkInterfaceId",
          "InvalidNetworkInterfaceID.NotFound",
          "InvalidNetworkInterfaceId.Malformed",
          "The networkInterface ID '%s' does not exist",
          NetworkInterface::tagSet,
          (row, tags) -> row.toBuilder().tagSet(tags).build(),
          ResourceFilters.INTERFACE);

  static final Kind<SecurityGroup> GROUP =
      new Kind<>(
          Ec2Tables.GROUPS,
          ResourceType.SECURITY_GROUP,
          "sg-",
          "groupId",
          "InvalidGroup.NotFound",
          "InvalidGroupId.Malformed",
          "The security group '%s' does not exist",
          SecurityGroup::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.GROUP);

  static final Kind<SecurityGroupRule> RULE =
      new Kind<>(
          Ec2Tables.RULES,
          ResourceType.SECURITY_GROUP_RULE,
          "sgr-",
          "securityGroupRuleId",
          "InvalidSecurityGroupRuleId.NotFound",
          "InvalidSecurityGroupRuleId.Malformed",
          "The security group rule ID '%s' does not exist",
          SecurityGroupRule::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.RULE);

  static final Kind<RouteTable> ROUTE_TABLE =
      new Kind<>(
          Ec2Tables.ROUTE_TABLES,
          ResourceType.ROUTE_TABLE,
          "rtb-",
          "routeTableId",
          "InvalidRouteTableID.NotFound",
          "InvalidRouteTableId.Malformed",
          "The routeTable ID '%s' does not exist",
          RouteTable::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.ROUTE_TABLE);

  static final Kind<InternetGateway> INTERNET_GATEWAY =
      new Kind<>(
          Ec2Tables.INTERNET_GATEWAYS,
          ResourceType.INTERNET_GATEWAY,
          "igw-",
          "internetGatewayId",
          "InvalidInternetGatewayID.NotFound",
          "InvalidInternetGatewayId.Malformed",
          "The internetGateway ID '%s' does not exist",
          InternetGateway::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.INTERNET_GATEWAY);

  static final Kind<NatGateway> NAT_GATEWAY =
      new Kind<>(
          Ec2Tables.NAT_GATEWAYS,
          ResourceType.NATGATEWAY,
          "nat-",
          "natGatewayId",
          "NatGatewayNotFound",
          "NatGatewayMalformed",
          "NatGateway %s was not found",
          NatGateway::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.NAT_GATEWAY);

  static final Kind<Address> ADDRESS =
      new Kind<>(
          Ec2Tables.ADDRESSES,
          ResourceType.ELASTIC_IP,
          "eipalloc-",
          "allocationId",
          "InvalidAllocationID.NotFound",
          null,
          "The allocation ID '%s' does not exist",
          Address::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.ADDRESS);

  static final Kind<VpcPeeringConnection> PEERING =
      new Kind<>(
          Ec2Tables.PEERINGS,
          ResourceType.VPC_PEERING_CONNECTION,
          "pcx-",
          "vpcPeeringConnectionId",
          "InvalidVpcPeeringConnectionID.NotFound",
          "InvalidVpcPeeringConnectionId.Malformed",
          "The vpcPeeringConnection ID '%s' does not exist",
          VpcPeeringConnection::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.PEERING);

  static final Kind<VpcEndpoint> ENDPOINT =
      new Kind<>(
          Ec2Tables.ENDPOINTS,
          ResourceType.VPC_ENDPOINT,
          "vpce-",
          "vpcEndpointId",
          "InvalidVpcEndpointId.NotFound",
          "InvalidVpcEndpointId.Malformed",
          "The Vpc Endpoint Id '%s' does not exist",
          VpcEndpoint::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.ENDPOINT);

  static final Kind<NetworkAcl> ACL =
      new Kind<>(
          Ec2Tables.ACLS,
          ResourceType.NETWORK_ACL,
          "acl-",
          "networkAclId",
          "InvalidNetworkAclID.NotFound",
          "InvalidNetworkAclId.Malformed",
          "The networkAcl ID '%s' does not exist",
          NetworkAcl::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.ACL);

  static final Kind<PrefixListRow> PREFIX_LIST =
      new Kind<>(
          Ec2Tables.PREFIX_LISTS,
          ResourceType.PREFIX_LIST,
          "pl-",
          "prefixListId",
          "InvalidPrefixListID.NotFound",
          "InvalidPrefixListId.Malformed",
          "The prefix list ID '%s' does not exist",
          row -> row.list().tags(),
          (row, tags) -> row.with(row.list().toBuilder().tags(tags).build()),
          ResourceFilters.PREFIX_LIST);

  static final Kind<FlowLog> FLOW_LOG =
      new Kind<>(
          Ec2Tables.FLOW_LOGS,
          ResourceType.VPC_FLOW_LOG,
          "fl-",
          "flowLogId",
          "InvalidFlowLogId.NotFound",
          null,
          "The flow log ID '%s' does not exist",
          FlowLog::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.FLOW_LOG);

  static final Kind<DhcpOptions> DHCP =
      new Kind<>(
          Ec2Tables.DHCP_OPTIONS,
          ResourceType.DHCP_OPTIONS,
          "dopt-",
          "dhcpOptionsId",
          "InvalidDhcpOptionID.NotFound",
          "InvalidDhcpOptionsId.Malformed",
          "The dhcpOption ID '%s' does not exist",
          DhcpOptions::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.DHCP);

  static final Kind<NetworkInsightsPath> INSIGHTS_PATH =
      new Kind<>(
          Ec2Tables.INSIGHTS_PATHS,
          ResourceType.NETWORK_INSIGHTS_PATH,
          "nip-",
          "networkInsightsPathId",
          "InvalidNetworkInsightsPathId.NotFound",
          null,
          "The network insights path ID '%s' does not exist",
          NetworkInsightsPath::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.INSIGHTS_PATH);

  static final Kind<NetworkInsightsAnalysis> INSIGHTS_ANALYSIS =
      new Kind<>(
          Ec2Tables.INSIGHTS_ANALYSES,
          ResourceType.NETWORK_INSIGHTS_ANALYSIS,
          "nia-",
          "networkInsightsAnalysisId",
          "InvalidNetworkInsightsAnalysisId.NotFound",
          null,
          "The network insights analysis ID '%s' does not exist",
          NetworkInsightsAnalysis::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.INSIGHTS_ANALYSIS);

  static final Kind<KeyPairInfo> KEY_PAIR =
      new Kind<>(
          Ec2Tables.KEY_PAIRS,
          ResourceType.KEY_PAIR,
          "key-",
          "keyPairId",
          "InvalidKeyPair.NotFound",
          null,
          "The key pair '%s' does not exist",
          KeyPairInfo::tags,
          (row, tags) -> row.toBuilder().tags(tags).build(),
          ResourceFilters.KEY_PAIR);

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
}
