package gantry.services.elbv2;

import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Change;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Whether a load balancer counts as healthy for the records that follow it: every target group that
 * it sends to has a healthy target. One without target groups answers by itself.
 */
public final class BalancerHealth {

  private BalancerHealth() {}

  /** A name that is no load balancer's says nothing against itself. */
  public static boolean of(View view, String dnsName) {
    String name = dnsName.endsWith(".") ? dnsName.substring(0, dnsName.length() - 1) : dnsName;
    List<String> arns = new ArrayList<>();
    view.scanAll(Rows.BALANCERS)
        .filter(row -> row.value().balancer().dnsName().equalsIgnoreCase(name))
        .map(row -> row.value())
        .map(BalancerRow::balancer)
        .forEach(balancer -> arns.add(balancer.loadBalancerArn()));
    return arns.isEmpty()
        || arns.stream()
            .flatMap(arn -> groups(view, arn).stream())
            .allMatch(group -> serves(view, group));
  }

  /** The target groups that a balancer's listeners and rules send to. */
  static Set<String> groups(View view, String balancerArn) {
    Scope scope = Rows.scopeOf(balancerArn);
    Set<String> groups = new LinkedHashSet<>();
    view.lookup(Rows.LISTENERS_OF, scope, balancerArn)
        .forEach(
            row -> {
              ListenerRow listener = row.value();
              groups.addAll(Rows.groupsOf(listener.listener().defaultActions()));
              view.lookup(Rows.RULES_OF, scope, listener.listener().listenerArn())
                  .forEach(rule -> groups.addAll(Rows.groupsOf(rule.value().rule().actions())));
            });
    return groups;
  }

  private static boolean serves(View view, String groupArn) {
    return view.lookup(Rows.TARGETS_OF, Rows.scopeOf(groupArn), groupArn)
        .map(row -> row.value())
        .anyMatch(target -> target.drainUntil() == null && target.state().equals("healthy"));
  }

  /** Whether a change may have changed the health of any load balancer. */
  public static boolean concerns(Change<?> change) {
    if (change.table() == Rows.TARGETS) {
      return !(change.before() instanceof TargetRow before
          && change.after() instanceof TargetRow after
          && before.state().equals(after.state())
          && Objects.equals(before.drainUntil(), after.drainUntil()));
    }
    return change.table() == Rows.LISTENERS
        || change.table() == Rows.RULES
        || change.table() == Rows.BALANCERS;
  }
}
