package gantry.node.task;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a task as a whole.
 *
 * @param containers by name, one for each container of the definition
 * @param network of the pause container that holds the task's namespaces
 * @param failure why the task as a whole cannot run; null while it can
 * @param wasRunning every container has been started at some time
 * @param reportedStopped the control plane has acknowledged that the task is stopped
 */
public record Seen(
    Map<String, ContainerSeen> containers,
    Network network,
    @Nullable String failure,
    boolean wasRunning,
    boolean reportedStopped) {

  /** How far the namespaces are that the containers of a task share. */
  public enum Network {
    /** There is no pause container. */
    ABSENT,
    /** It runs, and has no interface yet. */
    PAUSED,
    /** It runs and has its interface; or needs none. */
    READY,
    /** It was there and is not any more: nothing that joined it can go on. */
    LOST
  }

  public ContainerSeen container(String name) {
    ContainerSeen seen = containers.get(name);
    return seen == null ? ContainerSeen.nothing(name) : seen;
  }

  /** The moment at which the last container ended; null while one runs or none ever ran. */
  public @Nullable Instant ended() {
    Instant latest = null;
    for (ContainerSeen each : containers.values()) {
      if (each.state() == ContainerSeen.State.RUNNING) {
        return null;
      }
      Instant at = each.finishedAt();
      if (at != null && (latest == null || at.isAfter(latest))) {
        latest = at;
      }
    }
    return latest;
  }
}
