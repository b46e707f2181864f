package gantry.services.ecs.planner;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task as the planner sees it.
 *
 * @param health of a running task
 * @param settled its deployment has noted how it went
 * @param wellNoted it was noted as healthy once
 * @param digestKnown which image it runs is known
 * @param instance where it runs; "" before it has a place
 * @param instanceDraining its instance is to be emptied
 * @param othersOnInstance tasks of other services there: a daemon leaves last
 * @param guarded scale-in protection
 * @param spread its instance's values of the attributes the service spreads over
 * @param instanceFree what would stay free there, in the unit the service packs by
 * @param end how it ended, once it has
 */
public record TaskView(
    String id,
    String deployment,
    Phase phase,
    Health health,
    boolean settled,
    boolean wellNoted,
    boolean digestKnown,
    String instance,
    String zone,
    boolean instanceDraining,
    int othersOnInstance,
    boolean guarded,
    List<String> spread,
    int instanceFree,
    @Nullable Instant startedAt,
    @Nullable End end) {

  /** Coming up, running, going down, gone. */
  public enum Phase {
    STARTING,
    RUNNING,
    STOPPING,
    STOPPED
  }

  /** Whether a running task counts. */
  public enum Health {
    WAITING,
    HEALTHY,
    UNHEALTHY
  }

  /**
   * How a task ended.
   *
   * @param byItself nobody asked it to, or it was replaced because it was unhealthy
   * @param ran it reached RUNNING
   * @param cause set when another try would end the same way
   */
  public record End(boolean byItself, boolean ran, @Nullable String cause) {}

  public boolean isLive() {
    return phase == Phase.STARTING || phase == Phase.RUNNING;
  }

  public boolean isHealthy() {
    return phase == Phase.RUNNING && health == Health.HEALTHY;
  }

  public boolean isUnhealthy() {
    return phase == Phase.RUNNING && health == Health.UNHEALTHY;
  }
}
