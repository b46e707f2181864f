package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Attributes.Attribute;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.*;

/** Reading and changing the attributes of balancers, listeners and target groups. */
final class AttributeCalls {

  private final ServiceContext context;

  AttributeCalls(ServiceContext context) {
    this.context = context;
  }

  private static Map.Entry<@Nullable String, @Nullable String> entry(
      @Nullable String key, @Nullable String value) {
    return new SimpleImmutableEntry<>(key, value);
  }

  // --- load balancers ------------------------------------------------------------------------

  DescribeLoadBalancerAttributesResponse describe(DescribeLoadBalancerAttributesRequest r) {
    BalancerRow row =
        Balancers.require(
            context.store().snapshot(), Caller.current().scope(), r.loadBalancerArn());
    return DescribeLoadBalancerAttributesResponse.builder()
        .attributes(shown(row, row.attributes()))
        .build();
  }

  private static Map<String, Attribute> known(BalancerRow row) {
    return Attributes.ofBalancer(
        Balancers.application(row.balancer()),
        row.balancer().scheme() == LoadBalancerSchemeEnum.INTERNAL);
  }

  private static List<LoadBalancerAttribute> shown(BalancerRow row, Map<String, String> set) {
    return Attributes.effective(known(row), set).entrySet().stream()
        .map(e -> LoadBalancerAttribute.builder().key(e.getKey()).value(e.getValue()).build())
        .toList();
  }

