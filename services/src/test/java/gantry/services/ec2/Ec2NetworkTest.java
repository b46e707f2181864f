package gantry.services.ec2;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.NetworkPlan;
import gantry.acs.network.Reachability;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Network ACLs, prefix lists, flow logs, peering and addresses, down to the plan that nodes get.
 */
class Ec2NetworkTest {

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

  private NetworkInterface eni(String subnet) {
    return account
        .user(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet)))
        .networkInterface();
  }

  @Test
  void a_network_acl_has_numbered_entries_and_subnets() {
    String vpc = vpc("10.0.0.0/16");
    String subnet = subnet(vpc, "10.0.1.0/24");
    NetworkAcl acl = account.user(ec2 -> ec2.createNetworkAcl(r -> r.vpcId(vpc))).networkAcl();
    assertThat(acl.entries()).extracting(NetworkAclEntry::ruleNumber).containsOnly(32_767);
    String id = acl.networkAclId();
    account.user(
        ec2 ->
            ec2.createNetworkAclEntry(
                r ->
                    r.networkAclId(id)
                        .ruleNumber(200)
                        .egress(false)
                        .protocol("tcp")
                        .portRange(p -> p.from(80).to(90))
                        .cidrBlock("0.0.0.0/0")
                        .ruleAction(RuleAction.ALLOW)));
    account.user(
        ec2 ->
            ec2.createNetworkAclEntry(
                r ->
                    r.networkAclId(id)
                        .ruleNumber(100)
                        .egress(false)
                        .protocol("-1")
                        .cidrBlock("10.9.0.0/16")
                        .ruleAction(RuleAction.DENY)));
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkAclEntry(
                        r ->
                            r.networkAclId(id)
                                .ruleNumber(100)
                                .egress(false)
                                .protocol("-1")
                                .cidrBlock("0.0.0.0/0")
                                .ruleAction(RuleAction.ALLOW))))
        .isEqualTo(
            "NetworkAclEntryAlreadyExists: The network acl entry identified by 100 already"
                + " exists.");
    String association =
        account
            .user(
                ec2 ->
                    ec2.describeNetworkAcls(
                        r ->
                            r.filters(
                                Filter.builder()
                                    .name("association.subnet-id")
                                    .values(subnet)
                                    .build())))
            .networkAcls()
            .getFirst()
            .associations()
            .getFirst()
            .networkAclAssociationId();
    account.user(
        ec2 ->
            ec2.replaceNetworkAclAssociation(r -> r.associationId(association).networkAclId(id)));
    NetworkPlan.Vpc planned = account.plan().vpcs().get(vpc);
    assertThat(planned.subnets().get(subnet).acl()).isEqualTo(id);
    assertThat(planned.acls().get(id).ingress())
        .extracting(NetworkPlan.AclEntry::number)
        .containsExactly(100, 200);
    assertThat(planned.acls().get(id).ingress().getLast().to()).isEqualTo(90);
    assertThat(account.error(ec2 -> ec2.deleteNetworkAcl(r -> r.networkAclId(id))))
        .startsWith("DependencyViolation: The network acl '" + id + "'");
    account.user(
        ec2 -> ec2.deleteNetworkAclEntry(r -> r.networkAclId(id).ruleNumber(100).egress(false)));
    assertThat(account.plan().vpcs().get(vpc).acls().get(id).ingress()).hasSize(1);
  }

  @Test
  void a_prefix_list_has_versions_and_counts_as_its_size() {
    PrefixListProbe list = new PrefixListProbe();
    String group =
        account
            .user(ec2 -> ec2.describeSecurityGroups(r -> {}))
            .securityGroups()
            .getFirst()
            .groupId();
    account.user(
        ec2 ->
            ec2.authorizeSecurityGroupIngress(
                r ->
                    r.groupId(group)
                        .ipPermissions(
                            IpPermission.builder()
                                .ipProtocol("tcp")
                                .fromPort(22)
                                .toPort(22)
                                .prefixListIds(PrefixListId.builder().prefixListId(list.id).build())
                                .build())));
    assertThat(account.plan().prefixLists().get(list.id)).hasSize(1);
    account.user(
        ec2 ->
            ec2.modifyManagedPrefixList(
                r ->
                    r.prefixListId(list.id)
                        .currentVersion(1L)
                        .addEntries(AddPrefixListEntry.builder().cidr("10.2.0.0/16").build())));
    assertThat(account.plan().prefixLists().get(list.id)).hasSize(2);
    assertThat(
            account.error(
                ec2 ->
                    ec2.modifyManagedPrefixList(
                        r ->
                            r.prefixListId(list.id)
                                .currentVersion(1L)
                                .removeEntries(
                                    RemovePrefixListEntry.builder().cidr("10.2.0.0/16").build()))))
        .startsWith("PrefixListVersionMismatch");
    assertThat(account.error(ec2 -> ec2.deleteManagedPrefixList(r -> r.prefixListId(list.id))))
        .startsWith("DependencyViolation");
    assertThat(account.user(ec2 -> ec2.describePrefixLists(r -> {})).prefixLists())
        .extracting(PrefixList::prefixListName)
        .containsExactlyInAnyOrder(
            "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb");
  }

  private final class PrefixListProbe {
    final String id =
        account
            .user(
                ec2 ->
                    ec2.createManagedPrefixList(
                        r ->
                            r.prefixListName("office")
                                .addressFamily("IPv4")
                                .maxEntries(5)
                                .entries(AddPrefixListEntry.builder().cidr("10.1.0.0/16").build())))
            .prefixList()
            .prefixListId();
  }

  @Test
  void flow_logs_cover_what_they_were_made_for() {
    String vpc = vpc("10.0.0.0/16");
    String subnet = subnet(vpc, "10.0.1.0/24");
    NetworkInterface eni = eni(subnet);
    CreateFlowLogsResponse made =
        account.user(
            ec2 ->
                ec2.createFlowLogs(
                    r ->
                        r.resourceType(FlowLogsResourceType.SUBNET)
                            .resourceIds(subnet, "subnet-00000000000000000")
                            .trafficType(TrafficType.REJECT)
                            .logGroupName("flows")
                            .maxAggregationInterval(60)
                            .deliverLogsPermissionArn("arn:aws:iam::000000000000:role/flow")));
    assertThat(made.flowLogIds()).hasSize(1);
    assertThat(made.unsuccessful().getFirst().error().code()).isEqualTo("InvalidSubnetID.NotFound");
    List<NetworkPlan.FlowLog> planned = account.plan().vpcs().get(vpc).flowLogs();
    assertThat(planned.getFirst().enis()).containsExactly(eni.networkInterfaceId());
    assertThat(planned.getFirst().traffic()).isEqualTo(NetworkPlan.FlowLog.Traffic.REJECT);
    assertThat(
            account.error(
                ec2 ->
                    ec2.createFlowLogs(
                        r ->
                            r.resourceType(FlowLogsResourceType.VPC)
                                .resourceIds(vpc)
                                .trafficType(TrafficType.ALL)
                                .logDestinationType(LogDestinationType.S3))))
        .startsWith("UnsupportedOperation: Flow logs to s3");
    account.user(ec2 -> ec2.deleteFlowLogs(r -> r.flowLogIds(made.flowLogIds())));
    assertThat(account.plan().vpcs().get(vpc).flowLogs()).isEmpty();
  }

  @Test
  void peerings_are_accepted_rejected_expired_and_never_overlap() {
    String a = vpc("10.0.0.0/16");
    String b = vpc("10.1.0.0/16");
    String overlapping = vpc("10.0.0.0/20");
    assertThat(
            account
                .user(ec2 -> ec2.createVpcPeeringConnection(r -> r.vpcId(a).peerVpcId(overlapping)))
                .vpcPeeringConnection()
                .status()
                .codeAsString())
        .isEqualTo("failed");
    String pcx =
        account
            .user(ec2 -> ec2.createVpcPeeringConnection(r -> r.vpcId(a).peerVpcId(b)))
            .vpcPeeringConnection()
            .vpcPeeringConnectionId();
    account.time.advance(Duration.ofDays(8));
    assertThat(
            account.error(
                ec2 -> ec2.acceptVpcPeeringConnection(r -> r.vpcPeeringConnectionId(pcx))))
        .startsWith("InvalidStateTransition");
  }

  @Test
  void an_elastic_address_replaces_the_automatic_one_and_survives_its_interface() {
    String subnet =
        account.user(ec2 -> ec2.describeSubnets(r -> {})).subnets().getFirst().subnetId();
    NetworkInterface eni = eni(subnet);
    account.user(
        ec2 ->
            ec2.modifyNetworkInterfaceAttribute(
                r ->
                    r.networkInterfaceId(eni.networkInterfaceId()).associatePublicIpAddress(true)));
    String automatic = shown(eni).association().publicIp();
    assertThat(shown(eni).association().ipOwnerId()).isEqualTo("amazon");
    AllocateAddressResponse elastic = account.user(ec2 -> ec2.allocateAddress(r -> {}));
    account.user(
        ec2 ->
            ec2.associateAddress(
                r ->
                    r.allocationId(elastic.allocationId())
                        .networkInterfaceId(eni.networkInterfaceId())));
    assertThat(shown(eni).association().publicIp()).isEqualTo(elastic.publicIp());
    assertThat(elastic.publicIp()).isNotEqualTo(automatic);
    NetworkInterface other = eni(subnet);
    assertThat(
            account.error(
                ec2 ->
                    ec2.associateAddress(
                        r ->
                            r.allocationId(elastic.allocationId())
                                .networkInterfaceId(other.networkInterfaceId())
                                .allowReassociation(false))))
        .startsWith("Resource.AlreadyAssociated");
    account.user(
        ec2 -> ec2.deleteNetworkInterface(r -> r.networkInterfaceId(eni.networkInterfaceId())));
    Address left = account.user(ec2 -> ec2.describeAddresses(r -> {})).addresses().getFirst();
    assertThat(left.associationId()).isNull();
    account.user(ec2 -> ec2.releaseAddress(r -> r.allocationId(elastic.allocationId())));
    assertThat(account.store.snapshot().scanAll(Ec2Tables.PUBLIC_ADDRESSES)).isEmpty();
  }

  private NetworkInterface shown(NetworkInterface eni) {
    return account
        .user(
            ec2 ->
                ec2.describeNetworkInterfaces(r -> r.networkInterfaceIds(eni.networkInterfaceId())))
        .networkInterfaces()
        .getFirst();
  }

  @Test
  void what_the_api_says_can_be_asked_for_its_reasons() {
    String vpc = vpc("10.0.0.0/16");
    String subnet = subnet(vpc, "10.0.1.0/24");
    String web =
        account
            .user(
                ec2 ->
                    ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName("web").description("web")))
            .groupId();
    NetworkInterface from = eni(subnet);
    NetworkInterface to =
        account
            .user(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet).groups(web)))
            .networkInterface();
    Reachability.Answer answer =
        Reachability.ask(account.plan(), from.networkInterfaceId(), to.privateIpAddress(), 6, 80);
    assertThat(answer)
        .isInstanceOfSatisfying(
            Reachability.Answer.Stopped.class,
            stopped -> {
              assertThat(stopped.by()).isEqualTo(Reachability.By.SECURITY_GROUP_INGRESS);
              assertThat(stopped.resource()).isEqualTo(web);
              assertThat(stopped.why()).contains("tcp/80").contains(from.privateIpAddress());
            });
    account.user(
        ec2 ->
            ec2.authorizeSecurityGroupIngress(
                r ->
                    r.groupId(web)
                        .ipProtocol("tcp")
                        .fromPort(80)
                        .toPort(80)
                        .cidrIp("10.0.0.0/16")));
    assertThat(
            Reachability.ask(
                    account.plan(), from.networkInterfaceId(), to.privateIpAddress(), 6, 80)
                .allowed())
        .isTrue();
    assertThat(Reachability.ask(account.plan(), from.networkInterfaceId(), "1.2.3.4", 6, 443))
        .isInstanceOfSatisfying(
            Reachability.Answer.Stopped.class,
            stopped -> assertThat(stopped.by()).isEqualTo(Reachability.By.ROUTE));
  }

  @Test
  void dhcp_options_are_kept_while_a_vpc_uses_them() {
    String vpc = vpc("10.0.0.0/16");
    String options =
        account
            .user(
                ec2 ->
                    ec2.createDhcpOptions(
                        r ->
                            r.dhcpConfigurations(
                                NewDhcpConfiguration.builder()
                                    .key("domain-name")
                                    .values("corp.test")
                                    .build())))
            .dhcpOptions()
            .dhcpOptionsId();
    account.user(ec2 -> ec2.associateDhcpOptions(r -> r.vpcId(vpc).dhcpOptionsId(options)));
    assertThat(account.error(ec2 -> ec2.deleteDhcpOptions(r -> r.dhcpOptionsId(options))))
        .isEqualTo(
            "DependencyViolation: The dhcpOptions '"
                + options
                + "' has dependencies and cannot be deleted.");
  }
}
