package gantry.services.ecs.planner;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A service as its planner sees it.
 *
 * @param desired tasks; ignored for a daemon
 * @param deleting every task is to end
 * @param rebalance keep the zones equal
 * @param balancing a task was started in a poor zone, and one in a rich zone is to go
 * @param zones where its tasks may run, for rebalancing
 * @param lastCompleted the deployment to go back to; null when there is none
 */
public record ServiceView(
    String name,
    boolean daemon,
    int desired,
    int minimumHealthyPercent,
    int maximumPercent,
    Breaker breaker,
    boolean deleting,
    boolean rebalance,
    boolean balancing,
    Set<String> zones,
    @Nullable String lastCompleted,
    Duration deadline) {

  /** The deployment circuit breaker. */
  public record Breaker(boolean enabled, boolean rollback) {
    public static final Breaker OFF = new Breaker(false, false);

    /** Half the desired count, rounded up, but at least 3 and at most 200. */
    public static int threshold(int desired) {
      return Math.clamp((desired + 1) / 2, 3, 200);
    }
  }

  /** Healthy tasks that must stay: rounded up. */
  public int lower() {
    return Math.ceilDiv(desired * minimumHealthyPercent, 100);
  }

  /** Tasks that may be there, pending or running: rounded down. */
  public int upper() {
    return Math.floorDiv(desired * maximumPercent, 100);
  }
}
