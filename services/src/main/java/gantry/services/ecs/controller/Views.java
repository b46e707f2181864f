package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.DeploymentView;
import gantry.services.ecs.planner.Endings;
import gantry.services.ecs.planner.HealthRules;
import gantry.services.ecs.planner.ServicePlanner;
import gantry.services.ecs.planner.ServiceView;
import gantry.services.ecs.planner.Shift;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PlacementStrategyType;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/** The rows of a service as its planner wants them. */
public final class Views {

  /** A process that ends within this time of its start, again and again, never did its work. */
  static final Duration INSTANT_EXIT = Duration.ofSeconds(10);

  private Views() {}

  /** The tasks that concern the service. */
  static List<Row<TaskRow>> tasks(View view, Scope scope, ServiceRow row) {
    return view.lookup(EcsTables.TASKS_OF_SERVICE, scope, row.cluster() + "/" + row.name())
        .toList();
  }

  static ServiceView service(ServiceRow row, Set<String> zones, @Nullable String lastCompleted) {
    DeploymentConfiguration configuration = row.service().deploymentConfiguration();
    var breaker = configuration == null ? null : configuration.deploymentCircuitBreaker();
    return new ServiceView(
        row.name(),
        row.isDaemon(),
        row.service().desiredCount() == null ? 0 : row.service().desiredCount(),
        configuration == null || configuration.minimumHealthyPercent() == null
            ? (row.isDaemon() ? 0 : 100)
            : configuration.minimumHealthyPercent(),
        configuration == null || configuration.maximumPercent() == null
            ? (row.isDaemon() ? 100 : 200)
            : configuration.maximumPercent(),
        breaker == null
            ? ServiceView.Breaker.OFF
            : new ServiceView.Breaker(
                Boolean.TRUE.equals(breaker.enable()), Boolean.TRUE.equals(breaker.rollback())),
        row.isDraining(),
        "ENABLED".equals(row.service().availabilityZoneRebalancingAsString()),
        row.balancing(),
        zones,
        lastCompleted,
        ServicePlanner.DEADLINE);
  }

  static DeploymentView deployment(DeploymentRow row) {
    return new DeploymentView(
        row.id(),
        row.primary(),
        switch (row.rolloutState()) {
          case COMPLETED -> DeploymentView.State.COMPLETED;
          case FAILED -> DeploymentView.State.FAILED;
          default -> DeploymentView.State.IN_PROGRESS;
        },
        row.failedTasks(),
        row.ran(),
        row.completed(),
        row.cause(),
        row.sameCause(),
        row.notBefore(),
        row.progressAt(),
        row.pinned(),
        row.rollsBack() != null,
        shift(row.traffic()));
  }

  private static @Nullable Shift shift(@Nullable TrafficShift traffic) {
    return traffic == null || traffic.isRolling()
        ? null
        : new Shift(
            traffic.strategy(),
            traffic.stage(),
            traffic.since(),
            traffic.production(),
            traffic.test(),
            traffic.appliedAt(),
            traffic.problem(),
            traffic.step(),
            Duration.ofMinutes(traffic.stepBakeMinutes()),
            Duration.ofMinutes(traffic.bakeMinutes()),
            !traffic.routes().isEmpty());
  }

  static TaskView task(View view, Scope scope, ServiceRow service, TaskRow row, Instant now) {
    TaskView.Phase phase =
        row.isStopped()
            ? TaskView.Phase.STOPPED
            : row.isStopping()
                ? TaskView.Phase.STOPPING
                : row.isRunning() ? TaskView.Phase.RUNNING : TaskView.Phase.STARTING;
    Integer grace = service.service().healthCheckGracePeriodSeconds();
    TaskDefinition definition = TaskPayloads.definition(view, scope, row);
    String instance = Objects.requireNonNullElse(row.task().containerInstanceArn(), "");
    InstanceRow host = instance.isEmpty() ? null : TaskController.instance(view, scope, instance);
    return new TaskView(
        row.id(),
        Objects.requireNonNullElse(row.deploymentId(), ""),
        phase,
        HealthRules.of(
            row.task().startedAt(),
            TaskNames.awaited(row, TaskController.deployment(view, scope, row))
                ? HealthRules.Check.UNKNOWN
                : check(definition, row),
            row.targets().stream().map(TargetRow::state).toList(),
            Duration.ofSeconds(grace == null ? 0 : grace),
            now),
        row.counted() != TaskRow.Outcome.OPEN,
        row.counted() == TaskRow.Outcome.HEALTHY,
        digestKnown(definition, row),
        instance,
        Objects.requireNonNullElse(row.task().availabilityZone(), ""),
        host != null && host.isDraining(),
        host != null && host.isDraining() ? others(view, scope, service, instance) : 0,
        row.isProtected(now),
        spread(service, host),
        0,
        row.task().startedAt(),
        row.isStopping() ? end(row) : null);
  }

