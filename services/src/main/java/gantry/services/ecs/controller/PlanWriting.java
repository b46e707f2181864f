package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.planner.Step;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.planner.Waiting;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/** One plan being written: what happens to the rows, and what is said of it. */
final class PlanWriting {

  private final ServiceContext context;
  private final Launcher launcher;
  private final Deployments deployments;
  final Tx tx;
  private final Key key;
  final Scope scope;
  private final ServiceController.Look look;
  private final List<Launcher.Prepared.Ready> ready;
  private final Decision.@Nullable Refused refused;
  final Instant now;
  private final ServiceRow before;
  final Map<String, DeploymentRow> rows = new LinkedHashMap<>();
  final ServiceTelling telling;
  ServiceRow row;
  private boolean steady;
  private boolean balancing;

  PlanWriting(
      ServiceContext context,
      Launcher launcher,
      Deployments deployments,
      Tx tx,
      Key key,
      ServiceRow row,
      ServiceController.Look look,
      List<Launcher.Prepared.Ready> ready,
      Decision.@Nullable Refused refused,
      Instant now) {
    this.context = context;
    this.launcher = launcher;
    this.deployments = deployments;
    this.tx = tx;
    this.key = key;
    this.scope = key.scope();
    this.before = row;
    this.row = row;
    this.look = look;
    this.ready = ready;
    this.refused = refused;
    this.now = now;
    this.telling = new ServiceTelling(context, tx, scope, row, now);
    this.steady = row.steady();
    this.balancing = row.balancing();
    row.deployments().forEach(each -> rows.put(each.id(), each));
  }

  void run() {
    boolean quiet = true;
    Verdicts verdicts = new Verdicts(this, deployments);
    for (Step step : look.plan().steps()) {
      switch (step) {
        case Step.Settle settle -> settle(settle);
        case Step.Note note -> note(note);
        case Step.Start start -> quiet = false;
        case Step.StartOn on -> quiet = false;
        case Step.Stop stop -> quiet = false;
        case Step.Complete complete -> verdicts.complete(complete);
        case Step.Fail fail -> verdicts.fail(fail);
        case Step.Stage stage -> verdicts.stage(stage);
        case Step.Drop drop -> rows.remove(drop.deployment());
        case Step.Steady none -> {}
        case Step.Rebalance rebalance -> rebalance(rebalance);
        case Step.Deactivate none -> {}
      }
    }
    // First, so that what this plan starts runs what it has learnt.
    new DigestPins(tx, scope, look, rows).pin();
    starts();
    stops();
    placement();
    boolean settled = look.plan().has(Step.Steady.class) && quiet;
    if (settled) {
      steady();
    } else if ((!quiet || refused != null) && !onlyRebalances()) {
      steady = false;
    }
    reasons();
    if (row.isDaemon()
        && row.isActive()
        && row.service().desiredCount() != look.daemonInstances().size()) {
      row = row.with(row.service().toBuilder().desiredCount(look.daemonInstances().size()).build());
    }
    row =
        row.with(List.copyOf(rows.values())).withSteady(steady, balancing).withSaid(telling.said());
    if (look.plan().has(Step.Deactivate.class)) {
      row = row.inactive(row.service().toBuilder().status("INACTIVE").build(), now);
    }
    if (!row.equals(before)) {
      tx.put(EcsTables.SERVICES, key, row);
    }
  }

  private void settle(Step.Settle settle) {
    Key taskKey = EcsTables.member(scope, row.cluster(), settle.task());
    TaskRow task = tx.get(EcsTables.TASKS, taskKey);
    if (task != null) {
      tx.put(
          EcsTables.TASKS,
          taskKey,
          task.edit()
              .counted(settle.healthy() ? TaskRow.Outcome.HEALTHY : TaskRow.Outcome.FAILED)
              .done());
    }
  }

  private void note(Step.Note note) {
    DeploymentRow old = rows.get(note.deployment());
    if (old == null) {
      return;
    }
    DeploymentRow.Edit edit =
        old.edit()
            .failures(note.failedTasks(), note.cause(), note.sameCause())
            .ran(note.ran())
            .notBefore(note.notBefore())
            .updatedAt(now);
    if (note.progressed()) {
      edit.progressAt(now);
    }
    rows.put(old.id(), edit.done());
    if (note.failedTasks() != old.failedTasks()) {
      Deployments.record(
          tx,
          scope,
          old.serviceDeploymentArn(),
          each ->
              each.toBuilder()
                  .updatedAt(now)
                  .deploymentCircuitBreaker(
                      each.deploymentCircuitBreaker().toBuilder()
                          .failureCount(note.failedTasks())
                          .build())
                  .build());
    }
  }

  private void starts() {
    if (ready.isEmpty()) {
      return;
    }
    List<TaskRow> started =
        launcher.write(tx, scope, ready.stream().map(this::withDigests).toList());
    long unhealthy =
        look.views().stream()
            .filter(task -> task.isLive() && task.isUnhealthy())
            .filter(task -> task.deployment().equals(row.primary().id()))
            .count();
    telling.started(
        started, onlyRebalances(), row.isDaemon() ? 0 : (int) Math.min(unhealthy, started.size()));
  }

