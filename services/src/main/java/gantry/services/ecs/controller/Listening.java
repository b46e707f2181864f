package gantry.services.ecs.controller;

import gantry.services.Clients;
import gantry.services.ecs.rows.TrafficShift.Route;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ForwardActionConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupTuple;

/**
 * Divides a listener's traffic between two target groups, through Elastic Load Balancing's own API
 * and, where the service names one, as its role.
 */
public final class Listening {

  private static final String SESSION = "ecs-service-scheduler";

  private final Clients clients;

  public Listening(Clients clients) {
    this.clients = clients;
  }

  /** What stands in the way of it; null when it is done. */
  public @Nullable String set(Scope scope, Route route, double production, double test) {
    ElasticLoadBalancingV2Client balancers = client(scope, route.roleArn());
    String problem = set(balancers, route.productionRule(), route, production);
    return problem == null && route.testRule() != null
        ? set(balancers, route.testRule(), route, test)
        : problem;
  }

  private ElasticLoadBalancingV2Client client(Scope scope, @Nullable String role) {
    return role == null
        ? clients.as(Networks.PRINCIPAL, scope, ElasticLoadBalancingV2Client.class)
        : clients.asRole(
            Networks.PRINCIPAL, role, SESSION, scope, ElasticLoadBalancingV2Client.class);
  }

  private static @Nullable String set(
      ElasticLoadBalancingV2Client balancers, String arn, Route route, double percent) {
    if (isListener(arn)) {
      return setDefault(balancers, arn, route, percent);
    }
    Rule rule = balancers.describeRules(r -> r.ruleArns(arn)).rules().getFirst();
    if (Boolean.TRUE.equals(rule.isDefault())) {
      return setDefault(balancers, listenerOf(arn), route, percent);
    }
    List<Action> next = actions(rule.actions(), route, percent);
    if (next == null) {
      return arn + " does not forward to a target group";
    }
    if (!shares(next).equals(shares(rule.actions()))) {
      balancers.modifyRule(r -> r.ruleArn(arn).actions(next));
    }
    return null;
  }

  private static @Nullable String setDefault(
      ElasticLoadBalancingV2Client balancers, String arn, Route route, double percent) {
    List<Action> now =
        balancers
            .describeListeners(r -> r.listenerArns(arn))
            .listeners()
            .getFirst()
            .defaultActions();
    List<Action> next = actions(now, route, percent);
    if (next == null) {
      return arn + " does not forward to a target group";
    }
    if (!shares(next).equals(shares(now))) {
      balancers.modifyListener(r -> r.listenerArn(arn).defaultActions(next));
    }
    return null;
  }

  public static boolean isListener(String arn) {
    return arn.contains(":listener/");
  }

  /** A rule's ARN is its listener's with one part more. */
  public static String listenerOf(String rule) {
    return rule.substring(0, rule.lastIndexOf('/')).replace(":listener-rule/", ":listener/");
  }

  /** The same actions with the forward divided; null when there is none. */
  private static @Nullable List<Action> actions(List<Action> now, Route route, double percent) {
    List<Action> next = new ArrayList<>();
    boolean found = false;
    for (Action action : now) {
      if (action.type() != ActionTypeEnum.FORWARD) {
        next.add(action);
        continue;
      }
      found = true;
      var sticky =
          action.forwardConfig() == null
              ? null
              : action.forwardConfig().targetGroupStickinessConfig();
      next.add(
          action.toBuilder()
              .targetGroupArn(null)
              .forwardConfig(
                  ForwardActionConfig.builder()
                      .targetGroups(
                          tuple(route.targetGroup(), percent), tuple(route.other(), 100 - percent))
                      .targetGroupStickinessConfig(sticky)
                      .build())
              .build());
    }
    return found ? next : null;
  }

  /** Weights are whole numbers up to 999: a share with tenths is written in thousandths. */
  private static TargetGroupTuple tuple(String group, double percent) {
    boolean whole = percent == Math.rint(percent);
    return TargetGroupTuple.builder()
        .targetGroupArn(group)
        .weight((int) Math.round(whole ? percent : percent * 10))
        .build();
  }

  /** Which group gets how much. */
  private static Map<String, Integer> shares(List<Action> actions) {
    Map<String, Integer> shares = new LinkedHashMap<>();
    for (Action action : actions) {
      if (action.forwardConfig() != null) {
        action
            .forwardConfig()
            .targetGroups()
            .forEach(each -> shares.put(each.targetGroupArn(), each.weight()));
      }
    }
    return shares;
  }
}
