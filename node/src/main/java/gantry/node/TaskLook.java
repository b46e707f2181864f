package gantry.node;

import com.github.dockerjava.api.command.HealthState;
import com.github.dockerjava.api.command.HealthStateLog;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Labels;
import gantry.node.docker.PortPlan;
import gantry.node.docker.Reasons;
import gantry.node.docker.TaskCgroups;
import gantry.node.logs.Logs;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen.Network;
import gantry.node.task.TaskMachine;
import gantry.node.task.TaskReport;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/** Looks at what Docker has of one task, and writes it down in its {@link TaskFacts}. */
final class TaskLook {

  private static final Logger log = LoggerFactory.getLogger(TaskLook.class);

  private final Node node;
  private final TaskFacts facts;

  TaskLook(Node node, TaskFacts facts) {
    this.node = node;
    this.facts = facts;
  }

  void all() {
    List<Container> found =
        node.docker()
            .call(
                "list a task's containers",
                DockerEngine.LOOK,
                d ->
                    d.listContainersCmd()
                        .withShowAll(true)
                        .withLabelFilter(
                            Map.of(
                                Labels.INSTALL,
                                node.config().install(),
                                Labels.TASK_ARN,
                                facts.task.taskArn()))
                        .exec());
    Map<String, String> ids = new HashMap<>();
    for (Container each : found) {
      String name = each.getLabels() == null ? null : each.getLabels().get(Labels.CONTAINER_NAME);
      if (name != null) {
        ids.put(name, each.getId());
      }
    }
    boolean adopted = !ids.isEmpty();
    for (ContainerDefinition each : facts.task.definition().containerDefinitions()) {
      lookAt(each.name(), ids.get(each.name()));
    }
    lookAtPause(ids.get(Labels.PAUSE_NAME));
    facts.looked = true;
    if (adopted && !facts.wasRunning && "RUNNING".equals(facts.task.knownStatus())) {
      facts.wasRunning = true;
    }
  }

  void at(String name) {
    if (name.equals(Labels.PAUSE_NAME)) {
      lookAtPause(Labels.containerName(node.config().install(), facts.task, name));
      return;
    }
    ContainerSeen it = facts.containers.get(name);
    if (it != null) {
      lookAt(
          name,
          it.id() != null
              ? it.id()
              : Labels.containerName(node.config().install(), facts.task, name));
    }
  }

  void lookAt(String name, @Nullable String idOrName) {
    ContainerSeen before = facts.seen().container(name);
    InspectContainerResponse now = idOrName == null ? null : inspect(idOrName);
    if (now == null) {
      if (before.state() == State.RUNNING) {
        facts.set(
            before
                .docker(
                    State.EXITED,
                    before.id(),
                    null,
                    null,
                    false,
                    before.createdAt(),
                    before.startedAt(),
                    node.clock().instant(),
                    Health.NONE,
                    node.clock().instant())
                .reason(
                    before.signalledAt() != null
                        ? before.reason()
                        : "ContainerVanishedError: somebody removed the container"));
      } else if (before.state() == State.CREATED) {
        facts.set(before.absent(node.clock().instant()));
      }
      return;
    }
    var state = now.getState();
    Instant started = time(state.getStartedAt());
    Instant finished = time(state.getFinishedAt());
    boolean running = Boolean.TRUE.equals(state.getRunning());
    // Docker shows a container whose start failed as exited as well; it never ran.
    State newState =
        running
            ? State.RUNNING
            : started == null || "created".equals(state.getStatus()) ? State.CREATED : State.EXITED;
    Long code = state.getExitCodeLong();
    ContainerSeen after =
        before.docker(
            newState,
            now.getId(),
            running ? state.getPidLong() : null,
            newState == State.EXITED && code != null ? code.intValue() : null,
            Boolean.TRUE.equals(state.getOOMKilled()) || before.outOfMemory(),
            time(now.getCreated()),
            started,
            newState == State.EXITED ? finished : null,
            health(state.getHealth() == null ? null : state.getHealth().getStatus()),
            node.clock().instant());
    rememberHealthOutput(name, state.getHealth());
    Map<String, String> labels = now.getConfig().getLabels();
    if (before.state() == State.ABSENT) {
      PortPlan ports = PortPlan.parse(labels == null ? null : labels.get(PortPlan.LABEL));
      ports.takeIn(node.ports());
      after =
          after
              .image(now.getImageId(), labels == null ? null : labels.get("gantry.digest"))
              .bound(ports.bindings());
    }
    if (running && now.getNetworkSettings() != null) {
      DockerEngine.bridgeAddress(now.getNetworkSettings().getNetworks())
          .ifPresent(address -> facts.addresses.put(name, address));
    }
    // docker-java's class has no such member, and keeps what it does not know at the top only.
    if (now.getRawValues().get("Config") instanceof Map<?, ?> config
        && config.get("StopSignal") instanceof String text
        && !text.isEmpty()) {
      facts.stopSignals.put(name, text);
    }
    if (newState == State.EXITED && before.state() != State.EXITED) {
      after = ended(after);
    }
    facts.set(after);
    // One that ended before it was looked at has run as well, and has said something.
    if (newState.started()
        && !(before.state().started() && Objects.equals(before.startedAt(), started))) {
      node.hasRun(facts, facts.definition(name), after);
    }
  }

