package gantry.services.ecs.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.BAKE_TIME;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.CLEAN_UP;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.POST_SCALE_UP;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.PRE_SCALE_UP;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.PRODUCTION_TRAFFIC_SHIFT;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.RECONCILE_SERVICE;
import static software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage.SCALE_UP;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;

/** The transitions of a deployment with two colours, one planning each. */
class ShiftPlannerTest {

  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Duration STEP_BAKE = Duration.ofMinutes(6);
  private static final Duration BAKE = Duration.ofMinutes(15);

  private static ServiceView service(ServiceView.Breaker breaker) {
    return new ServiceView(
        "web",
        false,
        2,
        100,
        200,
        breaker,
        false,
        false,
        false,
        Set.of(),
        "blue",
        ServicePlanner.DEADLINE);
  }

  private static Shift shift(
      DeploymentStrategy strategy,
      ServiceDeploymentLifecycleStage stage,
      double production,
      @Nullable Instant appliedAt) {
    return new Shift(
        strategy, stage, NOW, production, 100, appliedAt, null, 20, STEP_BAKE, BAKE, true);
  }

  private static DeploymentView green(Shift shift, int failed, int same, Instant progressAt) {
    return new DeploymentView(
        "green",
        true,
        DeploymentView.State.IN_PROGRESS,
        failed,
        true,
        false,
        same > 0 ? "no such image" : null,
        same,
        null,
        progressAt,
        true,
        false,
        shift);
  }

  private static DeploymentView blue() {
    return new DeploymentView(
        "blue",
        false,
        DeploymentView.State.COMPLETED,
        0,
        true,
        true,
        null,
        0,
        null,
        NOW,
        true,
        false,
        null);
  }

  private static TaskView task(String id, String deployment, TaskView.Health health) {
    return new TaskView(
        id,
        deployment,
        TaskView.Phase.RUNNING,
        health,
        true,
        health == TaskView.Health.HEALTHY,
        true,
        "i-" + id,
        "a",
        false,
        0,
        false,
        List.of(),
        0,
        NOW.minusSeconds(600),
        null);
  }

