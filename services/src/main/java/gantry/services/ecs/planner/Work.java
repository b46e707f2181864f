package gantry.services.ecs.planner;

import gantry.services.ecs.planner.Step.Why;
import gantry.services.ecs.planner.TaskView.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One planning: the input, and what has been decided so far. */
final class Work {
  final ServiceView service;
  final List<DeploymentView> deployments;
  final List<TaskView> tasks;
  final Instant now;
  final DeploymentView primary;
  final @Nullable DeploymentView base;
  final Ledger ledger;
  final List<Step> steps = new ArrayList<>();
  final List<Waiting> waiting = new ArrayList<>();
  final Set<String> stopped = new HashSet<>();
  final Map<String, Integer> started = new LinkedHashMap<>();
  @Nullable Instant lookAgain;

  Work(ServiceView service, List<DeploymentView> deployments, List<TaskView> tasks, Instant now) {
    this.service = service;
    this.deployments = deployments;
    this.tasks = tasks;
    this.now = now;
    this.ledger = new Ledger(deployments);
    DeploymentView newest = null;
    DeploymentView good = null;
    for (DeploymentView each : deployments) {
      if (each.primary()) {
        newest = newest == null ? each : newest;
      } else if (each.completed() && good == null) {
        good = each;
      }
    }
    this.primary = Objects.requireNonNull(newest);
    this.base = good;
  }

  // ---- what is there, with what was decided

  boolean live(TaskView task) {
    return task.isLive() && !stopped.contains(task.id());
  }

  long count(Predicate<TaskView> which) {
    int count = 0;
    for (TaskView task : tasks) {
      if (live(task) && which.test(task)) {
        count++;
      }
    }
    return count;
  }

  int startedInAll() {
    int all = 0;
    for (int each : started.values()) {
      all += each;
    }
    return all;
  }

  /** RUNNING and PENDING ones; what is being stopped does not count. */
  int liveInAll() {
    return (int) count(task -> true) + startedInAll();
  }

  boolean isOf(TaskView task, DeploymentView deployment) {
    return task.deployment().equals(deployment.id());
  }

  /** Old revisions and what stands on draining instances: to be replaced. */
  boolean leaving(TaskView task) {
    return !isOf(task, primary) || task.instanceDraining();
  }

  /**
   * What counts against minimumHealthyPercent: the healthy, and of the old also those that run and
   * nobody has called unhealthy; an old task that serves is not taken away for a new one that does
   * not.
   */
  boolean serves(TaskView task) {
    return task.isHealthy()
        || (leaving(task) && task.phase() == Phase.RUNNING && !task.isUnhealthy());
  }

  int serving() {
    return (int) count(this::serves);
  }

  // ---- verdict

  /** True when the primary deployment failed just now. */
  boolean verdict() {
    if (primary.state() != DeploymentView.State.IN_PROGRESS) {
      return false;
    }
    Ledger.Book book = ledger.of(primary);
    Step.Failure failure = null;
    String cause = book.cause == null ? "tasks failed to start" : book.cause;
    if (service.breaker().enabled()
        && book.failed >= ServiceView.Breaker.threshold(service.desired())) {
      failure = Step.Failure.CIRCUIT_BREAKER;
    } else if (book.same >= ServicePlanner.SURE_FAILURES) {
      failure = Step.Failure.CANNOT_SUCCEED;
    } else if (late(book)) {
      failure = Step.Failure.DEADLINE;
      cause = "no progress for " + service.deadline().toMinutes() + " minutes";
    }
    if (failure == null) {
      return false;
    }
    boolean back =
        service.breaker().enabled() && service.breaker().rollback() && !primary.rollback();
    steps.add(new Step.Fail(primary.id(), failure, cause, back ? service.lastCompleted() : null));
    return true;
  }

  /** No progress for too long; waiting for protected tasks is no lateness. */
  private boolean late(Ledger.Book book) {
    if (book.progressed) {
      return false;
    }
    Duration limit = service.deadline();
    if (tasks.stream().anyMatch(task -> live(task) && leaving(task) && task.guarded())) {
      // So that half the time at least is left when the protection ends.
      Instant half = primary.progressAt().plus(limit.dividedBy(2));
      book.progressed = !now.isBefore(half);
      again(book.progressed ? now.plus(limit.dividedBy(2)) : half);
      return false;
    }
    Instant end = primary.progressAt().plus(limit);
    if (now.isBefore(end)) {
      again(end);
      return false;
    }
    return !waitsForRoom(book);
  }