  /** What the deployment runs, which may have been learnt only now. */
  private Launcher.Prepared.Ready withDigests(Launcher.Prepared.Ready task) {
    DeploymentRow deployment = rows.get(task.row().deploymentId());
    return deployment == null || deployment.digests().equals(task.row().digests())
        ? task
        : new Launcher.Prepared.Ready(
            task.row().edit().digests(deployment.digests()).done(), task.tags());
  }

  private void stops() {
    List<TaskRow> running = new ArrayList<>();
    int pending = 0;
    boolean balance = false;
    for (Step.Stop stop : look.plan().steps(Step.Stop.class)) {
      Key taskKey = EcsTables.member(scope, row.cluster(), stop.task());
      TaskRow task = tx.get(EcsTables.TASKS, taskKey);
      if (task == null || task.isStopping()) {
        continue;
      }
      if (task.isRunning()) {
        running.add(task);
      } else {
        pending++;
      }
      balance |= stop.why() == Step.Why.REBALANCE;
      Outbox.put(tx, taskKey, task, Stops.ordered(task, order(task, stop)), now);
    }
    telling.stopped(running, pending, balance);
  }

  private StopOrder order(TaskRow task, Step.Stop stop) {
    String reason = "Scaling activity initiated by (deployment " + task.deploymentId() + ")";
    if (stop.why() == Step.Why.UNHEALTHY) {
      reason = "Task failed container health checks";
      if (task.task().healthStatus() != HealthStatus.UNHEALTHY) {
        for (TargetRow target : task.targets()) {
          if (target.state().equals("unhealthy")) {
            reason =
                "Task failed ELB health checks in (target-group " + target.targetGroupArn() + ")";
          }
        }
      }
    }
    return new StopOrder(TaskStopCode.SERVICE_SCHEDULER_INITIATED, reason, now);
  }

  private void placement() {
    if (refused != null && !onlyRebalances()) {
      telling.unplaced(refused, ServiceOrders.isFargate(row.primary().revision()));
    }
  }

  private void steady() {
    telling.placed();
    telling.over("configuration");
    if (!steady || telling.due("steady")) {
      telling.said().put("steady", now);
      telling.steady();
    }
    steady = true;
  }

  /** The one start that a poor zone is to get; without a place for it nothing else changes. */
  private boolean onlyRebalances() {
    return look.plan().steps(Step.Rebalance.class).stream().anyMatch(Step.Rebalance::begins);
  }

  private void rebalance(Step.Rebalance rebalance) {
    if (rebalance.begins() && refused != null) {
      if (telling.due("rebalance")) {
        telling.say(
            "was unable to AZ Rebalance because (reason no place for a task in the zone with the"
                + " fewest)");
        telling.action("ERROR", "SERVICE_REBALANCING_FAILED", Map.of());
      }
      return;
    }
    telling.over("rebalance");
    balancing = rebalance.begins();
    Map<String, Integer> zones = new LinkedHashMap<>();
    for (TaskView task : look.views()) {
      if (task.isLive()) {
        zones.merge(task.zone(), 1, Integer::sum);
      }
    }
    String counts =
        zones.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(each -> each.getValue() + " tasks in " + each.getKey())
            .collect(Collectors.joining(", "));
    telling.say(
        rebalance.begins()
            ? "is not AZ balanced with " + counts + ". AZ Rebalancing in progress."
            : "is AZ balanced with " + counts + ".");
    telling.action(
        "INFO",
        rebalance.begins() ? "SERVICE_REBALANCING_STARTED" : "SERVICE_REBALANCING_COMPLETED",
        Map.of());
  }

  private void reasons() {
    Set<String> seen = new HashSet<>();
    for (Waiting waiting : look.plan().waiting()) {
      switch (waiting) {
        case Waiting.Configuration none -> {
          seen.add("configuration");
          if (telling.due("configuration")) {
            telling.say(
                "was unable to stop or start tasks during a deployment because of the service"
                    + " deployment configuration. Update the minimumHealthyPercent or"
                    + " maximumPercent value and try again.");
          }
        }
        case Waiting.Throttled none -> {
          seen.add("start");
          if (telling.due("start")) {
            telling.say(
                "is unable to consistently start tasks successfully."
                    + ServiceTelling.TROUBLESHOOTING);
            telling.action("WARN", "SERVICE_TASK_START_IMPAIRED", Map.of());
          }
        }
        case Waiting.Guarded guarded -> {
          seen.add("guarded");
          if (telling.due("guarded")) {
            telling.say(
                "was unable to reach steady state because (taskSet "
                    + guarded.deployment()
                    + ") was unable to scale in due to (reason "
                    + guarded.tasks()
                    + " tasks under protection)");
          }
        }
        default -> {}
      }
    }
    for (String kind : List.of("configuration", "start", "guarded")) {
      if (!seen.contains(kind)) {
        telling.over(kind);
      }
    }
  }
}
