package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.EnablePrefixForIpv6SourceNatEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupTuple;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** Nothing that is asked for is dropped without a word, and what is wrong gets AWS's own error. */
@SuppressWarnings("unchecked") // the SDK's consumers as varargs
class StrictInputTest extends ElbFixture {

  private static final String OTHERS =
      "arn:aws:elasticloadbalancing:us-east-1:999999999999:loadbalancer/app/web/0123456789abcdef";

  private void refused(String code, String message, Supplier<?> what) {
    Throwable thrown = catchThrowable(() -> call(what));
    assertThat(thrown).isInstanceOf(RuntimeException.class);
    assertThat(thrown.getMessage()).contains(message);
    String said =
        thrown instanceof AwsServiceException e && e.awsErrorDetails() != null
            ? e.awsErrorDetails().errorCode()
            : thrown.getClass().getSimpleName().replace("Exception", "");
    assertThat(said).isEqualTo(code);
  }

  @Test
  void an_arn_that_is_none_is_said_to_be_none() {
    refused(
        "ValidationError",
        "'nonsense' is not a valid load balancer ARN",
        () -> elb.describeLoadBalancers(r -> r.loadBalancerArns("nonsense")));
    refused(
        "ValidationError",
        "'" + OTHERS + "' is not a valid load balancer ARN",
        () -> elb.describeListeners(r -> r.loadBalancerArn(OTHERS)));
    refused(
        "ValidationError",
        "'x' is not a valid load balancer ARN",
        () -> elb.deleteLoadBalancer(r -> r.loadBalancerArn("x")));
    refused(
        "ValidationError",
        "'web' is not a valid target group ARN",
        () -> elb.registerTargets(r -> r.targetGroupArn("web").targets(t -> t.id("10.0.0.9"))));
    refused(
        "ValidationError",
        "'web' is not a valid target group ARN",
        () -> elb.deleteTargetGroup(r -> r.targetGroupArn("web")));
    refused(
        "ValidationError",
        "'web' is not a valid target group ARN",
        () -> elb.describeTargetGroups(r -> r.targetGroupArns("web")));
    refused(
        "ValidationError",
        "'l' is not a valid listener ARN",
        () -> elb.deleteListener(r -> r.listenerArn("l")));
    refused(
        "ValidationError",
        "'r' is not a valid listener rule ARN",
        () -> elb.describeRules(r -> r.ruleArns("r")));
    refused(
        "ValidationError",
        "'r' is not a valid listener rule ARN",
        () -> elb.deleteRule(r -> r.ruleArn("r")));
    refused(
        "ValidationError",
        "'thing' is not a valid ARN",
        () -> elb.addTags(r -> r.resourceArns("thing").tags(t -> t.key("a").value("b"))));
  }

  @Test
  void what_ipv6_would_need_is_refused_by_name() {
    refused(
        "OperationNotPermitted",
        "EnablePrefixForIpv6SourceNat",
        () ->
            elb.createLoadBalancer(
                r ->
                    r.name("six")
                        .type(LoadBalancerTypeEnum.NETWORK)
                        .subnets("subnet-a")
                        .enablePrefixForIpv6SourceNat(EnablePrefixForIpv6SourceNatEnum.ON)));
    refused(
        "OperationNotPermitted",
        "A chosen address",
        () ->
            elb.createLoadBalancer(
                r ->
                    r.name("six")
                        .type(LoadBalancerTypeEnum.NETWORK)
                        .subnetMappings(m -> m.subnetId("subnet-a").iPv6Address("fd00::1"))));
    String lb = balancer();
    refused(
        "OperationNotPermitted",
        "IpAddressType dualstack",
        () ->
            elb.setSubnets(
                r ->
                    r.loadBalancerArn(lb)
                        .subnets("subnet-a", "subnet-b")
                        .ipAddressType("dualstack")));
    refused(
        "OperationNotPermitted",
        "TargetControlPort",
        () ->
            elb.createTargetGroup(
                r ->
                    r.name("control")
                        .protocol(ProtocolEnum.HTTP)
                        .port(80)
                        .vpcId("vpc-1")
                        .targetControlPort(3000)));
  }