  /** A daemon that has failed nowhere and lacks only an instance's room goes on when it comes. */
  private boolean waitsForRoom(Ledger.Book book) {
    return service.daemon()
        && book.failed == 0
        && count(task -> !isOf(task, primary) || !task.isHealthy()) == 0;
  }

  // ---- starting

  /** Tasks the deployment still lacks: those that cannot stay do not count. */
  int missing(DeploymentView deployment) {
    long good =
        count(task -> isOf(task, deployment) && !task.isUnhealthy() && !task.instanceDraining());
    return service.desired() - (int) good - started.getOrDefault(deployment.id(), 0);
  }

  void start(DeploymentView deployment, int wanted) {
    start(deployment, wanted, service.upper() - liveInAll());
  }

  void start(DeploymentView deployment, int wanted, int room) {
    int count = Math.min(wanted, room);
    if (count <= 0) {
      return;
    }
    Ledger.Book book = ledger.of(deployment);
    if (book.notBefore != null && now.isBefore(book.notBefore)) {
      again(book.notBefore);
      waitFor(new Waiting.Throttled(deployment.id(), book.notBefore, book.failed, book.cause));
      return;
    }
    if (!deployment.pinned()) {
      boolean resolving =
          started.containsKey(deployment.id()) || count(task -> isOf(task, deployment)) > 0;
      if (resolving) {
        waitFor(new Waiting.Digest(deployment.id()));
        return;
      }
      count = 1;
    }
    started.merge(deployment.id(), count, Integer::sum);
    steps.add(new Step.Start(deployment.id(), count, null));
  }

  /** A planning starts tasks twice, before and after it has made room: its reason stands once. */
  private void waitFor(Waiting reason) {
    if (!waiting.contains(reason)) {
      waiting.add(reason);
    }
  }

  // ---- stopping

  void stop(TaskView task, Why why) {
    stopped.add(task.id());
    steps.add(new Step.Stop(task.id(), why));
  }

  // ---- finishing

  /** What is over leaves the list; the last good one stays until the new one has won. */
  void drop() {
    for (DeploymentView each : deployments) {
      boolean empty =
          tasks.stream().noneMatch(task -> isOf(task, each) && task.phase() != Phase.STOPPED)
              && !started.containsKey(each.id());
      if (!each.primary() && empty && (base == null || !each.id().equals(base.id()))) {
        steps.add(new Step.Drop(each.id()));
      }
    }
  }

  // ---- reasons

  void again(Instant at) {
    if (lookAgain == null || at.isBefore(lookAgain)) {
      lookAgain = at;
    }
  }

  void explain() {
    List<String> coming = new ArrayList<>();
    List<String> unsure = new ArrayList<>();
    List<String> going = new ArrayList<>();
    for (TaskView task : tasks) {
      if (task.phase() == Phase.STOPPING || stopped.contains(task.id())) {
        going.add(task.id());
      } else if (task.phase() == Phase.STARTING) {
        coming.add(task.id());
      } else if (task.phase() == Phase.RUNNING && task.health() == TaskView.Health.WAITING) {
        unsure.add(task.id());
        if (task.startedAt() != null) {
          Instant due = task.startedAt().plus(HealthRules.BARE);
          if (due.isAfter(now)) {
            again(due);
          }
        }
      }
    }
    boolean still = coming.isEmpty() && unsure.isEmpty() && going.isEmpty() && startedInAll() == 0;
    boolean throttled = waiting.stream().anyMatch(Waiting.Throttled.class::isInstance);
    boolean lacks = missing(primary) > 0 || count(this::leaving) > 0;
    if (primary.state() == DeploymentView.State.FAILED) {
      waiting.add(new Waiting.Failed(primary.id(), ledger.of(primary).cause));
    } else if (still
        && lacks
        && !throttled
        && waiting.isEmpty()
        && !service.daemon()
        && (primary.shift() == null || primary.state() != DeploymentView.State.IN_PROGRESS)) {
      waiting.add(
          new Waiting.Configuration(
              service.desired(), service.lower(), service.upper(), liveInAll()));
    }
    if (!coming.isEmpty()) {
      waiting.add(new Waiting.Starting(coming));
    }
    if (!unsure.isEmpty()) {
      waiting.add(new Waiting.Health(unsure));
    }
    if (!going.isEmpty()) {
      waiting.add(new Waiting.Stopping(going));
    }
  }
}
