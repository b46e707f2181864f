package gantry.services.elbv2;

import gantry.services.elbv2.BalancerPlan.Balancer;
import gantry.services.elbv2.BalancerPlan.Group;
import gantry.services.elbv2.BalancerPlan.Listener;
import gantry.services.elbv2.BalancerPlan.Node;
import gantry.services.elbv2.BalancerPlan.Rule;
import gantry.services.elbv2.BalancerPlan.Target;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Change;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Makes the data plane's plan of the tables: a pure function of a snapshot. */
public final class RoutingTables {

  private static final Set<Table<?>> TABLES =
      Set.of(Rows.BALANCERS, Rows.LISTENERS, Rows.RULES, Rows.GROUPS, Rows.TARGETS);

  private RoutingTables() {}

  /** Whether a change may change the plan; a health report, which came from the plan, may not. */
  public static boolean concerns(Change<?> change) {
    if (!TABLES.contains(change.table())) {
      return false;
    }
    if (change.before() instanceof TargetRow before && change.after() instanceof TargetRow after) {
      return !before.equals(after.with(before.state(), before.reason(), before.description()));
    }
    return true;
  }

  public static BalancerPlan plan(View view) {
    List<Balancer> balancers = new ArrayList<>();
    Set<String> certificates = new TreeSet<>();
    for (Row<BalancerRow> row : view.scanAll(Rows.BALANCERS).toList()) {
      balancers.add(balancer(view, row.key().scope(), row.value(), certificates));
    }
    List<Group> groups =
        view.scanAll(Rows.GROUPS).map(row -> group(view, row.key().scope(), row.value())).toList();
    return new BalancerPlan(view.revision(), balancers, groups, List.copyOf(certificates));
  }

  private static Balancer balancer(
      View view, Scope scope, BalancerRow row, Set<String> certificates) {
    List<Listener> listeners = new ArrayList<>();
    view.lookup(Rows.LISTENERS_OF, scope, row.balancer().loadBalancerArn())
        .map(Row::value)
        .sorted(Comparator.comparing(l -> l.listener().port()))
        .forEach(l -> listeners.add(listener(view, scope, l, certificates)));
    Map<String, String> attributes =
        Attributes.effective(
            Attributes.ofBalancer(
                Balancers.application(row.balancer()),
                "internal".equals(row.balancer().schemeAsString())),
            row.attributes());
    return new Balancer(
        row.balancer(),
        attributes,
        row.nodes().stream()
            .map(node -> new Node(node.zone(), node.address(), node.interfaceId()))
            .toList(),
        listeners);
  }

  private static Listener listener(
      View view, Scope scope, ListenerRow row, Set<String> certificates) {
    var listener = row.listener();
    List<String> arns = new ArrayList<>();
    listener.certificates().forEach(c -> arns.add(c.certificateArn()));
    row.more().forEach(c -> arns.add(c.certificateArn()));
    certificates.addAll(arns);
    List<Rule> rules = new ArrayList<>();
    for (var rule : Rules.of(view, scope, listener.listenerArn())) {
      rules.add(
          new Rule(
              rule.ruleArn(),
              Integer.parseInt(rule.priority()),
              rule.conditions(),
              rule.actions(),
              rule.transforms()));
    }
    rules.add(new Rule(row.defaultRuleArn(), 0, List.of(), listener.defaultActions(), List.of()));
    return new Listener(
        listener.listenerArn(),
        listener.port(),
        listener.protocolAsString(),
        SslPolicies.find(listener.sslPolicy()),
        arns,
        listener.alpnPolicy(),
        Attributes.effective(Attributes.ofListener(listener), row.attributes()),
        rules);
  }

  private static Group group(View view, Scope scope, GroupRow row) {
    String arn = row.group().targetGroupArn();
    Set<String> balancers = Groups.balancersOf(view, scope, arn);
    @Nullable String balancer = balancers.isEmpty() ? null : balancers.iterator().next();
    List<Target> targets = new ArrayList<>();
    for (Row<TargetRow> one : view.lookup(Rows.TARGETS_OF, scope, arn).toList()) {
      TargetRow target = one.value();
      if (Targets.isBalancers(view, scope, row.group(), target)
          || (balancer != null && !Targets.zoneEnabled(view, scope, balancer, target))) {
        continue;
      }
      String address = address(view, scope, target);
      if (address != null) {
        targets.add(
            new Target(
                target.id(),
                target.port(),
                address,
                target.zone() == null ? "all" : target.zone(),
                target.drainUntil() != null,
                target.registered()));
      }
    }
    return new Group(
        row.group(),
        Attributes.effective(Attributes.ofGroup(row.group()), row.attributes()),
        targets);
  }

  /** A load balancer as target is reached at its first node's address. */
  private static @Nullable String address(View view, Scope scope, TargetRow target) {
    if (target.address() != null) {
      return target.address();
    }
    BalancerRow balancer = view.get(Rows.BALANCERS, scope.key(target.id()));
    return balancer == null
        ? null
        : balancer.nodes().stream()
            .map(Rows.NodeRow::address)
            .filter(address -> address != null)
            .findFirst()
            .orElse(null);
  }
}
