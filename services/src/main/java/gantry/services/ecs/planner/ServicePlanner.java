package gantry.services.ecs.planner;

import gantry.services.ecs.planner.Step.Why;
import gantry.services.ecs.planner.TaskView.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The service scheduler: replacement, scaling, rolling deployments, the circuit breaker, draining
 * and rebalancing, as one function of what is wanted, what is there and the time. It holds no id,
 * clock or chance of its own, so the same question always has the same answer.
 *
 * <p>The order of its parts is the order of their importance: what has happened is noted, a verdict
 * is given, then tasks are started as far as maximumPercent lets, then stopped as far as
 * minimumHealthyPercent lets, and the room that this made is used.
 */
public final class ServicePlanner {

  /** Failures in a row with the same cause that another try cannot avoid, until the verdict. */
  public static final int SURE_FAILURES = 2;

  private ServicePlanner() {}

  public static Plan plan(
      ServiceView service,
      List<DeploymentView> deployments,
      List<TaskView> tasks,
      List<String> instances,
      Instant now) {
    if (service.deleting()) {
      return deleting(tasks);
    }
    Work work = new Work(service, deployments, tasks, now);
    if (service.daemon()) {
      return new DaemonPlanner(work, instances).plan();
    }
    if (work.primary.shift() != null) {
      if (work.primary.state() == DeploymentView.State.IN_PROGRESS) {
        return new ShiftPlanner(work).plan();
      }
      if (work.primary.state() == DeploymentView.State.FAILED && work.base != null) {
        return new ShiftPlanner(work).held();
      }
    }
    return new RollingPlanner(work).plan();
  }

  private static Plan deleting(List<TaskView> tasks) {
    List<Step> steps = new ArrayList<>();
    List<String> left = new ArrayList<>();
    for (TaskView task : tasks) {
      if (task.isLive()) {
        steps.add(new Step.Stop(task.id(), Why.DELETED));
      }
      if (task.phase() == Phase.STOPPED) {
        steps.add(new Step.Settle(task.id(), false));
      } else {
        left.add(task.id());
      }
    }
    if (left.isEmpty()) {
      steps.add(new Step.Deactivate());
      return new Plan(steps, List.of(), null);
    }
    return new Plan(steps, List.of(new Waiting.Stopping(left)), null);
  }

  /** The time after which a deployment without progress is given up. */
  public static final Duration DEADLINE = Duration.ofMinutes(30);
}
