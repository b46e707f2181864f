package gantry.sim.ecs;

import gantry.acs.TaskPayload;
import gantry.node.sim.Habits;
import gantry.node.sim.SimulatedNode;
import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.services.ecs.Ecs;
import gantry.services.ecs.EcsCore;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.TaskReports;
import gantry.services.ecs.controller.NodeLink;
import gantry.services.ecs.rows.InstanceRow;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeResponse;

/**
 * One account of ECS in virtual time: the store, the operations and the controllers are the
 * program's own; machines, VPC, balancer and names are simulated. Everything follows from the seed.
 */
public final class SimulatedAccount {

  public static final Scope SCOPE = new Scope("123456789012", "us-east-1");

  private static final Caller USER =
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

  private static final Caller NODE = Caller.service("ecs.amazonaws.com", SCOPE, "node");

  /** What an agent says that it can do, as far as task definitions here ask for it. */
  private static final List<String> CAPABILITIES =
      List.of(
          "ecs.capability.container-health-check",
          "com.amazonaws.ecs.capability.docker-remote-api.1.24");

  public final VirtualTime time = new VirtualTime();
  public final Store store = MemoryStore.of(time, EcsTables.ALL);
  public final SimulatedVpc vpc = new SimulatedVpc();
  public final SimulatedBalancer balancer = new SimulatedBalancer(time);
  public final SimulatedNames names = new SimulatedNames(time);
  public final ControllerRunner runner;

  private final ServiceContext context;
  private final Ecs ecs;
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private Habits habits;
  private final SeededIds seeds;

  public SimulatedAccount(long seed, Habits habits) {
    seeds = new SeededIds(seed);
    context =
        new ServiceContext(
            store,
            time,
            time,
            seeds.split(),
            FixedClients.of(vpc, balancer, names),
            Path.of("unused"),
            new ServiceContext.Endpoint("localhost", 4566));
    this.habits = habits.with(new ByImage());
    EcsCore core = new EcsCore(context);
    ecs = core.client();
    runner = ControllerRunner.virtual(store, time, seeds.split());
    runner.addAll(core.controllers());
    call(each -> each.createCluster());
  }

  /** A machine that has joined. */
  public record Machine(String arn, String ec2Id, SimulatedNode node, NodeLink link) {}

  /** Calls as the account's user. */
  public <R> R call(Function<EcsClient, R> operation) {
    return ScopedValue.where(Caller.CURRENT, USER).call(() -> operation.apply(ecs));
  }

  private <R> R asNode(Function<EcsClient, R> operation) {
    return ScopedValue.where(Caller.CURRENT, NODE).call(() -> operation.apply(ecs));
  }

  public List<Machine> machines() {
    return List.copyOf(machines.values());
  }

  /** Repairs the machines that are there; those that come are in order. */
  public void repair() {
    habits = habits.repaired();
    machines.values().forEach(machine -> machine.node.repair());
  }

  /** A container instance of the cluster {@code default}. */
  public Machine instance(int cpu, int memory, String zone, Map<String, String> attributes) {
    Map<String, String> all = new LinkedHashMap<>(attributes);
    all.put("ecs.availability-zone", zone);
    CAPABILITIES.forEach(each -> all.put(each, ""));
    return join("default", cpu, memory, all);
  }

  /** A machine for Fargate tasks. */
  public Machine fargate(int cpu, int memory) {
    return join(InstanceRow.FARGATE_POOL, cpu, memory, Map.of());
  }

  private Machine join(String cluster, int cpu, int memory, Map<String, String> attributes) {
    String ec2Id = "i-%08x".formatted(seeds.below(1 << 30));
    String arn =
        asNode(
                each ->
                    each.registerContainerInstance(
                        RegisterContainerInstanceRequest.builder()
                            .cluster(cluster)
                            .totalResources(
                                integer("CPU", cpu),
                                integer("MEMORY", memory),
                                ports("PORTS"),
                                ports("PORTS_UDP"))
                            .instanceIdentityDocument("{\"instanceId\":\"" + ec2Id + "\"}")
                            .attributes(
                                attributes.entrySet().stream()
                                    .map(
                                        one ->
                                            Attribute.builder()
                                                .name(one.getKey())
                                                .value(one.getValue())
                                                .build())
                                    .toList())
                            .build()))
            .containerInstance()
            .containerInstanceArn();
    SimulatedNode node =
        new SimulatedNode(
            new Door(),
            new TaskReports(context)::containerHealth,
            time::after,
            time,
            seeds.below(Integer.MAX_VALUE),
            habits);
    Machine machine = new Machine(arn, ec2Id, node, NodeLink.connect(store, arn, node));
    machines.put(arn, machine);
    return machine;
  }

