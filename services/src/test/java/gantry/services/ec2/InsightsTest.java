package gantry.services.ec2;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.*;

/** Reachability Analyzer's answers and words. */
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
class InsightsTest {

  private final Account account = new Account();
  private final String vpc =
      account.user(ec2 -> ec2.createVpc(r -> r.cidrBlock("10.0.0.0/16"))).vpc().vpcId();
  private final String near = subnet("10.0.1.0/24");
  private final String far = subnet("10.0.2.0/24");
  private final String web =
      account
          .user(
              ec2 -> ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName("web").description("web")))
          .groupId();
  private final String client = eni(near);
  private final String server = eni(far);
  private int tokens;

  private String subnet(String cidr) {
    return account
        .user(ec2 -> ec2.createSubnet(r -> r.vpcId(vpc).cidrBlock(cidr)))
        .subnet()
        .subnetId();
  }

  private String eni(String subnet) {
    return account
        .user(ec2 -> ec2.createNetworkInterface(r -> r.subnetId(subnet).groups(web)))
        .networkInterface()
        .networkInterfaceId();
  }

  private void allowHttp() {
    account.user(
        ec2 ->
            ec2.authorizeSecurityGroupIngress(
                r ->
                    r.groupId(web)
                        .ipProtocol("tcp")
                        .fromPort(80)
                        .toPort(80)
                        .cidrIp("10.0.0.0/16")));
  }

  private String path(String destination, String address) {
    return account
        .user(
            ec2 ->
                ec2.createNetworkInsightsPath(
                    r ->
                        r.source(client)
                            .destination(destination)
                            .destinationIp(address)
                            .protocol(Protocol.TCP)
                            .destinationPort(80)
                            .clientToken("p" + tokens++)))
        .networkInsightsPath()
        .networkInsightsPathId();
  }

  private NetworkInsightsAnalysis analysis(String path) {
    String id =
        account
            .user(
                ec2 ->
                    ec2.startNetworkInsightsAnalysis(
                        r -> r.networkInsightsPathId(path).clientToken("a" + tokens++)))
            .networkInsightsAnalysis()
            .networkInsightsAnalysisId();
    NetworkInsightsAnalysis now =
        account
            .user(ec2 -> ec2.describeNetworkInsightsAnalyses(r -> r.networkInsightsAnalysisIds(id)))
            .networkInsightsAnalyses()
            .getFirst();
    assertThat(now.status()).isEqualTo(AnalysisStatus.SUCCEEDED);
    return now;
  }

  private static Explanation only(NetworkInsightsAnalysis analysis) {
    assertThat(analysis.networkPathFound()).isFalse();
    assertThat(analysis.explanations()).hasSize(1);
    return analysis.explanations().getFirst();
  }

  @Test
  void a_group_without_a_rule_then_the_way_then_an_acl() {
    String path = path(server, null);
    Explanation closed = only(analysis(path));
    assertThat(closed.explanationCode()).isEqualTo("ENI_SG_RULES_MISMATCH");
    assertThat(closed.direction()).isEqualTo("ingress");
    assertThat(closed.networkInterface().id()).isEqualTo(server);
    assertThat(closed.securityGroups()).extracting(AnalysisComponent::id).containsExactly(web);
    assertThat(closed.securityGroups().getFirst().arn())
        .isEqualTo("arn:aws:ec2:us-east-1:000000000000:security-group/" + web);

    allowHttp();
    NetworkInsightsAnalysis open = analysis(path);
    assertThat(open.networkPathFound()).isTrue();
    assertThat(open.explanations()).isEmpty();
    assertThat(open.forwardPathComponents())
        .extracting(each -> each.component().id().replaceAll("-.*", ""))
        .containsExactly("eni", "sg", "acl", "rtb", "acl", "sg", "eni");
    assertThat(open.forwardPathComponents().get(5).securityGroupRule().cidr())
        .isEqualTo("10.0.0.0/16");
    assertThat(open.forwardPathComponents().getLast().component().id()).isEqualTo(server);
    assertThat(open.forwardPathComponents().getLast().subnet().id()).isEqualTo(far);

    String acl =
        account
            .user(ec2 -> ec2.describeNetworkAcls(r -> r.filters(f -> f.name("vpc-id").values(vpc))))
            .networkAcls()
            .getFirst()
            .networkAclId();
    account.user(
        ec2 ->
            ec2.createNetworkAclEntry(
                r ->
                    r.networkAclId(acl)
                        .ruleNumber(50)
                        .protocol("6")
                        .portRange(p -> p.from(80).to(80))
                        .ruleAction(RuleAction.DENY)
                        .egress(false)
                        .cidrBlock("10.0.1.0/24")));
    Explanation denied = only(analysis(path));
    assertThat(denied.explanationCode()).isEqualTo("SUBNET_ACL_RESTRICTION");
    assertThat(denied.direction()).isEqualTo("ingress");
    assertThat(denied.acl().id()).isEqualTo(acl);
    assertThat(denied.subnet().id()).isEqualTo(far);
  }

  @Test
  void the_internet_needs_a_route_and_a_public_address() {
    String gateway =
        account.user(ec2 -> ec2.createInternetGateway()).internetGateway().internetGatewayId();
    String path = path(gateway, null);
    assertThat(only(analysis(path)).explanationCode()).isEqualTo("NO_ROUTE_TO_DESTINATION");
    account.user(ec2 -> ec2.attachInternetGateway(r -> r.vpcId(vpc).internetGatewayId(gateway)));
    String routes =
        account
            .user(ec2 -> ec2.describeRouteTables(r -> r.filters(f -> f.name("vpc-id").values(vpc))))
            .routeTables()
            .getFirst()
            .routeTableId();
    account.user(
        ec2 ->
            ec2.createRoute(
                r -> r.routeTableId(routes).destinationCidrBlock("0.0.0.0/0").gatewayId(gateway)));
    Explanation without = only(analysis(path));
    assertThat(without.explanationCode()).isEqualTo("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS");
    assertThat(without.internetGateway().id()).isEqualTo(gateway);
    String allocation = account.user(ec2 -> ec2.allocateAddress(r -> {})).allocationId();
    String association =
        account
            .user(
                ec2 ->
                    ec2.associateAddress(
                        r -> r.allocationId(allocation).networkInterfaceId(client)))
            .associationId();
    assertThat(analysis(path).forwardPathComponents().getLast().component().id())
        .isEqualTo(gateway);
    account.user(ec2 -> ec2.disassociateAddress(r -> r.associationId(association)));
    account.user(ec2 -> ec2.detachInternetGateway(r -> r.vpcId(vpc).internetGatewayId(gateway)));
    Explanation hole = only(analysis(path));
    assertThat(hole.explanationCode()).isEqualTo("BAD_STATE_ROUTE");
    assertThat(hole.routeTableRoute().gatewayId()).isEqualTo(gateway);
  }

  @Test
  void paths_and_analyses_are_found_tagged_and_deleted_in_order() {
    String path = path(null, "10.0.2.250");
    assertThat(only(analysis(path)).explanationCode()).isEqualTo("NO_POSSIBLE_DESTINATION");
    NetworkInsightsAnalysis analysis = analysis(path);
    account.user(
        ec2 ->
            ec2.createTags(
                r ->
                    r.resources(path, analysis.networkInsightsAnalysisId())
                        .tags(t -> t.key("k").value("v"))));
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeNetworkInsightsPaths(
                            r -> r.filters(f -> f.name("tag:k").values("v"))))
                .networkInsightsPaths())
        .extracting(NetworkInsightsPath::networkInsightsPathId)
        .containsExactly(path);
    assertThat(
            account
                .user(
                    ec2 ->
                        ec2.describeNetworkInsightsAnalyses(
                            r ->
                                r.networkInsightsPathId(path)
                                    .filters(f -> f.name("path-found").values("false"))))
                .networkInsightsAnalyses())
        .hasSize(2);
    assertThat(
            account.error(ec2 -> ec2.deleteNetworkInsightsPath(r -> r.networkInsightsPathId(path))))
        .startsWith("AnalysisExistsForNetworkInsightsPath");
    account
        .user(ec2 -> ec2.describeNetworkInsightsAnalyses(r -> {}))
        .networkInsightsAnalyses()
        .forEach(
            each ->
                account.user(
                    ec2 ->
                        ec2.deleteNetworkInsightsAnalysis(
                            r -> r.networkInsightsAnalysisId(each.networkInsightsAnalysisId()))));
    account.user(ec2 -> ec2.deleteNetworkInsightsPath(r -> r.networkInsightsPathId(path)));
    assertThat(
            account.error(
                ec2 ->
                    ec2.startNetworkInsightsAnalysis(
                        r -> r.networkInsightsPathId(path).clientToken("x"))))
        .startsWith("InvalidNetworkInsightsPathId.NotFound");
  }

  @Test
  void what_is_not_analysed_is_refused_by_name() {
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkInsightsPath(
                        r ->
                            r.source(client)
                                .destination(server)
                                .protocol(Protocol.TCP)
                                .clientToken("t"))))
        .startsWith("UnsupportedOperation")
        .contains("DestinationPort");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkInsightsPath(
                        r ->
                            r.source("igw-0")
                                .destination(server)
                                .destinationPort(80)
                                .protocol(Protocol.TCP)
                                .clientToken("t"))))
        .startsWith("UnsupportedOperation")
        .contains("igw-0");
    assertThat(
            account.error(
                ec2 ->
                    ec2.createNetworkInsightsPath(
                        r ->
                            r.source("eni-00000000000000000")
                                .destination(server)
                                .destinationPort(80)
                                .protocol(Protocol.TCP)
                                .clientToken("t"))))
        .startsWith("InvalidNetworkInterfaceID.NotFound");
  }
}
