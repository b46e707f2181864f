package gantry.services.ec2;

import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.VpcRow;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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

/** What each kind of resource can be filtered by: the names that AWS documents. */
final class ResourceFilters {

  static final Filters<VpcRow> VPC =
      new Filters<VpcRow>()
          .one("vpc-id", row -> row.vpc().vpcId())
          .one("cidr", row -> row.vpc().cidrBlock())
          .one("cidr-block", row -> row.vpc().cidrBlock())
          .one("cidrBlock", row -> row.vpc().cidrBlock())
          .many(
              "cidr-block-association.cidr-block",
              row -> each(row.vpc().cidrBlockAssociationSet(), VpcCidrBlockAssociation::cidrBlock))
          .many(
              "cidr-block-association.association-id",
              row ->
                  each(row.vpc().cidrBlockAssociationSet(), VpcCidrBlockAssociation::associationId))
          .many(
              "cidr-block-association.state",
              row ->
                  each(
                      row.vpc().cidrBlockAssociationSet(), a -> a.cidrBlockState().stateAsString()))
          .one("dhcp-options-id", row -> row.vpc().dhcpOptionsId())
          .one("dhcpOptionsId", row -> row.vpc().dhcpOptionsId())
          .one("is-default", row -> row.vpc().isDefault())
          .one("isDefault", row -> row.vpc().isDefault())
          .one("owner-id", row -> row.vpc().ownerId())
          .one("state", row -> row.vpc().stateAsString())
          .none(
              "ipv6-cidr-block-association.association-id",
              "ipv6-cidr-block-association.ipv6-cidr-block",
              "ipv6-cidr-block-association.ipv6-pool",
              "ipv6-cidr-block-association.state");

  static final Filters<Subnet> SUBNET =
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
          .one("state", Subnet::stateAsString)
          .one("enable-dns64", Subnet::enableDns64)
          .one("ipv6-native", Subnet::ipv6Native)
          .one("map-customer-owned-ip-on-launch", Subnet::mapCustomerOwnedIpOnLaunch)
          .one(
              "private-dns-name-options-on-launch.hostname-type",
              row -> row.privateDnsNameOptionsOnLaunch().hostnameTypeAsString())
          .one(
              "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
              row -> row.privateDnsNameOptionsOnLaunch().enableResourceNameDnsARecord())
          .one(
              "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
              row -> row.privateDnsNameOptionsOnLaunch().enableResourceNameDnsAAAARecord())
          .none(
              "customer-owned-ipv4-pool",
              "enable-lni-at-device-index",
              "ipv6-cidr-block-association.association-id",
              "ipv6-cidr-block-association.ipv6-cidr-block",
              "ipv6-cidr-block-association.state",
              "outpost-arn");