  /** Words why a container ended, where that needs saying. */
  private ContainerSeen ended(ContainerSeen it) {
    ContainerDefinition definition = facts.definition(it.name());
    boolean oom =
        it.outOfMemory()
            || (Integer.valueOf(137).equals(it.exitCode())
                && it.killedAt() == null
                && node.cgroups() != null
                && node.taskHitItsMemoryLimit(facts.task));
    if (oom) {
      return it.reason(Reasons.outOfMemory(definition.memory(), TaskCgroups.memoryMib(facts.task)));
    }
    Integer code = it.exitCode();
    if (code != null && code != 0 && it.signalledAt() == null && it.id() != null) {
      List<String> last =
          node.logs().lastLines(it.id(), Boolean.TRUE.equals(definition.pseudoTerminal()));
      if (!last.isEmpty()) {
        tellOutput(it.name(), last);
        if (it.reason() == null) {
          return it.reason("Exit code " + code + "; the last it said: " + Logs.joined(last));
        }
      }
    }
    return it;
  }

  private void tellOutput(String container, List<String> lines) {
    if (!facts.silent) {
      String arn = facts.task.taskArn();
      // Beside the task's own reports, which must not wait for it.
      Thread.ofVirtual()
          .name("tell last output of " + facts.task.taskId())
          .start(
              () -> {
                try {
                  node.news().containerOutput(arn, container, lines);
                } catch (RuntimeException e) {
                  log.warn("the last output of {} could not be told", arn, e);
                }
              });
    }
  }

  void lookAtPause(@Nullable String idOrName) {
    if (!TaskMachine.pauses(facts.task)) {
      return;
    }
    InspectContainerResponse now = idOrName == null ? null : inspect(idOrName);
    boolean running = now != null && Boolean.TRUE.equals(now.getState().getRunning());
    if (running && now != null) {
      facts.pausePid = now.getState().getPidLong();
      if (facts.network == Network.ABSENT || facts.network == Network.LOST) {
        facts.network = Network.PAUSED;
      }
    } else if (facts.network != Network.ABSENT || now != null) {
      boolean never = now != null && time(now.getState().getStartedAt()) == null;
      facts.network = never ? Network.ABSENT : Network.LOST;
    }
  }

  private @Nullable InspectContainerResponse inspect(String idOrName) {
    try {
      return node.docker()
          .call(
              "inspect a container",
              DockerEngine.LOOK,
              d -> d.inspectContainerCmd(idOrName).exec());
    } catch (NotFoundException e) {
      return null;
    }
  }

  private void rememberHealthOutput(String name, @Nullable HealthState state) {
    List<HealthStateLog> checks = state == null ? null : state.getLog();
    if (checks != null && !checks.isEmpty()) {
      String output = checks.getLast().getOutput();
      if (output != null && !output.isBlank()) {
        facts.healthOutputs.put(name, String.valueOf(TaskReport.cut(output.strip())));
      } else {
        facts.healthOutputs.remove(name);
      }
    }
  }

  private static Health health(@Nullable String status) {
    if (status == null) {
      return Health.NONE;
    }
    return switch (status) {
      case "starting" -> Health.STARTING;
      case "healthy" -> Health.HEALTHY;
      case "unhealthy" -> Health.UNHEALTHY;
      default -> Health.NONE;
    };
  }

  /** Docker's zero time is the year 1. */
  static @Nullable Instant time(@Nullable String text) {
    if (text == null || text.isEmpty() || text.startsWith("0001-")) {
      return null;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      return java.time.OffsetDateTime.parse(text).toInstant();
    }
  }
}