  private static List<TaskView> tasks(int greens) {
    List<TaskView> tasks = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tasks.add(task("blue" + i, "blue", TaskView.Health.HEALTHY));
    }
    for (int i = 0; i < greens; i++) {
      tasks.add(task("green" + i, "green", TaskView.Health.HEALTHY));
    }
    return tasks;
  }

  private static Plan plan(Shift shift, List<TaskView> tasks, Instant now) {
    return ServicePlanner.plan(
        service(ServiceView.Breaker.OFF),
        List.of(green(shift, 0, 0, NOW), blue()),
        tasks,
        List.of(),
        now);
  }

  private static @Nullable String next(Plan plan) {
    return plan.steps(Step.Stage.class).stream()
        .map(each -> each.stage() + " " + each.production() + "/" + each.test())
        .findFirst()
        .orElse(null);
  }

  @ParameterizedTest(name = "{0} {1} at {2} %: {3}")
  @CsvSource({
    "BLUE_GREEN, RECONCILE_SERVICE, 0, PRE_SCALE_UP 0.0/100.0",
    "BLUE_GREEN, PRE_SCALE_UP, 0, SCALE_UP 0.0/100.0",
    "BLUE_GREEN, SCALE_UP, 0, POST_SCALE_UP 0.0/100.0",
    "BLUE_GREEN, POST_SCALE_UP, 0, TEST_TRAFFIC_SHIFT 0.0/100.0",
    "BLUE_GREEN, TEST_TRAFFIC_SHIFT, 0, POST_TEST_TRAFFIC_SHIFT 0.0/100.0",
    "BLUE_GREEN, POST_TEST_TRAFFIC_SHIFT, 0, PRODUCTION_TRAFFIC_SHIFT 100.0/100.0",
    "LINEAR, POST_TEST_TRAFFIC_SHIFT, 0, PRODUCTION_TRAFFIC_SHIFT 20.0/100.0",
    "CANARY, POST_TEST_TRAFFIC_SHIFT, 0, PRODUCTION_TRAFFIC_SHIFT 20.0/100.0",
    "LINEAR, PRODUCTION_TRAFFIC_SHIFT, 20, PRODUCTION_TRAFFIC_SHIFT 40.0/100.0",
    "LINEAR, PRODUCTION_TRAFFIC_SHIFT, 90, PRODUCTION_TRAFFIC_SHIFT 100.0/100.0",
    "CANARY, PRODUCTION_TRAFFIC_SHIFT, 20, PRODUCTION_TRAFFIC_SHIFT 100.0/100.0",
    "LINEAR, PRODUCTION_TRAFFIC_SHIFT, 100, POST_PRODUCTION_TRAFFIC_SHIFT 100.0/100.0",
    "CANARY, POST_PRODUCTION_TRAFFIC_SHIFT, 100, BAKE_TIME 100.0/100.0",
    "CANARY, BAKE_TIME, 100, CLEAN_UP 100.0/100.0"
  })
  void eachStageHasItsNext(
      DeploymentStrategy strategy,
      ServiceDeploymentLifecycleStage stage,
      double production,
      String next) {
    Plan plan = plan(shift(strategy, stage, production, NOW), tasks(2), NOW.plus(BAKE));
    assertThat(next(plan)).isEqualTo(next);
    assertThat(plan.steps(Step.Stop.class)).isEmpty();
    assertThat(plan.steps(Step.Start.class)).isEmpty();
  }

  /** What a stage waits for, it says. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "RECONCILE_SERVICE, 0",
    "PRE_SCALE_UP, 0",
    "TEST_TRAFFIC_SHIFT, 0",
    "PRODUCTION_TRAFFIC_SHIFT, 100"
  })
  void nothingGoesOnBeforeTheBalancerKnows(
      ServiceDeploymentLifecycleStage stage, double production) {
    Plan plan = plan(shift(DeploymentStrategy.LINEAR, stage, production, null), tasks(2), NOW);
    assertThat(next(plan)).isNull();
    assertThat(plan.waiting()).anyMatch(Waiting.Traffic.class::isInstance);
  }

  @Test
  void pausesAreKeptToTheSecond() {
    Shift step = shift(DeploymentStrategy.LINEAR, PRODUCTION_TRAFFIC_SHIFT, 40, NOW);
    Plan early = plan(step, tasks(2), NOW.plus(STEP_BAKE).minusSeconds(1));
    assertThat(next(early)).isNull();
    assertThat(early.lookAgain()).isEqualTo(NOW.plus(STEP_BAKE));
    assertThat(next(plan(step, tasks(2), NOW.plus(STEP_BAKE)))).startsWith("PRODUCTION");
    Shift bake = shift(DeploymentStrategy.LINEAR, BAKE_TIME, 100, NOW);
    assertThat(next(plan(bake, tasks(2), NOW.plus(BAKE).minusSeconds(1)))).isNull();
    assertThat(plan(bake, tasks(2), NOW).waiting()).anyMatch(Waiting.Baking.class::isInstance);
  }

  @Test
  void greenStartsInScaleUpAndNotBefore() {
    assertThat(plan(shift(DeploymentStrategy.CANARY, PRE_SCALE_UP, 0, null), tasks(0), NOW).steps())
        .isEmpty();
    Plan plan = plan(shift(DeploymentStrategy.CANARY, SCALE_UP, 0, NOW), tasks(0), NOW);
    assertThat(plan.steps(Step.Start.class)).containsExactly(new Step.Start("green", 2, null));
    assertThat(next(plan)).isNull();
    List<TaskView> half = tasks(1);
    half.add(task("green9", "green", TaskView.Health.WAITING));
    assertThat(next(plan(shift(DeploymentStrategy.CANARY, SCALE_UP, 0, NOW), half, NOW))).isNull();
    assertThat(next(plan(shift(DeploymentStrategy.CANARY, POST_SCALE_UP, 0, NOW), half, NOW)))
        .isNotNull();
  }

  @Test
  void moreTrafficWaitsForGreenToBeWhole() {
    List<TaskView> half = tasks(1);
    half.add(task("green9", "green", TaskView.Health.UNHEALTHY));
    Plan plan =
        plan(
            shift(DeploymentStrategy.LINEAR, PRODUCTION_TRAFFIC_SHIFT, 20, NOW),
            half,
            NOW.plus(STEP_BAKE));
    assertThat(next(plan)).isNull();
    assertThat(plan.steps(Step.Start.class)).containsExactly(new Step.Start("green", 1, null));
  }

  @Test
  void blueIsReplacedUntilCleanUpAndStoppedThen() {
    List<TaskView> tasks = tasks(2);
    tasks.removeFirst();
    assertThat(
            plan(shift(DeploymentStrategy.BLUE_GREEN, BAKE_TIME, 100, NOW), tasks, NOW)
                .steps(Step.Start.class))
        .containsExactly(new Step.Start("blue", 1, null));
    Plan clean = plan(shift(DeploymentStrategy.BLUE_GREEN, CLEAN_UP, 100, NOW), tasks, NOW);
    assertThat(clean.steps(Step.Start.class)).isEmpty();
    assertThat(clean.steps(Step.Stop.class)).extracting(Step.Stop::task).containsExactly("blue1");
    assertThat(clean.steps(Step.Complete.class)).isEmpty();
    tasks.removeFirst();
    Plan done = plan(shift(DeploymentStrategy.BLUE_GREEN, CLEAN_UP, 100, NOW), tasks, NOW);
    assertThat(done.steps(Step.Complete.class)).hasSize(1);
    assertThat(done.steps(Step.Drop.class)).containsExactly(new Step.Drop("blue"));
  }

  @Test
  void reconcilingEndsWhatNeverWon() {
    List<TaskView> tasks = tasks(0);
    tasks.add(task("left", "never", TaskView.Health.HEALTHY));
    Plan plan = plan(shift(DeploymentStrategy.BLUE_GREEN, RECONCILE_SERVICE, 0, NOW), tasks, NOW);
    assertThat(plan.steps(Step.Stop.class)).extracting(Step.Stop::task).containsExactly("left");
    assertThat(next(plan)).isNull();
  }

  /** A failure in each stage up to the end of the bake time goes back to blue; after it none is. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "RECONCILE_SERVICE, true",
    "PRE_SCALE_UP, true",
    "SCALE_UP, true",
    "POST_SCALE_UP, true",
    "TEST_TRAFFIC_SHIFT, true",
    "POST_TEST_TRAFFIC_SHIFT, true",
    "PRODUCTION_TRAFFIC_SHIFT, true",
    "POST_PRODUCTION_TRAFFIC_SHIFT, true",
    "BAKE_TIME, true",
    "CLEAN_UP, false"
  })
  void aFailureGoesBackToBlue(ServiceDeploymentLifecycleStage stage, boolean back) {
    Shift shift = shift(DeploymentStrategy.CANARY, stage, 20, NOW);
    for (DeploymentView failing :
        List.of(green(shift, 3, 0, NOW), green(shift, 2, ServicePlanner.SURE_FAILURES, NOW))) {
      Plan plan =
          ServicePlanner.plan(
              service(new ServiceView.Breaker(true, true)),
              List.of(failing, blue()),
              tasks(2),
              List.of(),
              NOW);
      assertThat(plan.steps(Step.Fail.class))
          .extracting(Step.Fail::rollbackTo)
          .isEqualTo(back ? List.of("blue") : List.of());
      assertThat(plan.steps(Step.Stage.class)).isEmpty();
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "PRE_SCALE_UP, true",
    "SCALE_UP, true",
    "TEST_TRAFFIC_SHIFT, true",
    "PRODUCTION_TRAFFIC_SHIFT, true",
    "BAKE_TIME, false",
    "CLEAN_UP, false"
  })
  void whatDoesNotComeToPassInTimeFails(ServiceDeploymentLifecycleStage stage, boolean fails) {
    Instant late = NOW.plus(ServicePlanner.DEADLINE);
    Shift shift = shift(DeploymentStrategy.CANARY, stage, 20, null);
    Plan plan = plan(shift, tasks(1), late);
    assertThat(!plan.steps(Step.Fail.class).isEmpty()).isEqualTo(fails);
    assertThat(plan(shift, tasks(1), late.minusSeconds(1)).steps(Step.Fail.class)).isEmpty();
  }

  @Test
  void aLongPauseIsNoLateness() {
    Shift shift =
        new Shift(
            DeploymentStrategy.CANARY,
            PRODUCTION_TRAFFIC_SHIFT,
            NOW,
            5,
            100,
            NOW,
            null,
            5,
            Duration.ofHours(24),
            BAKE,
            true);
    assertThat(plan(shift, tasks(2), NOW.plus(Duration.ofHours(23))).steps(Step.Fail.class))
        .isEmpty();
  }
}
