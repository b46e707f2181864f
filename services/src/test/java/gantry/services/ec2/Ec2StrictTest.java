package gantry.services.ec2;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.*;

/** What a client that knows EC2 well expects of its errors, its tokens and its pages. */
@SuppressWarnings("unchecked") // varargs of the SDK's own consumers
class Ec2StrictTest {

  private final Account account = new Account();

  private final String vpc =
      account.user(ec2 -> ec2.createVpc(r -> r.cidrBlock("10.0.0.0/16"))).vpc().vpcId();

  private final String subnet =
      account
          .user(ec2 -> ec2.createSubnet(r -> r.vpcId(vpc).cidrBlock("10.0.1.0/24")))
          .subnet()
          .subnetId();

  private String group(String in, String name) {
    return account
        .user(ec2 -> ec2.createSecurityGroup(r -> r.vpcId(in).groupName(name).description("d")))
        .groupId();
  }

  private NetworkInterface eni() {
    return account
        .user(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet)))
        .networkInterface();
  }

  private static Filter filter(String name, String... values) {
    return Filter.builder().name(name).values(values).build();
  }

  @Test
  void an_id_of_another_kind_is_malformed_before_it_is_missed() {
    assertThat(account.error(ec2 -> ec2.describeVpcs(r -> r.vpcIds("vpc-0123456789abcdef0", "sg"))))
        .isEqualTo("InvalidVpcID.Malformed: Invalid id: \"sg\" (expecting \"vpc-...\")");
    assertThat(account.error(ec2 -> ec2.describeSubnets(r -> r.subnetIds(vpc))))
        .startsWith("InvalidSubnetID.Malformed");
    assertThat(account.error(ec2 -> ec2.describeNatGateways(r -> r.natGatewayIds("x"))))
        .startsWith("NatGatewayMalformed");
    assertThat(account.error(ec2 -> ec2.describeRouteTables(r -> r.routeTableIds(vpc))))
        .startsWith("InvalidRouteTableId.Malformed");
    assertThat(account.error(ec2 -> ec2.describeVpcs(r -> r.vpcIds("vpc-0123456789abcdef0"))))
        .isEqualTo("InvalidVpcID.NotFound: The vpc ID 'vpc-0123456789abcdef0' does not exist");
    assertThat(account.error(ec2 -> ec2.deleteSubnet(r -> {})))
        .isEqualTo("MissingParameter: The request must contain the parameter subnetId");
  }

  @Test
  void a_tag_is_named_once() {
    Tag twice = Tag.builder().key("a").value("1").build();
    assertThat(account.error(ec2 -> ec2.createTags(r -> r.resources(vpc).tags(twice, twice))))
        .isEqualTo("InvalidParameterValue: Duplicate tag key 'a' specified.");
    account.user(ec2 -> ec2.createTags(r -> r.resources(vpc, subnet).tags(twice)));
    assertThat(account.user(ec2 -> ec2.describeTags(r -> r.filters(filter("tag:a", "1")))).tags())
        .hasSize(2);
    assertThat(account.error(ec2 -> ec2.describeTags(r -> r.maxResults(-1))))
        .startsWith("InvalidParameterValue: Value ( -1 ) for parameter maxResults is invalid.");
  }

  @Test
  void each_list_has_pages_of_its_own_size() {
    assertThat(
            account.user(ec2 -> ec2.describeManagedPrefixLists(r -> r.maxResults(1))).prefixLists())
        .hasSize(1);
    assertThat(account.error(ec2 -> ec2.describeVpcs(r -> r.maxResults(1))))
        .isEqualTo(
            "InvalidParameterValue: Value ( 1 ) for parameter maxResults is invalid. Expecting a"
                + " value greater than 5.");
    DescribeInstanceTypesResponse types =
        account.user(ec2 -> ec2.describeInstanceTypes(r -> r.maxResults(5)));
    assertThat(types.instanceTypes()).hasSize(5);
    DescribeInstanceTypesResponse more =
        account.user(
            ec2 -> ec2.describeInstanceTypes(r -> r.maxResults(5).nextToken(types.nextToken())));
    assertThat(more.instanceTypes()).doesNotContainAnyElementsOf(types.instanceTypes());
    assertThat(account.error(ec2 -> ec2.describeInstanceTypes(r -> r.nextToken("?"))))
        .startsWith("InvalidNextToken");
    NetworkInterface eni = eni();
    assertThat(
            account.error(
                ec2 ->
                    ec2.describeNetworkInterfaces(
                        r -> r.networkInterfaceIds(eni.networkInterfaceId()).maxResults(5))))
        .startsWith("InvalidParameterCombination");
  }

  @Test
  void group_names_are_the_same_in_any_case_and_texts_are_plain() {
    group(vpc, "Web");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName("web").description("d"))))
        .startsWith("InvalidGroup.Duplicate");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName("x").description("it's"))))
        .isEqualTo(
            "InvalidParameterValue: Invalid security group description. Valid descriptions are"
                + " strings less than 256 characters from the following set:  a-zA-Z0-9."
                + " _-:/()#,@[]+=&;{}!$*");
  }

  @Test
  void what_was_not_there_to_revoke_is_told_in_a_default_vpc_and_refused_in_another() {
    IpPermission ssh =
        IpPermission.builder()
            .ipProtocol("tcp")
            .fromPort(22)
            .toPort(22)
            .ipRanges(IpRange.builder().cidrIp("10.0.0.0/8").build())
            .build();
    String mine = group(vpc, "web");
    assertThat(
            account.error(
                ec2 -> ec2.revokeSecurityGroupIngress(r -> r.groupId(mine).ipPermissions(ssh))))
        .startsWith("InvalidPermission.NotFound");
    String standard = group(null, "web");
    RevokeSecurityGroupIngressResponse answer =
        account.user(
            ec2 -> ec2.revokeSecurityGroupIngress(r -> r.groupId(standard).ipPermissions(ssh)));
    assertThat(answer.unknownIpPermissions().getFirst().ipRanges().getFirst().cidrIp())
        .isEqualTo("10.0.0.0/8");
    assertThat(answer.revokedSecurityGroupRules()).isEmpty();
  }

  @Test
  void a_changed_rule_may_not_become_another() {
    String group = group(vpc, "web");
    List<SecurityGroupRule> rules =
        account
            .user(
                ec2 ->
                    ec2.authorizeSecurityGroupIngress(
                        r ->
                            r.groupId(group)
                                .ipPermissions(
                                    IpPermission.builder()
                                        .ipProtocol("tcp")
                                        .fromPort(80)
                                        .toPort(80)
                                        .ipRanges(
                                            IpRange.builder().cidrIp("10.0.0.0/8").build(),
                                            IpRange.builder().cidrIp("11.0.0.0/8").build())
                                        .build())))
            .securityGroupRules();
    assertThat(
            account.error(
                ec2 ->
                    ec2.modifySecurityGroupRules(
                        r ->
                            r.groupId(group)
                                .securityGroupRules(
                                    u ->
                                        u.securityGroupRuleId(rules.get(0).securityGroupRuleId())
                                            .securityGroupRule(
                                                s ->
                                                    s.ipProtocol("6")
                                                        .fromPort(80)
                                                        .toPort(80)
                                                        .cidrIpv4(rules.get(1).cidrIpv4()))))))
        .isEqualTo(
            "InvalidPermission.Duplicate: the specified rule \"peer: 11.0.0.0/8, TCP, from port:"
                + " 80, to port: 80, ALLOW\" already exists");
    String other = group(vpc, "other");
    assertThat(
            account.error(
                ec2 ->
                    ec2.updateSecurityGroupRuleDescriptionsIngress(
                        r ->
                            r.groupId(other)
                                .securityGroupRuleDescriptions(
                                    d ->
                                        d.securityGroupRuleId(rules.get(0).securityGroupRuleId())
                                            .description("x")))))
        .startsWith("InvalidSecurityGroupRuleId.NotFound");
  }

  @Test
  void a_peers_group_is_named_with_its_peering() {
    String peer = account.user(ec2 -> ec2.createVpc(r -> r.cidrBlock("10.1.0.0/16"))).vpc().vpcId();
    String pcx =
        account
            .user(ec2 -> ec2.createVpcPeeringConnection(r -> r.vpcId(vpc).peerVpcId(peer)))
            .vpcPeeringConnection()
            .vpcPeeringConnectionId();
    account.user(ec2 -> ec2.acceptVpcPeeringConnection(r -> r.vpcPeeringConnectionId(pcx)));
    String mine = group(vpc, "mine");
    String theirs = group(peer, "theirs");
    UserIdGroupPair pair =
        UserIdGroupPair.builder()
            .groupId(theirs)
            .userId(Account.SCOPE.account())
            .vpcId(peer)
            .vpcPeeringConnectionId(pcx)
            .build();
    for (UserIdGroupPair wrong :
        List.of(
            pair.toBuilder().vpcId(vpc).build(),
            pair.toBuilder().vpcPeeringConnectionId("pcx-0123456789abcdef0").build(),
            pair.toBuilder().userId("999999999999").build())) {
      assertThat(
              account.error(
                  ec2 ->
                      ec2.authorizeSecurityGroupIngress(
                          r ->
                              r.groupId(mine)
                                  .ipPermissions(p -> p.ipProtocol("-1").userIdGroupPairs(wrong)))))
          .startsWith("InvalidGroup.NotFound");
    }
    account.user(
        ec2 ->
            ec2.authorizeSecurityGroupIngress(
                r ->
                    r.groupId(mine).ipPermissions(p -> p.ipProtocol("-1").userIdGroupPairs(pair))));
    assertThat(pairOf(mine).vpcPeeringConnectionId()).isEqualTo(pcx);
    assertThat(pairOf(mine).peeringStatus()).isEqualTo("active");
    assertThat(
            account
                .user(ec2 -> ec2.describeSecurityGroupReferences(r -> r.groupId(theirs)))
                .securityGroupReferenceSet()
                .getFirst()
                .vpcPeeringConnectionId())
        .isEqualTo(pcx);
    account.user(ec2 -> ec2.deleteVpcPeeringConnection(r -> r.vpcPeeringConnectionId(pcx)));
    assertThat(pairOf(mine).peeringStatus()).isEqualTo("deleted");
    assertThat(
            account.error(
                ec2 -> ec2.deleteVpcPeeringConnection(r -> r.vpcPeeringConnectionId(pcx))))
        .startsWith("InvalidStateTransition");
  }

  private UserIdGroupPair pairOf(String group) {
    return account
        .user(ec2 -> ec2.describeSecurityGroups(r -> r.groupIds(group)))
        .securityGroups()
        .getFirst()
        .ipPermissions()
        .getFirst()
        .userIdGroupPairs()
        .getFirst();
  }

  @Test
  void a_peering_that_nobody_accepts_expires() {
    String peer = account.user(ec2 -> ec2.createVpc(r -> r.cidrBlock("10.1.0.0/16"))).vpc().vpcId();
    account.user(ec2 -> ec2.createVpcPeeringConnection(r -> r.vpcId(vpc).peerVpcId(peer)));
    account.time.advance(Duration.ofDays(8));
    assertThat(
            account
                .user(ec2 -> ec2.describeVpcPeeringConnections(r -> {}))
                .vpcPeeringConnections()
                .getFirst()
                .status()
                .code())
        .isEqualTo(VpcPeeringConnectionStateReasonCode.EXPIRED);
  }

  @Test
  void one_attribute_is_changed_at_a_time() {
    assertThat(
            account.error(
                ec2 ->
                    ec2.modifyVpcAttribute(
                        r ->
                            r.vpcId(vpc)
                                .enableDnsSupport(v -> v.value(true))
                                .enableDnsHostnames(v -> v.value(true)))))
        .isEqualTo(
            "InvalidParameterCombination: Fields for multiple attribute types specified:"
                + " enableDnsSupport, enableDnsHostnames");
    String eni = eni().networkInterfaceId();
    assertThat(
            account.error(
                ec2 -> ec2.modifyNetworkInterfaceAttribute(r -> r.networkInterfaceId(eni))))
        .isEqualTo("InvalidParameterCombination: No attributes specified.");
    assertThat(
            account.error(
                ec2 ->
                    ec2.modifyNetworkInterfaceAttribute(
                        r ->
                            r.networkInterfaceId(eni)
                                .attachment(
                                    a ->
                                        a.attachmentId("eni-attach-1").deleteOnTermination(true)))))
        .startsWith("InvalidAttachmentID.NotFound");
  }

  @Test
  void an_elastic_address_moves_unless_that_is_forbidden() {
    String gateway =
        account
            .user(ec2 -> ec2.createInternetGateway(r -> {}))
            .internetGateway()
            .internetGatewayId();
    account.user(ec2 -> ec2.attachInternetGateway(r -> r.internetGatewayId(gateway).vpcId(vpc)));
    String address = account.user(ec2 -> ec2.allocateAddress(r -> {})).allocationId();
    String one = eni().networkInterfaceId();
    String two = eni().networkInterfaceId();
    account.user(ec2 -> ec2.associateAddress(r -> r.allocationId(address).networkInterfaceId(one)));
    assertThat(
            account.error(
                ec2 ->
                    ec2.associateAddress(
                        r ->
                            r.allocationId(address)
                                .networkInterfaceId(two)
                                .allowReassociation(false))))
        .startsWith("Resource.AlreadyAssociated");
    account.user(ec2 -> ec2.associateAddress(r -> r.allocationId(address).networkInterfaceId(two)));
    assertThat(
            account
                .user(ec2 -> ec2.describeAddresses(r -> r.allocationIds(address)))
                .addresses()
                .getFirst()
                .networkInterfaceId())
        .isEqualTo(two);
    assertThat(account.error(ec2 -> ec2.disassociateAddress(r -> {})))
        .startsWith("MissingParameter");
    assertThat(account.error(ec2 -> ec2.associateAddress(r -> r.allocationId(address))))
        .startsWith("MissingParameter: Either instance ID or network interface id");
    assertThat(account.error(ec2 -> ec2.describeAddresses(r -> r.publicIps("1.2.3"))))
        .startsWith("InvalidAddress.Malformed");
    assertThat(
            account.error(
                ec2 -> ec2.releaseAddress(r -> r.allocationId(address).networkBorderGroup("x"))))
        .startsWith("InvalidAddress.NotFound");
  }

  @Test
  void a_nat_gateway_without_an_internet_gateway_fails_as_a_state() {
    String address = account.user(ec2 -> ec2.allocateAddress(r -> {})).allocationId();
    NatGateway made =
        account
            .user(ec2 -> ec2.createNatGateway(r -> r.subnetId(subnet).allocationId(address)))
            .natGateway();
    assertThat(made.stateAsString()).isEqualTo("failed");
    assertThat(made.failureCode()).isEqualTo("Gateway.NotAttached");
    assertThat(account.user(ec2 -> ec2.describeNetworkInterfaces(r -> {})).networkInterfaces())
        .isEmpty();
    account.user(ec2 -> ec2.releaseAddress(r -> r.allocationId(address)));
  }

  @Test
  void a_secondary_address_moves_where_that_is_allowed() {
    String one = eni().networkInterfaceId();
    String two = eni().networkInterfaceId();
    String ip =
        account
            .user(
                ec2 ->
                    ec2.assignPrivateIpAddresses(
                        r -> r.networkInterfaceId(one).secondaryPrivateIpAddressCount(1)))
            .assignedPrivateIpAddresses()
            .getFirst()
            .privateIpAddress();
    assertThat(
            account.error(
                ec2 ->
                    ec2.assignPrivateIpAddresses(
                        r -> r.networkInterfaceId(two).privateIpAddresses(ip))))
        .startsWith("InvalidIPAddress.InUse");
    account.user(
        ec2 ->
            ec2.assignPrivateIpAddresses(
                r -> r.networkInterfaceId(two).privateIpAddresses(ip).allowReassignment(true)));
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeNetworkInterfaces(
                            r -> r.filters(filter("addresses.private-ip-address", ip))))
                .networkInterfaces())
        .extracting(NetworkInterface::networkInterfaceId)
        .containsExactly(two);
  }

  @Test
  void flow_logs_asked_for_twice_with_a_token_are_the_same() {
    CreateFlowLogsRequest request =
        CreateFlowLogsRequest.builder()
            .resourceType(FlowLogsResourceType.VPC)
            .resourceIds(vpc)
            .trafficType(TrafficType.ALL)
            .logGroupName("flows")
            .deliverLogsPermissionArn("arn:aws:iam::000000000000:role/flows")
            .clientToken("once")
            .build();
    CreateFlowLogsResponse first = account.user(ec2 -> ec2.createFlowLogs(request));
    CreateFlowLogsResponse again = account.user(ec2 -> ec2.createFlowLogs(request));
    assertThat(again.flowLogIds()).isEqualTo(first.flowLogIds()).hasSize(1);
    assertThat(again.unsuccessful()).isEmpty();
    assertThat(
            account.error(
                ec2 ->
                    ec2.createFlowLogs(
                        request.toBuilder().trafficType(TrafficType.REJECT).build())))
        .startsWith("IdempotentParameterMismatch");
  }

  @Test
  void a_route_leads_to_one_place_and_its_state_can_be_asked_for() {
    String table =
        account.user(ec2 -> ec2.createRouteTable(r -> r.vpcId(vpc))).routeTable().routeTableId();
    String eni = eni().networkInterfaceId();
    assertThat(
            account.error(
                ec2 ->
                    ec2.createRoute(
                        r ->
                            r.routeTableId(table)
                                .destinationCidrBlock("0.0.0.0/0")
                                .gatewayId("igw-1")
                                .networkInterfaceId(eni))))
        .startsWith("InvalidParameterCombination: The request must contain exactly one of");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createRoute(r -> r.routeTableId(table).destinationCidrBlock("0.0.0.0/0"))))
        .startsWith("MissingParameter: The request must contain exactly one of");
    account.user(
        ec2 ->
            ec2.createRoute(
                r ->
                    r.routeTableId(table)
                        .destinationCidrBlock("0.0.0.0/0")
                        .networkInterfaceId(eni)));
    account.user(ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni)));
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeRouteTables(r -> r.filters(filter("route.state", "blackhole"))))
                .routeTables())
        .extracting(RouteTable::routeTableId)
        .containsExactly(table);
  }

  @Test
  void a_key_pairs_public_half_is_shown_where_it_is_asked_for() {
    account.user(ec2 -> ec2.createKeyPair(r -> r.keyName("k")));
    assertThat(account.user(ec2 -> ec2.describeKeyPairs(r -> {})).keyPairs().getFirst().publicKey())
        .isNull();
    assertThat(
            account
                .user(ec2 -> ec2.describeKeyPairs(r -> r.includePublicKey(true)))
                .keyPairs()
                .getFirst()
                .publicKey())
        .startsWith("ssh-rsa AAAAB3NzaC1yc2E")
        .endsWith(" k");
  }

  @Test
  void an_interface_that_a_service_holds_is_in_use_and_not_the_users_to_detach() {
    NetworkInterface eni =
        account
            .service(
                ec2 ->
                    ec2.createNetworkInterface(
                        r -> r.subnetId(subnet).interfaceType("load_balancer")))
            .networkInterface();
    assertThat(
            account.error(
                ec2 ->
                    ec2.deleteNetworkInterface(
                        r -> r.networkInterfaceId(eni.networkInterfaceId()))))
        .isEqualTo(
            "InvalidParameterValue: Network interface '"
                + eni.networkInterfaceId()
                + "' is currently in use.");
    assertThat(
            account.error(
                ec2 ->
                    ec2.detachNetworkInterface(
                        r -> r.attachmentId(eni.attachment().attachmentId()))))
        .isEqualTo(
            "OperationNotPermitted: You are not allowed to manage 'ela-attach' attachments.");
  }

  @Test
  void endpoints_take_a_policy_that_is_one() {
    assertThat(
            account.error(
                ec2 ->
                    ec2.createVpcEndpoint(
                        r ->
                            r.vpcId(vpc)
                                .serviceName("com.amazonaws.us-east-1.s3")
                                .policyDocument("{oops"))))
        .startsWith("InvalidPolicyDocument");
  }

  @Test
  void protocols_are_found_by_name_and_by_number() {
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeNetworkAcls(
                            r -> r.filters(filter("entry.protocol", "-1"), filter("vpc-id", vpc))))
                .networkAcls())
        .hasSize(1);
    String group = group(vpc, "web");
    account.user(
        ec2 ->
            ec2.authorizeSecurityGroupIngress(
                r ->
                    r.groupId(group).ipProtocol("tcp").fromPort(1).toPort(2).cidrIp("1.2.3.4/32")));
    for (String protocol : List.of("tcp", "6")) {
      assertThat(
              account
                  .user(
                      ec2 ->
                          ec2.describeSecurityGroups(
                              r -> r.filters(filter("ip-permission.protocol", protocol))))
                  .securityGroups())
          .extracting(SecurityGroup::groupId)
          .containsExactly(group);
    }
  }
}