  static final Filters<NetworkInterface> INTERFACE =
      new Filters<NetworkInterface>()
          .one("network-interface-id", NetworkInterface::networkInterfaceId)
          .one("vpc-id", NetworkInterface::vpcId)
          .one("subnet-id", NetworkInterface::subnetId)
          .one("availability-zone", NetworkInterface::availabilityZone)
          .one("availability-zone-id", NetworkInterface::availabilityZoneId)
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
                      row.privateIpAddresses(), NetworkInterfacePrivateIpAddress::privateIpAddress))
          .many(
              "addresses.primary",
              row -> each(row.privateIpAddresses(), a -> String.valueOf(a.primary())))
          .many(
              "addresses.association.public-ip",
              row ->
                  each(
                      row.privateIpAddresses(),
                      a -> a.association() == null ? null : a.association().publicIp()))
          .many(
              "addresses.association.owner-id",
              row ->
                  each(
                      row.privateIpAddresses(),
                      a -> a.association() == null ? null : a.association().ipOwnerId()))
          .one(
              "association.public-dns-name",
              row -> row.association() == null ? null : row.association().publicDnsName())
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
              "attachment.attach-time",
              row -> row.attachment() == null ? null : row.attachment().attachTime())
          .one(
              "attachment.delete-on-termination",
              row -> row.attachment() == null ? null : row.attachment().deleteOnTermination())
          .one("operator.managed", row -> false)
          .none("operator.principal", "ipv6-addresses.ipv6-address")
          .one(
              "attachment.device-index",
              row -> row.attachment() == null ? null : row.attachment().deviceIndex());

  static final Filters<SecurityGroup> GROUP = groupFilters();

  static final Filters<SecurityGroupRule> RULE =
      new Filters<SecurityGroupRule>()
          .one("group-id", SecurityGroupRule::groupId)
          .one("security-group-rule-id", SecurityGroupRule::securityGroupRuleId);

  static final Filters<RouteTable> ROUTE_TABLE =
      new Filters<RouteTable>()
          .one("route-table-id", RouteTable::routeTableId)
          .one("vpc-id", RouteTable::vpcId)
          .one("owner-id", RouteTable::ownerId)
          .many("association.main", row -> each(row.associations(), a -> String.valueOf(a.main())))
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
          .found(
              "route.state",
              (lookup, row) -> each(RouteTables.shown(lookup, row).routes(), Route::stateAsString))
          .none(
              "route.destination-ipv6-cidr-block",
              "route.egress-only-internet-gateway-id",
              "route.transit-gateway-id")
          .many(
              "route.vpc-peering-connection-id",
              row -> each(row.routes(), Route::vpcPeeringConnectionId));

  static final Filters<InternetGateway> INTERNET_GATEWAY =
      new Filters<InternetGateway>()
          .one("internet-gateway-id", InternetGateway::internetGatewayId)
          .one("owner-id", InternetGateway::ownerId)
          .many(
              "attachment.vpc-id", row -> each(row.attachments(), InternetGatewayAttachment::vpcId))
          .many(
              "attachment.state",
              row -> each(row.attachments(), InternetGatewayAttachment::stateAsString));

  static final Filters<NatGateway> NAT_GATEWAY =
      new Filters<NatGateway>()
          .one("nat-gateway-id", NatGateway::natGatewayId)
          .one("state", NatGateway::stateAsString)
          .one("subnet-id", NatGateway::subnetId)
          .one("vpc-id", NatGateway::vpcId);

  static final Filters<Address> ADDRESS =
      new Filters<Address>()
          .one("allocation-id", Address::allocationId)
          .one("association-id", Address::associationId)
          .one("domain", Address::domainAsString)
          .one("instance-id", Address::instanceId)
          .one("network-border-group", Address::networkBorderGroup)
          .one("network-interface-id", Address::networkInterfaceId)
          .one("network-interface-owner-id", Address::networkInterfaceOwnerId)
          .one("private-ip-address", Address::privateIpAddress)
          .one("public-ip", Address::publicIp);

  static final Filters<VpcPeeringConnection> PEERING =
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
          .one("accepter-vpc-info.cidr-block", row -> row.accepterVpcInfo().cidrBlock());

  static final Filters<VpcEndpoint> ENDPOINT =
      new Filters<VpcEndpoint>()
          .one("vpc-endpoint-id", VpcEndpoint::vpcEndpointId)
          .one("vpc-id", VpcEndpoint::vpcId)
          .one("service-name", VpcEndpoint::serviceName)
          .one("vpc-endpoint-type", VpcEndpoint::vpcEndpointTypeAsString)
          .one("vpc-endpoint-state", VpcEndpoint::stateAsString)
          .one("ip-address-type", VpcEndpoint::ipAddressTypeAsString)
          .found("service-region", (lookup, row) -> List.of(lookup.scope().region()));

  static final Filters<NetworkAcl> ACL =
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
          .many("entry.ipv6-cidr", row -> each(row.entries(), NetworkAclEntry::ipv6CidrBlock))
          .many(
              "entry.icmp.code",
              row ->
                  each(
                      row.entries(),
                      e -> e.icmpTypeCode() == null ? null : text(e.icmpTypeCode().code())))
          .many(
              "entry.icmp.type",
              row ->
                  each(
                      row.entries(),
                      e -> e.icmpTypeCode() == null ? null : text(e.icmpTypeCode().type())))
          .many(
              "entry.port-range.from",
              row ->
                  each(
                      row.entries(),
                      e -> e.portRange() == null ? null : text(e.portRange().from())))
          .many(
              "entry.port-range.to",
              row ->
                  each(row.entries(), e -> e.portRange() == null ? null : text(e.portRange().to())))
          .many(
              "entry.protocol",
              row -> row.entries().stream().flatMap(e -> spellings(e.protocol())).toList())
          .many(
              "entry.rule-action", row -> each(row.entries(), NetworkAclEntry::ruleActionAsString))
          .many(
              "entry.rule-number", row -> each(row.entries(), e -> String.valueOf(e.ruleNumber())));

  static final Filters<PrefixListRow> PREFIX_LIST =
      new Filters<PrefixListRow>()
          .one("owner-id", row -> row.list().ownerId())
          .one("prefix-list-id", row -> row.list().prefixListId())
          .one("prefix-list-name", row -> row.list().prefixListName());

  static final Filters<FlowLog> FLOW_LOG =
      new Filters<FlowLog>()
          .one("deliver-log-status", FlowLog::deliverLogsStatus)
          .one("flow-log-id", FlowLog::flowLogId)
          .one("log-destination-type", FlowLog::logDestinationTypeAsString)
          .one("log-group-name", FlowLog::logGroupName)
          .one("resource-id", FlowLog::resourceId)
          .one("traffic-type", FlowLog::trafficTypeAsString);

  static final Filters<DhcpOptions> DHCP =
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
                      .toList());

  static final Filters<NetworkInsightsPath> INSIGHTS_PATH =
      new Filters<NetworkInsightsPath>()
          .one("source", NetworkInsightsPath::source)
          .one("destination", NetworkInsightsPath::destination)
          .one("protocol", NetworkInsightsPath::protocolAsString)
          .none(
              "filter-at-source.source-address",
              "filter-at-source.source-port-range",
              "filter-at-source.destination-address",
              "filter-at-source.destination-port-range",
              "filter-at-destination.source-address",
              "filter-at-destination.source-port-range",
              "filter-at-destination.destination-address",
              "filter-at-destination.destination-port-range");

  static final Filters<NetworkInsightsAnalysis> INSIGHTS_ANALYSIS =
      new Filters<NetworkInsightsAnalysis>()
          .one("path-found", NetworkInsightsAnalysis::networkPathFound)
          .one("status", NetworkInsightsAnalysis::statusAsString);

  static final Filters<KeyPairInfo> KEY_PAIR =
      new Filters<KeyPairInfo>()
          .one("key-pair-id", KeyPairInfo::keyPairId)
          .one("fingerprint", KeyPairInfo::keyFingerprint)
          .one("key-name", KeyPairInfo::keyName);

  private ResourceFilters() {}

  static <A> List<String> each(Collection<A> all, Function<A, @Nullable String> value) {
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
    rule(filters, prefix + "cidr", egress, rule -> of(rule.cidrIpv4()));
    rule(filters, prefix + "ipv6-cidr", egress, rule -> of(rule.cidrIpv6()));
    rule(filters, prefix + "from-port", egress, rule -> of(rule.fromPort()));
    rule(filters, prefix + "to-port", egress, rule -> of(rule.toPort()));
    rule(filters, prefix + "protocol", egress, rule -> spellings(rule.ipProtocol()));
    rule(filters, prefix + "prefix-list-id", egress, rule -> of(rule.prefixListId()));
    rule(filters, prefix + "group-id", egress, rule -> of(RulePeer.of(rule).group()));
    rule(
        filters,
        prefix + "user-id",
        egress,
        rule ->
            of(rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().userId()));
    filters.found(
        prefix + "group-name",
        (lookup, group) ->
            rules(lookup, group, egress)
                .map(rule -> lookup.find(Kinds.GROUP, RulePeer.of(rule).group()))
                .flatMap(peer -> of(peer == null ? null : peer.groupName()))
                .toList());
  }

  private static void rule(
      Filters<SecurityGroup> filters,
      String name,
      boolean egress,
      Function<SecurityGroupRule, Stream<String>> values) {
    filters.found(name, (lookup, group) -> rules(lookup, group, egress).flatMap(values).toList());
  }

  private static Stream<SecurityGroupRule> rules(
      Lookup lookup, SecurityGroup group, boolean egress) {
    return lookup
        .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
        .filter(rule -> rule.isEgress() == egress);
  }

  private static Stream<String> of(@Nullable Object value) {
    return Stream.ofNullable(text(value));
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  /** A protocol can be asked for by its name or by its number. */
  private static Stream<String> spellings(String protocol) {
    return switch (protocol) {
      case "tcp", "6" -> Stream.of("tcp", "6");
      case "udp", "17" -> Stream.of("udp", "17");
      case "icmp", "1" -> Stream.of("icmp", "1");
      case "icmpv6", "58" -> Stream.of("icmpv6", "58");
      default -> Stream.of(protocol);
    };
  }

  static List<String> groupIds(Collection<SecurityGroupIdentifier> groups) {
    return each(groups, SecurityGroupIdentifier::groupId);
  }
}
