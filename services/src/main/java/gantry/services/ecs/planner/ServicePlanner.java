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

/**
 * The service scheduler: replacement, scaling, rolling deployments, the circuit breaker, draining
 * and rebalancing, as one function of what is wanted, what is there and the time. It holds no id,
 * clock or chance of its own, so the same question always has the same answer.
 *
 * <p>The order of its parts is the order of their importance: what has happened is noted, a verdict
 * is given, then tasks are started as far as maximumPercent lets, then stopped as far as
 * minimumHealthyPercent lets, and the room that this made is used.
 */
public final class ServicePlanner {

  /** Failures in a row with the same cause that another try cannot avoid, until the verdict. */
  public static final int SURE_FAILURES = 2;

  private ServicePlanner() {}

  public static Plan plan(
      ServiceView service,
      List<DeploymentView> deployments,
      List<TaskView> tasks,
      List<String> instances,
      Instant now) {
    if (service.deleting()) {
      return deleting(tasks);
    }
    Work work = new Work(service, deployments, tasks, now);
    if (service.daemon()) {
      return new DaemonPlanner(work, instances).plan();
    }
    if (work.primary.shift() != null) {
      if (work.primary.state() == DeploymentView.State.IN_PROGRESS) {
        return new ShiftPlanner(work).plan();
      }
      if (work.primary.state() == DeploymentView.State.FAILED && work.base != null) {
        return new ShiftPlanner(work).held();
      }
    }
    return work.plan();
  }

  private static Plan deleting(List<TaskView> tasks) {
    List<Step> steps = new ArrayList<>();
    List<String> left = new ArrayList<>();
    for (TaskView task : tasks) {
      if (task.isLive()) {
        steps.add(new Step.Stop(task.id(), Why.DELETED));
      }
      if (task.phase() == Phase.STOPPED) {
        steps.add(new Step.Settle(task.id(), false));
      } else {
        left.add(task.id());
      }
    }
    if (left.isEmpty()) {
      steps.add(new Step.Deactivate());
      return new Plan(steps, List.of(), null);
    }
    return new Plan(steps, List.of(new Waiting.Stopping(left)), null);
  }

  /** One planning: the input, and what has been decided so far. */
  static final class Work {
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