  @Test
  void a_check_without_http_takes_neither_path_nor_codes() {
    refused(
        "InvalidConfigurationRequest",
        "Health check paths are not supported for TCP health checks",
        () ->
            elb.createTargetGroup(
                r ->
                    r.name("tcp")
                        .protocol(ProtocolEnum.TCP)
                        .port(80)
                        .vpcId("vpc-1")
                        .healthCheckPath("/up")));
    refused(
        "InvalidConfigurationRequest",
        "Health check matchers are not supported for TCP health checks",
        () ->
            elb.createTargetGroup(
                r ->
                    r.name("tcp")
                        .protocol(ProtocolEnum.TCP)
                        .port(80)
                        .vpcId("vpc-1")
                        .matcher(m -> m.httpCode("200"))));
    TargetGroup group = tcp("tcp", ProtocolEnum.TCP);
    refused(
        "InvalidConfigurationRequest",
        "Health check paths are not supported for TCP health checks",
        () ->
            elb.modifyTargetGroup(
                r -> r.targetGroupArn(group.targetGroupArn()).healthCheckPath("/up")));
    // Terraform and others send empty ones where there are none.
    assertThat(
            call(() ->
                    elb.modifyTargetGroup(
                        r -> r.targetGroupArn(group.targetGroupArn()).healthCheckPath("")))
                .targetGroups()
                .getFirst()
                .healthCheckPath())
        .isNull();
  }

  private TargetGroup tcp(String name, ProtocolEnum protocol) {
    return call(() ->
            elb.createTargetGroup(
                r ->
                    r.name(name)
                        .protocol(protocol)
                        .port(80)
                        .vpcId("vpc-1")
                        .targetType(TargetTypeEnum.IP)))
        .targetGroups()
        .getFirst();
  }

  private Supplier<?> attributes(String group, String... pairs) {
    return () ->
        elb.modifyTargetGroupAttributes(
            r -> {
              r.targetGroupArn(group);
              var all =
                  new java.util.ArrayList<
                      software.amazon.awssdk.services.elasticloadbalancingv2.model
                          .TargetGroupAttribute>();
              for (int i = 0; i < pairs.length; i += 2) {
                String key = pairs[i];
                String value = pairs[i + 1];
                all.add(
                    software.amazon.awssdk.services.elasticloadbalancingv2.model
                        .TargetGroupAttribute.builder()
                        .key(key)
                        .value(value)
                        .build());
              }
              r.attributes(all);
            });
  }

  @Test
  void stickiness_goes_with_the_protocol() {
    String http = group("web").targetGroupArn();
    refused(
        "InvalidConfigurationRequest",
        "Stickiness type 'source_ip' is not supported for target groups with the HTTP protocol",
        attributes(http, "stickiness.type", "source_ip"));
    String tcp = tcp("tcp", ProtocolEnum.TCP).targetGroupArn();
    refused(
        "InvalidConfigurationRequest",
        "Stickiness type 'lb_cookie' is not supported for target groups with the TCP protocol",
        attributes(tcp, "stickiness.type", "lb_cookie"));
    String tls = tcp("tls", ProtocolEnum.TLS).targetGroupArn();
    refused(
        "InvalidConfigurationRequest",
        "You cannot enable stickiness on target groups with the TLS protocol",
        attributes(tls, "stickiness.enabled", "true"));
  }

  private static Action divided(String one, String other, boolean stuck) {
    return Action.builder()
        .type(ActionTypeEnum.FORWARD)
        .forwardConfig(
            f -> {
              f.targetGroups(
                  t -> t.targetGroupArn(one).weight(1), t -> t.targetGroupArn(other).weight(1));
              if (stuck) {
                f.targetGroupStickinessConfig(s -> s.enabled(true).durationSeconds(60));
              }
            })
        .build();
  }

