package gantry.node.task;

import gantry.acs.TaskPayload;
import gantry.node.task.ContainerSeen.State;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerStateChange;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * What the control plane is told of a task. A report is the whole truth at its moment, so any later
 * one stands for those that were missed; it is sent whenever it differs from the one before.
 */
public final class TaskReport {

  /** Amazon's agent cuts reasons here. */
  public static final int MAX_REASON_CHARS = 1024;

  private TaskReport() {}

  /** When the pulls of a task began and ended; null while they have not. */
  public record Pulls(@Nullable Instant started, @Nullable Instant stopped) {}

  /** Empty while there is nothing worth telling. */
  public static @Nullable SubmitTaskStateChangeRequest of(
      TaskPayload task, Seen seen, Pulls pulls, boolean everythingStopped) {
    String status = everythingStopped ? "STOPPED" : seen.wasRunning() ? "RUNNING" : "PENDING";
    List<ContainerStateChange> containers = new ArrayList<>();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      ContainerSeen it = seen.container(each.name());
      if (status.equals("PENDING")
          && it.imageDigest() == null
          && it.reason() == null
          && !it.state().started()) {
        continue;
      }
      containers.add(container(task, it, everythingStopped));
    }
    if (status.equals("PENDING") && containers.isEmpty()) {
      return null;
    }
    return SubmitTaskStateChangeRequest.builder()
        .cluster(task.clusterArn())
        .task(task.taskArn())
        .status(status)
        .reason(cut(seen.failure()))
        .containers(containers)
        .pullStartedAt(pulls.started())
        .pullStoppedAt(pulls.stopped())
        .executionStoppedAt(
            everythingStopped || TaskMachine.stopping(task, seen) ? seen.ended() : null)
        .build();
  }

  private static ContainerStateChange container(
      TaskPayload task, ContainerSeen it, boolean everythingStopped) {
    String status =
        it.state() == State.EXITED || everythingStopped
            ? "STOPPED"
            : it.state() == State.RUNNING ? "RUNNING" : "PENDING";
    return ContainerStateChange.builder()
        .containerName(it.name())
        .runtimeId(it.id())
        .status(status)
        .exitCode(it.state() == State.EXITED ? it.exitCode() : null)
        .reason(cut(it.reason()))
        .imageDigest(it.imageDigest())
        .networkBindings(
            task.definition().networkMode() == NetworkMode.AWSVPC ? List.of() : it.bindings())
        .build();
  }

  /** Every container has been started at some time: what makes a task RUNNING. */
  public static boolean allStarted(Map<String, ContainerSeen> containers) {
    return !containers.isEmpty()
        && containers.values().stream().allMatch(each -> each.state().started());
  }

  public static @Nullable String cut(@Nullable String reason) {
    return reason == null || reason.length() <= MAX_REASON_CHARS
        ? reason
        : reason.substring(0, MAX_REASON_CHARS - 1) + "…";
  }
}
