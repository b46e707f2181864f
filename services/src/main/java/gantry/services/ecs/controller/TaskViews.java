package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.Endings;
import gantry.services.ecs.planner.HealthRules;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PlacementStrategyType;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * The tasks of one service as its planner wants them. They have most of what they refer to in
 * common, so that is looked up once.
 */
final class TaskViews {

  /** A process that ends within this time of its start, again and again, never did its work. */
  static final Duration INSTANT_EXIT = Duration.ofSeconds(10);

  private final View view;
  private final Scope scope;
  private final ServiceRow service;
  private final Instant now;
  private final Map<String, Optional<TaskDefinition>> definitions = new HashMap<>();
  private final Map<String, Optional<InstanceRow>> hosts = new HashMap<>();

  TaskViews(View view, Scope scope, ServiceRow service, Instant now) {
    this.view = view;
    this.scope = scope;
    this.service = service;
    this.now = now;
  }

  List<TaskView> of(List<Row<TaskRow>> tasks) {
    List<TaskView> views = new ArrayList<>(tasks.size());
    for (Row<TaskRow> task : tasks) {
      views.add(of(task.value()));
    }
    return views;
  }

  private @Nullable TaskDefinition definition(TaskRow row) {
    return definitions
        .computeIfAbsent(
            row.task().taskDefinitionArn(),
            arn -> Optional.ofNullable(TaskPayloads.definition(view, scope, row)))
        .orElse(null);
  }

  private @Nullable InstanceRow host(String instance) {
    return hosts
        .computeIfAbsent(
            instance, arn -> Optional.ofNullable(TaskController.instance(view, scope, arn)))
        .orElse(null);
  }

  /** Of the service as it was handed in; of a task set as it stands. */
  private @Nullable DeploymentRow deployment(TaskRow row) {
    DeploymentRow own = row.deploymentId() == null ? null : service.deployment(row.deploymentId());
    return own != null ? own : TaskController.deployment(view, scope, row);
  }

  /** The planner knows fewer states than ECS has. */
  static TaskView.Phase phase(TaskRow row) {
    return row.isStopped()
        ? TaskView.Phase.STOPPED
        : row.isStopping()
            ? TaskView.Phase.STOPPING
            : row.isRunning() ? TaskView.Phase.RUNNING : TaskView.Phase.STARTING;
  }

  TaskView of(TaskRow row) {
    TaskView.Phase phase = phase(row);
    Integer grace = service.service().healthCheckGracePeriodSeconds();
    TaskDefinition definition = definition(row);
    String instance = Objects.requireNonNullElse(row.task().containerInstanceArn(), "");
    InstanceRow host = instance.isEmpty() ? null : host(instance);
    return new TaskView(
        row.id(),
        Objects.requireNonNullElse(row.deploymentId(), ""),
        phase,
        HealthRules.of(
            row.task().startedAt(),
            TaskNames.awaited(row, deployment(row))
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
        host != null && host.isDraining() ? others(instance) : 0,
        row.isProtected(now),
        spread(host),
        0,
        row.task().startedAt(),
        row.isStopping() ? end(row) : null);
  }

  private int others(String instance) {
    return (int)
        view.lookup(EcsTables.TASKS_ON_INSTANCE, scope, instance)
            .filter(each -> each.value().serviceName() != null)
            .filter(each -> !service.name().equals(each.value().serviceName()))
            .filter(each -> !isDaemon(each.value()))
            .count();
  }

  private boolean isDaemon(TaskRow row) {
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

  private List<String> spread(@Nullable InstanceRow host) {
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