  @Test
  void a_group_that_shares_a_rule_is_sticky_only_where_the_rule_is() {
    String one = group("one").targetGroupArn();
    String two = group("two").targetGroupArn();
    String lb = balancer();
    String listener = listener(lb, one);
    call(attributes(one, "stickiness.enabled", "true"));
    refused(
        "InvalidConfigurationRequest",
        "group stickiness",
        () ->
            elb.createRule(
                r ->
                    r.listenerArn(listener)
                        .priority(1)
                        .conditions(c -> c.field("path-pattern").values("/a"))
                        .actions(divided(one, two, false))));
    String rule =
        call(() ->
                elb.createRule(
                    r ->
                        r.listenerArn(listener)
                            .priority(1)
                            .conditions(c -> c.field("path-pattern").values("/a"))
                            .actions(divided(one, two, true))))
            .rules()
            .getFirst()
            .ruleArn();
    call(attributes(one, "stickiness.enabled", "false"));
    call(() -> elb.modifyRule(r -> r.ruleArn(rule).actions(divided(one, two, false))));
    refused(
        "InvalidConfigurationRequest",
        "This target group appears behind a rule with group stickiness disabled ("
            + rule
            + "). You must enable group stickiness before enabling target stickiness",
        attributes(two, "stickiness.enabled", "true"));
  }

  @Test
  void a_log_needs_a_bucket() {
    String lb = balancer();
    refused(
        "InvalidConfigurationRequest",
        "'access_logs.s3.bucket'",
        () ->
            elb.modifyLoadBalancerAttributes(
                r ->
                    r.loadBalancerArn(lb)
                        .attributes(a -> a.key("access_logs.s3.enabled").value("true"))));
  }

  @Test
  void a_listener_in_the_clear_takes_neither_policy_nor_certificate() {
    String lb = balancer();
    String group = group("web").targetGroupArn();
    refused(
        "ValidationError",
        "SSL policies cannot be specified for HTTP listeners",
        () ->
            elb.createListener(
                r ->
                    r.loadBalancerArn(lb)
                        .port(80)
                        .protocol(ProtocolEnum.HTTP)
                        .sslPolicy("ELBSecurityPolicy-2016-08")
                        .defaultActions(
                            a -> a.type(ActionTypeEnum.FORWARD).targetGroupArn(group))));
    String listener = listener(lb, group);
    refused(
        "ValidationError",
        "Certificates cannot be specified for HTTP listeners",
        () ->
            elb.modifyListener(
                r ->
                    r.listenerArn(listener)
                        .certificates(
                            c ->
                                c.certificateArn(
                                    "arn:aws:acm:us-east-1:000000000000:certificate/x"))));
    refused(
        "ValidationError",
        "SSL policies cannot be specified for HTTP listeners",
        () ->
            elb.modifyListener(
                r -> r.listenerArn(listener).sslPolicy("ELBSecurityPolicy-2016-08")));
    assertThat(
            call(() -> elb.describeListenerAttributes(r -> r.listenerArn(listener))).attributes())
        .noneMatch(a -> a.key().startsWith("routing.http.request."));
  }

  @Test
  void actions_are_checked_to_the_last_field() {
    String lb = balancer();
    String group = group("web").targetGroupArn();
    String listener = listener(lb, group);
    refused(
        "InvalidLoadBalancerAction",
        "'#{nope}'",
        () ->
            elb.createRule(
                r ->
                    r.listenerArn(listener)
                        .priority(1)
                        .conditions(c -> c.field("path-pattern").values("/a"))
                        .actions(
                            a ->
                                a.type(ActionTypeEnum.REDIRECT)
                                    .redirectConfig(
                                        c -> c.path("/#{nope}").statusCode("HTTP_301")))));
    refused(
        "ValidationError",
        "'order'",
        () ->
            elb.createRule(
                r ->
                    r.listenerArn(listener)
                        .priority(1)
                        .conditions(c -> c.field("path-pattern").values("/a"))
                        .actions(
                            a -> a.type(ActionTypeEnum.FORWARD).targetGroupArn(group).order(0))));
    refused(
        "ValidationError",
        "pageSize",
        () -> elb.describeRules(r -> r.listenerArn(listener).pageSize(401)));
  }

