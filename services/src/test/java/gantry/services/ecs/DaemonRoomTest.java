package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.SchedulingStrategy;
import software.amazon.awssdk.services.ecs.model.Task;

/** The room of a daemon is kept on every instance on which it belongs. */
class DaemonRoomTest {

  private final World world = new World();

  @BeforeEach
  void services() {
    world.cluster();
    world.bridge("web", "app", 256, 64);
    world.bridge("logs", "app", 256, 64);
    world.call(
        ecs ->
            ecs.createService(
                r ->
                    r.serviceName("zlogs")
                        .taskDefinition("logs")
                        .schedulingStrategy(SchedulingStrategy.DAEMON)));
    world.service("web", "web", 10, r -> {});
    world.run(Duration.ofMinutes(1));
  }

  private long running(String group) {
    return world.tasks("RUNNING").stream()
        .filter(task -> task.group().equals(group) && task.lastStatus().equals("RUNNING"))
        .map(Task::taskArn)
        .count();
  }

  @Test
  void aNewInstanceHasRoomForTheDaemonHoweverManyOthersWait() {
    for (int i = 0; i < 3; i++) {
      world.instance(1024, 1024, "us-east-1a");
      world.run(Duration.ofMinutes(1));
      assertThat(running("service:zlogs")).isEqualTo(i + 1);
      assertThat(running("service:web")).isEqualTo(3 * (i + 1));
    }
    assertThat(new Why(world.core).why("web").getFirst().print()).contains("RESOURCE:CPU (3)");
  }

  @Test
  void itIsKeptWhileTheDaemonIsReplacedAndFreedWhenItIsGone() {
    world.instance(1024, 1024, "us-east-1a");
    world.run(Duration.ofMinutes(1));
    world.call(ecs -> ecs.updateService(r -> r.service("zlogs").forceNewDeployment(true)));
    world.run(Duration.ofMinutes(2));
    assertThat(running("service:zlogs")).isEqualTo(1);
    assertThat(running("service:web")).isEqualTo(3);
    world.call(ecs -> ecs.deleteService(r -> r.service("zlogs")));
    world.run(Duration.ofMinutes(2));
    assertThat(running("service:web")).isEqualTo(4);
  }

  @Test
  void aDaemonThatIsNotThereYetIsTheReason() {
    SimulatedNode node = world.instance(400, 1024, "us-east-1a");
    node.silent = true;
    world.bridge("large", "app", 100, 64);
    world.run(Duration.ofSeconds(5));
    world.call(
        ecs ->
            ecs.createService(
                r ->
                    r.serviceName("more")
                        .taskDefinition("web")
                        .schedulingStrategy(SchedulingStrategy.DAEMON)));
    world.service("large", "large", 1, r -> {});
    world.run(Duration.ofSeconds(5));
    assertThat(new Why(world.core).why("large").getFirst().print())
        .contains(
            "144 of 400 CPU units are left, 100 are wanted, 256 are kept for daemons that are still"
                + " to come");
  }
}
