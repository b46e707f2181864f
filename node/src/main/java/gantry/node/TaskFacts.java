package gantry.node;

import gantry.acs.TaskPayload;
import gantry.node.docker.Images;
import gantry.node.task.ContainerSeen;
import gantry.node.task.Seen;
import gantry.node.task.Seen.Network;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/**
 * What is known of one task: what is wanted, and what was seen of it. Its {@link TaskRunner} and
 * that one's helpers write it, all on the runner's thread; others read what is volatile.
 */
final class TaskFacts {

  private static final Logger log = LoggerFactory.getLogger(TaskFacts.class);

  volatile TaskPayload task;
  volatile Map<String, ContainerSeen> containers = new LinkedHashMap<>();
  volatile Network network = Network.ABSENT;

  /** Why the task is to end; null while nothing speaks against it. */
  volatile @Nullable String failure;

  /** Whether all of its containers have been seen to run. */
  volatile boolean wasRunning;

  volatile @Nullable Instant pullStarted;
  volatile @Nullable Instant pullStopped;

  /** The control plane has taken note that it stopped. */
  volatile boolean stoppedAcknowledged;

  /** The control plane does not know it: nothing is reported. */
  volatile boolean silent;

  /** It has stopped; only to be told and to be cleaned up. */
  volatile boolean stoppedStep;

  /** Whether Docker has been asked at all what is there. */
  boolean looked;

  final Map<String, Images.Local> images = new HashMap<>();
  final Map<String, Map<String, String>> environments = new HashMap<>();
  final Map<String, String> stopSignals = new HashMap<>();

  /** What Docker gave containers on its bridge. */
  final Map<String, String> addresses = new ConcurrentHashMap<>();

  final Map<String, Integer> portTries = new HashMap<>();
  final Map<String, String> healthOutputs = new HashMap<>();
  @Nullable Map<String, String> volumes;
  @Nullable Long pausePid;

  TaskFacts(TaskPayload task) {
    this.task = task;
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      containers.put(each.name(), ContainerSeen.nothing(each.name()));
    }
  }

  Seen seen() {
    return new Seen(
        containers, network, failure, wasRunning, stoppedAcknowledged || (silent && stoppedStep));
  }

  void set(ContainerSeen it) {
    Map<String, ContainerSeen> copy = new LinkedHashMap<>(containers);
    copy.put(it.name(), it);
    containers = copy;
  }

  ContainerDefinition definition(String name) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      if (name.equals(each.name())) {
        return each;
      }
    }
    throw new IllegalArgumentException("no container " + name + " in " + task.taskArn());
  }

  /** The first reason is the task's; each container keeps its own first. */
  void fail(@Nullable String container, String reason) {
    log.info("task {}: {}{}", task.taskId(), container == null ? "" : container + ": ", reason);
    if (failure == null) {
      failure = reason;
    }
    if (container != null && seen().container(container).reason() == null) {
      set(seen().container(container).reason(reason));
    }
  }
}
