package gantry.services.elbv2;

import gantry.services.elbv2.Rows.GroupRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.IncompatibleProtocolsException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupAssociationLimitException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyUniqueTargetGroupsPerLoadBalancerException;

/** Whether the target groups that actions name may stand behind their listener. */
final class ActionGroups {

  static final int MAX_PER_BALANCER = 100;

  private ActionGroups() {}

  static void check(
      View view, Scope scope, LoadBalancer balancer, String protocol, List<Action> actions) {
    Set<String> all = BalancerHealth.groups(view, balancer.loadBalancerArn());
    if (all.addAll(Rows.groupsOf(actions)) && all.size() > MAX_PER_BALANCER) {
      throw TooManyUniqueTargetGroupsPerLoadBalancerException.builder()
          .message(
              "You have reached the maximum number of unique target groups that you can associate"
                  + " with a load balancer")
          .build();
    }
    for (Action action : actions) {
      if (action.type() != ActionTypeEnum.FORWARD) {
        continue;
      }
      for (String arn : Rows.groupsOf(List.of(action))) {
        GroupRow row = view.get(Rows.GROUPS, scope.key(arn));
        if (row == null) {
          throw Errors.noGroup(arn);
        }
        TargetGroup group = row.group();
        if (!fits(protocol, group.protocolAsString())) {
          throw IncompatibleProtocolsException.builder()
              .message(
                  "The protocol '"
                      + group.protocolAsString()
                      + "' of target group '"
                      + arn
                      + "' is not compatible with the listener protocol '"
                      + protocol
                      + "'")
              .build();
        }
        if (group.vpcId() != null && !group.vpcId().equals(balancer.vpcId())) {
          throw Errors.configuration(
              "The following target groups are in a different VPC than load balancer '"
                  + balancer.loadBalancerArn()
                  + "': "
                  + arn);
        }
        boolean plainListener = protocol.equals("HTTP");
        boolean http2Group =
            "HTTP2".equals(group.protocolVersion()) || "GRPC".equals(group.protocolVersion());
        if (plainListener && http2Group) {
          throw Errors.configuration(
              "Listener protocol 'HTTP' is not supported with a target group with the protocol"
                  + " version '"
                  + group.protocolVersion()
                  + "'");
        }
        if (dividesLoosely(List.of(action))
            && AttributeCalls.sticky(
                Attributes.effective(Attributes.ofGroup(group), row.attributes()))) {
          throw Errors.configuration(
              "You must enable group stickiness on a rule whose target group '"
                  + arn
                  + "' has target stickiness enabled");
        }
        for (String other : Groups.balancersOf(view, scope, arn)) {
          if (!other.equals(balancer.loadBalancerArn())) {
            throw TargetGroupAssociationLimitException.builder()
                .message(
                    "The following target groups cannot be associated with more than one load"
                        + " balancer: "
                        + arn)
                .build();
          }
        }
      }
    }
  }

  /** Whether actions send to several groups and do not keep a client at one. */
  static boolean dividesLoosely(List<Action> actions) {
    return actions.stream()
        .map(Action::forwardConfig)
        .anyMatch(
            forward ->
                forward != null
                    && forward.targetGroups().size() > 1
                    && !(forward.targetGroupStickinessConfig() != null
                        && Boolean.TRUE.equals(forward.targetGroupStickinessConfig().enabled())));
  }

  private static boolean fits(String listener, @Nullable String group) {
    if (group == null) {
      return Listeners.APPLICATION.contains(listener);
    }
    return switch (listener) {
      case "HTTP", "HTTPS" -> Listeners.APPLICATION.contains(group);
      case "TCP" -> group.equals("TCP") || group.equals("TCP_UDP");
      case "TLS" -> group.equals("TCP") || group.equals("TLS");
      case "UDP" -> group.equals("UDP") || group.equals("TCP_UDP");
      case "TCP_UDP" -> group.equals("TCP_UDP");
      default -> false;
    };
  }
}
