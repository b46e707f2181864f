package gantry.node.task;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;

/**
 * What is known of one container of a task: mostly what Docker says, and what the node did about it
 * since it last had to ask.
 *
 * @param prepared how far image and secrets are
 * @param id Docker's id; null while there is no container
 * @param exitCode null for one that never ran, or that vanished
 * @param reason why it failed, as {@code ErrorName: text}; null for one that did not
 * @param signalledAt when the stop signal was sent; null before
 * @param killedAt when SIGKILL was last sent; null before
 * @param restarts how often the restart policy has started it again
 */
public record ContainerSeen(
    String name,
    Prepared prepared,
    State state,
    @Nullable String id,
    @Nullable Long pid,
    @Nullable Integer exitCode,
    boolean outOfMemory,
    @Nullable String reason,
    @Nullable Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant finishedAt,
    Health health,
    @Nullable Instant healthSince,
    @Nullable Instant signalledAt,
    @Nullable Instant killedAt,
    int restarts,
    @Nullable String imageDigest,
    @Nullable String imageId,
    List<NetworkBinding> bindings) {

  /** How far the things are that a container needs before Docker can make it. */
  public enum Prepared {
    NOT_ASKED,
    UNDER_WAY,
    READY,
    FAILED
  }

  /** How far the container itself is. */
  public enum State {
    ABSENT,
    CREATED,
    RUNNING,
    EXITED;

    public boolean started() {
      return this == RUNNING || this == EXITED;
    }
  }

  /** What Docker's health check says. */
  public enum Health {
    /** No check is defined. */
    NONE,
    STARTING,
    HEALTHY,
    UNHEALTHY
  }

  public static ContainerSeen nothing(String name) {
    return new ContainerSeen(
        name,
        Prepared.NOT_ASKED,
        State.ABSENT,
        null,
        null,
        null,
        false,
        null,
        null,
        null,
        null,
        Health.NONE,
        null,
        null,
        null,
        0,
        null,
        null,
        List.of());
  }

  /** True once it will not run again by itself. */
  public boolean over() {
    return state == State.EXITED || (state == State.ABSENT && reason != null);
  }

  public ContainerSeen prepared(Prepared now) {
    return new ContainerSeen(
        name,
        now,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        reason,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen image(@Nullable String newId, @Nullable String digest) {
    return new ContainerSeen(
        name,
        Prepared.READY,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        reason,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts,
        digest,
        newId,
        bindings);
  }

  public ContainerSeen failed(String why) {
    return new ContainerSeen(
        name,
        prepared == Prepared.READY ? prepared : Prepared.FAILED,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        why,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen reason(@Nullable String why) {
    return new ContainerSeen(
        name,
        prepared,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        why,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen signalled(Instant at) {
    return new ContainerSeen(
        name,
        prepared,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        reason,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        at,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen killed(Instant at) {
    return new ContainerSeen(
        name,
        prepared,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        reason,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        at,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen restarted() {
    return new ContainerSeen(
        name,
        prepared,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        null,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts + 1,
        imageDigest,
        imageId,
        bindings);
  }

  public ContainerSeen bound(List<NetworkBinding> ports) {
    return new ContainerSeen(
        name,
        prepared,
        state,
        id,
        pid,
        exitCode,
        outOfMemory,
        reason,
        createdAt,
        startedAt,
        finishedAt,
        health,
        healthSince,
        signalledAt,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        List.copyOf(ports));
  }

  /** The same container as Docker shows it now. */
  /** There is no such container (any more), and none has run. */
  public ContainerSeen absent(Instant now) {
    return docker(State.ABSENT, null, null, null, false, null, null, null, Health.NONE, now);
  }

  public ContainerSeen docker(
      State newState,
      @Nullable String newId,
      @Nullable Long newPid,
      @Nullable Integer code,
      boolean oom,
      @Nullable Instant created,
      @Nullable Instant started,
      @Nullable Instant finished,
      Health newHealth,
      Instant now) {
    return new ContainerSeen(
        name,
        newState == State.ABSENT ? prepared : Prepared.READY,
        newState,
        newId,
        newPid,
        code,
        oom,
        reason,
        created,
        started,
        finished,
        newHealth,
        newHealth == health && healthSince != null ? healthSince : now,
        signalledAt,
        killedAt,
        restarts,
        imageDigest,
        imageId,
        bindings);
  }
}
