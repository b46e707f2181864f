package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.ManagedScalingStatus;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PortMapping;

/** No place for a task: the service's event, RunTask's failures and "why" say the same. */
class PlacesTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
  }

  private String why(String about) {
    return new Why(world.core).why(about).getFirst().print();
  }

  private static String id(SimulatedNode node) {
    return node.arn.substring(node.arn.lastIndexOf('/') + 1);
  }

  private static PlacementConstraint memberOf(String expression) {
    return PlacementConstraint.builder().type("memberOf").expression(expression).build();
  }

  /** The capacity provider of every task, with managed scaling: tasks wait for its instances. */
  private void group() {
    world.call(
        ecs ->
            ecs.createCapacityProvider(
                r ->
                    r.name("group")
                        .autoScalingGroupProvider(
                            g ->
                                g.autoScalingGroupArn("arn:aws:autoscaling:us-east-1:1:x")
                                    .managedScaling(m -> m.status(ManagedScalingStatus.ENABLED)))));
    world.call(
        ecs ->
            ecs.putClusterCapacityProviders(
                r ->
                    r.cluster("default")
                        .capacityProviders("group")
                        .defaultCapacityProviderStrategy(
                            s -> s.capacityProvider("group").weight(1))));
  }

  private void fixedPort(String family) {
    fixedPorts(family, 80, 1);
  }

  private void fixedPorts(String family, int first, int count) {
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                r ->
                    r.family(family)
                        .containerDefinitions(
                            List.of(
                                ContainerDefinition.builder()
                                    .name("app")
                                    .image("app")
                                    .memory(64)
                                    .versionConsistency("disabled")
                                    .portMappings(
                                        IntStream.range(first, first + count)
                                            .mapToObj(
                                                port ->
                                                    PortMapping.builder()
                                                        .containerPort(port)
                                                        .hostPort(port)
                                                        .build())
                                            .toList())
                                    .build()))));
  }

  @Test
  void anInstanceHasAHundredReservedPortsAtMost() {
    SimulatedNode instance = world.instance(4096, 8192, "us-east-1a");
    fixedPorts("many", 1000, 97); // with 22, for TCP and for UDP: 99
    fixedPorts("two", 2000, 2);
    fixedPorts("one", 3000, 1);
    world.bridge("none", "app", 0, 64);
    assertThat(failures("many")).isEmpty();
    List<Failure> failures = failures("two");
    assertThat(failures).hasSize(1);
    assertThat(failures.getFirst().reason()).isEqualTo("RESOURCE:PORTS");
    assertThat(failures.getFirst().arn()).isEqualTo(instance.arn);
    assertThat(failures("one")).isEmpty();
    assertThat(failures("none")).as("dynamic ports are not counted").isEmpty();
    world.service("two", "two", 1, r -> {});
    world.run(Duration.ofSeconds(1));
    assertThat(why("two"))
        .contains("RESOURCE:PORTS (1)")
        .contains(id(instance) + ": 100 of 100 reserved ports are taken, 2 more are wanted");
    String many =
        world.tasks("RUNNING").stream()
            .filter(task -> task.taskDefinitionArn().contains("/many:"))
            .findFirst()
            .orElseThrow()
            .taskArn();
    world.call(ecs -> ecs.stopTask(r -> r.task(many)));
    world.run(Duration.ofMinutes(2));
    assertThat(world.service("two").runningCount()).isOne();
  }

  private List<Failure> failures(String family) {
    List<Failure> failures =
        world.call(ecs -> ecs.runTask(r -> r.taskDefinition(family))).failures();
    world.run(Duration.ofSeconds(10));
    return failures;
  }

  @Test
  void anotherZoneThanThatOfTheSubnetsIsALocation() {
    SimulatedNode far =
        world.join("default", 4096, 8192, Map.of("ecs.availability-zone", "us-east-1c"));
    world.call(
        ecs -> ecs.putAttributes(r -> r.attributes(a -> a.name("x").value("y").targetId(far.arn))));
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                r ->
                    r.family("web")
                        .networkMode("awsvpc")
                        .containerDefinitions(c -> c.name("app").image("app").memory(64))));
    world.service(
        "web",
        "web",
        1,
        r ->
            r.networkConfiguration(
                n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a", "subnet-b"))));
    world.run(Duration.ofSeconds(1));
    assertThat(world.events("web").getFirst())
        .contains(
            "The closest matching (container-instance "
                + id(far)
                + ") encountered error \"LOCATION\".");
    assertThat(why("web"))
        .contains("no instance can take a task of 0 CPU units, 64 MiB: 1 instance was looked at")
        .contains("LOCATION (1)")
        .contains(id(far) + ": it is in us-east-1c, not in us-east-1a, us-east-1b");
    assertThat(why(world.primary("web").id())).contains("LOCATION (1)");
  }

  @Test
  void eachInstanceSaysWhatItLacks() {
    SimulatedNode small = world.instance(1024, 100, "us-east-1a");
    SimulatedNode other = world.instance(4096, 8192, "us-east-1b");
    SimulatedNode taken = world.instance(4096, 8192, "us-east-1a");
    fixedPort("first");
    fixedPort("second");
    world.bridge("big", "app", 0, 200);
    world.call(ecs -> ecs.startTask(r -> r.taskDefinition("first").containerInstances(taken.arn)));
    world.service(
        "second",
        "second",
        2,
        r -> r.placementConstraints(memberOf("attribute:ecs.availability-zone == us-east-1a")));
    world.run(Duration.ofSeconds(10));
    assertThat(why("second"))
        .contains(": 3 instances were looked at")
        .contains("MemberOf placement constraint unsatisfied. (1)")
        .contains(id(other) + ": it does not satisfy attribute:ecs.availability-zone == us-east-1a")
        .contains("RESOURCE:MEMORY (1)")
        .contains("RESOURCE:PORTS (1)")
        .contains(id(taken) + ": in use: 80/tcp");
    List<Failure> failures =
        world
            .call(
                ecs ->
                    ecs.runTask(
                        r ->
                            r.taskDefinition("big")
                                .placementConstraints(memberOf("ec2InstanceId == i-00000001"))))
            .failures();
    assertThat(failures)
        .filteredOn(each -> each.arn().equals(small.arn))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.reason()).isEqualTo("RESOURCE:MEMORY");
              assertThat(each.detail())
                  .isEqualTo("36 of 100 MiB of memory are left, 200 are wanted");
            });
  }

  @Test
  void aTaskThatWaitsForRoomKeepsItsConstraintsAndSaysWhatIsLacking() {
    group();
    world.bridge("web", "app", 256, 64);
    String arn =
        world
            .call(
                ecs ->
                    ecs.runTask(
                        r ->
                            r.taskDefinition("web")
                                .placementConstraints(memberOf("attribute:disk == fast"))))
            .tasks()
            .getFirst()
            .taskArn();
    SimulatedNode slow =
        world.join("default", 4096, 8192, Map.of("ecs.capacity-provider", "group", "disk", "slow"));
    world.run(Duration.ofSeconds(30));
    assertThat(world.tasks("RUNNING").getFirst().lastStatus()).isEqualTo("PROVISIONING");
    assertThat(why(arn))
        .contains("waits for room at capacity provider group")
        .contains(id(slow) + ": it does not satisfy attribute:disk == fast");
    SimulatedNode fast =
        world.join("default", 4096, 8192, Map.of("ecs.capacity-provider", "group", "disk", "fast"));
    world.run(Duration.ofSeconds(30));
    assertThat(world.tasks("RUNNING").getFirst().containerInstanceArn()).isEqualTo(fast.arn);
  }

  @Test
  void aTaskSetTellsToo() {
    world.bridge("web", "app", 2048, 64);
    world.call(
        ecs ->
            ecs.createService(
                r ->
                    r.serviceName("web")
                        .desiredCount(1)
                        .deploymentController(c -> c.type("EXTERNAL"))));
    world.call(
        ecs -> ecs.createTaskSet(r -> r.service("web").cluster("default").taskDefinition("web")));
    world.run(Duration.ofSeconds(1));
    assertThat(world.events("web").getFirst())
        .contains("Reason: No Container Instances were found in your cluster.");
    assertThat(why("web")).contains("no instance has joined");
    world.instance(4096, 8192, "us-east-1a");
    world.run(Duration.ofMinutes(2));
    assertThat(world.events("web").getFirst())
        .startsWith("(service web, taskSet ecs-svc/")
        .endsWith(") has reached a steady state.");
    assertThat(world.events("web").get(1)).startsWith("(service web) has started 1 tasks: (task ");
    assertThat(why("web")).doesNotContain("no instance");
    int told = world.events("web").size();
    world.run(Duration.ofMinutes(5));
    assertThat(world.events("web")).hasSize(told);
  }

  @Test
  void anotherCauseIsToldAndTheSameIsNotToldAgain() {
    world.bridge("web", "app", 2048, 64);
    world.service("web", "web", 1, r -> {});
    world.run(Duration.ofMinutes(1));
    assertThat(world.events("web")).singleElement().asString().contains("No Container Instances");
    world.instance(1024, 1024, "us-east-1a");
    world.run(Duration.ofMinutes(5));
    assertThat(world.events("web")).hasSize(2);
    assertThat(world.events("web").getFirst()).contains("has insufficient CPU units available.");
  }

  @Test
  void notMoreThanFiveHundredTasksOfAClusterWaitForRoom() {
    group();
    world.bridge("web", "app", 256, 64);
    world.service("web", "web", 600, r -> {});
    world.run(Duration.ofSeconds(30));
    assertThat(world.rows()).hasSize(500).allMatch(row -> !row.isStopping());
    assertThat(world.events("web"))
        .contains(
            "(service web) was unable to place tasks in your cluster because the tasks provisioning"
                + " capacity limit was exceeded.");
    assertThat(why("web")).contains("no instance has joined");
  }
}
