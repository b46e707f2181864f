package gantry.services.ecs.planner;

import gantry.services.ecs.planner.Step.Why;
import gantry.services.ecs.planner.TaskView.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;

/**
 * BLUE_GREEN, LINEAR and CANARY: the stages of ECS's deployment life-cycle, one transition in a
 * planning. Blue is kept at full strength until CLEAN_UP, so that a failure before it only has to
 * turn the traffic back. A rollback is a deployment of blue that begins with the turn.
 */
final class ShiftPlanner {

  /** The longest that a stage may take, as documented. */
  static final Duration STAGE_LIMIT = Duration.ofHours(24);

  private final Work work;
  private final DeploymentView green;
  private final Shift shift;

  /** What serves until green does: the last that won, or what was there instead of one. */
  private final @Nullable DeploymentView blue;

  ShiftPlanner(Work work) {
    this.work = work;
    this.green = work.primary;
    this.shift = Objects.requireNonNull(green.shift());
    this.blue = green.rollback() ? null : source(work);
  }

  private static @Nullable DeploymentView source(Work work) {
    if (work.base != null) {
      return work.base;
    }
    for (DeploymentView each : work.deployments) {
      if (!each.primary() && each.shift() != null && each.shift().production() > 0) {
        return each;
      }
    }
    return null;
  }

  Plan plan() {
    work.ledger.settle(work.tasks, work.service.desired(), work.now, work.steps);
    if (!failing()) {
      if (blue != null && blue.completed() && before(ServiceDeploymentLifecycleStage.CLEAN_UP)) {
        keep(blue);
      }
      if (!before(ServiceDeploymentLifecycleStage.SCALE_UP)) {
        keep(green);
      }
      stage();
    }
    return done();
  }

  /** After an abort: both colours and the traffic stay as they are until the next deployment. */
  Plan held() {
    work.ledger.settle(work.tasks, work.service.desired(), work.now, work.steps);
    if (blue != null && blue.completed()) {
      keep(blue);
    }
    return done();
  }

  private Plan done() {
    work.explain();
    work.ledger.write(work.steps);
    return new Plan(List.copyOf(work.steps), List.copyOf(work.waiting), work.lookAgain);
  }

  private boolean before(ServiceDeploymentLifecycleStage stage) {
    return shift.stage().ordinal() < stage.ordinal();
  }

  // ---- the stages

  private void stage() {
    switch (shift.stage()) {
      case RECONCILE_SERVICE -> reconcile();
      case PRE_SCALE_UP -> {
        if (applied()) {
          enter(ServiceDeploymentLifecycleStage.SCALE_UP);
        }
      }
      case SCALE_UP -> {
        if (full(green)) {
          enter(ServiceDeploymentLifecycleStage.POST_SCALE_UP);
        }
      }
      case POST_SCALE_UP ->
          enter(ServiceDeploymentLifecycleStage.TEST_TRAFFIC_SHIFT, shift.production(), Shift.ALL);
      case TEST_TRAFFIC_SHIFT -> {
        if (applied()) {
          enter(ServiceDeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT);
        }
      }
      case POST_TEST_TRAFFIC_SHIFT -> {
        if (full(green)) {
          step();
        }
      }
      case PRODUCTION_TRAFFIC_SHIFT -> production();
      case POST_PRODUCTION_TRAFFIC_SHIFT ->
          enter(
              alone()
                  ? ServiceDeploymentLifecycleStage.CLEAN_UP
                  : ServiceDeploymentLifecycleStage.BAKE_TIME);
      case BAKE_TIME -> {
        if (elapsed(shift.since().plus(shift.bake()))) {
          enter(ServiceDeploymentLifecycleStage.CLEAN_UP);
        }
      }
      case CLEAN_UP -> cleanUp();
      case UNKNOWN_TO_SDK_VERSION -> throw new IllegalStateException("no such stage");
    }
  }

  /** Nothing to go back to, nothing to compare with: the traffic moves at once, without a bake. */
  private boolean alone() {
    return blue == null || !blue.completed();
  }

  /** Blue gets all traffic back; then what a deployment left behind that never won ends. */
  private void reconcile() {
    if (!applied()) {
      return;
    }
    if (stopOthers(true)) {
      enter(ServiceDeploymentLifecycleStage.PRE_SCALE_UP);
    }
  }

  private void production() {
    if (!applied()) {
      return;
    }
    if (shift.production() >= Shift.ALL) {
      enter(ServiceDeploymentLifecycleStage.POST_PRODUCTION_TRAFFIC_SHIFT);
    } else if (elapsed(pauseEnd()) && full(green)) {
      step();
    }
  }

  private void step() {
    enter(
        ServiceDeploymentLifecycleStage.PRODUCTION_TRAFFIC_SHIFT,
        alone() ? Shift.ALL : shift.next(),
        shift.test());
  }

  private Instant pauseEnd() {
    return Objects.requireNonNull(shift.appliedAt()).plus(shift.stepBake());
  }

  private void cleanUp() {
    boolean gone = stopOthers(false);
    if (!gone || !full(green) || work.count(this::isGreen) != work.service.desired()) {
      return;
    }
    work.steps.add(new Step.Complete(green.id()));
    work.deployments.stream()
        .filter(each -> !each.primary())
        .forEach(each -> work.steps.add(new Step.Drop(each.id())));
    work.steps.add(new Step.Steady());
  }

