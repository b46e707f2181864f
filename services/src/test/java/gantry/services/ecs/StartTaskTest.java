package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ClientException;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.StartTaskRequest;
import software.amazon.awssdk.services.ecs.model.StartTaskResponse;
import software.amazon.awssdk.services.ecs.model.Task;

/** StartTask: the caller is the scheduler. */
class StartTaskTest {

  private final World world = new World();
  private SimulatedNode first;
  private SimulatedNode second;

  @BeforeEach
  void instances() {
    world.cluster();
    first = world.instance(1024, 2048, "us-east-1a");
    second = world.instance(1024, 2048, "us-east-1b");
    world.bridge("web", "app", 512, 64);
  }

  private StartTaskResponse start(Consumer<StartTaskRequest.Builder> more) {
    StartTaskRequest.Builder request = StartTaskRequest.builder().taskDefinition("web");
    more.accept(request);
    return world.call(ecs -> ecs.startTask(request.build()));
  }

  @Test
  void itRunsWhereItIsPut() {
    StartTaskResponse started =
        start(
            r ->
                r.containerInstances(first.arn, second.arn)
                    .startedBy("me")
                    .group("mine")
                    .tags(t -> t.key("team").value("x"))
                    .overrides(
                        o -> o.containerOverrides(c -> c.name("app").command("run", "once"))));
    assertThat(started.failures()).isEmpty();
    assertThat(started.tasks())
        .extracting(Task::containerInstanceArn)
        .containsExactly(first.arn, second.arn);
    world.run(Duration.ofSeconds(10));
    assertThat(first.running).hasSize(1);
    assertThat(second.running).hasSize(1);
    Task task = world.tasks("RUNNING").getFirst();
    assertThat(task.lastStatus()).isEqualTo("RUNNING");
    assertThat(task.startedBy()).isEqualTo("me");
    assertThat(task.group()).isEqualTo("mine");
    assertThat(task.launchType()).isEqualTo(LaunchType.EC2);
    assertThat(task.overrides().containerOverrides().getFirst().command())
        .containsExactly("run", "once");
    assertThat(
            world
                .call(ecs -> ecs.listTagsForResource(r -> r.resourceArn(task.taskArn())))
                .tags()
                .getFirst()
                .value())
        .isEqualTo("x");
  }

  @Test
  void noRoomIsAFailureAndNothingElseIsTriedInstead() {
    start(r -> r.containerInstances(first.arn, first.arn));
    StartTaskResponse full = start(r -> r.containerInstances(first.arn, second.arn));
    assertThat(full.tasks()).extracting(Task::containerInstanceArn).containsExactly(second.arn);
    assertThat(full.failures()).extracting(Failure::reason).containsExactly("RESOURCE:CPU");
    assertThat(full.failures()).extracting(Failure::arn).containsExactly(first.arn);
  }

  @Test
  void instancesThatAreNotThereOrAreEmptied() {
    world.call(
        ecs ->
            ecs.updateContainerInstancesState(
                r -> r.containerInstances(second.arn).status("DRAINING")));
    String none = first.arn.replaceAll("[^/]*$", "0".repeat(32));
    assertThat(start(r -> r.containerInstances(none, second.arn)).failures())
        .extracting(Failure::reason)
        .containsExactly("MISSING", "INACTIVE");
  }

  @Test
  void badRequestsAreRefused() {
    assertThatThrownBy(() -> start(r -> {}))
        .isInstanceOf(ClientException.class)
        .hasMessageContaining("Container Instances cannot be empty.");
    assertThatThrownBy(
            () ->
                start(
                    r ->
                        r.containerInstances(
                            java.util.Collections.nCopies(11, first.arn).toArray(String[]::new))))
        .isInstanceOf(InvalidParameterException.class);
    assertThatThrownBy(() -> start(r -> r.containerInstances(first.arn).taskDefinition("none")))
        .isInstanceOf(ClientException.class);
    assertThatThrownBy(() -> start(r -> r.containerInstances(first.arn).propagateTags("SERVICE")))
        .isInstanceOf(InvalidParameterException.class);
  }

  @Test
  void nobodyReplacesItWhenItEnds() {
    start(r -> r.containerInstances(first.arn));
    world.run(Duration.ofSeconds(10));
    first.kill(world.tasks("RUNNING").getFirst().taskArn());
    world.run(Duration.ofMinutes(2));
    assertThat(world.tasks("RUNNING")).isEmpty();
    assertThat(world.tasks("STOPPED").getFirst().stopCodeAsString())
        .isEqualTo("EssentialContainerExited");
  }
}
