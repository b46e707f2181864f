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
    Edit edit = new Edit(this);
    edit.prepared = now;
    return edit.done();
  }

  public ContainerSeen image(@Nullable String newId, @Nullable String digest) {
    Edit edit = new Edit(this);
    edit.prepared = Prepared.READY;
    edit.imageDigest = digest;
    edit.imageId = newId;
    return edit.done();
  }

  public ContainerSeen failed(String why) {
    Edit edit = new Edit(this);
    edit.prepared = prepared == Prepared.READY ? prepared : Prepared.FAILED;
    edit.reason = why;
    return edit.done();
  }

  public ContainerSeen reason(@Nullable String why) {
    Edit edit = new Edit(this);
    edit.reason = why;
    return edit.done();
  }

  public ContainerSeen signalled(Instant at) {
    Edit edit = new Edit(this);
    edit.signalledAt = at;
    return edit.done();
  }

  public ContainerSeen killed(Instant at) {
    Edit edit = new Edit(this);
    edit.killedAt = at;
    return edit.done();
  }

  public ContainerSeen restarted() {
    Edit edit = new Edit(this);
    edit.reason = null;
    edit.restarts++;
    return edit.done();
  }

  public ContainerSeen bound(List<NetworkBinding> ports) {
    Edit edit = new Edit(this);
    edit.bindings = List.copyOf(ports);
    return edit.done();
  }

  /** There is no such container (any more), and none has run. */
  public ContainerSeen absent(Instant now) {
    return docker(State.ABSENT, null, null, null, false, null, null, null, Health.NONE, now);
  }

  /** The same container as Docker shows it now. */
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

  /** What the node itself knows and changes; the rest stays as Docker said it. */
  private static final class Edit {
    private final ContainerSeen from;
    private Prepared prepared;
    private @Nullable String reason;
    private @Nullable Instant signalledAt;
    private @Nullable Instant killedAt;
    private int restarts;
    private @Nullable String imageDigest;
    private @Nullable String imageId;
    private List<NetworkBinding> bindings;

    private Edit(ContainerSeen from) {
      this.from = from;
      prepared = from.prepared;
      reason = from.reason;
      signalledAt = from.signalledAt;
      killedAt = from.killedAt;
      restarts = from.restarts;
      imageDigest = from.imageDigest;
      imageId = from.imageId;
      bindings = from.bindings;
    }

    private ContainerSeen done() {
      return new ContainerSeen(
          from.name,
          prepared,
          from.state,
          from.id,
          from.pid,
          from.exitCode,
          from.outOfMemory,
          reason,
          from.createdAt,
          from.startedAt,
          from.finishedAt,
          from.health,
          from.healthSince,
          signalledAt,
          killedAt,
          restarts,
          imageDigest,
          imageId,
          bindings);
    }
  }
}
