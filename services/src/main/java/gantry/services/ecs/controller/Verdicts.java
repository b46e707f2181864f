package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.Step;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.Rollback;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentRollbackMonitorsStatus;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;

/** How a deployment ends: the rows, the record that stays, the event. */
final class Verdicts {

  private final PlanWriting writing;
  private final Deployments deployments;
  private final Tx tx;
  private final Scope scope;
  private final Map<String, DeploymentRow> rows;
  private final Instant now;

  Verdicts(PlanWriting writing, Deployments deployments) {
    this.writing = writing;
    this.deployments = deployments;
    this.tx = writing.tx;
    this.scope = writing.scope;
    this.rows = writing.rows;
    this.now = writing.now;
  }

  void complete(Step.Complete complete) {
    DeploymentRow old = rows.get(complete.deployment());
    if (old == null) {
      return;
    }
    String reason = "ECS deployment " + old.id() + " completed.";
    rows.put(
        old.id(),
        old.edit()
            .rollout(DeploymentRolloutState.COMPLETED, reason)
            .completed(true)
            .rollsBack(null)
            .updatedAt(now)
            .done());
    boolean back = old.rollsBack() != null;
    Deployments.record(
        tx,
        scope,
        old.decides(),
        each ->
            each.toBuilder()
                .status(
                    back
                        ? ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
                        : ServiceDeploymentStatus.SUCCESSFUL)
                .finishedAt(now)
                .updatedAt(now)
                .deploymentCircuitBreaker(
                    each.deploymentCircuitBreaker().status()
                            == ServiceDeploymentRollbackMonitorsStatus.MONITORING
                        ? each.deploymentCircuitBreaker().toBuilder()
                            .status(ServiceDeploymentRollbackMonitorsStatus.MONITORING_COMPLETE)
                            .build()
                        : each.deploymentCircuitBreaker())
                .build());
    writing.telling.say("(deployment " + old.id() + ") deployment completed.");
    Outbox.deployment(
        tx,
        scope,
        writing.row.service().serviceArn(),
        "INFO",
        "SERVICE_DEPLOYMENT_COMPLETED",
        old.id(),
        reason,
        now);
    writing.telling.over("configuration");
    writing.telling.over("start");
  }

  /** The next stage; what then happens to the traffic is the balancer's to confirm. */
  void stage(Step.Stage stage) {
    DeploymentRow old = rows.get(stage.deployment());
    if (old == null || old.traffic() == null) {
      return;
    }
    DeploymentRow next =
        old.edit()
            .traffic(old.traffic().at(stage.stage(), stage.production(), stage.test(), now))
            .completed(old.completed() || stage.stage() == ServiceDeploymentLifecycleStage.CLEAN_UP)
            .progressAt(now)
            .updatedAt(now)
            .done();
    rows.put(old.id(), next);
    Shifts.record(tx, scope, next, now);
  }

  void fail(Step.Fail fail) {
    DeploymentRow failed = rows.get(fail.deployment());
    if (failed == null) {
      return;
    }
    DeploymentRow target = rollbackTarget(fail);
    boolean listed = target != null && rows.containsKey(target.id());
    boolean broken = fail.failure() == Step.Failure.CIRCUIT_BREAKER;
    String reason =
        broken
            ? "ECS deployment circuit breaker: "
                + (target == null
                    ? "tasks failed to start."
                    : "rolling back to deploymentId " + target.id() + ".")
            : "ECS deployment failed: "
                + fail.cause()
                + (target == null ? "." : ": rolling back to deploymentId " + target.id() + ".");
    rows.put(
        failed.id(),
        failed
            .edit()
            .rollout(DeploymentRolloutState.FAILED, reason)
            .primary(target == null)
            .updatedAt(now)
            .done());
    writing.telling.say(
        "(deployment "
            + failed.id()
            + ") deployment failed: "
            + (fail.failure() == Step.Failure.DEADLINE ? fail.cause() : "tasks failed to start")
            + ".");
    Outbox.deployment(
        tx,
        scope,
        writing.row.service().serviceArn(),
        "ERROR",
        "SERVICE_DEPLOYMENT_FAILED",
        failed.id(),
        reason,
        now);
    String statusReason =
        fail.failure() == Step.Failure.CIRCUIT_BREAKER ? reason + " " + fail.cause() : reason;
    Deployments.record(
        tx,
        scope,
        failed.decides(),
        each -> {
          var record =
              each.toBuilder()
                  .updatedAt(now)
                  .statusReason(statusReason)
                  .status(
                      failed.rollsBack() != null
                          ? ServiceDeploymentStatus.ROLLBACK_FAILED
                          : target == null
                              ? ServiceDeploymentStatus.STOPPED
                              : ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS);
          if (fail.failure() == Step.Failure.CIRCUIT_BREAKER) {
            record.deploymentCircuitBreaker(
                each.deploymentCircuitBreaker().toBuilder()
                    .status(ServiceDeploymentRollbackMonitorsStatus.TRIGGERED)
                    .build());
          }
          if (target == null) {
            record.stoppedAt(now).finishedAt(now);
          } else {
            record.rollback(
                Rollback.builder()
                    .reason(reason)
                    .startedAt(now)
                    .serviceRevisionArn(target.revision().serviceRevisionArn())
                    .build());
          }
          return record.build();
        });
    if (target != null) {
      DeploymentRow again =
          target
              .edit()
              .primary(true)
              .rollout(DeploymentRolloutState.IN_PROGRESS, reason)
              .failures(0, null, 0)
              .notBefore(null)
              .progressAt(now)
              .updatedAt(now)
              .rollsBack(failed.serviceDeploymentArn())
              .traffic(Shifts.back(failed, target, listed, now))
              .done();
      rows.remove(target.id());
      Map<String, DeploymentRow> rest = new LinkedHashMap<>(rows);
      rows.clear();
      rows.put(again.id(), again);
      Shifts.record(tx, scope, again, now);
      rows.putAll(rest);
      writing.row =
          writing.row.with(
              writing.row.service().toBuilder()
                  .taskDefinition(again.revision().taskDefinition())
                  .build());
      writing.telling.say("rolling back to deployment " + again.id() + ".");
    }
  }

  /** The deployment that won last: still in the list, or made again from its revision. */
  private @Nullable DeploymentRow rollbackTarget(Step.Fail fail) {
    if (fail.rollbackTo() == null) {
      return null;
    }
    DeploymentRow listed = rows.get(fail.rollbackTo());
    if (listed != null) {
      return listed;
    }
    ServiceRevision revision = tx.get(EcsTables.SERVICE_REVISIONS, scope.key(fail.rollbackTo()));
    if (revision == null) {
      return null;
    }
    return DeploymentRow.begun(
            deployments.newId(), revision, writing.row.primary().serviceDeploymentArn(), now)
        .edit()
        .pinned(true, DigestPins.digests(revision))
        .done();
  }
}
