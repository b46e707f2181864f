package gantry.services.ecs.rows;

import org.jspecify.annotations.Nullable;

/**
 * A task in a target group, as the load balancer last told of it.
 *
 * @param state {@code registering} until the balancer took it; then the balancer's own words:
 *     initial, healthy, unhealthy, unused, draining, unavailable; {@link #GONE} when it has left
 */
public record TargetRow(
    String targetGroupArn,
    String targetId,
    int port,
    String state,
    @Nullable String reason,
    @Nullable String description) {

  public static final String REGISTERING = "registering";
  public static final String GONE = "gone";

  public TargetRow with(
      String newState, @Nullable String newReason, @Nullable String newDescription) {
    return new TargetRow(targetGroupArn, targetId, port, newState, newReason, newDescription);
  }

  public boolean isHealthy() {
    return state.equals("healthy");
  }

  public boolean isGone() {
    return state.equals(GONE);
  }
}
