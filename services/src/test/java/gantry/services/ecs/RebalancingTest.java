package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;

/** availabilityZoneRebalancing: a task more in the poor zone first, then one less in the rich. */
class RebalancingTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
    world.bridge("web", "app:1", 64, 64);
    world.instance(4096, 8192, "us-east-1a");
  }

  private void running(int desired, Consumer<CreateServiceRequest.Builder> more) {
    world.service("web", "web", desired, more);
    world.until(
        w -> "COMPLETED".equals(w.primary("web").rolloutStateAsString()), Duration.ofMinutes(3));
  }

  private void otherZone() {
    world.instance(4096, 8192, "us-east-1b");
  }

  private Map<String, Integer> zones() {
    Map<String, Integer> zones = new TreeMap<>();
    world.tasks("RUNNING").forEach(task -> zones.merge(task.availabilityZone(), 1, Integer::sum));
    return zones;
  }

  @Test
  void tasksMoveToTheZoneThatCameBackAndNoneIsMissingMeanwhile() {
    running(4, r -> r.availabilityZoneRebalancing("ENABLED"));
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 4));
    otherZone();
    for (int i = 0; i < 300; i++) {
      world.run(Duration.ofSeconds(1));
      assertThat(world.service("web").runningCount()).isGreaterThanOrEqualTo(4);
    }
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 2, "us-east-1b", 2));
    assertThat(world.events("web"))
        .anyMatch(
            each ->
                each.startsWith("(service web) is not AZ balanced with ")
                    && each.endsWith("AZ Rebalancing in progress."))
        .anyMatch(each -> each.contains("has started 1 tasks in AZ to AZ Rebalance: (task "))
        .anyMatch(each -> each.contains("has stopped 1 running tasks in AZ due to AZ rebalancing"))
        .anyMatch(
            each ->
                each.equals(
                    "(service web) is AZ balanced with 2 tasks in us-east-1a, 2 tasks in"
                        + " us-east-1b."));
  }

  @Test
  void aDeploymentStopsIt() {
    running(4, r -> r.availabilityZoneRebalancing("ENABLED"));
    otherZone();
    world.until(w -> w.events("web").getFirst().contains("to AZ Rebalance"), Duration.ofMinutes(3));
    world.call(ecs -> ecs.updateService(r -> r.service("web").forceNewDeployment(true)));
    assertThat(world.events("web").getFirst()).isEqualTo("(service web) stopped AZ Rebalancing.");
    world.run(Duration.ofMinutes(5));
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 2, "us-east-1b", 2));
  }

  @Test
  void onlyWhoAskedForItIsRebalanced() {
    running(4, r -> r.availabilityZoneRebalancing("DISABLED"));
    otherZone();
    world.run(Duration.ofMinutes(5));
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 4));
    world.call(
        ecs -> ecs.updateService(r -> r.service("web").availabilityZoneRebalancing("ENABLED")));
    world.run(Duration.ofMinutes(5));
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 2, "us-east-1b", 2));
  }

  @Test
  void aProtectedTaskIsNotTheOneThatGoes() {
    running(4, r -> r.availabilityZoneRebalancing("ENABLED"));
    var kept = world.tasks("RUNNING").stream().map(task -> task.taskArn()).sorted().toList();
    world.call(
        ecs -> ecs.updateTaskProtection(r -> r.tasks(kept.subList(0, 2)).protectionEnabled(true)));
    otherZone();
    world.run(Duration.ofMinutes(5));
    assertThat(zones()).isEqualTo(Map.of("us-east-1a", 2, "us-east-1b", 2));
    assertThat(world.tasks("RUNNING").stream().map(task -> task.taskArn()))
        .containsAll(kept.subList(0, 2));
  }

  @Test
  void itNeedsRoomForOneMore() {
    assertThatThrownBy(
            () ->
                running(
                    2,
                    r ->
                        r.availabilityZoneRebalancing("ENABLED")
                            .deploymentConfiguration(
                                c -> c.maximumPercent(100).minimumHealthyPercent(50))))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining("maximumPercent of 100");
    running(
        2, r -> r.deploymentConfiguration(c -> c.maximumPercent(100).minimumHealthyPercent(50)));
    assertThat(world.service("web").availabilityZoneRebalancingAsString()).isEqualTo("DISABLED");
  }
}
