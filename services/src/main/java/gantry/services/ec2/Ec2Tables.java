package gantry.services.ec2;

import gantry.services.ec2.Rows.Account;
import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.PublicAddress;
import gantry.services.ec2.Rows.VpcRow;
import gantry.state.ClientTokens;
import gantry.state.Index;
import gantry.state.Scope;
import gantry.state.Table;
import java.time.Duration;
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
import software.amazon.awssdk.services.ec2.model.RouteTable;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.VpcEndpoint;
import software.amazon.awssdk.services.ec2.model.VpcPeeringConnection;

/** The tables of EC2. */
final class Ec2Tables {

  /** The only row of an account in a region. */
  static final String ACCOUNT = "account";

  /** Public addresses belong to the installation, whichever account uses them. */
  static final Scope AMAZON = Scope.global("amazon");

  static final Table<Account> ACCOUNTS = Table.of("ec2.accounts", Account.class);
  static final Table<VpcRow> VPCS = Table.of("ec2.vpcs", VpcRow.class);
  static final Table<Subnet> SUBNETS = Table.of("ec2.subnets", Subnet.class);
  static final Index<Subnet> SUBNETS_BY_VPC = SUBNETS.index("vpc", Subnet::vpcId);
  static final Table<NetworkInterface> INTERFACES =
      Table.of("ec2.network-interfaces", NetworkInterface.class);
  static final Index<NetworkInterface> INTERFACES_BY_SUBNET =
      INTERFACES.index("subnet", NetworkInterface::subnetId);
  static final Index<NetworkInterface> INTERFACES_BY_VPC =
      INTERFACES.index("vpc", NetworkInterface::vpcId);
  static final Table<SecurityGroup> GROUPS = Table.of("ec2.security-groups", SecurityGroup.class);
  static final Index<SecurityGroup> GROUPS_BY_VPC = GROUPS.index("vpc", SecurityGroup::vpcId);
  static final Table<SecurityGroupRule> RULES =
      Table.of("ec2.security-group-rules", SecurityGroupRule.class);
  static final Index<SecurityGroupRule> RULES_BY_GROUP =
      RULES.index("group", SecurityGroupRule::groupId);
  static final Index<SecurityGroupRule> RULES_BY_REFERENCE =
      RULES.index(
          "reference",
          rule -> rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().groupId());
  static final Table<RouteTable> ROUTE_TABLES = Table.of("ec2.route-tables", RouteTable.class);
  static final Index<RouteTable> ROUTE_TABLES_BY_VPC = ROUTE_TABLES.index("vpc", RouteTable::vpcId);
  static final Table<InternetGateway> INTERNET_GATEWAYS =
      Table.of("ec2.internet-gateways", InternetGateway.class);
  static final Table<NatGateway> NAT_GATEWAYS = Table.of("ec2.nat-gateways", NatGateway.class);
  static final Table<Address> ADDRESSES = Table.of("ec2.addresses", Address.class);
  static final Table<PublicAddress> PUBLIC_ADDRESSES =
      Table.of("ec2.public-addresses", PublicAddress.class);
  static final Table<VpcPeeringConnection> PEERINGS =
      Table.of("ec2.vpc-peering-connections", VpcPeeringConnection.class);
  static final Table<VpcEndpoint> ENDPOINTS = Table.of("ec2.vpc-endpoints", VpcEndpoint.class);
  static final Table<NetworkAcl> ACLS = Table.of("ec2.network-acls", NetworkAcl.class);
  static final Index<NetworkAcl> ACLS_BY_VPC = ACLS.index("vpc", NetworkAcl::vpcId);
  static final Table<PrefixListRow> PREFIX_LISTS =
      Table.of("ec2.prefix-lists", PrefixListRow.class);
  static final Table<FlowLog> FLOW_LOGS = Table.of("ec2.flow-logs", FlowLog.class);
  static final Table<DhcpOptions> DHCP_OPTIONS = Table.of("ec2.dhcp-options", DhcpOptions.class);
  static final Table<KeyPairInfo> KEY_PAIRS = Table.of("ec2.key-pairs", KeyPairInfo.class);

  static final Table<NetworkInsightsPath> INSIGHTS_PATHS =
      Table.of("ec2.network-insights-paths", NetworkInsightsPath.class);
  static final Table<NetworkInsightsAnalysis> INSIGHTS_ANALYSES =
      Table.of("ec2.network-insights-analyses", NetworkInsightsAnalysis.class);
  static final Index<NetworkInsightsAnalysis> ANALYSES_BY_PATH =
      INSIGHTS_ANALYSES.index("path", NetworkInsightsAnalysis::networkInsightsPathId);

  /** How long a client's token makes a repeated request the same request. */
  private static final Duration TOKENS_LAST = Duration.ofDays(1);

  static final ClientTokens TOKENS = ClientTokens.of("ec2.client-tokens", TOKENS_LAST);

  static final List<Table<?>> ALL =
      List.of(
          ACCOUNTS,
          VPCS,
          SUBNETS,
          INTERFACES,
          GROUPS,
          RULES,
          ROUTE_TABLES,
          INTERNET_GATEWAYS,
          NAT_GATEWAYS,
          ADDRESSES,
          PUBLIC_ADDRESSES,
          PEERINGS,
          ENDPOINTS,
          ACLS,
          PREFIX_LISTS,
          FLOW_LOGS,
          DHCP_OPTIONS,
          KEY_PAIRS,
          INSIGHTS_PATHS,
          INSIGHTS_ANALYSES,
          TOKENS.table());

  private Ec2Tables() {}
}
