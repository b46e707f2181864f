package gantry.services.ecs.planner;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** When a running task counts as healthy. */
public final class HealthRules {

  /** Without balancer and check a task counts after it has been RUNNING for this long. */
  public static final Duration BARE = Duration.ofSeconds(40);

  private HealthRules() {}

  /** What a container health check says of a task. */
  public enum Check {
    NONE,
    UNKNOWN,
    HEALTHY,
    UNHEALTHY
  }

  /**
   * All of them must agree; inside the grace period nothing counts against the task.
   *
   * @param targets the states of the task's targets in the balancer's words
   */
  public static TaskView.Health of(
      @Nullable Instant startedAt, Check check, List<String> targets, Duration grace, Instant now) {
    if (startedAt == null) {
      return TaskView.Health.WAITING;
    }
    boolean inGrace = now.isBefore(startedAt.plus(grace));
    boolean bad = check == Check.UNHEALTHY || targets.contains("unhealthy");
    if (bad) {
      return inGrace ? TaskView.Health.WAITING : TaskView.Health.UNHEALTHY;
    }
    if (check == Check.UNKNOWN) {
      return TaskView.Health.WAITING;
    }
    if (!targets.isEmpty()) {
      // A group that no listener uses checks nothing: its targets stay "unused".
      return targets.stream().allMatch(each -> each.equals("healthy"))
          ? TaskView.Health.HEALTHY
          : TaskView.Health.WAITING;
    }
    if (check == Check.HEALTHY) {
      return TaskView.Health.HEALTHY;
    }
    return now.isBefore(startedAt.plus(BARE)) ? TaskView.Health.WAITING : TaskView.Health.HEALTHY;
  }
}
