package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import gantry.state.Tx;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.VersionConsistency;

/** Which image a tag means: the first task of a deployment that knows decides for all. */
final class DigestPins {

  /** Tries to learn the digest of a tag before a deployment goes on without. */
  static final int DIGEST_TRIES = 3;

  private final Tx tx;
  private final Scope scope;
  private final ServiceController.Look look;
  private final Map<String, DeploymentRow> rows;

  DigestPins(Tx tx, Scope scope, ServiceController.Look look, Map<String, DeploymentRow> rows) {
    this.tx = tx;
    this.scope = scope;
    this.look = look;
    this.rows = rows;
  }

  static Map<String, String> digests(ServiceRevision revision) {
    Map<String, String> digests = new HashMap<>();
    revision
        .containerImages()
        .forEach(
            each -> {
              if (each.imageDigest() != null) {
                digests.put(each.containerName(), each.imageDigest());
              }
            });
    return digests;
  }

  /** The first task that knows its images decides for all that follow. */
  void pin() {
    for (DeploymentRow deployment : List.copyOf(rows.values())) {
      if (deployment.pinned()) {
        continue;
      }
      TaskRow knowing = knowing(deployment);
      if (knowing != null) {
        pin(deployment, knowing);
      } else if (deployment.failedTasks() >= DIGEST_TRIES) {
        rows.put(deployment.id(), deployment.edit().pinned(true, Map.of()).done());
      }
    }
  }

  /** A task that has pulled its images, even one that has failed since. */
  private @Nullable TaskRow knowing(DeploymentRow deployment) {
    for (int i = 0; i < look.views().size(); i++) {
      TaskView view = look.views().get(i);
      TaskRow task = look.tasks().get(i).value();
      if (view.deployment().equals(deployment.id())
          && ((view.isLive() && view.digestKnown())
              || task.task().containers().stream().allMatch(each -> each.imageDigest() != null))) {
        return task;
      }
    }
    return null;
  }

  private void pin(DeploymentRow deployment, TaskRow task) {
    TaskDefinition definition = Deployments.definition(tx, scope, deployment.revision());
    Map<String, String> digests = new HashMap<>();
    for (Container container : task.task().containers()) {
      if (container.imageDigest() != null && isConsistent(definition, container.name())) {
        digests.put(container.name(), container.imageDigest());
      }
    }
    ServiceRevision revision =
        deployment.revision().toBuilder()
            .containerImages(
                deployment.revision().containerImages().stream()
                    .map(
                        each ->
                            each.toBuilder().imageDigest(digests.get(each.containerName())).build())
                    .toList())
            .build();
    tx.put(EcsTables.SERVICE_REVISIONS, scope.key(revision.serviceRevisionArn()), revision);
    DeploymentRow current = Objects.requireNonNull(rows.get(deployment.id()));
    rows.put(deployment.id(), current.edit().pinned(true, digests).revision(revision).done());
  }

  private static boolean isConsistent(@Nullable TaskDefinition definition, String name) {
    if (definition == null) {
      return true;
    }
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (container.name().equals(name)) {
        return container.versionConsistency() != VersionConsistency.DISABLED;
      }
    }
    return true;
  }
}
