package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecs.rows.EventRow;
import gantry.state.Row;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ConflictException;
import software.amazon.awssdk.services.ecs.model.Connectivity;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

class TasksTest {

  private static final NetworkConfiguration NETWORK =
      NetworkConfiguration.builder()
          .awsvpcConfiguration(v -> v.subnets("subnet-a", "subnet-b"))
          .build();

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
  }

  private RunTaskResponse runFargate(String family, int count) {
    return world.call(
        ecs ->
            ecs.runTask(
                r ->
                    r.taskDefinition(family)
                        .count(count)
                        .launchType(LaunchType.FARGATE)
                        .networkConfiguration(NETWORK)));
  }

  private Task described(Task task) {
    return world.call(ecs -> ecs.describeTasks(r -> r.tasks(task.taskArn()))).tasks().getFirst();
  }

  @Test
  void aFargateTaskGoesThroughItsStates() {
    SimulatedNode node = world.fargateNode(4096, 8192);
    world.definition("job", "app:1");
    Task task = runFargate("job", 1).tasks().getFirst();
    assertThat(task.lastStatus()).isEqualTo("PROVISIONING");
    assertThat(task.overrides().containerOverrides()).hasSize(1);
    assertThat(task.group()).isEqualTo("family:job");
    world.run(Duration.ofSeconds(1));
    assertThat(described(task).lastStatus()).isEqualTo("PENDING");
    assertThat(described(task).attachments().getFirst().status()).isEqualTo("ATTACHED");
    world.run(Duration.ofSeconds(2));
    Task running = described(task);
    assertThat(running.lastStatus()).isEqualTo("RUNNING");
    assertThat(running.startedAt()).isNotNull();
    assertThat(running.containerInstanceArn()).as("nodes of the pool are not shown").isNull();
    assertThat(running.containers().getFirst().networkInterfaces().getFirst().privateIpv4Address())
        .startsWith("10.0.");
    assertThat(node.running).hasSize(1);
    world.call(ecs -> ecs.stopTask(r -> r.task(task.taskArn()).reason("enough")));
    assertThat(described(task).desiredStatus()).isEqualTo("STOPPED");
    world.run(Duration.ofSeconds(1));
    assertThat(described(task).lastStatus()).isEqualTo("STOPPING");
    world.run(Duration.ofSeconds(5));
    Task stopped = described(task);
    assertThat(stopped.lastStatus()).isEqualTo("STOPPED");
    assertThat(stopped.stopCode()).isEqualTo(TaskStopCode.USER_INITIATED);
    assertThat(stopped.stoppedReason()).isEqualTo("enough");
    assertThat(stopped.containers().getFirst().exitCode()).isEqualTo(143);
    assertThat(world.vpc.interfaces).isEmpty();
    world.run(Duration.ofMinutes(61));
    assertThat(world.call(ecs -> ecs.describeTasks(r -> r.tasks(task.taskArn()))).failures())
        .hasSize(1);
    assertThat(world.rows()).as("kept for explanations").hasSize(1);
    world.run(Duration.ofDays(8));
    assertThat(world.rows()).isEmpty();
  }

  @Test
  void everyChangeIsAnEventWithARisingVersion() {
    world.fargateNode(4096, 8192);
    world.definition("job", "exit-3");
    Task task = runFargate("job", 1).tasks().getFirst();
    world.run(Duration.ofSeconds(30));
    List<EventRow> events =
        world.store.snapshot().scan(EcsTables.EVENTS, World.SCOPE).map(Row::value).toList();
    List<String> details =
        events.stream()
            .filter(each -> each.detailType().equals("ECS Task State Change"))
            .map(EventRow::detail)
            .toList();
    assertThat(details.getFirst()).contains("\"version\":1,").contains("PROVISIONING");
    assertThat(details.getLast())
        .contains("\"lastStatus\":\"STOPPED\"")
        .contains("\"type\":\"eni\"")
        .contains("\"updatedAt\":\"2026-");
    assertThat(described(task).version()).isEqualTo((long) details.size());
  }

  @Test
  void anEssentialContainerThatEndsEndsTheTask() {
    world.fargateNode(4096, 8192);
    world.definition("job", "exit-3");
    Task task = runFargate("job", 1).tasks().getFirst();
    world.run(Duration.ofSeconds(30));
    Task stopped = described(task);
    assertThat(stopped.stopCode()).isEqualTo(TaskStopCode.ESSENTIAL_CONTAINER_EXITED);
    assertThat(stopped.stoppedReason()).isEqualTo("Essential container in task exited");
    assertThat(stopped.containers().getFirst().exitCode()).isEqualTo(3);
  }

  @Test
  void anImageThatIsNotThereFailsTheStart() {
    world.fargateNode(4096, 8192);
    world.definition("job", "missing");
    Task task = runFargate("job", 1).tasks().getFirst();
    world.run(Duration.ofSeconds(30));
    Task stopped = described(task);
    assertThat(stopped.stopCode()).isEqualTo(TaskStopCode.TASK_FAILED_TO_START);
    assertThat(stopped.stoppedReason()).startsWith("CannotPullContainerError:");
    assertThat(stopped.containers().getFirst().exitCode()).isNull();
    assertThat(stopped.startedAt()).isNull();
  }

  @Test
  void refusalsOfPlacementAreFailuresNotErrors() {
    world.bridge("big", "app", 512, 1024);
    assertThatThrownBy(() -> world.call(ecs -> ecs.runTask(r -> r.taskDefinition("big"))))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessage("No Container Instances were found in your cluster.");
    world.instance(1024, 1500, "us-east-1a");
    RunTaskResponse answer = world.call(ecs -> ecs.runTask(r -> r.taskDefinition("big").count(3)));
    assertThat(answer.tasks()).hasSize(1);
    assertThat(answer.failures()).hasSize(1);
    assertThat(answer.failures().getFirst().reason()).isEqualTo("RESOURCE:MEMORY");
  }

  @Test
  void aStoppingTaskHoldsItsRoomUntilItsContainersAreGone() {
    world.bridge("big", "app", 512, 1024);
    world.instance(1024, 1500, "us-east-1a");
    Task first = world.call(ecs -> ecs.runTask(r -> r.taskDefinition("big"))).tasks().getFirst();
    world.run(Duration.ofSeconds(5));
    world.call(ecs -> ecs.stopTask(r -> r.task(first.taskArn())));
    world.run(Duration.ofSeconds(1));
    assertThat(world.call(ecs -> ecs.runTask(r -> r.taskDefinition("big"))).failures()).hasSize(1);
    world.run(Duration.ofSeconds(3));
    assertThat(world.call(ecs -> ecs.runTask(r -> r.taskDefinition("big"))).tasks()).hasSize(1);
  }

  @Test
  void aClientTokenMakesTheCallOnceOnly() {
    world.fargateNode(4096, 8192);
    world.definition("job", "app");
    var once =
        world.call(
            ecs ->
                ecs.runTask(
                    r ->
                        r.taskDefinition("job")
                            .clientToken("t-1")
                            .launchType("FARGATE")
                            .networkConfiguration(NETWORK)));
    var twice =
        world.call(
            ecs ->
                ecs.runTask(
                    r ->
                        r.taskDefinition("job")
                            .clientToken("t-1")
                            .launchType("FARGATE")
                            .networkConfiguration(NETWORK)));
    assertThat(twice.tasks().getFirst().taskArn()).isEqualTo(once.tasks().getFirst().taskArn());
    assertThat(world.rows()).hasSize(1);
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.runTask(
                            r ->
                                r.taskDefinition("job")
                                    .count(2)
                                    .clientToken("t-1")
                                    .launchType("FARGATE")
                                    .networkConfiguration(NETWORK))))
        .isInstanceOf(ConflictException.class);
  }

  @Test
  void parametersAreRefusedInAmazonsWords() {
    world.fargateNode(4096, 8192);
    world.definition("job", "app");
    assertThatThrownBy(
            () ->
                world.call(ecs -> ecs.runTask(r -> r.taskDefinition("job").launchType("FARGATE"))))
        .hasMessage(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.runTask(
                            r ->
                                r.taskDefinition("job")
                                    .launchType("FARGATE")
                                    .networkConfiguration(
                                        n -> n.awsvpcConfiguration(v -> v.subnets("subnet-x"))))))
        .hasMessage(
            "Error retrieving subnet information for [subnet-x]: The subnet ID 'subnet-x' does not"
                + " exist (ErrorCode: InvalidSubnetID.NotFound)");
    world.bridge("plain", "app", 10, 64);
    assertThatThrownBy(
            () ->
                world.call(
                    ecs -> ecs.runTask(r -> r.taskDefinition("plain").launchType("FARGATE"))))
        .hasMessage("Task definition does not support launch_type FARGATE.");
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.runTask(
                            r ->
                                r.taskDefinition("job")
                                    .launchType("FARGATE")
                                    .networkConfiguration(NETWORK)
                                    .overrides(
                                        o ->
                                            o.containerOverrides(
                                                List.of(
                                                    software.amazon.awssdk.services.ecs.model
                                                        .ContainerOverride.builder()
                                                        .name("nobody")
                                                        .build()))))))
        .hasMessage(
            "Override for container named nobody is not a container in the TaskDefinition.");
  }

  @Test
  void aNodeThatStaysAwayLosesItsTasks() {
    SimulatedNode node = world.instance(1024, 2048, "us-east-1a");
    world.bridge("job", "app", 100, 100);
    Task task = world.call(ecs -> ecs.runTask(r -> r.taskDefinition("job"))).tasks().getFirst();
    world.run(Duration.ofSeconds(10));
    node.silent = true;
    world.ecs.agentConnected(node.arn, false);
    assertThat(described(task).connectivity()).isEqualTo(Connectivity.DISCONNECTED);
    world.run(Duration.ofMinutes(4));
    assertThat(described(task).lastStatus()).isEqualTo("RUNNING");
    world.run(Duration.ofMinutes(2));
    assertThat(described(task).lastStatus()).isEqualTo("STOPPED");
    assertThat(described(task).stopCode()).isEqualTo(TaskStopCode.TERMINATION_NOTICE);
  }

  @Test
  void aRoleMayGoByItsShortName() {
    SimulatedNode node = world.fargateNode(4096, 8192);
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                FixtureJson.taskDefinition("05-fargate-nginx-php-fpm.json").toBuilder()
                    .family("intranet")
                    .taskRoleArn("intranet-task")
                    .build()));
    Task task = runFargate("intranet", 1).tasks().getFirst();
    world.run(Duration.ofSeconds(10));
    var told = Objects.requireNonNull(node.running.get(task.taskArn())).definition();
    assertThat(told.executionRoleArn())
        .isEqualTo("arn:aws:iam::123456789012:role/ecsTaskExecutionRole");
    assertThat(told.taskRoleArn()).isEqualTo("arn:aws:iam::123456789012:role/intranet-task");
  }
}