  @Test
  void a_balancers_own_address_is_no_target() {
    String lb = balancer();
    TargetGroup group = group("loop");
    listener(lb, group.targetGroupArn());
    call(
        () ->
            elb.registerTargets(
                r -> r.targetGroupArn(group.targetGroupArn()).targets(t -> t.id("10.0.0.10"))));
    var health =
        call(() -> elb.describeTargetHealth(r -> r.targetGroupArn(group.targetGroupArn())))
            .targetHealthDescriptions()
            .getFirst()
            .targetHealth();
    assertThat(health.stateAsString()).isEqualTo("unused");
    assertThat(health.reasonAsString()).isEqualTo("Target.IpUnusable");
    assertThat(health.description())
        .isEqualTo("The IP address cannot be used as a target, as it is in use by a load balancer");
    assertThat(RoutingTables.plan(store.snapshot()).groups().getFirst().targets()).isEmpty();
  }

  @Test
  void subnets_stay_in_the_balancers_network_and_tags_in_their_bounds() {
    String lb = balancer();
    refused(
        "ValidationError",
        "tags.1.member.value",
        () -> elb.addTags(r -> r.resourceArns(lb).tags(t -> t.key("a").value("x".repeat(257)))));
    refused(
        "ValidationError",
        "tags.1.member.key",
        () -> elb.addTags(r -> r.resourceArns(lb).tags(t -> t.key("k".repeat(129)).value("x"))));
  }

  @Test
  void anomalies_are_said_where_they_are_asked_for() {
    String group = group("web").targetGroupArn();
    listener(balancer(), group);
    call(() -> elb.registerTargets(r -> r.targetGroupArn(group).targets(t -> t.id("10.0.0.20"))));
    anomalies.put("10.0.0.20:80", new LiveTraffic.Anomaly(true, false));
    var plain = call(() -> elb.describeTargetHealth(r -> r.targetGroupArn(group)));
    assertThat(plain.targetHealthDescriptions().getFirst().anomalyDetection()).isNull();
    var asked =
        call(
            () ->
                elb.describeTargetHealth(
                    r -> r.targetGroupArn(group).includeWithStrings("AnomalyDetection")));
    var said = asked.targetHealthDescriptions().getFirst().anomalyDetection();
    assertThat(said.resultAsString()).isEqualTo("anomalous");
    assertThat(said.mitigationInEffectAsString()).isEqualTo("no");
    refused(
        "ValidationError",
        "enum value set",
        () ->
            elb.describeTargetHealth(
                r -> r.targetGroupArn(group).includeWithStrings("Everything")));
  }

  @Test
  void an_addresss_zone_is_its_subnets() {
    String group = group("web").targetGroupArn();
    refused(
        "ValidationError",
        "The IP address '10.0.0.20' is within the VPC, and cannot have its Availability Zone"
            + " overridden to 'all' from 'us-east-1a'",
        () ->
            elb.registerTargets(
                r ->
                    r.targetGroupArn(group)
                        .targets(t -> t.id("10.0.0.20").availabilityZone("all"))));
    refused(
        "ValidationError",
        "You must specify a valid Availability Zone or select 'all'",
        () ->
            elb.registerTargets(
                r ->
                    r.targetGroupArn(group)
                        .targets(t -> t.id("192.168.7.7").availabilityZone("mars-1a"))));
    refused(
        "ValidationError",
        "The Availability Zone for IP address '192.168.7.7' must be 'all'",
        () ->
            elb.registerTargets(
                r ->
                    r.targetGroupArn(group)
                        .targets(t -> t.id("192.168.7.7").availabilityZone("us-east-1a"))));
  }

