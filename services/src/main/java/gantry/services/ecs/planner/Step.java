package gantry.services.ecs.planner;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;

/** One thing to do for a service. */
public sealed interface Step {

  /** Take notice of how a task went. */
  record Settle(String task, boolean healthy) implements Step {}

  /** The deployment's bookkeeping from now on. */
  record Note(
      String deployment,
      int failedTasks,
      boolean ran,
      @Nullable String cause,
      int sameCause,
      @Nullable Instant notBefore,
      boolean progressed)
      implements Step {}

  /** {@code zone} only when it has to be that one. */
  record Start(String deployment, int count, @Nullable String zone) implements Step {}

  /** A daemon's task on its instance. */
  record StartOn(String deployment, String instance) implements Step {}

  record Stop(String task, Why why) implements Step {}

  record Complete(String deployment) implements Step {}

  /** {@code rollbackTo} null: the deployment just ends. */
  record Fail(String deployment, Failure failure, String cause, @Nullable String rollbackTo)
      implements Step {}

  /** The next stage of a deployment with two colours, and its share of the traffic there. */
  record Stage(
      String deployment, ServiceDeploymentLifecycleStage stage, double production, double test)
      implements Step {}

  /** Nothing of it is left. */
  record Drop(String deployment) implements Step {}

  /** All is as it should be. */
  record Steady() implements Step {}

  record Rebalance(boolean begins) implements Step {}

  /** A deleted service has no task any more. */
  record Deactivate() implements Step {}

  /** Why a task is stopped. */
  enum Why {
    SCALE_IN,
    DEPLOYMENT,
    UNHEALTHY,
    INSTANCE_DRAINING,
    REBALANCE,
    DELETED
  }

  /** Why a deployment failed. */
  enum Failure {
    CIRCUIT_BREAKER,
    CANNOT_SUCCEED,
    DEADLINE
  }
}
