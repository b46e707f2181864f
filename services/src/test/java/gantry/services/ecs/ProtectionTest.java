package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecs.rows.TaskRow;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.DeploymentControllerType;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.ProtectedTask;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionResponse;

/**
 * UpdateTaskProtection on every path that ends a task: it holds against scale-in and deployments,
 * and against nothing else.
 */
class ProtectionTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.definition("web", "app:2");
  }

  private void running(int desired, String strategy) {
    world.service(
        "web",
        "web:1",
        desired,
        r -> {
          World.fargate(r);
          r.deploymentConfiguration(c -> c.strategy(strategy));
        });
    world.until(w -> completed(), Duration.ofMinutes(3));
  }

  private boolean completed() {
    return world.service("web").deployments().size() == 1
        && "COMPLETED".equals(world.primary("web").rolloutStateAsString());
  }

  private String one() {
    return world.tasks("RUNNING").stream().map(Task::taskArn).sorted().findFirst().orElseThrow();
  }

  private UpdateTaskProtectionResponse protect(String task, boolean on, int minutes) {
    return world.call(
        ecs ->
            ecs.updateTaskProtection(
                r -> r.tasks(task).protectionEnabled(on).expiresInMinutes(on ? minutes : null)));
  }

  private boolean runs(String arn) {
    return world.rows().stream().anyMatch(row -> row.arn().equals(arn) && row.isRunning());
  }

  private void update() {
    world.call(ecs -> ecs.updateService(r -> r.service("web").taskDefinition("web:2")));
  }

  @Test
  void aRollingDeploymentWaitsForIt() {
    running(2, "ROLLING");
    String kept = one();
    protect(kept, true, 90);
    update();
    // Far longer than a deployment without progress may take: this one only waits.
    world.run(Duration.ofMinutes(85));
    assertThat(runs(kept)).isTrue();
    assertThat(world.primary("web").rolloutStateAsString()).isEqualTo("IN_PROGRESS");
    assertThat(world.primary("web").runningCount()).isEqualTo(2);
    assertThat(world.events("web"))
        .anyMatch(each -> each.contains("(reason 1 tasks under protection)"));
    assertThat(new Why(world.core).why("web").getFirst().print())
        .contains("1 tasks of")
        .contains("are protected from scale-in");
    world.run(Duration.ofMinutes(7));
    assertThat(runs(kept)).isFalse();
    assertThat(completed()).isTrue();
  }

  @Test
  void theEndOfItLetsADeploymentGoOnAtOnce() {
    running(2, "ROLLING");
    String kept = one();
    protect(kept, true, 2880);
    update();
    world.run(Duration.ofMinutes(5));
    assertThat(runs(kept)).isTrue();
    protect(kept, false, 0);
    world.until(w -> completed(), Duration.ofMinutes(2));
    assertThat(runs(kept)).isFalse();
  }

  @Test
  void theCleanUpOfBlueWaitsForIt() {
    running(2, "BLUE_GREEN");
    String kept = one();
    protect(kept, true, 60);
    update();
    world.run(Duration.ofMinutes(50));
    assertThat(runs(kept)).isTrue();
    assertThat(world.service("web").runningCount()).isEqualTo(3);
    assertThat(world.service("web").deployments()).hasSize(2);
    world.run(Duration.ofMinutes(12));
    assertThat(runs(kept)).isFalse();
    assertThat(completed()).isTrue();
  }

  @Test
  void stopTaskEndsItAllTheSame() {
    running(1, "ROLLING");
    String kept = one();
    protect(kept, true, 60);
    world.call(ecs -> ecs.stopTask(r -> r.task(kept)));
    world.run(Duration.ofSeconds(10));
    assertThat(runs(kept)).isFalse();
  }

  @Test
  void deletionByForceEndsIt() {
    running(1, "ROLLING");
    String kept = one();
    protect(kept, true, 60);
    world.call(ecs -> ecs.deleteService(r -> r.service("web").force(true)));
    world.run(Duration.ofSeconds(30));
    assertThat(runs(kept)).isFalse();
    assertThat(world.service("web").status()).isEqualTo("INACTIVE");
  }

  @Test
  void anInstanceThatIsEmptiedKeepsItUntilTheProtectionEnds() {
    SimulatedNode first = world.instance(1024, 2048, "us-east-1a");
    world.bridge("bridge", "app", 64, 64);
    world.service("web", "bridge", 1, r -> {});
    world.run(Duration.ofSeconds(50));
    world.instance(1024, 2048, "us-east-1a");
    String kept = one();
    protect(kept, true, 60);
    world.call(
        ecs ->
            ecs.updateContainerInstancesState(
                r -> r.containerInstances(first.arn).status("DRAINING")));
    world.run(Duration.ofMinutes(50));
    assertThat(runs(kept)).isTrue();
    world.run(Duration.ofMinutes(12));
    assertThat(runs(kept)).isFalse();
    assertThat(world.service("web").runningCount()).isEqualTo(1);
  }

  @Test
  void anUnhealthyOneIsReplaced() {
    world.service(
        "web",
        "web:1",
        1,
        r -> {
          World.fargate(r);
          r.loadBalancers(
              b ->
                  b.targetGroupArn(PretendedBalancer.GROUP)
                      .containerName("app")
                      .containerPort(8080));
        });
    world.until(w -> completed(), Duration.ofMinutes(3));
    String kept = one();
    protect(kept, true, 60);
    TaskRow row = world.rows().stream().filter(TaskRow::isRunning).findFirst().orElseThrow();
    world.balancer.sick.add(row.eni().privateIp());
    world.run(Duration.ofMinutes(2));
    assertThat(runs(kept)).isFalse();
    assertThat(world.service("web").runningCount()).isEqualTo(1);
  }

  @Test
  void whatItSaysOfItself() {
    running(1, "ROLLING");
    String kept = one();
    ProtectedTask on = protect(kept, true, 30).protectedTasks().getFirst();
    assertThat(on.protectionEnabled()).isTrue();
    assertThat(on.expirationDate()).isEqualTo(world.time.instant().plus(Duration.ofMinutes(30)));
    assertThat(got(kept)).isEqualTo(on);
    world.run(Duration.ofMinutes(31));
    assertThat(got(kept).protectionEnabled()).isFalse();
    assertThat(got(kept).expirationDate()).isNull();
    assertThatThrownBy(() -> protect(kept, true, 0))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining("between 1 and 2880");
    assertThatThrownBy(() -> protect(kept, true, 2881))
        .isInstanceOf(InvalidParameterException.class);
    assertThat(protect(kept.replaceAll("[^/]*$", "0".repeat(32)), true, 1).failures())
        .extracting(Failure::reason)
        .containsExactly("MISSING");
  }

  private ProtectedTask got(String task) {
    return world.call(ecs -> ecs.getTaskProtection(r -> r.tasks(task))).protectedTasks().getFirst();
  }

  @Test
  void onlyTasksOfServicesThatEcsDirectsCanHaveIt() {
    world.call(
        ecs ->
            ecs.runTask(
                r ->
                    r.taskDefinition("web")
                        .launchType("FARGATE")
                        .networkConfiguration(
                            n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))));
    world.run(Duration.ofSeconds(10));
    assertThat(protect(one(), true, 1).failures())
        .extracting(Failure::reason)
        .containsExactly("TASK_NOT_VALID");
    world.call(ecs -> ecs.stopTask(r -> r.task(one())));
    world.call(
        ecs ->
            ecs.createService(
                r ->
                    r.serviceName("other")
                        .desiredCount(1)
                        .deploymentController(c -> c.type(DeploymentControllerType.EXTERNAL))));
    world.call(
        ecs ->
            ecs.createTaskSet(
                r ->
                    r.service("other")
                        .cluster("default")
                        .taskDefinition("web")
                        .launchType("FARGATE")
                        .scale(s -> s.unit("PERCENT").value(100.0))
                        .networkConfiguration(
                            n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))));
    world.run(Duration.ofSeconds(20));
    assertThat(protect(one(), true, 1).failures())
        .extracting(Failure::reason)
        .containsExactly("TASK_NOT_VALID");
  }

  @Test
  void moreThanTheDesiredCountIsBlockedDuringADeployment() {
    running(1, "ROLLING");
    String old = one();
    protect(old, true, 60);
    update();
    world.run(Duration.ofMinutes(2));
    List<String> newer =
        world.tasks("RUNNING").stream().map(Task::taskArn).filter(arn -> !arn.equals(old)).toList();
    assertThat(protect(newer.getFirst(), true, 60).failures()).isEmpty();
    assertThat(protect(newer.getFirst(), true, 60).failures())
        .extracting(Failure::reason)
        .containsExactly("DEPLOYMENT_BLOCKED");
  }
}