  private void rule(String listener, String message, RuleCondition condition) {
    refused(
        "ValidationError",
        message,
        () ->
            elb.createRule(
                r ->
                    r.listenerArn(listener)
                        .priority(1)
                        .conditions(condition)
                        .actions(
                            a ->
                                a.type(ActionTypeEnum.FIXED_RESPONSE)
                                    .fixedResponseConfig(f -> f.statusCode("200")))));
  }

  @Test
  void conditions_are_what_aws_takes_for_some() {
    String listener = listener(balancer(), group("web").targetGroupArn());
    rule(
        listener,
        "A condition field must be specified",
        RuleCondition.builder().values("/a").build());
    rule(
        listener,
        "You cannot provide both Values and 'HostHeaderConfig' for a condition of type"
            + " 'host-header'",
        RuleCondition.builder()
            .field("host-header")
            .values("a.example.com")
            .hostHeaderConfig(c -> c.values("a.example.com"))
            .build());
    rule(
        listener,
        "invalid characters",
        RuleCondition.builder().field("host-header").values("example.com:8443").build());
    rule(
        listener,
        "at least one '.'",
        RuleCondition.builder().field("host-header").values("web").build());
  }

  @Test
  void a_balancer_has_its_most_target_groups() {
    String lb = balancer();
    for (int port = 1; port <= 20; port++) {
      int first = 5 * port;
      int at = port;
      call(
          () ->
              elb.createListener(
                  r ->
                      r.loadBalancerArn(lb)
                          .port(at)
                          .protocol(ProtocolEnum.HTTP)
                          .defaultActions(
                              a ->
                                  a.type(ActionTypeEnum.FORWARD)
                                      .forwardConfig(
                                          f ->
                                              f.targetGroups(
                                                  java.util.stream.IntStream.range(0, 5)
                                                      .mapToObj(i -> group("g" + (first + i)))
                                                      .map(
                                                          g ->
                                                              TargetGroupTuple.builder()
                                                                  .targetGroupArn(
                                                                      g.targetGroupArn())
                                                                  .weight(1)
                                                                  .build())
                                                      .toList())))));
    }
    String one = group("one").targetGroupArn();
    refused(
        "TooManyUniqueTargetGroupsPerLoadBalancer",
        "maximum number of unique target groups",
        () ->
            elb.createListener(
                r ->
                    r.loadBalancerArn(lb)
                        .port(99)
                        .protocol(ProtocolEnum.HTTP)
                        .defaultActions(a -> a.type(ActionTypeEnum.FORWARD).targetGroupArn(one))));
    assertThat(call(() -> elb.describeListeners(r -> r.loadBalancerArn(lb))).listeners())
        .hasSize(20);
  }

  @Test
  void the_subnet_that_is_missing_is_named() {
    refused(
        "SubnetNotFound",
        "The subnet ID 'subnet-z' does not exist",
        () -> elb.createLoadBalancer(r -> r.name("z").subnets("subnet-a", "subnet-z")));
  }

  @Test
  void lists_are_given_in_pages() {
    var page = call(() -> elb.describeSSLPolicies(r -> r.pageSize(2)));
    assertThat(page.sslPolicies()).hasSize(2);
    assertThat(page.nextMarker()).isNotNull();
    var next = call(() -> elb.describeSSLPolicies(r -> r.pageSize(400).marker(page.nextMarker())));
    assertThat(next.sslPolicies()).doesNotContainAnyElementsOf(page.sslPolicies());
    assertThat(next.nextMarker()).isNull();
    var limits = call(() -> elb.describeAccountLimits(r -> r.pageSize(3)));
    assertThat(limits.limits()).hasSize(3);
    assertThat(limits.nextMarker()).isNotNull();
  }
}
