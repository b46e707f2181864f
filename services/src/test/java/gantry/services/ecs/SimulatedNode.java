package gantry.services.ecs;

import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.services.ecs.controller.NodeLink;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerStateChange;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * A machine that pretends to run containers. What an image does stands in its name: {@code missing}
 * cannot be pulled, {@code exit-N} ends with N at once, {@code crash-S} ends after S seconds; any
 * other runs until it is stopped.
 */
final class SimulatedNode implements NodeAgent {

  static final Duration START = Duration.ofSeconds(2);
  static final Duration STOP = Duration.ofSeconds(3);

  final String arn;
  final Map<String, TaskPayload> running = new HashMap<>();

  /** What happened, in order: "run ID" and "stop ID". */
  final List<String> log = new ArrayList<>();

  @Nullable NodeLink link;
  boolean silent;

  private final World world;
  private final Map<String, Long> generations = new HashMap<>();
  private int nextPort = 32_768;

  SimulatedNode(World world, String arn) {
    this.world = world;
    this.arn = arn;
  }

  @Override
  public void assign(TaskPayload task) {
    Long seen = generations.put(task.taskArn(), task.generation());
    if (seen != null && seen >= task.generation()) {
      return;
    }
    if (task.desired() == TaskPayload.Desired.RUNNING) {
      running.put(task.taskArn(), task);
      log.add("run " + task.taskId());
      world.time.after(START, () -> started(task));
    } else if (running.containsKey(task.taskArn())) {
      log.add("stop " + task.taskId());
      world.time.after(STOP, () -> ended(task, 143, null));
    }
  }

  private void started(TaskPayload task) {
    if (!running.containsKey(task.taskArn()) || silent) {
      return;
    }
    String image = task.definition().containerDefinitions().getFirst().image();
    if (image.contains("missing")) {
      ended(
          task,
          null,
          "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to"
              + " resolve ref "
              + image
              + ": not found");
      return;
    }
    List<ContainerStateChange> containers = new ArrayList<>();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      containers.add(
          ContainerStateChange.builder()
              .containerName(each.name())
              .status("RUNNING")
              .runtimeId("r" + log.size())
              .imageDigest("sha256:" + Integer.toHexString(each.image().hashCode()))
              .networkBindings(
                  task.eni() != null
                      ? List.of()
                      : each.portMappings().stream()
                          .map(
                              port ->
                                  NetworkBinding.builder()
                                      .containerPort(port.containerPort())
                                      .hostPort(
                                          port.hostPort() != null && port.hostPort() > 0
                                              ? port.hostPort()
                                              : nextPort++)
                                      .bindIP("0.0.0.0")
                                      .build())
                          .toList())
              .build());
    }
    submit(
        SubmitTaskStateChangeRequest.builder()
            .cluster(task.clusterArn())
            .task(task.taskArn())
            .status("RUNNING")
            .containers(containers)
            .build());
    if (image.contains("exit-")) {
      int code = Integer.parseInt(image.substring(image.indexOf("exit-") + 5));
      world.time.after(Duration.ofSeconds(1), () -> ended(task, code, null));
    } else if (image.contains("crash-")) {
      int seconds = Integer.parseInt(image.substring(image.indexOf("crash-") + 6));
      world.time.after(Duration.ofSeconds(seconds), () -> ended(task, 1, null));
    }
  }

  /** As if its essential container had been killed. */
  void kill(String taskArn) {
    TaskPayload task = running.get(taskArn);
    if (task != null) {
      ended(task, 137, null);
    }
  }

  private void ended(TaskPayload task, @Nullable Integer code, @Nullable String reason) {
    if (silent || running.remove(task.taskArn()) == null) {
      return;
    }
    submit(
        SubmitTaskStateChangeRequest.builder()
            .cluster(task.clusterArn())
            .task(task.taskArn())
            .status("STOPPED")
            .executionStoppedAt(Instant.now(world.time))
            .containers(
                task.definition().containerDefinitions().stream()
                    .map(
                        each ->
                            ContainerStateChange.builder()
                                .containerName(each.name())
                                .status("STOPPED")
                                .exitCode(code)
                                .reason(reason)
                                .build())
                    .toList())
            .build());
  }

  private void submit(SubmitTaskStateChangeRequest report) {
    world.asService(ecs -> ecs.submitTaskStateChange(report));
  }

  @Override
  public void retainOnly(Set<String> taskArns) {
    running.keySet().retainAll(taskArns);
  }

  @Override
  public void close() {}
}