  private void enter(ServiceDeploymentLifecycleStage stage) {
    enter(stage, shift.production(), shift.test());
  }

  private void enter(ServiceDeploymentLifecycleStage stage, double production, double test) {
    work.steps.add(new Step.Stage(green.id(), stage, production, test));
  }

  // ---- conditions, each of which says what it waits for

  private boolean applied() {
    if (shift.appliedAt() == null) {
      work.waiting.add(
          new Waiting.Traffic(
              shift.stage().toString(), shift.production(), shift.test(), shift.problem()));
      return false;
    }
    return true;
  }

  private boolean elapsed(Instant until) {
    if (work.now.isBefore(until)) {
      work.again(until);
      work.waiting.add(
          new Waiting.Baking(shift.stage().toString(), shift.production(), shift.test(), until));
      return false;
    }
    return true;
  }

  private boolean full(DeploymentView deployment) {
    return work.count(task -> work.isOf(task, deployment) && task.isHealthy())
        >= work.service.desired();
  }

  private boolean isGreen(TaskView task) {
    return work.isOf(task, green);
  }

  // ---- tasks

  /** Replaces what failed, is unhealthy or stands on a draining instance; scales to the count. */
  private void keep(DeploymentView deployment) {
    int desired = work.service.desired();
    int most = Math.max(work.service.upper(), desired);
    List<TaskView> own =
        work.tasks.stream().filter(task -> work.live(task) && work.isOf(task, deployment)).toList();
    work.start(deployment, work.missing(deployment), most - own.size());
    List<TaskView> bad =
        own.stream()
            .filter(task -> task.isUnhealthy() || (task.instanceDraining() && !task.guarded()))
            .toList();
    long healthy =
        own.stream().filter(task -> task.isHealthy() && !task.instanceDraining()).count();
    boolean coming =
        own.stream()
            .anyMatch(
                task -> task.phase() == Phase.STARTING || task.health() == TaskView.Health.WAITING);
    int going =
        healthy >= desired ? bad.size() : own.size() >= most && !coming && !bad.isEmpty() ? 1 : 0;
    for (int i = 0; i < going; i++) {
      work.stop(bad.get(i), bad.get(i).isUnhealthy() ? Why.UNHEALTHY : Why.INSTANCE_DRAINING);
    }
    List<TaskView> good = own.stream().filter(task -> !bad.contains(task)).toList();
    for (TaskView task : ScaleIn.choose(good, Math.max(0, good.size() - desired))) {
      work.stop(task, Why.SCALE_IN);
    }
    work.start(deployment, work.missing(deployment), most - (int) liveOf(deployment));
  }

  private long liveOf(DeploymentView deployment) {
    return work.count(task -> work.isOf(task, deployment))
        + work.started.getOrDefault(deployment.id(), 0);
  }

  /** True when none of them is left. */
  private boolean stopOthers(boolean sparesBlue) {
    boolean gone = true;
    int guarded = 0;
    for (TaskView task : work.tasks) {
      if (isGreen(task)
          || (sparesBlue && blue != null && work.isOf(task, blue))
          || task.phase() == Phase.STOPPED) {
        continue;
      }
      gone = false;
      if (work.live(task)) {
        if (task.guarded()) {
          guarded++;
        } else {
          work.stop(task, Why.DEPLOYMENT);
        }
      }
    }
    if (guarded > 0) {
      work.waiting.add(new Waiting.Guarded(green.id(), guarded));
    }
    return gone;
  }

  // ---- verdict

  /** True when the deployment failed just now. Once blue goes there is no way back any more. */
  private boolean failing() {
    if (shift.stage() == ServiceDeploymentLifecycleStage.CLEAN_UP) {
      return false;
    }
    Ledger.Book book = work.ledger.of(green);
    Step.Failure failure = null;
    String cause = book.cause == null ? "tasks failed to start" : book.cause;
    if (work.service.breaker().enabled()
        && book.failed >= ServiceView.Breaker.threshold(work.service.desired())) {
      failure = Step.Failure.CIRCUIT_BREAKER;
    } else if (book.same >= ServicePlanner.SURE_FAILURES) {
      failure = Step.Failure.CANNOT_SUCCEED;
    } else if (!book.progressed && late()) {
      failure = Step.Failure.DEADLINE;
      cause =
          "stage " + shift.stage() + " took too long" + (problem() == null ? "" : ": " + problem());
    }
    if (failure == null) {
      return false;
    }
    work.steps.add(
        new Step.Fail(
            green.id(), failure, cause, green.rollback() ? null : work.service.lastCompleted()));
    return true;
  }

  private @Nullable String problem() {
    return shift.appliedAt() == null ? shift.problem() : null;
  }

  /** Pauses are not counted: only the time in which something ought to happen. */
  private boolean late() {
    Instant from = green.progressAt();
    Duration limit = work.service.deadline();
    switch (shift.stage()) {
      case BAKE_TIME -> {
        return false;
      }
      case RECONCILE_SERVICE -> limit = STAGE_LIMIT;
      case PRODUCTION_TRAFFIC_SHIFT -> {
        if (shift.appliedAt() != null && pauseEnd().isAfter(from)) {
          from = pauseEnd();
        }
      }
      default -> {}
    }
    Instant end = from.plus(limit);
    if (work.now.isBefore(end)) {
      work.again(end);
      return false;
    }
    return true;
  }
}
