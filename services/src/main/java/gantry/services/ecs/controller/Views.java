package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.DeploymentView;
import gantry.services.ecs.planner.ServicePlanner;
import gantry.services.ecs.planner.ServiceView;
import gantry.services.ecs.planner.Shift;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;

/** The rows of a service as its planner wants them. */
public final class Views {

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

  /** Whether the planner would see the same task: pulls and other details do not wake it. */
  static boolean same(@Nullable Object before, @Nullable Object after) {
    if (!(before instanceof TaskRow old) || !(after instanceof TaskRow row)) {
      return false;
    }
    return TaskViews.phase(old) == TaskViews.phase(row)
        && old.counted() == row.counted()
        && old.containersGone() == row.containersGone()
        && old.task().healthStatus() == row.task().healthStatus()
        && old.targets().equals(row.targets())
        && old.names().isEmpty() == row.names().isEmpty()
        && Objects.equals(old.protectedUntil(), row.protectedUntil())
        && Objects.equals(old.task().containerInstanceArn(), row.task().containerInstanceArn())
        && digests(old).equals(digests(row));
  }

  private static List<@Nullable String> digests(TaskRow row) {
    List<@Nullable String> digests = new ArrayList<>();
    row.task().containers().forEach(each -> digests.add(each.imageDigest()));
    return digests;
  }
}
