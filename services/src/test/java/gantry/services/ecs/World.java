package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.NodeLink;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.Deployment;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceEvent;
import software.amazon.awssdk.services.ecs.model.Task;

/** An account on virtual time, with simulated nodes, a pretended VPC, balancer and name service. */
class World {

  static final Scope SCOPE = new Scope("123456789012", "us-east-1");
  static final Caller CALLER =
      new Caller(
          SCOPE.account(),
          SCOPE.region(),
          "arn:aws:iam::123456789012:user/dev",
          "AIDAEXAMPLE",
          "AKIAEXAMPLE",
          Map.of(),
          "request-1",
          null,
          null);

  final VirtualTime time = new VirtualTime();
  final Store store = MemoryStore.of(time, EcsTables.ALL);
  final PretendedVpc vpc = new PretendedVpc();
  final PretendedBalancer balancer = new PretendedBalancer(time);
  final PretendedNames names = new PretendedNames();
  final ServiceContext context =
      new ServiceContext(
          store,
          time,
          time,
          new SeededIds(1),
          FixedClients.of(vpc, balancer, names),
          Path.of("unused"),
          new ServiceContext.Endpoint("localhost", 4566));
  EcsCore core = new EcsCore(context);
  Ecs ecs = core.client();
  private Life life = new Life();
  ControllerRunner runner = runner(life);
  final Map<String, SimulatedNode> nodes = new HashMap<>();

  World() {
    runner.addAll(core.controllers());
  }

  /** One run of the program, from its start to its kill. */
  private static final class Life {
    boolean over;
  }

  private ControllerRunner runner(Life of) {
    return new ControllerRunner(
        store,
        time,
        new SeededIds(2),
        work ->
            time.after(
                Duration.ZERO,
                () -> {
                  if (!of.over) {
                    work.run();
                  }
                }),
        ControllerRunner.Observer.NONE);
  }

  /** From here on the program does nothing more: what it had in memory is lost. */
  void kill() {
    life.over = true;
  }

  /** The program anew, with what the store has. */
  void restart() {
    kill();
    life = new Life();
    core = new EcsCore(context);
    ecs = core.client();
    runner = runner(life);
    runner.addAll(core.controllers());
  }

  <R> R call(Function<EcsClient, R> operation) {
    return ScopedValue.where(Caller.CURRENT, CALLER).call(() -> operation.apply(ecs));
  }

  <R> R asService(Function<EcsClient, R> operation) {
    return ScopedValue.where(Caller.CURRENT, Caller.service("ecs.amazonaws.com", SCOPE, "node"))
        .call(() -> operation.apply(ecs));
  }

  /** A machine for Fargate tasks of any account. */
  SimulatedNode fargateNode(int cpu, int memory) {
    return join(InstanceRow.FARGATE_POOL, cpu, memory, Map.of());
  }

  /** A container instance of the cluster {@code default}. */
  SimulatedNode instance(int cpu, int memory, String zone) {
    return join("default", cpu, memory, Map.of("ecs.availability-zone", zone));
  }

  SimulatedNode join(
      String cluster, int cpu, int memory, Map<String, String> attributes, Resource... more) {
    List<Resource> resources =
        new ArrayList<>(
            List.of(
                integer("CPU", cpu),
                integer("MEMORY", memory),
                ports("PORTS"),
                ports("PORTS_UDP")));
    resources.addAll(List.of(more));
    var registered =
        asService(
                each ->
                    each.registerContainerInstance(
                        RegisterContainerInstanceRequest.builder()
                            .cluster(cluster)
                            .totalResources(resources)
                            .instanceIdentityDocument(
                                "{\"instanceId\":\"i-%08x\"}".formatted(nodes.size() + 1))
                            .attributes(
                                attributes.entrySet().stream()
                                    .map(
                                        entry ->
                                            Attribute.builder()
                                                .name(entry.getKey())
                                                .value(entry.getValue())
                                                .build())
                                    .toList())
                            .build()))
            .containerInstance();
    SimulatedNode node = new SimulatedNode(this, registered.containerInstanceArn());
    nodes.put(node.arn, node);
    node.link = NodeLink.connect(store, node.arn, node);
    return node;
  }

  private static Resource integer(String name, int value) {
    return Resource.builder().name(name).type("INTEGER").integerValue(value).build();
  }

  private static Resource ports(String name) {
    return Resource.builder().name(name).type("STRINGSET").stringSetValue("22").build();
  }

  void cluster() {
    call(each -> each.createCluster());
  }

  void definition(String family, String image) {
    call(
        each ->
            each.registerTaskDefinition(
                r ->
                    r.family(family)
                        .networkMode("awsvpc")
                        .requiresCompatibilitiesWithStrings("FARGATE")
                        .cpu("256")
                        .memory("512")
                        .containerDefinitions(
                            List.of(
                                software.amazon.awssdk.services.ecs.model.ContainerDefinition
                                    .builder()
                                    .name("app")
                                    .image(image)
                                    .versionConsistency("disabled")
                                    .portMappings(
                                        List.of(
                                            software.amazon.awssdk.services.ecs.model.PortMapping
                                                .builder()
                                                .containerPort(8080)
                                                .build()))
                                    .build()))));
  }

  /** One bridge container of the given size. */
  void bridge(String family, String image, int cpu, int memory) {
    call(
        each ->
            each.registerTaskDefinition(
                r ->
                    r.family(family)
                        .containerDefinitions(
                            List.of(
                                software.amazon.awssdk.services.ecs.model.ContainerDefinition
                                    .builder()
                                    .name("app")
                                    .image(image)
                                    .cpu(cpu)
                                    .memory(memory)
                                    .versionConsistency("disabled")
                                    .build()))));
  }

  Service service(
      String name, String definition, int desired, Consumer<CreateServiceRequest.Builder> more) {
    CreateServiceRequest.Builder request =
        CreateServiceRequest.builder()
            .serviceName(name)
            .taskDefinition(definition)
            .desiredCount(desired);
    more.accept(request);
    return call(each -> each.createService(request.build())).service();
  }

  static void fargate(CreateServiceRequest.Builder request) {
    request
        .launchType("FARGATE")
        .networkConfiguration(n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a", "subnet-b")));
  }

  Service service(String name) {
    return call(each -> each.describeServices(r -> r.services(name))).services().getFirst();
  }

  Deployment primary(String name) {
    return service(name).deployments().getFirst();
  }

  List<String> events(String name) {
    return service(name).events().stream().map(ServiceEvent::message).toList();
  }

  List<Task> tasks(String desired) {
    List<String> arns = call(each -> each.listTasks(r -> r.desiredStatus(desired))).taskArns();
    return arns.isEmpty()
        ? List.of()
        : call(each -> each.describeTasks(r -> r.tasks(arns))).tasks();
  }

  List<TaskRow> rows() {
    return store.snapshot().scanAll(EcsTables.TASKS).map(Row::value).toList();
  }

  void run(Duration time) {
    this.time.advance(time);
    assertThat(failing()).isEmpty();
  }

  private Map<Object, Throwable> failing() {
    Map<Object, Throwable> all = new HashMap<>();
    for (var stats : runner.stats()) {
      all.putAll(runner.failing(stats.controller()));
    }
    return all;
  }

  /** Moves time on, a second each, until it holds. */
  void until(Predicate<World> holds, Duration atMost) {
    for (long i = 0; i < atMost.toSeconds(); i++) {
      if (holds.test(this)) {
        return;
      }
      run(Duration.ofSeconds(1));
    }
    throw new AssertionError(
        "not after " + atMost + ": " + rows().stream().map(row -> row.task().toString()).toList());
  }
}
