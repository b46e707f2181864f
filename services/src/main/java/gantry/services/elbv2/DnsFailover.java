package gantry.services.elbv2;

import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.NodeRow;
import gantry.services.elbv2.Rows.RuleRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Takes a zone's node out of the balancer's name while too few targets that it sends to are
 * healthy, as {@code target_group_health.dns_failover} says; when that is so everywhere, all stay.
 */
final class DnsFailover implements Controller {

  private final ServiceContext context;

  DnsFailover(ServiceContext context) {
    this.context = context;
  }

  @Override
  public String name() {
    return "elbv2 dns failover";
  }

  /** Keys are balancers', or groups' whose balancers are meant. */
  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    Object row = change.after() != null ? change.after() : change.before();
    Scope scope = change.key().scope();
    return switch (row) {
      case TargetRow target when counts(change.before()) != counts(change.after()) ->
          Stream.of(scope.key(target.groupArn()));
      case GroupRow group -> Stream.of(scope.key(group.group().targetGroupArn()));
      case BalancerRow balancer -> Stream.of(scope.key(balancer.balancer().loadBalancerArn()));
      case ListenerRow listener ->
          Stream.of(scope.key(String.valueOf(listener.listener().loadBalancerArn())));
      case RuleRow rule -> Rows.groupsOf(rule.rule().actions()).stream().map(scope::key);
      case null, default -> Stream.of();
    };
  }

  /** 0 not there, 1 registered, 2 healthy. */
  private static int counts(@Nullable Object row) {
    return row instanceof TargetRow target && target.drainUntil() == null
        ? target.state().equals("healthy") ? 2 : 1
        : 0;
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(Rows.BALANCERS).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    Scope scope = key.scope();
    Set<String> balancers =
        key.id().contains(":targetgroup/")
            ? Groups.balancersOf(view, scope, key.id())
            : Set.of(key.id());
    for (String arn : balancers) {
      BalancerRow row = view.get(Rows.BALANCERS, scope.key(arn));
      if (row != null && !nodes(view, scope, row).equals(row.nodes())) {
        context
            .store()
            .write(
                tx -> {
                  BalancerRow now = tx.get(Rows.BALANCERS, scope.key(arn));
                  if (now != null) {
                    tx.put(Rows.BALANCERS, scope.key(arn), now.withNodes(nodes(tx, scope, now)));
                  }
                  return null;
                });
      }
    }
    return Again.WHEN_CHANGED;
  }

  /** The balancer's nodes as the health of its groups has them. */
  static List<NodeRow> nodes(View view, Scope scope, BalancerRow row) {
    Set<String> bad = new LinkedHashSet<>();
    Map<String, String> balancer =
        Attributes.effective(
            Attributes.ofBalancer(Balancers.application(row.balancer()), false), row.attributes());
    for (String arn : groups(view, scope, row.balancer().loadBalancerArn())) {
      GroupRow group = view.get(Rows.GROUPS, scope.key(arn));
      if (group != null) {
        Map<String, String> settings =
            Attributes.effective(Attributes.ofGroup(group.group()), group.attributes());
        String cross = settings.getOrDefault("load_balancing.cross_zone.enabled", "");
        boolean crossZone =
            "true"
                .equals(
                    cross.equals("use_load_balancer_configuration")
                        ? balancer.get("load_balancing.cross_zone.enabled")
                        : cross);
        List<TargetRow> targets = view.lookup(Rows.TARGETS_OF, scope, arn).map(Row::value).toList();
        for (NodeRow node : row.nodes()) {
          if (tooFew(targets, crossZone ? null : node.zone(), settings)) {
            bad.add(node.zone());
          }
        }
      }
    }
    boolean everywhere = row.nodes().stream().allMatch(node -> bad.contains(node.zone()));
    return row.nodes().stream()
        .map(node -> node.outOfDns(!everywhere && bad.contains(node.zone())))
        .toList();
  }

  private static Set<String> groups(View view, Scope scope, String balancerArn) {
    Set<String> arns = new LinkedHashSet<>();
    view.lookup(Rows.LISTENERS_OF, scope, balancerArn)
        .map(Row::value)
        .forEach(
            listener -> {
              arns.addAll(Rows.groupsOf(listener.listener().defaultActions()));
              view.lookup(Rows.RULES_OF, scope, listener.listener().listenerArn())
                  .forEach(rule -> arns.addAll(Rows.groupsOf(rule.value().rule().actions())));
            });
    return arns;
  }

  private static boolean tooFew(
      List<TargetRow> targets, @Nullable String zone, Map<String, String> settings) {
    List<TargetRow> registered = new ArrayList<>();
    int healthy = 0;
    for (TargetRow target : targets) {
      boolean here =
          zone == null
              || target.zone() == null
              || target.zone().equals("all")
              || target.zone().equals(zone);
      if (here && counts(target) > 0) {
        registered.add(target);
        healthy += counts(target) == 2 ? 1 : 0;
      }
    }
    String prefix = "target_group_health.dns_failover.minimum_healthy_targets.";
    int count = number(settings.get(prefix + "count"));
    int percent = number(settings.get(prefix + "percentage"));
    return healthy < count || healthy * 100 < percent * registered.size();
  }

  private static int number(@Nullable String value) {
    return value == null || value.equals("off") ? 0 : Integer.parseInt(value);
  }
}
