package gantry.services.ecs;

import static software.amazon.awssdk.services.ecs.model.DeploymentRolloutState.COMPLETED;

import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ecs.controller.Explanation;
import gantry.services.ecs.controller.NoPlace;
import gantry.services.ecs.controller.TaskNames;
import gantry.services.ecs.planner.Waiting;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.LaunchType;

/**
 * Why something is as it is: the deciding facts as a short tree, from the planner's own reasons and
 * the index's own refusals, never from a second opinion.
 */
public final class Why implements Explainer {

  private static final Map<Integer, String> EXIT_CODES =
      Map.of(
          0, "its main process simply ended",
          1, "the application failed",
          126, "the command may not be executed",
          127, "there is no such command",
          137, "it was killed (out of memory, or it did not end within its stopTimeout)",
          139, "it crashed (segmentation fault)",
          143, "it was asked to end");

  private static final int TASKS_TOLD = 5;

  private final EcsCore core;

  public Why(EcsCore core) {
    this.core = core;
  }

  /** Services, tasks and deployments, of every account and region, by ARN, id or name. */
  @Override
  public List<Reason> why(String about) {
    View view = core.context().store().snapshot();
    String name = about.substring(about.lastIndexOf('/') + 1);
    List<Reason> found = new ArrayList<>();
    view.scanAll(EcsTables.SERVICES)
        .filter(row -> isMeant(row.value(), about, name))
        .forEach(row -> found.add(service(view, row.key().scope(), row.value())));
    view.scanAll(EcsTables.TASKS)
        .filter(row -> row.value().id().equals(name))
        .forEach(row -> found.add(task(view, row.key().scope(), row.value())));
    return found;
  }

  private static boolean isMeant(ServiceRow row, String about, String name) {
    if (about.startsWith("ecs-svc/")) {
      return row.deployment(about) != null;
    }
    return about.startsWith("arn:")
        ? about.equals(row.service().serviceArn())
        : row.name().equals(name);
  }

  Reason service(View view, Scope scope, ServiceRow row) {
    Instant now = core.context().clock().instant();
    List<TaskRow> tasks =
        view.lookup(EcsTables.TASKS_OF_SERVICE, scope, row.cluster() + "/" + row.name())
            .map(Row::value)
            .toList();
    long running = tasks.stream().filter(TaskRow::isRunning).count();
    List<Reason> because = new ArrayList<>();
    if (row.isActive()) {
      Explanation explanation = core.explain(view, scope, row, now);
      explanation.waiting().forEach(each -> because.add(Reason.of(each)));
      explanation.noPlace().forEach(each -> because.add(PlaceReasons.of(each)));
    }
    if (row.isActive() && !row.isExternal()) {
      DeploymentRow primary = row.primary();
      because.add(
          Reason.of(
              "deployment "
                  + primary.id()
                  + " is "
                  + primary.rolloutState()
                  + ": "
                  + primary.rolloutStateReason()));
      stage(primary, because);
    }
    tasks.stream()
        .filter(each -> !each.isRunning() || each.targets().stream().anyMatch(t -> !t.isHealthy()))
        .limit(TASKS_TOLD)
        .forEach(each -> because.add(task(view, scope, each)));
    if (row.isActive() && !row.isExternal() && row.primary().failedTasks() > 0) {
      lastFailures(view, scope, row).forEach(each -> because.add(task(view, scope, each)));
    }
    return new Reason(
        "service "
            + row.name()
            + " is "
            + row.service().status()
            + ": "
            + running
            + " of "
            + row.service().desiredCount()
            + " running",
        because);
  }

  /** Where a deployment with two colours stands. */
  private static void stage(DeploymentRow primary, List<Reason> because) {
    TrafficShift shift = primary.traffic();
    if (shift == null || shift.isRolling() || primary.rolloutState() == COMPLETED) {
      return;
    }
    List<Reason> traffic = new ArrayList<>();
    for (TrafficShift.Route route : shift.routes()) {
      traffic.add(
          Reason.of(
              "%s %% of %s goes to %s, the rest to %s"
                  .formatted(
                      Waiting.percent(shift.production()),
                      route.productionRule(),
                      route.targetGroup(),
                      route.other())));
    }
    because.add(
        new Reason(
            "stage %s of %s since %s%s: %s %% of production and %s %% of test traffic on the new revision"
                .formatted(
                    shift.stage(),
                    shift.strategy(),
                    shift.since(),
                    primary.rollsBack() == null ? "" : " (rolling back)",
                    Waiting.percent(shift.production()),
                    Waiting.percent(shift.test())),
            traffic));
  }

