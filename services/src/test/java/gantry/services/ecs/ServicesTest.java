package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecs.rows.TaskRow;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.ServiceEvent;
import software.amazon.awssdk.services.ecs.model.ServiceRegistry;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

class ServicesTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
  }

  private boolean stable(String name) {
    Service service = world.service(name);
    return service.deployments().size() == 1
        && service.deployments().getFirst().rolloutState() == DeploymentRolloutState.COMPLETED
        && service.runningCount().equals(service.desiredCount());
  }

  @Test
  void aServiceStartsItsTasksAndIsSteady() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    Service made = world.service("web", "web", 3, World::fargate);
    assertThat(made.status()).isEqualTo("ACTIVE");
    assertThat(made.runningCount()).isZero();
    assertThat(made.deployments()).hasSize(1);
    assertThat(made.deployments().getFirst().status()).isEqualTo("PRIMARY");
    assertThat(made.events()).isEmpty();
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    world.run(Duration.ofSeconds(5));
    List<String> events = world.events("web");
    assertThat(events.getFirst()).isEqualTo("(service web) has reached a steady state.");
    assertThat(events.get(1))
        .matches("\\(service web\\) \\(deployment ecs-svc/\\d+\\) deployment completed\\.");
    assertThat(events.getLast())
        .matches("\\(service web\\) has started 3 tasks: (\\(task [0-9a-f]{32}\\) ?){3}\\.");
    assertThat(world.tasks("RUNNING"))
        .allMatch(task -> task.group().equals("service:web"))
        .allMatch(task -> task.startedBy().startsWith("ecs-svc/"));
    assertThat(world.tasks("RUNNING").stream().map(task -> task.availabilityZone()).distinct())
        .hasSize(2);
    world.call(ecs -> ecs.updateService(r -> r.service("web").desiredCount(1)));
    world.run(Duration.ofSeconds(60));
    assertThat(world.service("web").runningCount()).isEqualTo(1);
    assertThat(world.service("web").deployments().getFirst().rolloutState())
        .isEqualTo(DeploymentRolloutState.COMPLETED);
    assertThat(world.vpc.interfaces).hasSize(1);
  }

  @Test
  void aTaskThatIsKilledIsReplaced() {
    SimulatedNode node = world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 2, World::fargate);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    node.kill(node.running.keySet().iterator().next());
    world.run(Duration.ofSeconds(10));
    assertThat(world.service("web").runningCount()).isEqualTo(2);
    assertThat(world.primary("web").failedTasks()).isZero();
  }

  @Test
  void aRollingUpdateBehindABalancerNeverServesWithLess() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 2, this::balanced);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    assertThat(world.balancer.serving()).hasSize(2);
    assertThat(world.names.instances).hasSize(2);
    world.definition("web", "app:2");
    world.call(ecs -> ecs.updateService(r -> r.service("web").taskDefinition("web")));
    assertThat(world.service("web").deployments()).hasSize(2);
    for (int second = 0; second < 180 && !stable("web"); second++) {
      world.run(Duration.ofSeconds(1));
      assertThat(world.balancer.serving().size()).isGreaterThanOrEqualTo(2);
      for (TaskRow row : world.rows()) {
        if (row.eni() != null && world.balancer.serving().contains(row.eni().privateIp())) {
          assertThat(row.node())
              .as("no task that is served is stopped")
              .isEqualTo(TaskRow.NodeWish.RUN);
        }
      }
    }
    assertThat(stable("web")).isTrue();
    assertThat(world.tasks("RUNNING")).allMatch(t -> t.taskDefinitionArn().endsWith(":2"));
    assertThat(world.names.instances).hasSize(2);
    assertThat(world.events("web"))
        .anyMatch(
            each -> each.matches("\\(service web\\) registered 1 targets in \\(target-group .*\\)"))
        .anyMatch(each -> each.contains("deregistered 1 targets in (target-group"))
        .anyMatch(each -> each.contains("has begun draining connections on 1 tasks."));
    var list = world.call(ecs -> ecs.listServiceDeployments(r -> r.service("web")));
    assertThat(list.serviceDeployments())
        .hasSize(2)
        .allMatch(each -> each.status() == ServiceDeploymentStatus.SUCCESSFUL);
  }

  private void balanced(
      software.amazon.awssdk.services.ecs.model.CreateServiceRequest.Builder request) {
    World.fargate(request);
    request
        .loadBalancers(
            LoadBalancer.builder()
                .targetGroupArn(PretendedBalancer.GROUP)
                .containerName("app")
                .containerPort(8080)
                .build())
        .serviceRegistries(
            ServiceRegistry.builder()
                .registryArn("arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1")
                .build());
  }

  @Test
  void stopTaskDrainsBeforeItStops() {
    SimulatedNode node = world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 1, this::balanced);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    String task = world.tasks("RUNNING").getFirst().taskArn();
    world.call(ecs -> ecs.stopTask(r -> r.task(task)));
    world.run(Duration.ofSeconds(2));
    assertThat(world.names.instances).doesNotContainKey(task.substring(task.lastIndexOf('/') + 1));
    assertThat(
            world
                .call(ecs -> ecs.describeTasks(r -> r.tasks(task)))
                .tasks()
                .getFirst()
                .lastStatus())
        .isEqualTo("DEACTIVATING");
    assertThat(node.log).doesNotContain("stop " + task.substring(task.lastIndexOf('/') + 1));
    world.run(Duration.ofSeconds(60));
    assertThat(node.log).contains("stop " + task.substring(task.lastIndexOf('/') + 1));
    assertThat(world.service("web").runningCount()).isEqualTo(1);
  }

  @Test
  void aTaskOutlivesWhatResolversRememberOfIt() {
    SimulatedNode node = world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 1, this::named);
    world.until(w -> !w.names.instances.isEmpty(), Duration.ofMinutes(2));
    String id = world.names.instances.keySet().iterator().next();
    world.call(ecs -> ecs.stopTask(r -> r.task(id)));
    world.run(Duration.ofSeconds(1));
    assertThat(world.names.instances).doesNotContainKey(id);
    world.run(Duration.ofSeconds(PretendedNames.TTL - 1));
    assertThat(node.log).as("its address may still be remembered").doesNotContain("stop " + id);
    world.run(Duration.ofSeconds(3));
    assertThat(node.log).contains("stop " + id);
  }

  @Test
  void aTaskThatEndedByItselfIsNotWaitedFor() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1,crash-30");
    world.service("web", "web", 1, this::named);
    world.until(w -> w.rows().stream().anyMatch(TaskRow::isStopped), Duration.ofMinutes(2));
    TaskRow ended = world.rows().stream().filter(TaskRow::isStopped).findFirst().orElseThrow();
    assertThat(
            Duration.between(ended.task().executionStoppedAt(), ended.task().stoppedAt())
                .toSeconds())
        .isZero();
  }

  @Test
  void aTaskIsNamedWhenItsHealthCheckHasSucceeded() {
    world.fargateNode(8192, 16_384);
    world.names.custom = true;
    world.definition("web", "app:1");
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                r ->
                    r.family("web")
                        .networkMode("awsvpc")
                        .requiresCompatibilitiesWithStrings("FARGATE")
                        .cpu("256")
                        .memory("512")
                        .containerDefinitions(
                            c ->
                                c.name("app")
                                    .image("app:2")
                                    .versionConsistency("disabled")
                                    .healthCheck(h -> h.command("CMD", "/check")))));
    world.service("web", "web", 1, this::named);
    world.until(w -> w.service("web").runningCount() == 1, Duration.ofMinutes(2));
    world.run(Duration.ofSeconds(5));
    assertThat(world.names.instances).as("nobody has checked it yet").isEmpty();
    String task = world.tasks("RUNNING").getFirst().taskArn();
    health(task, HealthStatus.HEALTHY);
    assertThat(world.names.instances).hasSize(1);
    assertThat(world.names.instances.values().iterator().next())
        .containsEntry("AWS_INIT_HEALTH_STATUS", "HEALTHY");
    String id = task.substring(task.lastIndexOf('/') + 1);
    health(task, HealthStatus.UNHEALTHY);
    assertThat(world.names.told).containsExactly(id + " UNHEALTHY");
  }

  private void health(String task, HealthStatus status) {
    new TaskReports(world.context).containerHealth(task, "app", status, world.time.instant(), "");
    world.run(Duration.ofSeconds(1));
  }

  private void named(
      software.amazon.awssdk.services.ecs.model.CreateServiceRequest.Builder request) {
    World.fargate(request);
    request.serviceRegistries(
        ServiceRegistry.builder()
            .registryArn("arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1")
            .build());
  }

  @Test
  void anUnhealthyTargetIsReplacedByAHealthyOneFirst() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 2, this::balanced);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    String address = world.balancer.serving().iterator().next();
    world.balancer.sick.add(address);
    world.run(Duration.ofSeconds(90));
    assertThat(world.balancer.serving()).hasSize(2).doesNotContain(address);
    TaskRow sick =
        world.rows().stream()
            .filter(row -> row.eni() != null && row.eni().privateIp().equals(address))
            .findFirst()
            .orElseThrow();
    assertThat(sick.task().stopCode()).isEqualTo(TaskStopCode.SERVICE_SCHEDULER_INITIATED);
    assertThat(sick.task().stoppedReason())
        .isEqualTo(
            "Task failed ELB health checks in (target-group " + PretendedBalancer.GROUP + ")");
    assertThat(world.events("web"))
        .anyMatch(
            each ->
                each.contains("is unhealthy in (target-group")
                    && each.endsWith(
                        "due to (reason Health checks failed with these codes: [503])."));
  }

  @Test
  void aDeploymentThatCannotSucceedFailsAfterItsFirstTasks() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "missing:1");
    world.service("web", "web", 1, World::fargate);
    world.run(Duration.ofMinutes(1));
    assertThat(world.primary("web").rolloutState()).isEqualTo(DeploymentRolloutState.FAILED);
    assertThat(world.primary("web").rolloutStateReason())
        .contains("CannotPullContainerError")
        .contains("not found");
    int tasks = world.rows().size();
    assertThat(tasks).isEqualTo(2);
    world.run(Duration.ofHours(1));
    assertThat(world.rows()).hasSize(tasks);
    world.definition("web", "app:1");
    world.call(ecs -> ecs.updateService(r -> r.service("web").taskDefinition("web")));
    world.until(w -> stable("web"), Duration.ofMinutes(2));
  }

  /** With a machine that takes tasks and says nothing of them, nothing ever fails. */
  @Test
  void aDeploymentWithoutProgressEndsAtItsDeadline() {
    SimulatedNode node = world.fargateNode(8192, 16_384);
    node.silent = true;
    world.definition("web", "app");
    world.service("web", "web", 1, World::fargate);
    world.run(Duration.ofMinutes(29));
    assertThat(world.primary("web").rolloutState()).isEqualTo(DeploymentRolloutState.IN_PROGRESS);
    world.run(Duration.ofMinutes(2));
    assertThat(world.primary("web").rolloutState()).isEqualTo(DeploymentRolloutState.FAILED);
    assertThat(world.primary("web").rolloutStateReason()).contains("no progress for 30 minutes");
    var verdict =
        world
            .call(ecs -> ecs.listServiceDeployments(r -> r.service("web")))
            .serviceDeployments()
            .getFirst();
    assertThat(verdict.status()).isEqualTo(ServiceDeploymentStatus.STOPPED);
  }

  @Test
  void theCircuitBreakerGoesBackToWhatWorked() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service(
        "web",
        "web",
        2,
        r -> {
          World.fargate(r);
          r.deploymentConfiguration(
              c -> c.deploymentCircuitBreaker(b -> b.enable(true).rollback(true)));
        });
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    String good = world.primary("web").id();
    world.definition("web", "crash-20");
    world.call(ecs -> ecs.updateService(r -> r.service("web").taskDefinition("web")));
    String bad = world.primary("web").id();
    world.until(w -> w.primary("web").id().equals(good), Duration.ofMinutes(10));
    world.until(w -> stable("web"), Duration.ofMinutes(5));
    assertThat(world.tasks("RUNNING")).allMatch(t -> t.taskDefinitionArn().endsWith(":1"));
    assertThat(world.service("web").taskDefinition()).endsWith(":1");
    assertThat(world.events("web"))
        .contains(
            "(service web) (deployment " + bad + ") deployment failed: tasks failed to start.",
            "(service web) rolling back to deployment " + good + ".");
    var list =
        world.call(ecs -> ecs.listServiceDeployments(r -> r.service("web"))).serviceDeployments();
    assertThat(list.getFirst().status()).isEqualTo(ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL);
    var record =
        world
            .call(
                ecs ->
                    ecs.describeServiceDeployments(
                        r -> r.serviceDeploymentArns(list.getFirst().serviceDeploymentArn())))
            .serviceDeployments()
            .getFirst();
    assertThat(record.rollback().reason())
        .isEqualTo("ECS deployment circuit breaker: rolling back to deploymentId " + good + ".");
    assertThat(record.deploymentCircuitBreaker().statusAsString()).isEqualTo("TRIGGERED");
    assertThat(record.deploymentCircuitBreaker().threshold()).isEqualTo(3);
  }

  @Test
  void aDaemonHasOneTaskOnEachInstance() {
    world.instance(1024, 2048, "us-east-1a");
    world.instance(1024, 2048, "us-east-1b");
    world.bridge("agent", "app", 64, 64);
    world.call(
        ecs ->
            ecs.createService(
                r -> r.serviceName("agent").taskDefinition("agent").schedulingStrategy("DAEMON")));
    world.run(Duration.ofSeconds(60));
    assertThat(world.service("agent").runningCount()).isEqualTo(2);
    assertThat(world.service("agent").desiredCount()).isEqualTo(2);
    SimulatedNode third = world.instance(1024, 2048, "us-east-1c");
    world.run(Duration.ofSeconds(60));
    assertThat(world.service("agent").runningCount()).isEqualTo(3);
    world.bridge("agent", "app:2", 64, 64);
    world.call(ecs -> ecs.updateService(r -> r.service("agent").taskDefinition("agent")));
    world.run(Duration.ofMinutes(3));
    assertThat(world.tasks("RUNNING"))
        .hasSize(3)
        .allMatch(t -> t.taskDefinitionArn().endsWith(":2"));
    assertThat(stable("agent")).isTrue();
    world.call(
        ecs ->
            ecs.updateContainerInstancesState(
                r -> r.containerInstances(third.arn).status("DRAINING")));
    world.run(Duration.ofSeconds(60));
    assertThat(world.service("agent").runningCount()).isEqualTo(2);
  }

  @Test
  void drainingMovesServiceTasksElsewhere() {
    SimulatedNode first = world.instance(1024, 2048, "us-east-1a");
    world.instance(1024, 2048, "us-east-1a");
    world.bridge("web", "app", 64, 64);
    world.service("web", "web", 2, r -> {});
    world.run(Duration.ofSeconds(60));
    assertThat(first.running).hasSize(1);
    world.call(
        ecs ->
            ecs.updateContainerInstancesState(
                r -> r.containerInstances(first.arn).status("DRAINING")));
    world.run(Duration.ofSeconds(90));
    assertThat(first.running).isEmpty();
    assertThat(world.service("web").runningCount()).isEqualTo(2);
  }

  @Test
  void noPlaceIsToldInTheEvent() {
    world.bridge("web", "app", 2048, 64);
    world.service("web", "web", 1, r -> {});
    world.run(Duration.ofSeconds(60));
    assertThat(world.events("web"))
        .containsExactly(
            "(service web) was unable to place a task because no container instance met all of its"
                + " requirements. Reason: No Container Instances were found in your cluster. For more"
                + " information, see the Troubleshooting section of the Amazon ECS Developer Guide.");
    world.instance(1024, 2048, "us-east-1a");
    world.run(Duration.ofSeconds(60));
    assertThat(world.service("web").runningCount()).isZero();
    world.instance(4096, 2048, "us-east-1a");
    world.run(Duration.ofSeconds(10));
    assertThat(world.service("web").runningCount()).isEqualTo(1);
  }

  @Test
  void deletion() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 1, World::fargate);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    assertThatThrownBy(() -> world.call(ecs -> ecs.deleteService(r -> r.service("web"))))
        .hasMessage("The service cannot be stopped while it is scaled above 0.");
    assertThatThrownBy(() -> world.service("web", "web", 1, World::fargate))
        .hasMessage("Creation of service was not idempotent.");
    assertThat(
            world
                .call(ecs -> ecs.deleteService(r -> r.service("web").force(true)))
                .service()
                .status())
        .isEqualTo("DRAINING");
    assertThat(world.call(ecs -> ecs.listServices()).serviceArns()).isEmpty();
    assertThatThrownBy(() -> world.service("web", "web", 1, World::fargate))
        .hasMessage("Unable to Start a service that is still Draining.");
    world.run(Duration.ofSeconds(30));
    assertThat(world.service("web").status()).isEqualTo("INACTIVE");
    assertThat(world.vpc.interfaces).isEmpty();
    world.service("web", "web", 1, World::fargate);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
  }

  @Test
  void externalTaskSets() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.call(
        ecs ->
            ecs.createService(
                r ->
                    r.serviceName("web")
                        .desiredCount(3)
                        .deploymentController(c -> c.type("EXTERNAL"))));
    String set =
        world
            .call(
                ecs ->
                    ecs.createTaskSet(
                        r ->
                            r.service("web")
                                .taskDefinition("web")
                                .launchType("FARGATE")
                                .scale(s -> s.unit("PERCENT").value(50.0))
                                .networkConfiguration(
                                    n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))))
            .taskSet()
            .id();
    world.run(Duration.ofSeconds(60));
    var described =
        world.call(ecs -> ecs.describeTaskSets(r -> r.service("web"))).taskSets().getFirst();
    assertThat(described.computedDesiredCount()).isEqualTo(2);
    assertThat(described.runningCount()).isEqualTo(2);
    assertThat(described.stabilityStatusAsString()).isEqualTo("STEADY_STATE");
    world.call(ecs -> ecs.deleteTaskSet(r -> r.service("web").taskSet(set).force(true)));
    world.run(Duration.ofSeconds(60));
    assertThat(world.call(ecs -> ecs.describeTaskSets(r -> r.service("web"))).taskSets()).isEmpty();
  }

  @Test
  void allTasksOfADeploymentRunTheDigestOfItsFirst() {
    world.fargateNode(8192, 16_384);
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                FixtureJson.taskDefinition("01-fargate-minimal.json").toBuilder()
                    .family("web")
                    .build()));
    world.service("web", "web", 3, World::fargate);
    world.run(Duration.ofSeconds(1));
    assertThat(world.rows()).as("one resolves the tag").hasSize(1);
    assertThat(new Why(world.core).why("web").getFirst().print())
        .containsOnlyOnce("resolves the image digest");
    world.until(w -> stable("web"), Duration.ofMinutes(3));
    List<String> digests =
        world.tasks("RUNNING").stream()
            .map(task -> task.containers().getFirst().imageDigest())
            .distinct()
            .toList();
    assertThat(digests).hasSize(1);
    assertThat(world.rows().stream().filter(row -> row.digests().containsValue(digests.getFirst())))
        .as("the others were told the digest")
        .hasSize(2);
    String revision = world.service("web").currentServiceRevisions().getFirst().arn();
    assertThat(
            world
                .call(ecs -> ecs.describeServiceRevisions(r -> r.serviceRevisionArns(revision)))
                .serviceRevisions()
                .getFirst()
                .containerImages()
                .getFirst()
                .imageDigest())
        .isEqualTo(digests.getFirst());
  }

  @Test
  void aProtectedTaskOutlivesScaleIn() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "app:1");
    world.service("web", "web", 3, World::fargate);
    world.until(w -> stable("web"), Duration.ofMinutes(2));
    List<String> kept =
        world.tasks("RUNNING").stream().map(task -> task.taskArn()).limit(2).toList();
    world.call(ecs -> ecs.updateTaskProtection(r -> r.tasks(kept).protectionEnabled(true)));
    world.call(ecs -> ecs.updateService(r -> r.service("web").desiredCount(1)));
    world.run(Duration.ofSeconds(60));
    assertThat(world.tasks("RUNNING").stream().map(task -> task.taskArn()))
        .containsExactlyInAnyOrderElementsOf(kept);
    world.run(Duration.ofMinutes(122));
    assertThat(world.service("web").runningCount()).isEqualTo(1);
  }

  /** A service that crashes all day has much to say: a hundred events are shown, and kept. */
  @Test
  void theNewestHundredEventsAreKept() {
    world.fargateNode(8192, 16_384);
    world.definition("web", "crash-20");
    world.service("web", "web", 4, World::fargate);
    world.run(Duration.ofHours(8));
    List<ServiceEvent> shown = world.service("web").events();
    assertThat(shown).hasSize(100);
    assertThat(shown.getFirst().createdAt()).isAfter(shown.getLast().createdAt());
    List<Instant> times = shown.stream().map(ServiceEvent::createdAt).toList();
    assertThat(times).isSortedAccordingTo(Comparator.reverseOrder());
    world.run(Duration.ofHours(2));
    assertThat(world.store.snapshot().scanAll(EcsTables.SERVICE_EVENTS).count()).isLessThan(600);
  }
}
