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
    boolean rollback) {

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