    Plan plan() {
      ledger.settle(tasks, service.desired(), now, steps);
      boolean failing = verdict();
      if (!failing) {
        boolean rolling = primary.state() != DeploymentView.State.FAILED;
        pendingOnDraining();
        if (rolling) {
          start(primary, missing(primary));
        }
        keepBase(rolling);
        stopLeaving(rolling);
        replaceUnhealthy();
        scaleIn();
        if (rolling) {
          start(primary, missing(primary));
        }
        drop();
        finish();
      }
      explain();
      ledger.write(steps);
      return new Plan(List.copyOf(steps), List.copyOf(waiting), lookAgain);
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
     * What counts against minimumHealthyPercent: the healthy, and of the old also those that run
     * and nobody has called unhealthy; an old task that serves is not taken away for a new one that
     * does not.
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
      } else if (book.same >= SURE_FAILURES) {
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

    /**
     * Until the new revision carries the service, the last good one is kept up to the lower bound;
     * after a failure without a way back, up to what is desired.
     */
    void keepBase(boolean rolling) {
      if (base == null) {
        return;
      }
      int floor = rolling ? service.lower() : service.desired();
      int there =
          (int)
              count(
                  task ->
                      serves(task)
                          || (isOf(task, base)
                              && task.phase() == Phase.STARTING
                              && !task.instanceDraining()));
      int inPlace = rolling ? 0 : (int) count(task -> isOf(task, primary) && !task.isHealthy());
      start(base, floor - there - inPlace);
    }

    // ---- stopping

    void stop(TaskView task, Why why) {
      stopped.add(task.id());
      steps.add(new Step.Stop(task.id(), why));
    }

    void pendingOnDraining() {
      for (TaskView task : tasks) {
        if (live(task) && task.phase() == Phase.STARTING && task.instanceDraining()) {
          stop(task, Why.INSTANCE_DRAINING);
        }
      }
    }

    /** Old revisions go as far as the lower bound lets; what serves nobody goes at once. */
    void stopLeaving(boolean rolling) {
      int guarded = 0;
      List<TaskView> serving = new ArrayList<>();
      for (TaskView task : tasks) {
        if (!live(task) || !leaving(task)) {
          continue;
        }
        boolean old = !isOf(task, primary);
        if (old && !task.instanceDraining() && !rolling) {
          continue;
        }
        if (old && task.guarded() && !task.instanceDraining()) {
          guarded++;
          continue;
        }
        if (serves(task)) {
          serving.add(task);
        } else if (task.isUnhealthy() || !old || !keepsStarting(task)) {
          stop(task, old ? Why.DEPLOYMENT : Why.INSTANCE_DRAINING);
        }
      }
      for (TaskView task : spare(serving, serving() - service.lower())) {
        stop(task, isOf(task, primary) ? Why.INSTANCE_DRAINING : Why.DEPLOYMENT);
      }
      if (guarded > 0) {
        waiting.add(new Waiting.Guarded(primary.id(), guarded));
      }
    }

    /**
     * As many of these as may go: first those that do not serve yet, then healthy ones as far as
     * the healthy that stay are enough without any help of those that do not.
     */
    private List<TaskView> spare(List<TaskView> from, int count) {
      List<TaskView> unsure = from.stream().filter(task -> !task.isHealthy()).toList();
      List<TaskView> chosen = new ArrayList<>(ScaleIn.choose(unsure, count));
      int healthy = (int) count(TaskView::isHealthy) - service.lower();
      List<TaskView> sure = from.stream().filter(TaskView::isHealthy).toList();
      chosen.addAll(ScaleIn.choose(sure, Math.min(count - chosen.size(), healthy)));
      return chosen;
    }

    /** A replacement of the last good revision that is coming up is let be while it is needed. */
    private boolean keepsStarting(TaskView task) {
      return base != null && isOf(task, base) && serving() < service.lower();
    }

    /** An unhealthy task goes when a healthy one stands in for it, or to make room for that one. */
    void replaceUnhealthy() {
      List<TaskView> unhealthy =
          tasks.stream()
              .filter(task -> live(task) && isOf(task, primary) && task.isUnhealthy())
              .toList();
      if (unhealthy.isEmpty()) {
        return;
      }
      int healthy = (int) count(task -> isOf(task, primary) && task.isHealthy());
      boolean full = liveInAll() >= service.upper();
      int going = 0;
      if (healthy >= service.desired()) {
        going = unhealthy.size();
      } else if (full
          && startedInAll() == 0
          && count(
                  task ->
                      task.phase() == Phase.STARTING || task.health() == TaskView.Health.WAITING)
              == 0) {
        going = 1;
      } else if (healthy + unhealthy.size() > service.desired()) {
        going = healthy + unhealthy.size() - service.desired();
      }
      for (int i = 0; i < going; i++) {
        stop(unhealthy.get(i), Why.UNHEALTHY);
      }
    }

    void scaleIn() {
      List<TaskView> own =
          tasks.stream()
              .filter(task -> live(task) && isOf(task, primary) && !task.instanceDraining())
              .toList();
      // Unhealthy ones have their replacement beside them; they leave by their own rule.
      long counted = own.stream().filter(task -> !task.isUnhealthy()).count();
      int excess = (int) counted - service.desired();
      if (excess <= 0) {
        if (service.balancing() && own.size() == service.desired()) {
          steps.add(new Step.Rebalance(false));
        }
        return;
      }
      if (service.balancing() && own.stream().anyMatch(task -> !task.isHealthy())) {
        return;
      }
      List<TaskView> chosen = spare(own, excess);
      for (TaskView task : chosen) {
        stop(task, service.balancing() ? Why.REBALANCE : Why.SCALE_IN);
      }
      if (chosen.size() < excess) {
        waiting.add(new Waiting.Guarded(primary.id(), excess - chosen.size()));
      }
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

    void finish() {
      boolean others =
          tasks.stream().anyMatch(task -> !isOf(task, primary) && task.phase() != Phase.STOPPED);
      boolean stopping =
          !stopped.isEmpty() || tasks.stream().anyMatch(task -> task.phase() == Phase.STOPPING);
      long healthy = count(task -> isOf(task, primary) && task.isHealthy());
      boolean full = healthy == service.desired() && liveInAll() == service.desired();
      if (!full || others || startedInAll() > 0) {
        return;
      }
      if (primary.state() == DeploymentView.State.IN_PROGRESS) {
        steps.add(new Step.Complete(primary.id()));
        if (base != null) {
          steps.add(new Step.Drop(base.id()));
        }
      }
      if (primary.state() != DeploymentView.State.FAILED && !stopping) {
        steps.add(new Step.Steady());
        rebalance();
      }
    }

    /** A task too many in the poor zone first; the rich one loses one when that is healthy. */
    void rebalance() {
      if (!service.rebalance()
          || service.balancing()
          || service.zones().size() < 2
          || service.upper() <= service.desired()) {
        return;
      }
      Map<String, Integer> zones = new LinkedHashMap<>();
      service.zones().stream().sorted().forEach(zone -> zones.put(zone, 0));
      for (TaskView task : tasks) {
        if (live(task)) {
          zones.merge(task.zone(), 1, Integer::sum);
        }
      }
      String poor = null;
      int least = Integer.MAX_VALUE;
      int most = 0;
      for (var zone : zones.entrySet()) {
        if (zone.getValue() < least && service.zones().contains(zone.getKey())) {
          least = zone.getValue();
          poor = zone.getKey();
        }
        most = Math.max(most, zone.getValue());
      }
      if (poor != null && most - least > 1) {
        steps.add(new Step.Rebalance(true));
        steps.add(new Step.Start(primary.id(), 1, poor));
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
      boolean still =
          coming.isEmpty() && unsure.isEmpty() && going.isEmpty() && startedInAll() == 0;
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

  /** The time after which a deployment without progress is given up. */
  public static final Duration DEADLINE = Duration.ofMinutes(30);
}