  /** Whether the planner would see the same task: pulls and other details do not wake it. */
  static boolean same(@Nullable Object before, @Nullable Object after) {
    if (!(before instanceof TaskRow old) || !(after instanceof TaskRow row)) {
      return false;
    }
    return old.task().lastStatus().equals(row.task().lastStatus())
        && old.isStopping() == row.isStopping()
        && old.counted() == row.counted()
        && old.containersGone() == row.containersGone()
        && old.task().healthStatus() == row.task().healthStatus()
        && old.targets().equals(row.targets())
        && Objects.equals(old.protectedUntil(), row.protectedUntil())
        && Objects.equals(old.task().containerInstanceArn(), row.task().containerInstanceArn())
        && digests(old).equals(digests(row));
  }

  private static List<@Nullable String> digests(TaskRow row) {
    List<@Nullable String> digests = new ArrayList<>();
    row.task().containers().forEach(each -> digests.add(each.imageDigest()));
    return digests;
  }

  private static int others(View view, Scope scope, ServiceRow service, String instance) {
    return (int)
        view.lookup(EcsTables.TASKS_ON_INSTANCE, scope, instance)
            .filter(each -> each.value().serviceName() != null)
            .filter(each -> !service.name().equals(each.value().serviceName()))
            .filter(each -> !isDaemon(view, scope, each.value()))
            .count();
  }

  private static boolean isDaemon(View view, Scope scope, TaskRow row) {
    ServiceRow owner =
        view.get(
            EcsTables.SERVICES,
            EcsTables.member(scope, row.cluster(), String.valueOf(row.serviceName())));
    return owner != null && owner.isDaemon();
  }

  static HealthRules.Check check(@Nullable TaskDefinition definition, TaskRow row) {
    boolean has = false;
    if (definition != null) {
      for (ContainerDefinition container : definition.containerDefinitions()) {
        has |= container.healthCheck() != null && !Boolean.FALSE.equals(container.essential());
      }
    }
    if (!has) {
      return HealthRules.Check.NONE;
    }
    HealthStatus status = row.task().healthStatus();
    return status == HealthStatus.HEALTHY
        ? HealthRules.Check.HEALTHY
        : status == HealthStatus.UNHEALTHY
            ? HealthRules.Check.UNHEALTHY
            : HealthRules.Check.UNKNOWN;
  }

  private static boolean digestKnown(@Nullable TaskDefinition definition, TaskRow row) {
    if (definition == null || row.isRunning() || row.isStopping()) {
      return true;
    }
    for (Container container : row.task().containers()) {
      if (container.imageDigest() == null) {
        return false;
      }
    }
    return true;
  }

  private static List<String> spread(ServiceRow service, @Nullable InstanceRow host) {
    List<String> values = new ArrayList<>();
    for (PlacementStrategy strategy : service.service().placementStrategy()) {
      String field = strategy.field();
      if (strategy.type() == PlacementStrategyType.SPREAD
          && field != null
          && field.startsWith("attribute:")) {
        String value = host == null ? null : host.attribute(field.substring("attribute:".length()));
        values.add(value == null ? "" : value);
      }
    }
    return values;
  }

  static TaskView.End end(TaskRow row) {
    TaskStopCode code = row.task().stopCode();
    String reason = row.task().stoppedReason();
    boolean unhealthy =
        code == TaskStopCode.SERVICE_SCHEDULER_INITIATED
            && reason != null
            && reason.startsWith("Task failed");
    boolean byItself =
        code == TaskStopCode.ESSENTIAL_CONTAINER_EXITED
            || code == TaskStopCode.TASK_FAILED_TO_START
            || unhealthy;
    List<String> reasons = new ArrayList<>();
    List<Integer> codes = new ArrayList<>();
    for (Container container : row.task().containers()) {
      if (container.reason() != null) {
        reasons.add(container.reason());
      }
      if (container.exitCode() != null) {
        codes.add(container.exitCode());
      }
    }
    Instant started = row.task().startedAt();
    String cause = byItself && !unhealthy ? Endings.cause(reason, reasons, codes) : null;
    Instant ended = row.stop() == null ? row.task().stoppedAt() : row.stop().at();
    if (cause == null
        && code == TaskStopCode.ESSENTIAL_CONTAINER_EXITED
        && (started == null || (ended != null && ended.isBefore(started.plus(INSTANT_EXIT))))) {
      cause = Endings.instantExit(codes);
    }
    return new TaskView.End(byItself, started != null, cause);
  }
}
