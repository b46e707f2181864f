package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.AttributeLimitExceededException;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.ResourceRequirement;
import software.amazon.awssdk.services.ecs.model.ResourceType;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.TargetNotFoundException;
import software.amazon.awssdk.services.ecs.model.TargetType;
import software.amazon.awssdk.services.ecs.model.Task;

/** Container instances: what people write on them, and what of theirs tasks hold. */
class InstancesTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
  }

  private static Attribute attribute(SimulatedNode of, String name, String value) {
    return Attribute.builder()
        .name(name)
        .value(value)
        .targetId(of.arn)
        .targetType(TargetType.CONTAINER_INSTANCE)
        .build();
  }

  private RunTaskResponse runOn(String expression) {
    return world.call(
        ecs ->
            ecs.runTask(
                r ->
                    r.taskDefinition("job")
                        .placementConstraints(
                            PlacementConstraint.builder()
                                .type("memberOf")
                                .expression(expression)
                                .build())));
  }

  @Test
  void customAttributesDecideAboutPlacement() {
    SimulatedNode first = world.instance(1024, 2048, "us-east-1a");
    SimulatedNode second = world.instance(1024, 2048, "us-east-1a");
    world.bridge("job", "app", 64, 64);
    assertThat(runOn("attribute:stack == production").failures())
        .extracting(Failure::reason)
        .containsOnly("MemberOf placement constraint unsatisfied.");
    world.call(
        ecs -> ecs.putAttributes(r -> r.attributes(attribute(second, "stack", "production"))));
    assertThat(runOn("attribute:stack == production").tasks())
        .extracting(Task::containerInstanceArn)
        .containsExactly(second.arn);
    assertThat(runOn("attribute:stack !exists").tasks())
        .extracting(Task::containerInstanceArn)
        .containsExactly(first.arn);
    assertThat(
            world
                .call(
                    ecs ->
                        ecs.listAttributes(
                            r -> r.targetType("container-instance").attributeName("stack")))
                .attributes())
        .containsExactly(attribute(second, "stack", "production"));
    assertThat(
            world
                .call(
                    ecs ->
                        ecs.listContainerInstances(r -> r.filter("attribute:stack == production")))
                .containerInstanceArns())
        .containsExactly(second.arn);
    world.call(ecs -> ecs.deleteAttributes(r -> r.attributes(attribute(second, "stack", ""))));
    assertThat(runOn("attribute:stack exists").tasks()).isEmpty();
  }

  @Test
  void customAttributesOutliveTheReturnOfTheAgent() {
    SimulatedNode node = world.instance(1024, 2048, "us-east-1a");
    world.call(ecs -> ecs.putAttributes(r -> r.attributes(attribute(node, "stack", "production"))));
    world.asService(
        ecs ->
            ecs.registerContainerInstance(
                r ->
                    r.cluster("default")
                        .containerInstanceArn(node.arn)
                        .totalResources(
                            Resource.builder()
                                .name("CPU")
                                .type("INTEGER")
                                .integerValue(1024)
                                .build())));
    assertThat(described(node).attributes())
        .anyMatch(each -> each.name().equals("stack") && each.value().equals("production"));
  }

  @Test
  void whatMayNotBeWrittenOnAnInstance() {
    SimulatedNode node = world.instance(1024, 2048, "us-east-1a");
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.putAttributes(
                            r -> r.attributes(attribute(node, "ecs.instance-type", "x")))))
        .isInstanceOf(InvalidParameterException.class);
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.putAttributes(
                            r ->
                                r.attributes(
                                    attribute(node, "stack", "x").toBuilder()
                                        .targetId(node.arn + "0")
                                        .build()))))
        .isInstanceOf(TargetNotFoundException.class);
    List<Attribute> eleven =
        IntStream.range(0, 11).mapToObj(i -> attribute(node, "a" + i, "x")).toList();
    assertThatThrownBy(() -> world.call(ecs -> ecs.putAttributes(r -> r.attributes(eleven))))
        .isInstanceOf(AttributeLimitExceededException.class);
  }

  @Test
  void eachGpuIsGivenToOneContainer() {
    SimulatedNode node =
        world.join(
            "default",
            4096,
            8192,
            Map.of("ecs.availability-zone", "us-east-1a"),
            Resource.builder()
                .name("GPU")
                .type("STRINGSET")
                .stringSetValue("gpu-0", "gpu-1", "gpu-2")
                .build());
    ResourceRequirement one =
        ResourceRequirement.builder().type(ResourceType.GPU).value("1").build();
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                r ->
                    r.family("model")
                        .containerDefinitions(
                            ContainerDefinition.builder()
                                .name("app")
                                .image("app")
                                .memory(64)
                                .resourceRequirements(one)
                                .build(),
                            ContainerDefinition.builder()
                                .name("side")
                                .image("app")
                                .memory(64)
                                .build())));
    List<Task> tasks =
        world.call(ecs -> ecs.runTask(r -> r.taskDefinition("model").count(3))).tasks();
    assertThat(tasks)
        .extracting(task -> task.containers().getFirst().gpuIds())
        .containsExactlyInAnyOrder(List.of("gpu-0"), List.of("gpu-1"), List.of("gpu-2"));
    assertThat(tasks).allMatch(task -> task.containers().getLast().gpuIds().isEmpty());
    assertThat(free(node)).isEmpty();
    assertThat(world.call(ecs -> ecs.runTask(r -> r.taskDefinition("model"))).failures())
        .extracting(Failure::reason)
        .containsExactly("RESOURCE:GPU");
    world.run(Duration.ofSeconds(10));
    Task second = tasks.get(1);
    world.call(ecs -> ecs.stopTask(r -> r.task(second.taskArn())));
    world.run(Duration.ofSeconds(10));
    assertThat(free(node)).isEqualTo(second.containers().getFirst().gpuIds());
    assertThat(
            world
                .call(ecs -> ecs.runTask(r -> r.taskDefinition("model")))
                .tasks()
                .getFirst()
                .containers()
                .getFirst()
                .gpuIds())
        .isEqualTo(second.containers().getFirst().gpuIds());
  }

  private ContainerInstance described(SimulatedNode node) {
    return world
        .call(ecs -> ecs.describeContainerInstances(r -> r.containerInstances(node.arn)))
        .containerInstances()
        .getFirst();
  }

  private List<String> free(SimulatedNode node) {
    return described(node).remainingResources().stream()
        .filter(each -> each.name().equals("GPU"))
        .findFirst()
        .orElseThrow()
        .stringSetValue();
  }
}
