package gantry.services.ecs.planner;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecs.placement.StrategySplit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples of the ECS guide, by name. */
class WorkedExamplesTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static ServiceView service(int desired, int minimum, int maximum) {
    return new ServiceView(
        "web",
        false,
        desired,
        minimum,
        maximum,
        ServiceView.Breaker.OFF,
        false,
        false,
        false,
        Set.of(),
        null,
        ServicePlanner.DEADLINE);
  }

  private static List<DeploymentView> updating() {
    return List.of(
        DeploymentView.fresh("new", NOW),
        new DeploymentView(
            "old",
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
            false));
  }

  private static TaskView task(String id, String deployment, TaskView.Phase phase) {
    return new TaskView(
        id,
        deployment,
        phase,
        TaskView.Health.HEALTHY,
        true,
        true,
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

  private static List<TaskView> healthyOld(int count) {
    List<TaskView> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tasks.add(task("old" + i, "old", TaskView.Phase.RUNNING));
    }
    return tasks;
  }

  private static int starts(Plan plan) {
    return plan.steps(Step.Start.class).stream().mapToInt(Step.Start::count).sum();
  }

  private static Plan plan(ServiceView service, List<TaskView> tasks) {
    return ServicePlanner.plan(service, updating(), tasks, List.of(), NOW);
  }

  /** What the first planning of an update starts and stops. */
  @ParameterizedTest(name = "{0} tasks {1}/{2}: starts {3}, stops {4}")
  @CsvSource({
    "4, 50, 100, 2, 2",
    "4, 100, 150, 2, 0",
    "4, 100, 200, 4, 0",
    "4, 90, 100, 0, 0",
    "4, 90, 125, 1, 0",
    "4, 75, 100, 1, 1",
    "2, 75, 200, 2, 0",
    "3, 100, 125, 0, 0",
    "1, 100, 200, 1, 0",
    "1, 100, 150, 0, 0",
    "1, 0, 100, 1, 1",
    "10, 50, 200, 10, 5"
  })
  void theFirstStepOfARollingUpdate(int desired, int minimum, int maximum, int starts, int stops) {
    Plan plan = plan(service(desired, minimum, maximum), healthyOld(desired));
    assertThat(starts(plan)).isEqualTo(starts);
    assertThat(plan.steps(Step.Stop.class)).hasSize(stops);
    if (starts == 0 && stops == 0) {
      assertThat(plan.waiting()).anyMatch(Waiting.Configuration.class::isInstance);
    }
  }

  @ParameterizedTest(name = "desired {0}: threshold {1}")
  @CsvSource({
    "1, 3",
    "5, 3",
    "6, 3",
    "7, 4",
    "10, 5",
    "20, 10",
    "100, 50",
    "400, 200",
    "1000, 200"
  })
  void circuitBreakerThresholds(int desired, int threshold) {
    assertThat(ServiceView.Breaker.threshold(desired)).isEqualTo(threshold);
  }

  @Test
  void fourTasksFiftyToHundredGoesOnInPairs() {
    ServiceView service = service(4, 50, 100);
    List<TaskView> tasks = healthyOld(2);
    tasks.add(task("new0", "new", TaskView.Phase.STARTING));
    tasks.add(task("new1", "new", TaskView.Phase.STARTING));
    Plan waiting = plan(service, tasks);
    assertThat(starts(waiting)).isZero();
    assertThat(waiting.steps(Step.Stop.class)).isEmpty();
    tasks.set(2, task("new0", "new", TaskView.Phase.RUNNING));
    tasks.set(3, task("new1", "new", TaskView.Phase.RUNNING));
    Plan next = plan(service, tasks);
    assertThat(next.steps(Step.Stop.class)).hasSize(2);
    assertThat(starts(next)).isEqualTo(2);
  }

  @Test
  void oneTaskIsNeverWithout() {
    ServiceView service = service(1, 100, 200);
    List<TaskView> tasks = healthyOld(1);
    tasks.add(task("new0", "new", TaskView.Phase.STARTING));
    assertThat(plan(service, tasks).steps(Step.Stop.class)).isEmpty();
    tasks.set(1, task("new0", "new", TaskView.Phase.RUNNING));
    assertThat(plan(service, tasks).steps(Step.Stop.class))
        .extracting(Step.Stop::task)
        .containsExactly("old0");
  }

  @Test
  void aDeploymentIsCompleteWhenNothingOfTheOldIsLeft() {
    ServiceView service = service(1, 100, 200);
    List<TaskView> tasks = new ArrayList<>();
    tasks.add(task("old0", "old", TaskView.Phase.STOPPING));
    tasks.add(task("new0", "new", TaskView.Phase.RUNNING));
    assertThat(plan(service, tasks).steps(Step.Complete.class)).isEmpty();
    tasks.removeFirst();
    Plan done = plan(service, tasks);
    assertThat(done.steps(Step.Complete.class)).hasSize(1);
    assertThat(done.steps(Step.Drop.class)).extracting(Step.Drop::deployment).contains("old");
    assertThat(done.steps(Step.Steady.class)).hasSize(1);
  }

  /** {@code A 1/2} is provider A with weight 1 and base 2. */
  @ParameterizedTest(name = "{0} tasks over {1}: {2}")
  @CsvSource({
    "5, A 1/0 B 4/0, A=1 B=4",
    "10, A 1/2 B 1/0, A=6 B=4",
    "9, FARGATE 1/1 FARGATE_SPOT 3/0, FARGATE=3 FARGATE_SPOT=6",
    "1, A 1/0 B 1/0, A=1",
    "5, A 0/1 B 1/0, A=1 B=4"
  })
  void baseAndWeightOfACapacityProviderStrategy(int tasks, String strategy, String split) {
    List<StrategySplit.Item> items = new ArrayList<>();
    String[] words = strategy.split(" ");
    for (int i = 0; i < words.length; i += 2) {
      String[] numbers = words[i + 1].split("/");
      items.add(
          new StrategySplit.Item(
              words[i], Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1])));
    }
    Map<String, Integer> counts = new TreeMap<>();
    StrategySplit.next(items, Map.of(), tasks).forEach(each -> counts.merge(each, 1, Integer::sum));
    assertThat(
            counts.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining(" ")))
        .isEqualTo(split);
  }
}