  private static List<TaskRow> lastFailures(View view, Scope scope, ServiceRow row) {
    return EcsTables.inCluster(view, EcsTables.TASKS, scope, row.cluster(), "")
        .map(Row::value)
        .filter(each -> row.name().equals(each.serviceName()) && each.isStopped())
        // Not of a service that had this name before.
        .filter(each -> !each.task().createdAt().isBefore(row.service().createdAt()))
        .filter(each -> each.counted() == TaskRow.Outcome.FAILED)
        .sorted(
            java.util.Comparator.comparing(
                    (TaskRow each) ->
                        each.task().stoppedAt() == null ? Instant.EPOCH : each.task().stoppedAt())
                .reversed())
        .limit(1)
        .toList();
  }

  Reason task(View view, Scope scope, TaskRow row) {
    List<Reason> because = new ArrayList<>();
    String status = row.task().lastStatus();
    if (row.stop() != null) {
      because.add(
          Reason.of(row.stop().code() + " at " + row.stop().at() + ": " + row.stop().reason()));
    }
    if (row.failedStep() != null) {
      because.add(Reason.of(row.failedStep()));
    }
    switch (status) {
      case "PROVISIONING" -> because.add(provisioning(view, scope, row));
      case "PENDING" -> because.add(Reason.of(pending(view, scope, row)));
      case "DEACTIVATING" ->
          row.targets().stream()
              .filter(each -> !each.isGone())
              .forEach(each -> because.add(Reason.of("leaves " + target(each))));
      case "STOPPING" -> because.add(Reason.of("its containers are being stopped"));
      default -> {}
    }
    if (row.namedUntil() != null && !row.containersGone()) {
      because.add(
          Reason.of(
              "out of Cloud Map; resolvers may remember its address until " + row.namedUntil()));
    }
    if (TaskNames.awaited(view, scope, row)) {
      because.add(
          Reason.of(
              "not in Cloud Map yet: "
                  + (row.task().healthStatus() == HealthStatus.UNHEALTHY
                      ? "its container health check fails"
                      : "its container health check has not succeeded yet")));
    }
    if (row.isRunning()) {
      row.targets().stream()
          .filter(each -> !each.isHealthy())
          .forEach(each -> because.add(Reason.of("waiting for " + target(each))));
    }
    for (Container container : row.task().containers()) {
      container(row, container, because);
    }
    return new Reason("task " + row.id() + " is " + status, because);
  }

  private Reason provisioning(View view, Scope scope, TaskRow row) {
    if (row.task().containerInstanceArn() != null) {
      return Reason.of("its network interface is being made");
    }
    String waits = "waits for room at capacity provider " + row.task().capacityProviderName();
    NoPlace none = core.noPlace(view, scope, row);
    return none == null ? Reason.of(waits) : Reason.of(waits, PlaceReasons.of(none));
  }

  private static void container(TaskRow row, Container container, List<Reason> because) {
    List<Reason> details = new ArrayList<>();
    boolean told =
        row.stop() != null
            && container.reason() != null
            && row.stop().reason().contains(container.reason());
    if (container.reason() != null && !told) {
      details.add(Reason.of(container.reason()));
    }
    if (container.exitCode() != null) {
      details.add(
          Reason.of(
              "exit code "
                  + container.exitCode()
                  + ": "
                  + EXIT_CODES.getOrDefault(container.exitCode(), "the application's own")));
    }
    var health = row.health().get(container.name());
    if (health != null && !"HEALTHY".equals(health.status().toString())) {
      List<Reason> outputs = health.outputs().stream().map(each -> Reason.of(each)).toList();
      details.add(
          new Reason("health check " + health.status() + " since " + health.since(), outputs));
    }
    if (row.isStopped() || row.isStopping()) {
      List<String> lines = row.lastLines().getOrDefault(container.name(), List.of());
      if (!lines.isEmpty()) {
        details.add(
            new Reason("last output", lines.stream().map(each -> Reason.of(each)).toList()));
      }
    }
    if (!details.isEmpty()) {
      because.add(new Reason("container " + container.name(), details));
    }
  }

  private static String target(TargetRow target) {
    return "target "
        + target.targetGroupArn()
        + " on "
        + target.targetId()
        + ":"
        + target.port()
        + ": "
        + target.state()
        + (target.description() == null ? "" : ", " + target.description());
  }

  private static String pending(View view, Scope scope, TaskRow row) {
    String arn = row.task().containerInstanceArn();
    Arns.Parts parts = arn == null ? null : Arns.parse(arn);
    InstanceRow instance =
        parts == null
            ? null
            : view.get(
                EcsTables.INSTANCES,
                (parts.path().startsWith(InstanceRow.FARGATE_POOL) ? parts.scope() : scope)
                    .key(parts.path()));
    if (instance != null && !instance.isConnected()) {
      return "the agent of its instance is away since " + instance.disconnectedAt();
    }
    String where = row.task().launchType() == LaunchType.FARGATE ? "its node" : "instance " + arn;
    return row.task().pullStartedAt() == null
        ? where + " has it and has not begun to pull"
        : row.task().pullStoppedAt() == null
            ? where + " pulls its images since " + row.task().pullStartedAt()
            : where + " starts its containers";
  }
}