  /** The agent's connection came or went. */
  public void connected(Machine machine, boolean connected) {
    ScopedValue.where(Caller.CURRENT, NODE).run(() -> ecs.agentConnected(machine.arn, connected));
  }

  /** The machine is gone with everything on it; ECS sees its agent's connection end. */
  public void lose(Machine machine) {
    machine.node.lose();
    connected(machine, false);
  }

  /** The machine has started again, empty, and its agent is told what it is to have. */
  public void comeBack(Machine machine) {
    machine.link.close();
    machine.node.comeBack();
    // What it ran when it was lost has ended; the agent says so when it is back.
    orphans(machine);
    machines.put(
        machine.arn,
        new Machine(
            machine.arn,
            machine.ec2Id,
            machine.node,
            NodeLink.connect(store, machine.arn, machine.node)));
    connected(machine, true);
  }

  private void orphans(Machine machine) {
    List<String> lost = new ArrayList<>();
    store
        .snapshot()
        .lookupAll(EcsTables.TASKS_ON_INSTANCE, machine.arn)
        .filter(row -> row.value().task().startedAt() != null)
        .forEach(row -> lost.add(row.value().arn()));
    for (String arn : lost) {
      asNode(
          each ->
              each.submitTaskStateChange(
                  r -> r.cluster("default").task(arn).status("STOPPED").reason("machine restart")));
    }
  }

  public void forget(Machine machine) {
    machine.link.close();
    machines.remove(machine.arn);
  }

  /** Moves time on; a controller that fails then is a mistake. */
  public void run(Duration by) {
    time.advance(by);
  }

  private static Resource integer(String name, int value) {
    return Resource.builder().name(name).type("INTEGER").integerValue(value).build();
  }

  private static Resource ports(String name) {
    return Resource.builder().name(name).type("STRINGSET").stringSetValue("22").build();
  }

  /** What an image does stands in its name: see {@link #course} and {@link #cannotPull}. */
  private static final class ByImage implements Habits.Program {

    @Override
    public Habits.Course course(
        TaskPayload task, ContainerDefinition container, RandomGenerator chance) {
      String image = container.image();
      Integer after = number(image, "crash-");
      if (after != null) {
        return new Habits.Course(
            Duration.ofSeconds(1 + chance.nextInt(after)), 1, Duration.ofSeconds(5));
      }
      Integer code = number(image, "exit-");
      if (code != null) {
        return new Habits.Course(Duration.ofSeconds(1), code, null);
      }
      return image.contains("sick")
          ? new Habits.Course(null, 0, null)
          : new Habits.Course(null, 0, Duration.ofSeconds(5 + chance.nextInt(20)));
    }

    private static @Nullable Integer number(String image, String after) {
      int at = image.indexOf(after);
      return at < 0 ? null : Integer.valueOf(image.substring(at + after.length()));
    }

    @Override
    public @Nullable String cannotPull(ContainerDefinition container) {
      return container.image().contains("missing")
          ? "CannotPullContainerError: failed to resolve ref " + container.image() + ": not found"
          : null;
    }

    /** Somebody pushes to the tag all the time: two pulls seldom find the same. */
    @Override
    public String digest(ContainerDefinition container, RandomGenerator chance) {
      return "sha256:" + Integer.toHexString(chance.nextInt(1 << 20));
    }
  }

  /** The operations an agent calls, called as one. */
  private final class Door implements EcsClient {
    @Override
    public SubmitTaskStateChangeResponse submitTaskStateChange(
        SubmitTaskStateChangeRequest request) {
      return asNode(each -> each.submitTaskStateChange(request));
    }

    @Override
    public SubmitAttachmentStateChangesResponse submitAttachmentStateChanges(
        SubmitAttachmentStateChangesRequest request) {
      return asNode(each -> each.submitAttachmentStateChanges(request));
    }

    @Override
    public String serviceName() {
      return SERVICE_NAME;
    }

    @Override
    public void close() {}
  }
}
