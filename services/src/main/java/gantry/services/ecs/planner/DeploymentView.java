package gantry.services.ecs.planner;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A deployment as the planner sees it.
 *
 * @param failedTasks that ended before they were healthy, since the last healthy one
 * @param ran one of its tasks was RUNNING
 * @param completed it was steady once
 * @param cause what its last failures had in common, when another try cannot help
 * @param sameCause how many in a row
 * @param notBefore throttled until then
 * @param pinned no digest is awaited any more
 * @param rollback it repairs the failure of another
 * @param shift of a deployment with two colours; null of a rolling one
 */
public record DeploymentView(
    String id,
    boolean primary,
    State state,
    int failedTasks,
    boolean ran,
    boolean completed,
    @Nullable String cause,
    int sameCause,
    @Nullable Instant notBefore,
    Instant progressAt,
    boolean pinned,
    boolean rollback,
    @Nullable Shift shift) {

  /** Of a rolling deployment. */
  public DeploymentView(
      String id,
      boolean primary,
      State state,
      int failedTasks,
      boolean ran,
      boolean completed,
      @Nullable String cause,
      int sameCause,
      @Nullable Instant notBefore,
      Instant progressAt,
      boolean pinned,
      boolean rollback) {
    this(
        id,
        primary,
        state,
        failedTasks,
        ran,
        completed,
        cause,
        sameCause,
        notBefore,
        progressAt,
        pinned,
        rollback,
        null);
  }

  /** The rollout's state. */
  public enum State {
    IN_PROGRESS,
    COMPLETED,
    FAILED
  }

  /** A new deployment of which nothing is known. */
  public static DeploymentView fresh(String id, Instant now) {
    return new DeploymentView(
        id, true, State.IN_PROGRESS, 0, false, false, null, 0, null, now, true, false);
  }
}
