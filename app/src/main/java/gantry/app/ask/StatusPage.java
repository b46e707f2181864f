package gantry.app.ask;

import gantry.services.Clients;
import gantry.services.Explainer;
import gantry.services.HttpHandler;
import gantry.services.Reason;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.elbv2.BalancerPlan;
import gantry.services.elbv2.RoutingTables;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;

/**
 * {@code /_gantry/status}: one screen of what runs, what does not, and why. The reasons are those
 * of {@code gantry why}, the first few of them.
 */
public final class StatusPage {

  public static final String PATH = "/_gantry/status";

  /** Reasons of one service, and tasks of no service that are named: a screen has an end. */
  static final int SHOWN = 5;

  /** A task that failed on its own is worth a line for this long. */
  static final Duration RECENT = Duration.ofHours(1);

  private final Store store;
  private final Clients clients;
  private final Explainer explainer;
  private final Supplier<Instant> now;

  private StatusPage(Store store, Clients clients, Explainer explainer, Supplier<Instant> now) {
    this.store = store;
    this.clients = clients;
    this.explainer = explainer;
    this.now = now;
  }

  public static HttpHandler of(
      Store store, Clients clients, Explainer explainer, Supplier<Instant> now) {
    StatusPage page = new StatusPage(store, clients, explainer, now);
    return FromHere.only(
        "GET",
        exchange -> {
          exchange.setHeader("content-type", "text/plain; charset=utf-8");
          exchange.respond(200, page.text().getBytes(StandardCharsets.UTF_8));
        });
  }

  private record Cluster(Scope scope, String name) {
    String title() {
      return "cluster " + name + " (account " + scope.account() + ", " + scope.region() + ")";
    }
  }

  String text() {
    View view = store.snapshot();
    StringBuilder out = new StringBuilder();
    Set<Cluster> clusters =
        new TreeSet<>(
            Comparator.comparing((Cluster each) -> each.scope.account())
                .thenComparing(each -> each.scope.region())
                .thenComparing(Cluster::name));
    view.scanAll(EcsTables.SERVICES)
        .filter(row -> row.value().isActive() || row.value().isDraining())
        .forEach(row -> clusters.add(new Cluster(row.key().scope(), row.value().cluster())));
    view.scanAll(EcsTables.TASKS)
        .filter(row -> !row.value().isStopped() || isRecent(row.value()))
        .forEach(row -> clusters.add(new Cluster(row.key().scope(), row.value().cluster())));
    clusters.forEach(cluster -> cluster(out, view, cluster));
    if (clusters.isEmpty()) {
      out.append("no services and no tasks\n");
    }
    machines(out, view);
    balancers(out, view);
    return out.toString();
  }

  private boolean isRecent(TaskRow row) {
    Instant stopped = row.task().stoppedAt();
    return stopped != null && stopped.isAfter(now.get().minus(RECENT));
  }

  // ---- ECS

  private void cluster(StringBuilder out, View view, Cluster cluster) {
    out.append(cluster.title()).append('\n');
    EcsTables.inCluster(view, EcsTables.SERVICES, cluster.scope, cluster.name, "")
        .map(Row::value)
        .filter(row -> row.isActive() || row.isDraining())
        .forEach(row -> service(out, view, cluster, row));
    List<TaskRow> others =
        EcsTables.inCluster(view, EcsTables.TASKS, cluster.scope, cluster.name, "")
            .map(Row::value)
            .filter(row -> row.serviceName() == null)
            .toList();
    Map<String, Integer> states = new TreeMap<>();
    others.stream()
        .filter(row -> !row.isStopped())
        .forEach(row -> states.merge(row.task().lastStatus(), 1, Integer::sum));
    if (!states.isEmpty()) {
      out.append("  tasks of no service: ");
      List<String> parts = new ArrayList<>();
      states.forEach((state, count) -> parts.add(count + " " + state));
      out.append(String.join(", ", parts)).append('\n');
    }
    others.stream()
        .filter(row -> row.isStopped() && isRecent(row) && failed(row))
        .sorted(Comparator.comparing((TaskRow row) -> row.task().stoppedAt()).reversed())
        .limit(SHOWN)
        .forEach(row -> explainer.why(row.id()).forEach(reason -> reason(out, reason, 2, 2)));
  }

  /** It ended by itself and not well. */
  private static boolean failed(TaskRow row) {
    return switch (row.task().stopCode()) {
      case TASK_FAILED_TO_START -> true;
      case ESSENTIAL_CONTAINER_EXITED ->
          row.task().containers().stream()
              .anyMatch(each -> each.exitCode() == null || each.exitCode() != 0);
      case null, default -> false;
    };
  }

