package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;

/**
 * Where a deployment with two colours stands, with all that it needs to go on: what the service's
 * configuration says meanwhile concerns the next one.
 *
 * @param since when the stage began
 * @param production percent of production traffic that is to go to this revision
 * @param test the same of test traffic
 * @param appliedAt when the balancer was told of both; null while it is not
 * @param problem why it could not be told
 * @param step percent of a step of LINEAR, or of the canary
 * @param targetGroups where the tasks register, for each load balancer of the revision
 * @param routes the rules that lead there
 */
public record TrafficShift(
    DeploymentStrategy strategy,
    ServiceDeploymentLifecycleStage stage,
    Instant since,
    double production,
    double test,
    @Nullable Instant appliedAt,
    @Nullable String problem,
    double step,
    int stepBakeMinutes,
    int bakeMinutes,
    List<String> targetGroups,
    List<Route> routes) {

  /**
   * One load balancer's way to this revision and to the other.
   *
   * @param other the target group of the other colour
   * @param productionRule a listener's rule, or a listener
   */
  public record Route(
      String targetGroup,
      String other,
      String productionRule,
      @Nullable String testRule,
      @Nullable String roleArn) {

    Route turned() {
      return new Route(other, targetGroup, productionRule, testRule, roleArn);
    }
  }

  /** A rolling deployment only has to know where its tasks register. */
  public boolean isRolling() {
    return strategy == DeploymentStrategy.ROLLING;
  }

  public boolean hasTest() {
    return routes.stream().anyMatch(each -> each.testRule() != null);
  }

  /** The balancer has yet to hear of the weights. */
  public boolean isPending() {
    return appliedAt == null;
  }

  public TrafficShift at(
      ServiceDeploymentLifecycleStage next, double newProduction, double newTest, Instant now) {
    boolean same = newProduction == production && newTest == test;
    return new TrafficShift(
        strategy,
        next,
        now,
        newProduction,
        newTest,
        same ? appliedAt : routes.isEmpty() ? now : null,
        same ? problem : null,
        step,
        stepBakeMinutes,
        bakeMinutes,
        targetGroups,
        routes);
  }

  public TrafficShift applied(@Nullable Instant at, @Nullable String newProblem) {
    return new TrafficShift(
        strategy,
        stage,
        since,
        production,
        test,
        at,
        newProblem,
        step,
        stepBakeMinutes,
        bakeMinutes,
        targetGroups,
        routes);
  }

  /** The same groups, with no traffic to move. */
  public TrafficShift rolling(Instant now) {
    return new TrafficShift(
        DeploymentStrategy.ROLLING,
        ServiceDeploymentLifecycleStage.CLEAN_UP,
        now,
        100,
        100,
        now,
        null,
        100,
        0,
        0,
        targetGroups,
        List.of());
  }

  /**
   * The way back: all traffic at once, to a revision that still runs; one that does not, or was
   * being cleaned up already, has to come up first.
   */
  public TrafficShift back(List<String> groupsOfTarget, boolean runs, Instant now) {
    boolean gone = !runs || stage == ServiceDeploymentLifecycleStage.CLEAN_UP;
    return new TrafficShift(
        DeploymentStrategy.BLUE_GREEN,
        gone
            ? ServiceDeploymentLifecycleStage.SCALE_UP
            : ServiceDeploymentLifecycleStage.PRODUCTION_TRAFFIC_SHIFT,
        now,
        gone ? 0 : 100,
        gone ? 0 : 100,
        routes.isEmpty() ? now : null,
        null,
        100,
        0,
        0,
        groupsOfTarget,
        routes.stream().map(Route::turned).toList());
  }
}