  ModifyLoadBalancerAttributesResponse modify(ModifyLoadBalancerAttributesRequest r) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              BalancerRow row = Balancers.require(tx, scope, r.loadBalancerArn());
              Map<String, String> next =
                  Attributes.change(
                      known(row),
                      row.attributes(),
                      r.attributes().stream().map(a -> entry(a.key(), a.value())).toList());
              checkBalancer(row, Attributes.effective(known(row), next));
              tx.put(
                  Rows.BALANCERS,
                  scope.key(row.balancer().loadBalancerArn()),
                  row.withAttributes(next));
              return ModifyLoadBalancerAttributesResponse.builder()
                  .attributes(shown(row, next))
                  .build();
            });
  }

  private static void checkBalancer(BalancerRow row, Map<String, String> all) {
    if (Balancers.application(row.balancer())
        && "false".equals(all.get("load_balancing.cross_zone.enabled"))) {
      throw Errors.configuration(
          "Cross-zone load balancing cannot be disabled for Application Load Balancers");
    }
    for (String log : List.of("access_logs", "connection_logs")) {
      String bucket = log + ".s3.bucket";
      if ("true".equals(all.get(log + ".s3.enabled")) && all.getOrDefault(bucket, "").isEmpty()) {
        throw Errors.configuration(
            "'" + bucket + "' must be specified when '" + log + ".s3.enabled' is true");
      }
    }
  }

  // --- listeners -----------------------------------------------------------------------------

  DescribeListenerAttributesResponse describe(DescribeListenerAttributesRequest r) {
    ListenerRow row =
        Listeners.require(context.store().snapshot(), Caller.current().scope(), r.listenerArn());
    return DescribeListenerAttributesResponse.builder()
        .attributes(shown(row, row.attributes()))
        .build();
  }

  private static List<ListenerAttribute> shown(ListenerRow row, Map<String, String> set) {
    return Attributes.effective(Attributes.ofListener(row.listener()), set).entrySet().stream()
        .map(e -> ListenerAttribute.builder().key(e.getKey()).value(e.getValue()).build())
        .toList();
  }

  ModifyListenerAttributesResponse modify(ModifyListenerAttributesRequest r) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              ListenerRow row = Listeners.require(tx, scope, r.listenerArn());
              Map<String, String> next =
                  Attributes.change(
                      Attributes.ofListener(row.listener()),
                      row.attributes(),
                      r.attributes().stream().map(a -> entry(a.key(), a.value())).toList());
              tx.put(
                  Rows.LISTENERS,
                  scope.key(row.listener().listenerArn()),
                  new ListenerRow(
                      row.listener(), row.defaultRuleArn(), next, row.more(), row.tags()));
              return ModifyListenerAttributesResponse.builder()
                  .attributes(shown(row, next))
                  .build();
            });
  }

  // --- target groups -------------------------------------------------------------------------

  DescribeTargetGroupAttributesResponse describe(DescribeTargetGroupAttributesRequest r) {
    GroupRow row =
        Groups.require(context.store().snapshot(), Caller.current().scope(), r.targetGroupArn());
    return DescribeTargetGroupAttributesResponse.builder()
        .attributes(shown(row, row.attributes()))
        .build();
  }

  private static List<TargetGroupAttribute> shown(GroupRow row, Map<String, String> set) {
    return Attributes.effective(Attributes.ofGroup(row.group()), set).entrySet().stream()
        .map(e -> TargetGroupAttribute.builder().key(e.getKey()).value(e.getValue()).build())
        .toList();
  }

  ModifyTargetGroupAttributesResponse modify(ModifyTargetGroupAttributesRequest r) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              GroupRow row = Groups.require(tx, scope, r.targetGroupArn());
              r.attributes().stream()
                  .filter(a -> "stickiness.type".equals(a.key()))
                  .forEach(a -> checkStickinessType(row.group(), a.value()));
              Map<String, String> next =
                  Attributes.change(
                      Attributes.ofGroup(row.group()),
                      row.attributes(),
                      r.attributes().stream().map(a -> entry(a.key(), a.value())).toList());
              Map<String, String> all = Attributes.effective(Attributes.ofGroup(row.group()), next);
              checkTogether(row.group(), all);
              if (sticky(all)) {
                checkRules(tx, scope, row.group().targetGroupArn());
              }
              tx.put(
                  Rows.GROUPS,
                  scope.key(row.group().targetGroupArn()),
                  new GroupRow(row.group(), next, row.tags(), row.created()));
              return ModifyTargetGroupAttributesResponse.builder()
                  .attributes(shown(row, next))
                  .build();
            });
  }

  static boolean sticky(Map<String, String> all) {
    return "true".equals(all.get("stickiness.enabled"));
  }

  /** A type that AWS has, but not for this protocol, has an error of its own. */
  private static void checkStickinessType(TargetGroup group, @Nullable String type) {
    boolean application = String.valueOf(group.protocolAsString()).startsWith("HTTP");
    boolean wrong =
        application
            ? "source_ip".equals(type)
            : "lb_cookie".equals(type) || "app_cookie".equals(type);
    if (wrong) {
      throw Errors.configuration(
          "Stickiness type '"
              + type
              + "' is not supported for target groups with the "
              + group.protocolAsString()
              + " protocol");
    }
  }

  /** Who shares a rule with other groups may be sticky only where the rule is. */
  private static void checkRules(View view, Scope scope, String groupArn) {
    Stream.concat(
            view.lookup(Rows.LISTENERS_TO, scope, groupArn)
                .filter(row -> ActionGroups.dividesLoosely(row.value().listener().defaultActions()))
                .map(row -> row.value().defaultRuleArn()),
            view.lookup(Rows.RULES_TO, scope, groupArn)
                .filter(row -> ActionGroups.dividesLoosely(row.value().rule().actions()))
                .map(row -> row.value().rule().ruleArn()))
        .findFirst()
        .ifPresent(
            rule -> {
              throw Errors.configuration(
                  "This target group appears behind a rule with group stickiness disabled ("
                      + rule
                      + "). You must enable group stickiness before enabling target stickiness");
            });
  }

  private static void checkTogether(TargetGroup group, Map<String, String> all) {
    if (sticky(all) && group.protocol() == ProtocolEnum.TLS) {
      throw Errors.configuration(
          "You cannot enable stickiness on target groups with the TLS protocol");
    }
    if (all.getOrDefault("proxy_protocol_v2.enabled", "false").equals("true")
        && String.valueOf(group.protocolAsString()).contains("UDP")) {
      throw Errors.notBuilt(
          "The attribute proxy_protocol_v2.enabled=true of a group with UDP",
          "datagrams get no header");
    }
    if (group.targetType() == TargetTypeEnum.ALB
        && all.getOrDefault("preserve_client_ip.enabled", "false").equals("true")) {
      throw Errors.notBuilt(
          "The attribute preserve_client_ip.enabled=true of a group of load balancers",
          "they see the Network Load Balancer's address");
    }
    if (!all.getOrDefault("target_health_state.unhealthy.draining_interval_seconds", "0")
            .equals("0")
        && all.getOrDefault("target_health_state.unhealthy.connection_termination.enabled", "")
            .equals("true")) {
      throw Errors.configuration(
          "The unhealthy draining interval can be set only when unhealthy connection termination is"
              + " disabled");
    }
    String algorithm = all.getOrDefault("load_balancing.algorithm.type", "round_robin");
    if (!all.getOrDefault("slow_start.duration_seconds", "0").equals("0")
        && !algorithm.equals("round_robin")) {
      throw Errors.configuration(
          "Slow start cannot be enabled with the load balancing algorithm '" + algorithm + "'");
    }
    if (all.getOrDefault("load_balancing.algorithm.anomaly_mitigation", "off").equals("on")
        && !algorithm.equals("weighted_random")) {
      throw Errors.configuration(
          "Anomaly mitigation requires the load balancing algorithm 'weighted_random'");
    }
    if (sticky(all) && all.getOrDefault("stickiness.type", "").equals("app_cookie")) {
      String name = all.getOrDefault("stickiness.app_cookie.cookie_name", "");
      if (name.isEmpty()) {
        throw Errors.configuration(
            "You must set an application cookie name to enable stickiness of type 'app_cookie'");
      }
      if (name.startsWith("AWSALB")) {
        throw Errors.configuration("The application cookie name cannot begin with 'AWSALB'");
      }
    }
  }
}