  private void service(StringBuilder out, View view, Cluster cluster, ServiceRow row) {
    long running =
        view.lookup(EcsTables.TASKS_OF_SERVICE, cluster.scope, row.cluster() + "/" + row.name())
            .filter(task -> task.value().isRunning())
            .count();
    String definition = row.isActive() && !row.isExternal() ? row.service().taskDefinition() : null;
    out.append(
        "  %-24s %s/%s running  %-11s %s%n"
            .formatted(
                row.name(),
                running,
                row.service().desiredCount(),
                row.isActive() && !row.isExternal()
                    ? row.primary().rolloutState()
                    : row.service().status(),
                definition == null ? "" : definition.substring(definition.lastIndexOf('/') + 1)));
    boolean fine = row.steady() && running == row.service().desiredCount();
    if (!fine) {
      why("service ", row.service().serviceArn()).stream()
          .flatMap(reason -> reason.because().stream())
          .limit(SHOWN)
          .forEach(reason -> reason(out, reason, 3, 2));
    }
  }

  /** What ECS itself says; what others know of the same thing is for {@code gantry why}. */
  private List<Reason> why(String kind, String about) {
    return explainer.why(about).stream().filter(each -> each.text().startsWith(kind)).toList();
  }

  private static void reason(StringBuilder out, Reason reason, int depth, int deeper) {
    out.repeat("  ", depth).append(reason.text()).append('\n');
    if (deeper > 0) {
      reason.because().stream()
          .limit(SHOWN)
          .forEach(each -> reason(out, each, depth + 1, deeper - 1));
    }
  }

  private static void machines(StringBuilder out, View view) {
    List<InstanceRow> away =
        view.scanAll(EcsTables.INSTANCES)
            .map(Row::value)
            .filter(row -> !"INACTIVE".equals(row.instance().status()))
            .filter(row -> !row.isConnected() || row.isDraining())
            .toList();
    for (InstanceRow row : away) {
      out.append("container instance ")
          .append(row.arn().substring(row.arn().lastIndexOf('/') + 1))
          .append(": ")
          .append(row.isDraining() ? "DRAINING" : "ACTIVE")
          .append(row.isConnected() ? "" : ", its agent is away since " + row.disconnectedAt())
          .append('\n');
    }
  }

  // ---- balancers

  private void balancers(StringBuilder out, View view) {
    BalancerPlan plan = RoutingTables.plan(view);
    for (BalancerPlan.Balancer each : plan.balancers()) {
      LoadBalancer balancer = each.balancer();
      out.append(
          "load balancer %s (%s) %s%n"
              .formatted(balancer.loadBalancerName(), balancer.typeAsString(), balancer.dnsName()));
      Set<String> leadsTo = leadsTo(each);
      for (BalancerPlan.Group one : plan.groups()) {
        if (leadsTo.contains(one.group().targetGroupArn())) {
          group(out, one.group());
        }
      }
    }
  }

  private static Set<String> leadsTo(BalancerPlan.Balancer balancer) {
    Set<String> arns = new TreeSet<>();
    balancer.listeners().stream()
        .flatMap(listener -> listener.rules().stream())
        .flatMap(rule -> rule.actions().stream())
        .forEach(
            action -> {
              if (action.targetGroupArn() != null) {
                arns.add(action.targetGroupArn());
              }
              if (action.forwardConfig() != null) {
                action
                    .forwardConfig()
                    .targetGroups()
                    .forEach(group -> arns.add(group.targetGroupArn()));
              }
            });
    return arns;
  }

  private void group(StringBuilder out, TargetGroup group) {
    String[] arn = group.targetGroupArn().split(":", 6);
    List<TargetHealthDescription> targets =
        clients
            .as(
                "ecs.amazonaws.com", // which may look at balancers
                new Scope(arn[4], arn[3]),
                ElasticLoadBalancingV2Client.class)
            .describeTargetHealth(r -> r.targetGroupArn(group.targetGroupArn()))
            .targetHealthDescriptions();
    long healthy =
        targets.stream()
            .filter(each -> "healthy".equals(each.targetHealth().stateAsString()))
            .count();
    out.append(
        String.format(
            Locale.ROOT,
            "  %-24s %d/%d healthy%n",
            group.targetGroupName(),
            healthy,
            targets.size()));
    targets.stream()
        .filter(each -> !"healthy".equals(each.targetHealth().stateAsString()))
        .limit(SHOWN)
        .forEach(
            each ->
                out.append(
                    String.format(
                        Locale.ROOT,
                        "      %s:%d %s%s%n",
                        each.target().id(),
                        each.target().port(),
                        each.targetHealth().stateAsString(),
                        each.targetHealth().description() == null
                            ? ""
                            : ": " + each.targetHealth().description())));
  }
}
