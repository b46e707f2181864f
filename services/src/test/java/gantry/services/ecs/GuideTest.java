package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecs.rows.InstanceRow;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.AssignPublicIp;
import software.amazon.awssdk.services.ecs.model.ClientException;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.CreateTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.SystemControl;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskSet;

/** Single sentences of the ECS guide and of what its users have seen. */
class GuideTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
  }

  private ContainerDefinition registered(Consumer<ContainerDefinition.Builder> container) {
    return registered(container, r -> {});
  }

  private ContainerDefinition registered(
      Consumer<ContainerDefinition.Builder> container,
      Consumer<RegisterTaskDefinitionRequest.Builder> more) {
    ContainerDefinition.Builder app =
        ContainerDefinition.builder().name("app").image("app").memory(64);
    container.accept(app);
    RegisterTaskDefinitionRequest.Builder request =
        RegisterTaskDefinitionRequest.builder().family("web").containerDefinitions(app.build());
    more.accept(request);
    return world
        .call(ecs -> ecs.registerTaskDefinition(request.build()))
        .taskDefinition()
        .containerDefinitions()
        .getFirst();
  }

  private void refused(Function<EcsClient, ?> operation, Class<?> error, String message) {
    assertThatThrownBy(() -> world.call(operation))
        .isInstanceOf(error)
        .hasMessageContaining(message);
  }

  @Test
  void aHealthCheckIsAnsweredWithItsDefaults() {
    HealthCheck check = registered(c -> c.healthCheck(h -> h.command("CMD", "true"))).healthCheck();
    assertThat(List.of(check.interval(), check.timeout(), check.retries()))
        .containsExactly(30, 5, 3);
    assertThat(check.startPeriod()).isNull();
  }

  @Test
  void anInactiveDefinitionIsAnotherErrorForTasksThanForServices() {
    world.bridge("web", "app", 0, 64);
    world.call(ecs -> ecs.deregisterTaskDefinition(r -> r.taskDefinition("web:1")));
    refused(
        ecs -> ecs.runTask(r -> r.taskDefinition("web:1")),
        InvalidParameterException.class,
        "TaskDefinition is inactive");
    refused(
        ecs -> ecs.createService(r -> r.serviceName("s").desiredCount(1).taskDefinition("web:1")),
        ClientException.class,
        "TaskDefinition is inactive");
  }

  @Test
  void wordsThatAMemberCannotHaveAreRefusedEverywhere() {
    world.bridge("web", "app", 0, 64);
    Map<String, Function<EcsClient, ?>> calls =
        Map.of(
            "desiredStatus should be one of [RUNNING, PENDING, STOPPED]",
            ecs -> ecs.listTasks(r -> r.desiredStatus("DONE")),
            "status should be one of [ACTIVE, INACTIVE, DELETE_IN_PROGRESS]",
            ecs -> ecs.listTaskDefinitions(r -> r.status("GONE")),
            "status should be one of [ACTIVE, INACTIVE, ALL]",
            ecs -> ecs.listTaskDefinitionFamilies(r -> r.status("GONE")),
            "include should be one of [TAGS]",
            ecs -> ecs.describeServices(r -> r.services("x").includeWithStrings("ALL")),
            "schedulingStrategy should be one of [REPLICA, DAEMON]",
            ecs -> ecs.listServices(r -> r.schedulingStrategy("ONE")),
            "propagateTags should be one of [TASK_DEFINITION, SERVICE, NONE]",
            ecs -> ecs.runTask(r -> r.taskDefinition("web").propagateTags("ALL")));
    calls.forEach((message, call) -> refused(call, InvalidParameterException.class, message));
  }

  @Test
  void constraintsOfTheDefinitionAndOfTheCallCountTogether() {
    PlacementConstraint one =
        PlacementConstraint.builder().type("memberOf").expression("attribute:a exists").build();
    registered(
        c -> {},
        r -> r.placementConstraints(p -> p.type("memberOf").expression("attribute:a exists")));
    refused(
        ecs ->
            ecs.runTask(
                r -> r.taskDefinition("web").placementConstraints(Collections.nCopies(10, one))),
        InvalidParameterException.class,
        "cannot exceed 10");
  }

  @Test
  void hostSettingsPortRangesAndAcceleratorsAreChecked() {
    assertThatThrownBy(
            () ->
                registered(
                    c ->
                        c.systemControls(
                            SystemControl.builder().namespace("kernel.msgmax").value("1").build()),
                    r -> r.ipcMode("host")))
        .hasMessageContaining("ipcMode=host");
    assertThatThrownBy(
            () ->
                registered(
                    c ->
                        c.portMappings(
                            List.of(
                                PortMapping.builder().containerPortRange("80-90").build(),
                                PortMapping.builder().containerPortRange("90-95").build()))))
        .hasMessageContaining("must not overlap");
    assertThatThrownBy(
            () ->
                registered(
                    c -> {},
                    r -> r.inferenceAccelerators(a -> a.deviceName("d").deviceType("eia2.medium"))))
        .hasMessageContaining("Elastic Inference has ended");
  }

  @Test
  void aPortForTwoProtocolsCanBeMappedButNotBalanced() {
    registered(
        c -> c.portMappings(p -> p.containerPort(53), p -> p.containerPort(53).protocol("udp")));
    assertThatThrownBy(
            () ->
                world.service(
                    "dns",
                    "web",
                    1,
                    r ->
                        r.loadBalancers(
                            b ->
                                b.targetGroupArn(PretendedBalancer.GROUP)
                                    .containerName("app")
                                    .containerPort(53))))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining(
            "Container port 53 is used in more than one port mapping for container app");
  }

  @Test
  void aPortCanBeMappedTwiceToDynamicPorts() {
    assertThat(
            registered(c -> c.portMappings(p -> p.containerPort(80), p -> p.containerPort(80)))
                .portMappings())
        .hasSize(2);
  }

  @Test
  void aHostPortBelongsToOneMappingOfATask() {
    ContainerDefinition other =
        ContainerDefinition.builder()
            .name("other")
            .image("app")
            .memory(64)
            .essential(true)
            .portMappings(p -> p.containerPort(8080).hostPort(80))
            .build();
    assertThatThrownBy(
            () ->
                registered(
                    c -> c.portMappings(p -> p.containerPort(80).hostPort(80)),
                    r ->
                        r.containerDefinitions(
                            Stream.concat(
                                    r.build().containerDefinitions().stream(), Stream.of(other))
                                .toList())))
        .isInstanceOf(ClientException.class)
        .hasMessageContaining("TCP host port '80' is mapped multiple times in task.");
    for (String mode : List.of("awsvpc", "host")) {
      assertThatThrownBy(
              () ->
                  registered(
                      c ->
                          c.portMappings(
                              p -> p.containerPort(53).protocol("udp"),
                              p -> p.containerPort(53).protocol("udp")),
                      r -> r.networkMode(mode)))
          .hasMessageContaining("UDP host port '53' is mapped multiple times in task.");
    }
    assertThat(
            registered(
                    c ->
                        c.portMappings(
                            p -> p.containerPort(53), p -> p.containerPort(53).protocol("udp")),
                    r -> r.networkMode("awsvpc"))
                .portMappings())
        .hasSize(2);
  }

  @Test
  void theSubnetsOfAServiceComeBackWithTheirDefaults() {
    registered(c -> {}, r -> r.networkMode("awsvpc"));
    var vpc =
        world
            .service(
                "web",
                "web",
                0,
                r -> r.networkConfiguration(n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a"))))
            .networkConfiguration()
            .awsvpcConfiguration();
    assertThat(vpc.assignPublicIp()).isEqualTo(AssignPublicIp.DISABLED);
    assertThat(vpc.hasSecurityGroups()).isTrue();
    int deployments =
        world
            .call(
                ecs ->
                    ecs.updateService(
                        r ->
                            r.service("web")
                                .networkConfiguration(
                                    n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))))
            .service()
            .deployments()
            .size();
    assertThat(deployments).isOne();
  }

  @Test
  void aTaskSetIsMadeOnceForAToken() {
    world.bridge("web", "app", 0, 64);
    world.call(
        ecs ->
            ecs.createService(
                r -> r.serviceName("web").deploymentController(c -> c.type("EXTERNAL"))));
    Function<EcsClient, CreateTaskSetResponse> make =
        ecs ->
            ecs.createTaskSet(
                r -> r.cluster("default").service("web").taskDefinition("web").clientToken("one"));
    TaskSet first = world.call(make).taskSet();
    assertThat(world.call(make).taskSet().id()).isEqualTo(first.id());
    refused(
        ecs ->
            ecs.createTaskSet(
                r ->
                    r.cluster("default")
                        .service("web")
                        .taskDefinition("web")
                        .clientToken("one")
                        .externalId("x")),
        InvalidParameterException.class,
        "not idempotent");
    refused(
        ecs -> ecs.runTask(r -> r.taskDefinition("web").clientToken("x".repeat(65))),
        InvalidParameterException.class,
        "clientToken");
  }

  @Test
  void aTokenOfRunTaskEndsAnHourAfterItsTasks() {
    world.instance(1024, 1024, "us-east-1a");
    world.bridge("web", "exit-0", 0, 64);
    Function<EcsClient, String> run =
        ecs ->
            ecs.runTask(r -> r.taskDefinition("web").clientToken("one"))
                .tasks()
                .getFirst()
                .taskArn();
    String first = world.call(run);
    world.run(Duration.ofMinutes(30));
    assertThat(world.call(run)).isEqualTo(first);
    world.run(Duration.ofMinutes(40));
    assertThat(world.call(run)).isNotEqualTo(first);
  }

  @Test
  void aServiceThatIsMadeAnewKnowsNothingOfTheOldOnesDeployments() {
    world.instance(1024, 1024, "us-east-1a");
    world.bridge("good", "app", 0, 64);
    world.bridge("bad", "missing", 0, 64);
    world.service("web", "good", 1, r -> {});
    world.run(Duration.ofMinutes(2));
    assertThat(world.primary("web").rolloutStateAsString()).isEqualTo("COMPLETED");
    world.call(ecs -> ecs.deleteService(r -> r.service("web").force(true)));
    world.run(Duration.ofMinutes(1));
    world.service(
        "web",
        "bad",
        1,
        r ->
            r.deploymentConfiguration(
                d -> d.deploymentCircuitBreaker(b -> b.enable(true).rollback(true))));
    assertThat(
            world
                .call(ecs -> ecs.listServiceDeployments(r -> r.service("web")))
                .serviceDeployments())
        .hasSize(1);
    world.run(Duration.ofMinutes(5));
    assertThat(world.primary("web").taskDefinition()).endsWith("bad:1");
    assertThat(world.primary("web").rolloutStateAsString()).isEqualTo("FAILED");
  }

  @Test
  void theNodeOfAFargateTaskIsNobodysBusiness() {
    world.fargateNode(4096, 8192);
    world.definition("web", "app");
    Task task =
        world
            .call(
                ecs ->
                    ecs.runTask(
                        r ->
                            r.taskDefinition("web")
                                .launchType("FARGATE")
                                .networkConfiguration(
                                    n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))))
            .tasks()
            .getFirst();
    world.run(Duration.ofSeconds(20));
    assertThat(task.containerInstanceArn()).isNull();
    assertThat(world.tasks("RUNNING").getFirst().containerInstanceArn()).isNull();
    assertThat(
            world
                .call(ecs -> ecs.stopTask(r -> r.task(task.taskArn())))
                .task()
                .containerInstanceArn())
        .isNull();
    assertThat(world.store.snapshot().scanAll(EcsTables.EVENTS).map(row -> row.value().detail()))
        .isNotEmpty()
        .noneMatch(detail -> detail.contains("aws:fargate"));
  }

  @Test
  void aFargateTaskIsInTheZoneOfItsMachine() {
    world.join(InstanceRow.FARGATE_POOL, 4096, 8192, Map.of("ecs.availability-zone", "us-east-1b"));
    world.definition("web", "app");
    world.service("web", "web", 2, World::fargate);
    world.run(Duration.ofSeconds(20));
    assertThat(world.tasks("RUNNING"))
        .extracting(Task::availabilityZone)
        .containsExactly("us-east-1b", "us-east-1b");
  }

  @Test
  void gpusThatAnAgentTellsAsDevicesAreAResource() {
    List<Resource> resources =
        world
            .asService(
                ecs ->
                    ecs.registerContainerInstance(
                        r -> r.cluster("default").platformDevices(d -> d.id("GPU-1").type("GPU"))))
            .containerInstance()
            .remainingResources();
    assertThat(resources)
        .singleElement()
        .satisfies(each -> assertThat(each.stringSetValue()).containsExactly("GPU-1"));
  }

  @Test
  void anEventTellsOfReplacedUnhealthyTasks() {
    world.join(
        "default",
        1024,
        1024,
        Map.of(
            "ecs.capability.container-health-check",
            "",
            "com.amazonaws.ecs.capability.docker-remote-api.1.24",
            ""));
    registered(c -> c.versionConsistency("disabled").healthCheck(h -> h.command("CMD", "true")));
    world.service("web", "web", 1, r -> {});
    world.run(Duration.ofSeconds(10));
    health(HealthStatus.HEALTHY);
    world.run(Duration.ofSeconds(10));
    health(HealthStatus.UNHEALTHY);
    world.run(Duration.ofSeconds(10));
    assertThat(world.events("web").getFirst())
        .endsWith("). Amazon ECS replaced 1 tasks due to an unhealthy status.");
    world.run(Duration.ofMinutes(2));
    assertThat(world.tasks("RUNNING")).hasSize(2);
    Task fresh =
        world.tasks("RUNNING").stream()
            .filter(each -> each.healthStatus() == HealthStatus.UNKNOWN)
            .findFirst()
            .orElseThrow();
    world
        .ecs
        .reports()
        .containerHealth(fresh.taskArn(), "app", HealthStatus.HEALTHY, world.time.instant(), "");
    world.run(Duration.ofSeconds(10));
    assertThat(world.tasks("RUNNING")).extracting(Task::taskArn).containsExactly(fresh.taskArn());
  }

  private void health(HealthStatus status) {
    String task = world.tasks("RUNNING").getFirst().taskArn();
    world.ecs.reports().containerHealth(task, "app", status, world.time.instant(), "");
  }
}
