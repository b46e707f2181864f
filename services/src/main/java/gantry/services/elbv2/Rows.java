package gantry.services.elbv2;

import gantry.state.Index;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Table;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Certificate;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Listener;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Tag;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupTuple;

/** The tables of the service. A row's id is its ARN; a target's is group, id and port. */
public final class Rows {

  /**
   * A load balancer as it was set up.
   *
   * @param attributes only those that were set; defaults are {@link Attributes}' to know
   */
  public record BalancerRow(
      LoadBalancer balancer, Map<String, String> attributes, List<NodeRow> nodes, List<Tag> tags) {

    BalancerRow with(LoadBalancer changed) {
      return new BalancerRow(changed, attributes, nodes, tags);
    }

    BalancerRow withAttributes(Map<String, String> changed) {
      return new BalancerRow(balancer, changed, nodes, tags);
    }

    BalancerRow withNodes(List<NodeRow> changed) {
      return new BalancerRow(balancer, attributes, changed, tags);
    }

    BalancerRow withTags(List<Tag> changed) {
      return new BalancerRow(balancer, attributes, nodes, changed);
    }
  }

  /**
   * One address of a load balancer: its network interface in one zone.
   *
   * @param outOfDns too few targets of the zone are healthy: the name does not answer with it
   */
  public record NodeRow(
      String zone,
      String subnetId,
      @Nullable String interfaceId,
      @Nullable String address,
      boolean outOfDns) {

    NodeRow(String zone, String subnetId, @Nullable String interfaceId, @Nullable String address) {
      this(zone, subnetId, interfaceId, address, false);
    }

    NodeRow outOfDns(boolean out) {
      return new NodeRow(zone, subnetId, interfaceId, address, out);
    }
  }

  /** A listener; its default rule is made from it, not kept. */
  public record ListenerRow(
      Listener listener,
      String defaultRuleArn,
      Map<String, String> attributes,
      List<Certificate> more,
      List<Tag> tags) {}

  public record RuleRow(Rule rule, String listenerArn, List<Tag> tags) {}

  public record GroupRow(
      TargetGroup group, Map<String, String> attributes, List<Tag> tags, Instant created) {}

  /**
   * A registration.
   *
   * @param zone as it was registered, {@code all} included
   * @param address where it is reached; null for a load balancer as target
   * @param state of the last health report: initial, healthy, unhealthy
   * @param drainUntil when deregistered: the end of its delay
   */
  public record TargetRow(
      String groupArn,
      String id,
      int port,
      @Nullable String zone,
      @Nullable String address,
      String state,
      @Nullable String reason,
      @Nullable String description,
      @Nullable Instant drainUntil,
      Instant registered) {

    TargetRow with(String newState, @Nullable String newReason, @Nullable String newDescription) {
      return new TargetRow(
          groupArn,
          id,
          port,
          zone,
          address,
          newState,
          newReason,
          newDescription,
          drainUntil,
          registered);
    }

    TargetRow draining(Instant until) {
      return new TargetRow(
          groupArn, id, port, zone, address, state, reason, description, until, registered);
    }
  }

  public static final Table<BalancerRow> BALANCERS =
      Table.of("elbv2.load-balancers", BalancerRow.class);
  public static final Index<BalancerRow> BALANCER_BY_NAME =
      BALANCERS.index("name", row -> row.balancer().loadBalancerName());

  public static final Table<ListenerRow> LISTENERS = Table.of("elbv2.listeners", ListenerRow.class);
  public static final Index<ListenerRow> LISTENERS_OF =
      LISTENERS.index("load-balancer", row -> row.listener().loadBalancerArn());
  public static final Index<ListenerRow> LISTENERS_TO =
      LISTENERS.indexMany("target-group", row -> groupsOf(row.listener().defaultActions()));

  public static final Table<RuleRow> RULES = Table.of("elbv2.rules", RuleRow.class);
  public static final Index<RuleRow> RULES_OF = RULES.index("listener", RuleRow::listenerArn);
  public static final Index<RuleRow> RULES_TO =
      RULES.indexMany("target-group", row -> groupsOf(row.rule().actions()));

  public static final Table<GroupRow> GROUPS = Table.of("elbv2.target-groups", GroupRow.class);
  public static final Index<GroupRow> GROUP_BY_NAME =
      GROUPS.index("name", row -> row.group().targetGroupName());

  public static final Table<TargetRow> TARGETS = Table.of("elbv2.targets", TargetRow.class);
  public static final Index<TargetRow> TARGETS_OF =
      TARGETS.index("target-group", TargetRow::groupArn);
  public static final Index<TargetRow> TARGETS_BY_ID = TARGETS.index("id", TargetRow::id);

  private Rows() {}

  static Key targetKey(Scope scope, String groupArn, String id, int port) {
    return scope.key(groupArn + " " + id + " " + port);
  }

  /** The target groups that actions send to. */
  static List<String> groupsOf(List<Action> actions) {
    List<String> arns = new ArrayList<>();
    for (Action action : actions) {
      if (action.targetGroupArn() != null && !arns.contains(action.targetGroupArn())) {
        arns.add(action.targetGroupArn());
      }
      if (action.forwardConfig() != null) {
        for (TargetGroupTuple tuple : action.forwardConfig().targetGroups()) {
          if (!arns.contains(tuple.targetGroupArn())) {
            arns.add(tuple.targetGroupArn());
          }
        }
      }
    }
    return arns;
  }

  /** Account and region of an ARN. */
  static Scope scopeOf(String arn) {
    String[] parts = arn.split(":", 6);
    return new Scope(parts[4], parts[3]);
  }
}
