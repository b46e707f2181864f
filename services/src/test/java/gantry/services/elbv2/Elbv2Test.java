package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.FixedClients;
import gantry.services.acm.Acm;
import gantry.services.ecs.controller.Listening;
import gantry.services.ecs.rows.TrafficShift.Route;
import gantry.state.RowCodec;
import gantry.state.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DuplicateLoadBalancerNameException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerStateEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.OperationNotPermittedException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.PriorityInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ResourceInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthStateEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** The API, as a caller sees it, and the plan that follows from it. */
@SuppressWarnings("unchecked") // the SDK's consumers as varargs
class Elbv2Test extends ElbFixture {

  @Test
  void rows_can_be_kept() {
    RowCodec codec = new RowCodec();
    for (Table<?> table : Elbv2.hosted(LiveTraffic.none()).tables()) {
      codec.check(table.type());
    }
    for (Table<?> table : Acm.hosted().tables()) {
      codec.check(table.type());
    }
  }

  @Test
  void a_load_balancer_is_made_shown_and_made_again_without_harm() {
    String arn = balancer();
    assertThat(arn)
        .matches(
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/[0-9a-f]{16}");
    assertThat(balancer()).isEqualTo(arn);
    var shown =
        call(() -> elb.describeLoadBalancers(r -> r.names("web"))).loadBalancers().getFirst();
    assertThat(shown.state().code()).isEqualTo(LoadBalancerStateEnum.ACTIVE);
    assertThat(shown.dnsName()).matches("web-[0-9]{10}\\.us-east-1\\.elb\\.amazonaws\\.com");
    assertThat(shown.securityGroups()).containsExactly("sg-1");
    assertThat(ec2.interfaces).hasSize(2);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        elb.createLoadBalancer(r -> r.name("web").subnets("subnet-b", "subnet-c"))))
        .isInstanceOf(DuplicateLoadBalancerNameException.class)
        .hasMessage("A load balancer with the same name 'web' exists, but with different settings");
    assertThatThrownBy(
            () -> call(() -> elb.createLoadBalancer(r -> r.name("one").subnets("subnet-a"))))
        .hasMessageContaining(
            "At least two subnets in two different Availability Zones must be specified")
        .extracting(e -> ((AwsServiceException) e).awsErrorDetails().errorCode())
        .isEqualTo("ValidationError");
    call(() -> elb.deleteLoadBalancer(r -> r.loadBalancerArn(arn)));
    assertThat(ec2.interfaces).isEmpty();
    assertThatThrownBy(() -> call(() -> elb.describeLoadBalancers(r -> r.names("web"))))
        .isInstanceOf(LoadBalancerNotFoundException.class)
        .hasMessage("Load balancers '[web]' not found");
  }

  @Test
  void deletion_protection_holds_and_attributes_have_defaults() {
    String arn = balancer();
    call(
        () ->
            elb.modifyLoadBalancerAttributes(
                r ->
                    r.loadBalancerArn(arn)
                        .attributes(
                            a -> a.key("deletion_protection.enabled").value("true"),
                            a -> a.key("idle_timeout.timeout_seconds").value("120"))));
    assertThatThrownBy(() -> call(() -> elb.deleteLoadBalancer(r -> r.loadBalancerArn(arn))))
        .isInstanceOf(OperationNotPermittedException.class)
        .hasMessage(
            "Load balancer '" + arn + "' cannot be deleted because deletion protection is enabled");
    var attributes =
        call(() -> elb.describeLoadBalancerAttributes(r -> r.loadBalancerArn(arn))).attributes();
    assertThat(attributes)
        .anyMatch(a -> a.key().equals("idle_timeout.timeout_seconds") && a.value().equals("120"))
        .anyMatch(
            a ->
                a.key().equals("routing.http.desync_mitigation_mode")
                    && a.value().equals("defensive"));
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        elb.modifyLoadBalancerAttributes(
                            r ->
                                r.loadBalancerArn(arn)
                                    .attributes(a -> a.key("no.such").value("1")))))
        .hasMessageContaining("Attribute key 'no.such' is not recognized");
  }

  @Test
  void targets_go_from_initial_to_healthy_to_draining_to_gone() {
    String lb = balancer();
    TargetGroup group = group("web");
    call(
        () ->
            elb.registerTargets(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .targets(t -> t.id("10.0.0.5").port(8080))));
    assertThat(health(group).state()).isEqualTo(TargetHealthStateEnum.UNUSED);
    assertThat(health(group).description())
        .isEqualTo("Target group is not configured to receive traffic from the load balancer");
    listener(lb, group.targetGroupArn());
    assertThat(health(group).reasonAsString()).isEqualTo("Elb.RegistrationInProgress");
    TargetHealthReport.write(
        store,
        List.of(
            new TargetHealthReport(
                group.targetGroupArn(), "10.0.0.5", 8080, "healthy", null, null)));
    assertThat(health(group).state()).isEqualTo(TargetHealthStateEnum.HEALTHY);
    assertThat(health(group).reasonAsString()).isNull();
    call(
        () ->
            elb.deregisterTargets(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .targets(t -> t.id("10.0.0.5").port(8080))));
    assertThat(health(group).description()).isEqualTo("Target deregistration is in progress");
    assertThat(RoutingTables.plan(store.snapshot()).groups().getFirst().targets())
        .containsExactly(
            new BalancerPlan.Target(
                "10.0.0.5", 8080, "10.0.0.5", "us-east-1a", true, time.instant()));
    var controller = Elbv2.hosted(LiveTraffic.none()).controllers().apply(context).getFirst();
    var key = controller.all(store.snapshot()).findFirst().orElseThrow();
    assertThat(controller.reconcile(key))
        .isEqualTo(gantry.state.Controller.Again.after(Duration.ofMinutes(5)));
    time.advance(Duration.ofMinutes(5));
    controller.reconcile(key);
    var asked =
        call(
            () ->
                elb.describeTargetHealth(
                    r ->
                        r.targetGroupArn(group.targetGroupArn())
                            .targets(t -> t.id("10.0.0.5").port(8080))));
    assertThat(asked.targetHealthDescriptions().getFirst().targetHealth().reasonAsString())
        .isEqualTo("Target.NotRegistered");
    assertThat(
            call(() -> elb.describeTargetHealth(r -> r.targetGroupArn(group.targetGroupArn())))
                .targetHealthDescriptions())
        .isEmpty();
  }

  @Test
  void a_zone_without_healthy_targets_leaves_the_name_unless_all_would() {
    String lb = balancer();
    TargetGroup group = group("web");
    listener(lb, group.targetGroupArn());
    call(
        () ->
            elb.modifyTargetGroupAttributes(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .attributes(
                            a -> a.key("load_balancing.cross_zone.enabled").value("false"))));
    call(
        () ->
            elb.registerTargets(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .targets(t -> t.id("10.0.0.5").port(80), t -> t.id("10.0.1.5").port(80))));
    var controller = Elbv2.hosted(LiveTraffic.none()).controllers().apply(context).get(1);
    assertThat(outOfDns(controller, group, "healthy", "healthy")).containsExactly(false, false);
    assertThat(outOfDns(controller, group, "healthy", "unhealthy")).containsExactly(false, true);
    assertThat(outOfDns(controller, group, "unhealthy", "unhealthy")).containsExactly(false, false);
    call(
        () ->
            elb.modifyTargetGroupAttributes(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .attributes(
                            a ->
                                a.key(
                                        "target_group_health.dns_failover.minimum_healthy_targets.count")
                                    .value("off"))));
    assertThat(outOfDns(controller, group, "healthy", "unhealthy")).containsExactly(false, false);
  }

  private List<Boolean> outOfDns(
      gantry.state.Controller controller, TargetGroup group, String first, String second) {
    TargetHealthReport.write(
        store,
        List.of(
            new TargetHealthReport(group.targetGroupArn(), "10.0.0.5", 80, first, null, null),
            new TargetHealthReport(group.targetGroupArn(), "10.0.1.5", 80, second, null, null)));
    controller.reconcile(SCOPE.key(group.targetGroupArn()));
    return store
        .snapshot()
        .scanAll(Rows.BALANCERS)
        .findFirst()
        .orElseThrow()
        .value()
        .nodes()
        .stream()
        .map(Rows.NodeRow::outOfDns)
        .toList();
  }

  @Test
  void an_attribute_that_would_do_nothing_is_refused_by_name() {
    TargetGroup group =
        call(
            () ->
                elb.createTargetGroup(
                        r ->
                            r.name("udp")
                                .protocol(ProtocolEnum.UDP)
                                .port(53)
                                .vpcId("vpc-1")
                                .targetType(TargetTypeEnum.IP))
                    .targetGroups()
                    .getFirst());
    assertThatThrownBy(() -> attribute(group, "proxy_protocol_v2.enabled", "true"))
        .hasMessageContaining("proxy_protocol_v2.enabled")
        .hasMessageContaining("is not supported here");
    // Of a datagram's client the address is always kept, as on AWS.
    assertThatThrownBy(() -> attribute(group, "preserve_client_ip.enabled", "false"))
        .hasMessageContaining("'preserve_client_ip.enabled' value 'false' must be one of 'true'");
  }

  @Test
  void the_clients_address_is_kept_by_default_as_aws_does() {
    for (TargetTypeEnum type : List.of(TargetTypeEnum.INSTANCE, TargetTypeEnum.IP)) {
      for (ProtocolEnum protocol : List.of(ProtocolEnum.TCP, ProtocolEnum.UDP)) {
        TargetGroup group =
            call(
                () ->
                    elb.createTargetGroup(
                            r ->
                                r.name("keeps-" + type + "-" + protocol)
                                    .protocol(protocol)
                                    .port(53)
                                    .vpcId("vpc-1")
                                    .targetType(type))
                        .targetGroups()
                        .getFirst());
        assertThat(attributes(group))
            .containsEntry(
                "preserve_client_ip.enabled",
                Boolean.toString(type == TargetTypeEnum.INSTANCE || protocol == ProtocolEnum.UDP));
        attribute(group, "preserve_client_ip.enabled", "true");
        assertThat(attributes(group)).containsEntry("preserve_client_ip.enabled", "true");
      }
    }
  }

  private void attribute(TargetGroup group, String key, String value) {
    call(
        () ->
            elb.modifyTargetGroupAttributes(
                r ->
                    r.targetGroupArn(group.targetGroupArn())
                        .attributes(a -> a.key(key).value(value))));
  }

  private java.util.Map<String, String> attributes(TargetGroup group) {
    return call(
            () -> elb.describeTargetGroupAttributes(r -> r.targetGroupArn(group.targetGroupArn())))
        .attributes()
        .stream()
        .collect(java.util.stream.Collectors.toMap(a -> a.key(), a -> a.value()));
  }

  private software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealth health(
      TargetGroup group) {
    return call(() -> elb.describeTargetHealth(r -> r.targetGroupArn(group.targetGroupArn())))
        .targetHealthDescriptions()
        .getFirst()
        .targetHealth();
  }

  @Test
  void rules_keep_their_priorities_and_are_said_back_as_aws_does() {
    String lb = balancer();
    TargetGroup group = group("web");
    String listener = listener(lb, group.targetGroupArn());
    var rule =
        call(() ->
                elb.createRule(
                    r ->
                        r.listenerArn(listener)
                            .priority(10)
                            .conditions(c -> c.field("path-pattern").values("/api/*"))
                            .actions(
                                a ->
                                    a.type(ActionTypeEnum.FORWARD)
                                        .targetGroupArn(group.targetGroupArn()))))
            .rules()
            .getFirst();
    assertThat(rule.priority()).isEqualTo("10");
    assertThat(rule.conditions().getFirst().pathPatternConfig().values()).containsExactly("/api/*");
    assertThat(rule.actions().getFirst().forwardConfig().targetGroups().getFirst().weight())
        .isEqualTo(1);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        elb.createRule(
                            r ->
                                r.listenerArn(listener)
                                    .priority(10)
                                    .conditions(c -> c.field("path-pattern").values("/x"))
                                    .actions(
                                        a ->
                                            a.type(ActionTypeEnum.FIXED_RESPONSE)
                                                .fixedResponseConfig(f -> f.statusCode("200"))))))
        .isInstanceOf(PriorityInUseException.class)
        .hasMessage("Priority '10' is currently in use");
    var all = call(() -> elb.describeRules(r -> r.listenerArn(listener))).rules();
    assertThat(all).hasSize(2);
    assertThat(all.getLast().priority()).isEqualTo("default");
    assertThatThrownBy(() -> call(() -> elb.deleteRule(r -> r.ruleArn(all.getLast().ruleArn()))))
        .isInstanceOf(OperationNotPermittedException.class);
    assertThatThrownBy(
            () -> call(() -> elb.deleteTargetGroup(r -> r.targetGroupArn(group.targetGroupArn()))))
        .isInstanceOf(ResourceInUseException.class)
        .hasMessage(
            "Target group '"
                + group.targetGroupArn()
                + "' is currently in use by a listener or a rule");
    var plan = RoutingTables.plan(store.snapshot());
    assertThat(plan.balancers().getFirst().listeners().getFirst().rules())
        .extracting(BalancerPlan.Rule::priority)
        .containsExactly(10, 0);
    assertThat(plan.balancers().getFirst().nodes())
        .extracting(BalancerPlan.Node::address)
        .containsExactly("10.0.0.10", "10.0.1.10");
  }

  @Test
  void a_certificate_is_requested_and_serves_a_listener() {
    String lb = balancer();
    TargetGroup group = group("web");
    String certificate =
        call(() ->
                acm.requestCertificate(
                    r -> r.domainName("shop.example.com").keyAlgorithm("EC_prime256v1")))
            .certificateArn();
    var detail =
        call(() -> acm.describeCertificate(r -> r.certificateArn(certificate))).certificate();
    assertThat(detail.statusAsString()).isEqualTo("ISSUED");
    assertThat(detail.subjectAlternativeNames()).containsExactly("shop.example.com");
    call(
        () ->
            elb.createListener(
                r ->
                    r.loadBalancerArn(lb)
                        .port(443)
                        .protocol(ProtocolEnum.HTTPS)
                        .certificates(c -> c.certificateArn(certificate))
                        .defaultActions(
                            a ->
                                a.type(ActionTypeEnum.FORWARD)
                                    .targetGroupArn(group.targetGroupArn()))));
    assertThat(RoutingTables.plan(store.snapshot()).certificateArns()).containsExactly(certificate);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        elb.createListener(
                            r ->
                                r.loadBalancerArn(lb)
                                    .port(444)
                                    .protocol(ProtocolEnum.HTTPS)
                                    .defaultActions(
                                        a ->
                                            a.type(ActionTypeEnum.FORWARD)
                                                .targetGroupArn(group.targetGroupArn())))))
        .hasMessageContaining("A certificate must be specified for HTTPS listeners");
  }

  /** ECS's blue/green deployments move traffic with this: rules, default rules and listeners. */
  @Test
  void trafficIsDividedWhateverNamesTheRule() {
    String balancer = balancer();
    String blue = group("blue").targetGroupArn();
    String green = group("green").targetGroupArn();
    String listener = listener(balancer, blue);
    String rule =
        call(
            () ->
                elb.createRule(
                        r ->
                            r.listenerArn(listener)
                                .priority(1)
                                .conditions(c -> c.field("path-pattern").values("/a/*"))
                                .actions(a -> a.type("forward").targetGroupArn(blue)))
                    .rules()
                    .getFirst()
                    .ruleArn());
    String whole =
        call(
            () ->
                elb.describeRules(r -> r.listenerArn(listener)).rules().stream()
                    .filter(each -> each.isDefault())
                    .findFirst()
                    .orElseThrow()
                    .ruleArn());
    assertThat(Listening.listenerOf(whole)).isEqualTo(listener);
    Listening listening = new Listening(FixedClients.of(elb));
    String role = "arn:aws:iam::000000000000:role/ecs";
    Route route = new Route(green, blue, rule, whole, role);
    for (int i = 0; i < 2; i++) {
      assertThat(call(() -> "" + listening.set(SCOPE, route, 12.5, 100))).isEqualTo("null");
    }
    assertThat(weights(() -> elb.describeRules(r -> r.ruleArns(rule)).rules().getFirst().actions()))
        .isEqualTo(Map.of(green, 125, blue, 875));
    assertThat(
            weights(
                () ->
                    elb.describeListeners(r -> r.listenerArns(listener))
                        .listeners()
                        .getFirst()
                        .defaultActions()))
        .isEqualTo(Map.of(green, 100, blue, 0));
    // A group without traffic is still in use: its targets are checked before they get any.
    call(
        () ->
            elb.registerTargets(
                r -> r.targetGroupArn(blue).targets(t -> t.id("10.0.0.5").port(80))));
    assertThat(
            call(
                () ->
                    elb.describeTargetHealth(r -> r.targetGroupArn(blue))
                        .targetHealthDescriptions()
                        .getFirst()
                        .targetHealth()
                        .state()))
        .isEqualTo(TargetHealthStateEnum.INITIAL);
    String redirect =
        call(
            () ->
                elb.createRule(
                        r ->
                            r.listenerArn(listener)
                                .priority(2)
                                .conditions(c -> c.field("path-pattern").values("/b/*"))
                                .actions(
                                    a ->
                                        a.type("fixed-response")
                                            .fixedResponseConfig(f -> f.statusCode("503"))))
                    .rules()
                    .getFirst()
                    .ruleArn());
    assertThat(
            call(
                () ->
                    "" + listening.set(SCOPE, new Route(green, blue, redirect, null, null), 1, 1)))
        .contains("does not forward");
  }

  @Test
  void aNetworkListenerDividesItsTrafficToo() {
    String balancer =
        call(
            () ->
                elb.createLoadBalancer(r -> r.name("net").type("network").subnets("subnet-a"))
                    .loadBalancers()
                    .getFirst()
                    .loadBalancerArn());
    List<String> groups = new ArrayList<>();
    for (String name : List.of("blue", "green")) {
      groups.add(
          call(
              () ->
                  elb.createTargetGroup(
                          r ->
                              r.name(name)
                                  .protocol(ProtocolEnum.TCP)
                                  .port(80)
                                  .vpcId("vpc-1")
                                  .targetType(TargetTypeEnum.IP))
                      .targetGroups()
                      .getFirst()
                      .targetGroupArn()));
    }
    String listener =
        call(
            () ->
                elb.createListener(
                        r ->
                            r.loadBalancerArn(balancer)
                                .protocol(ProtocolEnum.TCP)
                                .port(80)
                                .defaultActions(
                                    a -> a.type("forward").targetGroupArn(groups.getFirst())))
                    .listeners()
                    .getFirst()
                    .listenerArn());
    Route route = new Route(groups.get(1), groups.getFirst(), listener, null, null);
    assertThat(call(() -> "" + new Listening(FixedClients.of(elb)).set(SCOPE, route, 30, 0)))
        .isEqualTo("null");
    assertThat(
            weights(
                () ->
                    elb.describeListeners(r -> r.listenerArns(listener))
                        .listeners()
                        .getFirst()
                        .defaultActions()))
        .isEqualTo(Map.of(groups.get(1), 30, groups.getFirst(), 70));
  }

  private Map<String, Integer> weights(Supplier<List<Action>> actions) {
    Map<String, Integer> weights = new HashMap<>();
    for (Action action : call(actions)) {
      action
          .forwardConfig()
          .targetGroups()
          .forEach(each -> weights.put(each.targetGroupArn(), each.weight()));
    }
    return weights;
  }
}
