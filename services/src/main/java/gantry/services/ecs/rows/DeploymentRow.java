package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;

/**
 * One deployment of a service while it has tasks or is the primary one.
 *
 * @param id {@code ecs-svc/<digits>}
 * @param primary the newest; the others are drained
 * @param revision the snapshot that its tasks run
 * @param failedTasks tasks that ended before they were healthy, since the last healthy one
 * @param ran a task of it has been RUNNING
 * @param completed it reached a steady state once
 * @param cause what the failures have in common when another try cannot help; null otherwise
 * @param sameCause how many failures in a row had that cause
 * @param notBefore no start before: throttled
 * @param progressAt when something last became better
 * @param pinned no digest is awaited any more
 * @param digests by container name
 * @param rollsBack the deployment whose failure this one repairs; null otherwise
 * @param traffic for blue/green, linear and canary; null when no balancer has two target groups
 */
public record DeploymentRow(
    String id,
    boolean primary,
    ServiceRevision revision,
    String serviceDeploymentArn,
    Instant createdAt,
    Instant updatedAt,
    DeploymentRolloutState rolloutState,
    String rolloutStateReason,
    int failedTasks,
    boolean ran,
    boolean completed,
    @Nullable String cause,
    int sameCause,
    @Nullable Instant notBefore,
    Instant progressAt,
    boolean pinned,
    Map<String, String> digests,
    @Nullable String rollsBack,
    @Nullable TrafficShift traffic) {

  /** A service's new primary deployment, of which nothing has run; it awaits no digest. */
  public static DeploymentRow begun(
      String id, ServiceRevision revision, String serviceDeploymentArn, Instant now) {
    return new DeploymentRow(
        id,
        true,
        revision,
        serviceDeploymentArn,
        now,
        now,
        DeploymentRolloutState.IN_PROGRESS,
        "",
        0,
        false,
        false,
        null,
        0,
        null,
        now,
        true,
        Map.of(),
        null,
        null);
  }

  public Edit edit() {
    return new Edit(this);
  }

  /** The service deployment that its end decides about: the one that it repairs, else its own. */
  public String decides() {
    return rollsBack != null ? rollsBack : serviceDeploymentArn;
  }

  public boolean inProgress() {
    return rolloutState == DeploymentRolloutState.IN_PROGRESS;
  }

  public boolean failed() {
    return rolloutState == DeploymentRolloutState.FAILED;
  }

  /** Changes some members and leaves the rest. */
  public static final class Edit {
    private final DeploymentRow from;
    private boolean primary;
    private ServiceRevision revision;
    private String serviceDeploymentArn;
    private Instant updatedAt;
    private DeploymentRolloutState rolloutState;
    private String rolloutStateReason;
    private int failedTasks;
    private boolean ran;
    private boolean completed;
    private @Nullable String cause;
    private int sameCause;
    private @Nullable Instant notBefore;
    private Instant progressAt;
    private boolean pinned;
    private Map<String, String> digests;
    private @Nullable String rollsBack;
    private @Nullable TrafficShift traffic;

    private Edit(DeploymentRow from) {
      this.from = from;
      primary = from.primary;
      revision = from.revision;
      serviceDeploymentArn = from.serviceDeploymentArn;
      updatedAt = from.updatedAt;
      rolloutState = from.rolloutState;
      rolloutStateReason = from.rolloutStateReason;
      failedTasks = from.failedTasks;
      ran = from.ran;
      completed = from.completed;
      cause = from.cause;
      sameCause = from.sameCause;
      notBefore = from.notBefore;
      progressAt = from.progressAt;
      pinned = from.pinned;
      digests = from.digests;
      rollsBack = from.rollsBack;
      traffic = from.traffic;
    }

    public Edit primary(boolean value) {
      primary = value;
      return this;
    }

    public Edit revision(ServiceRevision value) {
      revision = value;
      return this;
    }

    public Edit serviceDeploymentArn(String value) {
      serviceDeploymentArn = value;
      return this;
    }

    public Edit updatedAt(Instant value) {
      updatedAt = value;
      return this;
    }

    public Edit rollout(DeploymentRolloutState state, String reason) {
      rolloutState = state;
      rolloutStateReason = reason;
      return this;
    }

    public Edit failures(int failed, @Nullable String newCause, int same) {
      failedTasks = failed;
      cause = newCause;
      sameCause = same;
      return this;
    }

    public Edit ran(boolean value) {
      ran = value;
      return this;
    }

    public Edit completed(boolean value) {
      completed = value;
      return this;
    }

    public Edit notBefore(@Nullable Instant value) {
      notBefore = value;
      return this;
    }

    public Edit progressAt(Instant value) {
      progressAt = value;
      return this;
    }

    public Edit pinned(boolean value, Map<String, String> newDigests) {
      pinned = value;
      digests = newDigests;
      return this;
    }

    public Edit rollsBack(@Nullable String value) {
      rollsBack = value;
      return this;
    }

    public Edit traffic(@Nullable TrafficShift value) {
      traffic = value;
      return this;
    }

    public DeploymentRow done() {
      return new DeploymentRow(
          from.id,
          primary,
          revision,
          serviceDeploymentArn,
          from.createdAt,
          updatedAt,
          rolloutState,
          rolloutStateReason,
          failedTasks,
          ran,
          completed,
          cause,
          sameCause,
          notBefore,
          progressAt,
          pinned,
          digests,
          rollsBack,
          traffic);
    }
  }
}
