package gantry.services.ec2;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.RouteTarget;
import gantry.state.Scope;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.*;

@SuppressWarnings("unchecked") // varargs of the SDK's own consumers
class Ec2Test {

  private final Account account = new Account();

  private String vpc(String cidr) {
    return account.user(ec2 -> ec2.createVpc(r -> r.cidrBlock(cidr))).vpc().vpcId();
  }

  private String subnet(String vpc, String cidr) {
    return account
        .user(ec2 -> ec2.createSubnet(r -> r.vpcId(vpc).cidrBlock(cidr)))
        .subnet()
        .subnetId();
  }

  private Vpc defaultVpc() {
    return account
        .user(ec2 -> ec2.describeVpcs(r -> r.filters(filter("is-default", "true"))))
        .vpcs()
        .getFirst();
  }

  private static Filter filter(String name, String... values) {
    return Filter.builder().name(name).values(values).build();
  }

  private NetworkInterface eni(String subnet) {
    return account
        .user(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet)))
        .networkInterface();
  }

  private String group(String vpc, String name) {
    return account
        .user(ec2 -> ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName(name).description(name)))
        .groupId();
  }

  private static IpPermission tcp(int port, String cidr) {
    return IpPermission.builder()
        .ipProtocol("tcp")
        .fromPort(port)
        .toPort(port)
        .ipRanges(IpRange.builder().cidrIp(cidr).build())
        .build();
  }

  @Test
  void a_new_account_finds_the_default_vpc() {
    Vpc vpc = defaultVpc();
    assertThat(vpc.cidrBlock()).isEqualTo("172.31.0.0/16");
    List<Subnet> subnets =
        account
            .user(ec2 -> ec2.describeSubnets(r -> r.filters(filter("vpc-id", vpc.vpcId()))))
            .subnets();
    assertThat(subnets)
        .extracting(Subnet::cidrBlock)
        .containsExactlyInAnyOrder("172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20");
    assertThat(subnets)
        .allSatisfy(
            subnet -> {
              assertThat(subnet.defaultForAz()).isTrue();
              assertThat(subnet.mapPublicIpOnLaunch()).isTrue();
              assertThat(subnet.availableIpAddressCount()).isEqualTo(4091);
            });
    RouteTable main =
        account
            .user(ec2 -> ec2.describeRouteTables(r -> r.filters(filter("vpc-id", vpc.vpcId()))))
            .routeTables()
            .getFirst();
    assertThat(main.routes())
        .extracting(Route::destinationCidrBlock)
        .containsExactly("172.31.0.0/16", "0.0.0.0/0");
    SecurityGroup group =
        account
            .user(ec2 -> ec2.describeSecurityGroups(r -> r.filters(filter("vpc-id", vpc.vpcId()))))
            .securityGroups()
            .getFirst();
    assertThat(group.groupName()).isEqualTo("default");
    assertThat(group.ipPermissions().getFirst().userIdGroupPairs().getFirst().groupId())
        .isEqualTo(group.groupId());
    assertThat(group.ipPermissionsEgress().getFirst().ipRanges().getFirst().cidrIp())
        .isEqualTo("0.0.0.0/0");
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeVpcAttribute(
                            r ->
                                r.vpcId(vpc.vpcId())
                                    .attribute(VpcAttributeName.ENABLE_DNS_HOSTNAMES)))
                .enableDnsHostnames()
                .value())
        .isTrue();
  }

  @Test
  void accounts_and_regions_have_networks_of_their_own() {
    Scope other = new Scope("111111111111", "eu-west-1");
    Vpc mine = defaultVpc();
    List<Vpc> theirs = account.user(other, ec2 -> ec2.describeVpcs(r -> {})).vpcs();
    assertThat(theirs).hasSize(1);
    assertThat(theirs.getFirst().vpcId()).isNotEqualTo(mine.vpcId());
    assertThat(account.plan().vpcs()).hasSize(2);
  }

  @Test
  void no_address_is_given_twice() {
    String subnet = subnet(vpc("10.0.0.0/16"), "10.0.1.0/28");
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 11; i++) {
      assertThat(seen.add(eni(subnet).privateIpAddress())).isTrue();
    }
    assertThat(seen).doesNotContain("10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.15");
    assertThat(account.error(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet))))
        .startsWith("InsufficientFreeAddressesInSubnet");
    NetworkInterface one =
        account.user(ec2 -> ec2.describeNetworkInterfaces(r -> {})).networkInterfaces().getFirst();
    account.user(
        ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(one.networkInterfaceId())));
    assertThat(eni(subnet).privateIpAddress()).isEqualTo(one.privateIpAddress());
  }

  @Test
  void a_service_makes_interfaces_that_users_cannot_touch() {
    String subnet = subnet(vpc("10.0.0.0/16"), "10.0.1.0/24");
    NetworkInterface eni =
        account
            .service(
                ec2 ->
                    ec2.createNetworkInterface(
                        r -> r.subnetId(subnet).interfaceType("load_balancer").description("ELB")))
            .networkInterface();
    assertThat(eni.requesterManaged()).isTrue();
    assertThat(
            account.error(
                ec2 ->
                    ec2.modifyNetworkInterfaceAttribute(
                        r ->
                            r.networkInterfaceId(eni.networkInterfaceId())
                                .sourceDestCheck(v -> v.value(false)))))
        .startsWith("AuthFailure");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkInterface(
                        r -> r.subnetId(subnet).interfaceType("load_balancer"))))
        .startsWith("UnsupportedOperation");
    account.service(
        ec2 ->
            ec2.modifyNetworkInterfaceAttribute(
                r ->
                    r.networkInterfaceId(eni.networkInterfaceId()).associatePublicIpAddress(true)));
    NetworkPlan.Eni planned =
        account.plan().vpcs().values().stream()
            .filter(v -> v.enis().containsKey(eni.networkInterfaceId()))
            .findFirst()
            .orElseThrow()
            .enis()
            .get(eni.networkInterfaceId());
    assertThat(planned).isNotNull();
    assertThat(planned.kind()).isEqualTo(NetworkPlan.Eni.Kind.SERVICE);
    assertThat(planned.publicAddresses().get(eni.privateIpAddress())).startsWith("198.18.");
    // A Network Load Balancer may have no groups; anybody else's interface has the default one.
    NetworkInterface network =
        account
            .service(
                ec2 ->
                    ec2.createNetworkInterface(
                        r -> r.subnetId(subnet).interfaceType("network_load_balancer")))
            .networkInterface();
    assertThat(network.groups()).isEmpty();
    assertThat(eni.groups()).hasSize(1);
  }

  @Test
  void rules_are_shown_one_by_one_and_grouped() {
    String group = group(vpc("10.0.0.0/16"), "web");
    List<SecurityGroupRule> rules =
        account
            .user(
                ec2 ->
                    ec2.authorizeSecurityGroupIngress(
                        r ->
                            r.groupId(group)
                                .ipPermissions(
                                    IpPermission.builder()
                                        .ipProtocol("6")
                                        .fromPort(80)
                                        .toPort(80)
                                        .ipRanges(
                                            IpRange.builder().cidrIp("10.1.2.3/16").build(),
                                            IpRange.builder()
                                                .cidrIp("0.0.0.0/0")
                                                .description("all")
                                                .build())
                                        .userIdGroupPairs(
                                            UserIdGroupPair.builder().groupId(group).build())
                                        .build())))
            .securityGroupRules();
    assertThat(rules).hasSize(3);
    assertThat(rules.getFirst().cidrIpv4()).isEqualTo("10.1.0.0/16");
    SecurityGroup shown =
        account
            .user(ec2 -> ec2.describeSecurityGroups(r -> r.groupIds(group)))
            .securityGroups()
            .getFirst();
    assertThat(shown.ipPermissions()).hasSize(1);
    assertThat(shown.ipPermissions().getFirst().ipRanges()).hasSize(2);
    assertThat(
            account.error(
                ec2 ->
                    ec2.authorizeSecurityGroupIngress(
                        r -> r.groupId(group).ipPermissions(tcp(80, "0.0.0.0/0")))))
        .isEqualTo(
            "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port:"
                + " 80, to port: 80, ALLOW\" already exists");
    account.user(
        ec2 ->
            ec2.modifySecurityGroupRules(
                r ->
                    r.groupId(group)
                        .securityGroupRules(
                            u ->
                                u.securityGroupRuleId(rules.getFirst().securityGroupRuleId())
                                    .securityGroupRule(
                                        s ->
                                            s.ipProtocol("tcp")
                                                .fromPort(443)
                                                .toPort(443)
                                                .cidrIpv4("10.9.0.0/16")))));
    account.user(
        ec2 ->
            ec2.revokeSecurityGroupIngress(
                r -> r.groupId(group).ipPermissions(tcp(80, "0.0.0.0/0"))));
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeSecurityGroups(
                            r ->
                                r.filters(
                                    filter("ip-permission.from-port", "443"),
                                    filter("group-name", "w?b"))))
                .securityGroups())
        .hasSize(1);
  }

  @Test
  void the_plan_follows_gateways_routes_and_peerings() {
    String a = vpc("10.0.0.0/16");
    String b = vpc("10.1.0.0/16");
    String subnet = subnet(a, "10.0.1.0/24");
    String table =
        account.user(ec2 -> ec2.createRouteTable(r -> r.vpcId(a))).routeTable().routeTableId();
    account.user(ec2 -> ec2.associateRouteTable(r -> r.routeTableId(table).subnetId(subnet)));
    String igw =
        account
            .user(ec2 -> ec2.createInternetGateway(r -> {}))
            .internetGateway()
            .internetGatewayId();
    account.user(ec2 -> ec2.attachInternetGateway(r -> r.vpcId(a).internetGatewayId(igw)));
    account.user(
        ec2 ->
            ec2.createRoute(
                r -> r.routeTableId(table).destinationCidrBlock("0.0.0.0/0").gatewayId(igw)));
    String pcx =
        account
            .user(ec2 -> ec2.createVpcPeeringConnection(r -> r.vpcId(a).peerVpcId(b)))
            .vpcPeeringConnection()
            .vpcPeeringConnectionId();
    account.user(
        ec2 ->
            ec2.createRoute(
                r ->
                    r.routeTableId(table)
                        .destinationCidrBlock("10.1.0.0/16")
                        .vpcPeeringConnectionId(pcx)));
    assertThat(targets(a, table))
        .containsExactly(
            new RouteTarget.Local(), new RouteTarget.Internet(igw), new RouteTarget.Blackhole(pcx));
    account.user(ec2 -> ec2.acceptVpcPeeringConnection(r -> r.vpcPeeringConnectionId(pcx)));
    account.user(ec2 -> ec2.detachInternetGateway(r -> r.vpcId(a).internetGatewayId(igw)));
    assertThat(targets(a, table))
        .containsExactly(
            new RouteTarget.Local(), new RouteTarget.Blackhole(igw), new RouteTarget.ToPeer(pcx));
    assertThat(account.plan().peerings()).containsKey(pcx);
    assertThat(
            account
                .user(ec2 -> ec2.describeRouteTables(r -> r.routeTableIds(table)))
                .routeTables()
                .getFirst()
                .routes())
        .extracting(Route::stateAsString)
        .containsExactly("active", "blackhole", "active");
    assertThat(account.plan().vpcs().get(a).subnets().get(subnet).routeTable()).isEqualTo(table);
  }

  private List<RouteTarget> targets(String vpc, String table) {
    return account.plan().vpcs().get(vpc).routeTables().get(table).routes().stream()
        .map(NetworkPlan.Route::target)
        .toList();
  }

  @Test
  void a_nat_gateway_takes_an_address_and_gives_it_back() {
    String subnet =
        account.user(ec2 -> ec2.describeSubnets(r -> {})).subnets().getFirst().subnetId();
    AllocateAddressResponse address = account.user(ec2 -> ec2.allocateAddress(r -> {}));
    NatGateway nat =
        account
            .user(
                ec2 ->
                    ec2.createNatGateway(
                        r -> r.subnetId(subnet).allocationId(address.allocationId())))
            .natGateway();
    assertThat(nat.natGatewayAddresses().getFirst().publicIp()).isEqualTo(address.publicIp());
    assertThat(
            account.error(ec2 -> ec2.releaseAddress(r -> r.allocationId(address.allocationId()))))
        .startsWith("InvalidIPAddress.InUse");
    NetworkPlan.Vpc planned = account.plan().vpcs().get(nat.vpcId());
    assertThat(planned.nats()).containsKey(nat.natGatewayId());
    account.user(ec2 -> ec2.deleteNatGateway(r -> r.natGatewayId(nat.natGatewayId())));
    assertThat(account.user(ec2 -> ec2.describeNatGateways(r -> {})).natGateways())
        .extracting(NatGateway::state)
        .containsExactly(NatGatewayState.DELETED);
    account.user(ec2 -> ec2.releaseAddress(r -> r.allocationId(address.allocationId())));
    assertThat(account.user(ec2 -> ec2.describeNetworkInterfaces(r -> {})).networkInterfaces())
        .isEmpty();
  }

  @Test
  void a_gateway_endpoint_is_a_route_and_an_interface_endpoint_is_interfaces() {
    Vpc vpc = defaultVpc();
    String table =
        account
            .user(ec2 -> ec2.describeRouteTables(r -> {}))
            .routeTables()
            .getFirst()
            .routeTableId();
    String gateway =
        account
            .user(
                ec2 ->
                    ec2.createVpcEndpoint(
                        r ->
                            r.vpcId(vpc.vpcId())
                                .serviceName("com.amazonaws.us-east-1.s3")
                                .routeTableIds(table)))
            .vpcEndpoint()
            .vpcEndpointId();
    assertThat(targets(vpc.vpcId(), table)).contains(new RouteTarget.ToEndpoint(gateway));
    String subnet =
        account.user(ec2 -> ec2.describeSubnets(r -> {})).subnets().getFirst().subnetId();
    VpcEndpoint endpoint =
        account
            .user(
                ec2 ->
                    ec2.createVpcEndpoint(
                        r ->
                            r.vpcId(vpc.vpcId())
                                .vpcEndpointType(VpcEndpointType.INTERFACE)
                                .serviceName("com.amazonaws.us-east-1.ecr.api")
                                .subnetIds(subnet)))
            .vpcEndpoint();
    assertThat(endpoint.networkInterfaceIds()).hasSize(1);
    assertThat(endpoint.privateDnsEnabled()).isTrue();
    account.user(
        ec2 -> ec2.deleteVpcEndpoints(r -> r.vpcEndpointIds(endpoint.vpcEndpointId(), gateway)));
    assertThat(account.user(ec2 -> ec2.describeNetworkInterfaces(r -> {})).networkInterfaces())
        .isEmpty();
    assertThat(targets(vpc.vpcId(), table)).doesNotContain(new RouteTarget.ToEndpoint(gateway));
  }

  @Test
  void a_vpc_goes_when_nothing_depends_on_it() {
    String vpc = vpc("10.0.0.0/16");
    String subnet = subnet(vpc, "10.0.1.0/24");
    assertThat(account.error(ec2 -> ec2.deleteVpc(r -> r.vpcId(vpc))))
        .isEqualTo(
            "DependencyViolation: The vpc '" + vpc + "' has dependencies and cannot be deleted.");
    account.user(ec2 -> ec2.deleteSubnet(r -> r.subnetId(subnet)));
    account.user(ec2 -> ec2.deleteVpc(r -> r.vpcId(vpc)));
    assertThat(account.error(ec2 -> ec2.describeVpcs(r -> r.vpcIds(vpc))))
        .isEqualTo("InvalidVpcID.NotFound: The vpc ID '" + vpc + "' does not exist");
    assertThat(account.plan().vpcs()).doesNotContainKey(vpc);
  }

  @Test
  void pages_neither_skip_nor_repeat() {
    String vpc = vpc("10.0.0.0/16");
    for (int i = 0; i < 17; i++) {
      group(vpc, "g" + i);
    }
    Set<String> seen = new HashSet<>();
    String token = null;
    do {
      String from = token;
      DescribeSecurityGroupsResponse page =
          account.user(ec2 -> ec2.describeSecurityGroups(r -> r.maxResults(5).nextToken(from)));
      page.securityGroups().forEach(g -> assertThat(seen.add(g.groupId())).isTrue());
      token = page.nextToken();
    } while (token != null);
    assertThat(seen).hasSize(19);
  }

  @Test
  void tags_are_set_at_creation_and_later() {
    String vpc =
        account
            .user(
                ec2 ->
                    ec2.createVpc(
                        r ->
                            r.cidrBlock("10.0.0.0/16")
                                .tagSpecifications(
                                    s ->
                                        s.resourceType(ResourceType.VPC)
                                            .tags(Tag.builder().key("Name").value("x").build()))))
            .vpc()
            .vpcId();
    account.user(ec2 -> ec2.createTags(r -> r.resources(vpc).tags(t -> t.key("env").value("dev"))));
    assertThat(
            account.user(ec2 -> ec2.describeVpcs(r -> r.filters(filter("tag:env", "d*")))).vpcs())
        .extracting(Vpc::vpcId)
        .containsExactly(vpc);
    assertThat(
            account
                .user(ec2 -> ec2.describeTags(r -> r.filters(filter("resource-id", vpc))))
                .tags())
        .extracting(TagDescription::key)
        .containsExactly("Name", "env");
    account.user(ec2 -> ec2.deleteTags(r -> r.resources(vpc).tags(t -> t.key("Name"))));
    assertThat(account.user(ec2 -> ec2.describeVpcs(r -> r.vpcIds(vpc))).vpcs().getFirst().tags())
        .extracting(Tag::key)
        .containsExactly("env");
  }

  @Test
  void a_request_that_comes_again_makes_nothing_new() {
    String subnet = subnet(vpc("10.0.0.0/16"), "10.0.1.0/24");
    Function<Ec2Client, CreateNetworkInterfaceResponse> call =
        ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet).clientToken("t"));
    String first = account.user(call).networkInterface().networkInterfaceId();
    assertThat(account.user(call).networkInterface().networkInterfaceId()).isEqualTo(first);
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkInterface(
                        r -> r.subnetId(subnet).clientToken("t").description("other"))))
        .startsWith("IdempotentParameterMismatch");
  }

  @Test
  void keys_are_made_and_imported() {
    CreateKeyPairResponse made = account.user(ec2 -> ec2.createKeyPair(r -> r.keyName("a")));
    assertThat(made.keyMaterial()).contains("PRIVATE KEY");
    assertThat(account.error(ec2 -> ec2.createKeyPair(r -> r.keyName("a"))))
        .isEqualTo("InvalidKeyPair.Duplicate: The keypair already exists: a");
    assertThat(account.user(ec2 -> ec2.describeKeyPairs(r -> r.keyNames("a"))).keyPairs())
        .hasSize(1);
    account.user(ec2 -> ec2.deleteKeyPair(r -> r.keyName("a")));
    assertThat(account.error(ec2 -> ec2.describeKeyPairs(r -> r.keyNames("a"))))
        .startsWith("InvalidKeyPair.NotFound");
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        mistake(
            "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
            e -> e.createVpc(r -> r.cidrBlock("10.0.0.0/16").dryRun(true))),
        mistake(
            "MissingParameter: The request must contain the parameter cidrBlock",
            e -> e.createVpc(r -> {})),
        mistake(
            "InvalidParameterValue: Value (nonsense) for parameter cidrBlock is invalid. This is"
                + " not a valid CIDR block.",
            e -> e.createVpc(r -> r.cidrBlock("nonsense"))),
        mistake(
            "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.",
            e -> e.createVpc(r -> r.cidrBlock("10.0.0.0/8"))),
        mistake(
            "UnsupportedOperation: An IPv6 block of a VPC is not supported by Gantry.",
            e -> e.createVpc(r -> r.cidrBlock("10.0.0.0/16").amazonProvidedIpv6CidrBlock(true))),
        mistake(
            "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist",
            e -> e.createSubnet(r -> r.vpcId("vpc-1").cidrBlock("10.0.0.0/24"))),
        mistake(
            "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist",
            e -> e.describeSubnets(r -> r.subnetIds("subnet-1"))),
        mistake(
            "InvalidGroup.NotFound: The security group 'sg-1' does not exist",
            e -> e.deleteSecurityGroup(r -> r.groupId("sg-1"))),
        mistake(
            "InvalidGroupId.Malformed: Invalid id: \"web\" (expecting \"sg-...\")",
            e -> e.deleteSecurityGroup(r -> r.groupId("web"))),
        mistake(
            "InvalidParameterValue: The filter 'colour' is invalid",
            e -> e.describeVpcs(r -> r.filters(filter("colour", "red")))),
        mistake(
            "InvalidParameterValue: Value ( 2 ) for parameter maxResults is invalid. Expecting a"
                + " value greater than 5.",
            e -> e.describeVpcs(r -> r.maxResults(2))),
        mistake(
            "InvalidNextToken: The token '!' is invalid",
            e -> e.describeVpcs(r -> r.nextToken("!"))),
        mistake(
            "DefaultVpcAlreadyExists: A Default VPC already exists for this account in this"
                + " region.",
            e -> e.createDefaultVpc(r -> {})),
        mistake(
            "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-1' does not exist",
            e -> e.deleteNetworkInterface(r -> r.networkInterfaceId("eni-1"))),
        mistake(
            "InvalidInternetGatewayID.NotFound: The internetGateway ID 'igw-1' does not exist",
            e -> e.deleteInternetGateway(r -> r.internetGatewayId("igw-1"))),
        mistake(
            "NatGatewayNotFound: NatGateway nat-1 was not found",
            e -> e.deleteNatGateway(r -> r.natGatewayId("nat-1"))),
        mistake(
            "InvalidAllocationID.NotFound: The allocation ID 'eipalloc-1' does not exist",
            e -> e.releaseAddress(r -> r.allocationId("eipalloc-1"))),
        mistake(
            "InvalidRouteTableID.NotFound: The routeTable ID 'rtb-1' does not exist",
            e -> e.deleteRouteTable(r -> r.routeTableId("rtb-1"))),
        mistake(
            "InvalidAssociationID.NotFound: The association ID 'rtbassoc-1' does not exist",
            e -> e.disassociateRouteTable(r -> r.associationId("rtbassoc-1"))),
        mistake(
            "InvalidInstanceID.NotFound: The instance ID 'i-1' does not exist",
            e -> e.describeInstances(r -> r.instanceIds("i-1"))),
        mistake(
            "UnsupportedOperation: RunInstances is not supported by Gantry.",
            e -> e.runInstances(r -> {})),
        mistake(
            "InvalidServiceName: The Vpc Endpoint Service 'x' does not exist",
            e ->
                e.createVpcEndpoint(
                    r -> r.serviceName("x").vpcId(e.describeVpcs().vpcs().getFirst().vpcId()))),
        mistake(
            "InvalidKey.Format: Key is not in valid OpenSSH public key format",
            e ->
                e.importKeyPair(
                    r ->
                        r.keyName("k")
                            .publicKeyMaterial(
                                software.amazon.awssdk.core.SdkBytes.fromUtf8String("no")))),
        mistake(
            "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use",
            e ->
                e.createTags(
                    r ->
                        r.resources(e.describeVpcs().vpcs().getFirst().vpcId())
                            .tags(t -> t.key("aws:x").value("y")))),
        mistake(
            "InvalidID: The ID 'zebra-1' is not valid",
            e -> e.createTags(r -> r.resources("zebra-1").tags(t -> t.key("x").value("y")))));
  }

  private static Arguments mistake(String error, Function<Ec2Client, ?> call) {
    return Arguments.of(error, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void mistakes_get_ec2s_own_errors(String error, Function<Ec2Client, ?> call) {
    assertThat(account.error(call)).isEqualTo(error);
  }
}
