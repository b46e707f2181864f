package gantry.services.ecs.planner;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;

/**
 * Where a deployment of two colours stands: the new revision (green) beside the one that serves
 * (blue).
 *
 * @param production percent of production traffic that is to go to this revision
 * @param test the same of test traffic
 * @param appliedAt when the balancer was told of both; null while it is not
 * @param problem why it could not be told
 * @param step percent of a step of LINEAR, or of the canary
 * @param stepBake the pause after such a step
 * @param bake how long both run after all production traffic has moved
 * @param routed there is traffic to move; without a balancer the stages pass with nothing to do
 */
public record Shift(
    DeploymentStrategy strategy,
    ServiceDeploymentLifecycleStage stage,
    Instant since,
    double production,
    double test,
    @Nullable Instant appliedAt,
    @Nullable String problem,
    double step,
    Duration stepBake,
    Duration bake,
    boolean routed) {

  static final double ALL = 100;

  /** The weight after the next step; tenths of a percent, so that ten steps of 0.1 are one. */
  double next() {
    double next =
        switch (strategy) {
          case LINEAR -> production + step;
          case CANARY -> production < step ? step : ALL;
          default -> ALL;
        };
    return routed ? Math.min(ALL, Math.round(next * 10) / 10.0) : ALL;
  }
}
