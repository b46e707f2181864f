package gantry.sim.ecs;

import gantry.node.sim.Habits;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.sim.ecs.SimulatedAccount.Machine;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ServiceRegistry;

/** What a seed makes people and machines do to an account, and the peace after it. */
final class History {

  private static final List<String> ZONES = List.of("us-east-1a", "us-east-1b", "us-east-1c");

  private static final List<String> GOOD = List.of("app", "app", "app", "app:2");

  private static final List<String> BAD =
      List.of("app:missing", "app:exit-1", "app:crash-30", "app:crash-300", "app:sick");

  private static final String LAST = "app:last";

  /** What of a service does not change. */
  record Kind(
      String name,
      boolean fargate,
      boolean daemon,
      boolean balanced,
      boolean named,
      boolean checked,
      int fixedPort,
      int most) {}

  final SimulatedAccount account;
  private final SplittableRandom chance;
  private final List<Kind> kinds = new ArrayList<>();
  private final Map<String, Machine> lost = new HashMap<>();
  private int refused;

  History(long seed) {
    chance = new SplittableRandom(seed);
    account =
        new SimulatedAccount(
            seed,
            new Habits(
                Duration.ofSeconds(1 + chance.nextInt(20)),
                Duration.ofMillis(100 + chance.nextInt(2000)),
                Duration.ofMillis(100 + chance.nextInt(8000)),
                0.05,
                chance.nextInt(3) == 0 ? 0.05 : 0,
                chance.nextInt(3) == 0 ? 0.05 : 0,
                0.1,
                (task, container, random) -> Habits.Course.FOREVER));
  }

  int refused() {
    return refused;
  }

  List<Kind> kinds() {
    return kinds;
  }

  private boolean one(int in) {
    return chance.nextInt(in) == 0;
  }

  private <T> T any(List<T> list) {
    return list.get(chance.nextInt(list.size()));
  }

  /** Machines and services; then trouble. */
  void trouble(int steps) {
    int instances = 2 + chance.nextInt(8);
    for (int i = 0; i < instances; i++) {
      machine();
    }
    account.fargate(8192 << chance.nextInt(3), 32_768);
    int services = 3 + chance.nextInt(6);
    for (int i = 0; i < services; i++) {
      kinds.add(kind(i));
      create(kinds.getLast());
    }
    for (int i = 0; i < steps; i++) {
      account.run(Duration.ofMillis(chance.nextInt(one(4) ? 120_000 : 12_000)));
      try {
        step();
      } catch (EcsException e) {
        refused++;
      }
    }
  }

  private void machine() {
    account.instance(
        1024 << chance.nextInt(3),
        2048 << chance.nextInt(3),
        any(ZONES),
        one(2) ? Map.of("class", "a") : Map.of());
  }

  private Kind kind(int number) {
    boolean daemon = one(5);
    boolean fargate = !daemon && one(2);
    int port = !fargate && one(4) ? 8000 + number : 0;
    return new Kind(
        "s" + number,
        fargate,
        daemon,
        !daemon && one(2),
        fargate && one(3),
        one(3),
        port,
        port > 0 ? 3 : one(4) ? 24 : 8);
  }

  private String define(Kind kind, String image) {
    ContainerDefinition.Builder container =
        ContainerDefinition.builder()
            .name("app")
            .image(image)
            .portMappings(
                PortMapping.builder()
                    .containerPort(8080)
                    .hostPort(kind.fargate ? null : Integer.valueOf(Math.max(0, kind.fixedPort)))
                    .build());
    if (kind.checked) {
      container.healthCheck(
          HealthCheck.builder().command("CMD", "true").interval(10).retries(2).build());
    }
    if (kind.fargate) {
      return account
          .call(
              ecs ->
                  ecs.registerTaskDefinition(
                      r ->
                          r.family(kind.name)
                              .networkMode("awsvpc")
                              .requiresCompatibilitiesWithStrings("FARGATE")
                              .cpu("256")
                              .memory("512")
                              .containerDefinitions(container.build())))
          .taskDefinition()
          .taskDefinitionArn();
    }
    // In the end all are small, so that every instance has room for every daemon.
    boolean small = image.equals(LAST);
    ContainerDefinition sized =
        container
            .cpu(small ? 16 : 32 << chance.nextInt(4))
            .memory(small ? 32 : 64 << chance.nextInt(3))
            .build();
    return account
        .call(
            ecs -> ecs.registerTaskDefinition(r -> r.family(kind.name).containerDefinitions(sized)))
        .taskDefinition()
        .taskDefinitionArn();
  }

  private int desired(Kind kind) {
    return chance.nextInt(kind.most + 1);
  }

  private void create(Kind kind) {
    String definition = define(kind, one(6) ? any(BAD) : any(GOOD));
    CreateServiceRequest.Builder request =
        CreateServiceRequest.builder().serviceName(kind.name).taskDefinition(definition);
    if (kind.daemon) {
      request.schedulingStrategy("DAEMON");
      if (one(2)) {
        request.placementConstraints(
            PlacementConstraint.builder()
                .type("memberOf")
                .expression("attribute:class == a")
                .build());
      }
    } else {
      request.desiredCount(desired(kind));
      bounds(
          (least, most) ->
              request.deploymentConfiguration(
                  c ->
                      c.minimumHealthyPercent(least)
                          .maximumPercent(most)
                          .deploymentCircuitBreaker(b -> b.enable(one(2)).rollback(one(2)))));
      if (!kind.fargate) {
        strategy(request);
      }
    }
    if (kind.fargate) {
      request
          .launchType("FARGATE")
          .networkConfiguration(
              n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a", "subnet-b", "subnet-c")));
    }
    if (kind.balanced) {
      request.loadBalancers(
          LoadBalancer.builder()
              .targetGroupArn(SimulatedBalancer.group((kind.fargate ? "f-" : "i-") + kind.name))
              .containerName("app")
              .containerPort(8080)
              .build());
      request.healthCheckGracePeriodSeconds(one(2) ? 0 : 30);
    }
    if (kind.named) {
      request.serviceRegistries(
          ServiceRegistry.builder()
              .registryArn("arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1")
              .build());
    }
    account.call(ecs -> ecs.createService(request.build()));
  }

  private interface Bounds {
    void of(int least, int most);
  }

  private void bounds(Bounds bounds) {
    bounds.of(any(List.of(0, 50, 50, 75, 90, 100, 100)), any(List.of(100, 125, 150, 200, 200)));
  }

  private void strategy(CreateServiceRequest.Builder request) {
    PlacementStrategy zones =
        PlacementStrategy.builder().type("spread").field("attribute:ecs.availability-zone").build();
    switch (chance.nextInt(5)) {
      case 0 ->
          request.placementStrategy(
              PlacementStrategy.builder().type("binpack").field("memory").build());
      case 1 ->
          request.placementStrategy(
              zones, PlacementStrategy.builder().type("binpack").field("cpu").build());
      case 2 -> request.placementStrategy(PlacementStrategy.builder().type("random").build());
      case 3 -> request.placementStrategy(zones);
      default -> {}
    }
  }

  private void step() {
    Kind kind = any(kinds);
    switch (chance.nextInt(20)) {
      case 0, 1, 2 -> {
        String definition = define(kind, one(3) ? any(BAD) : any(GOOD));
        account.call(
            ecs -> ecs.updateService(r -> r.service(kind.name).taskDefinition(definition)));
      }
      case 3 ->
          account.call(
              ecs -> ecs.updateService(r -> r.service(kind.name).forceNewDeployment(true)));
      case 4, 5 -> {
        if (!kind.daemon) {
          int count = desired(kind);
          account.call(ecs -> ecs.updateService(r -> r.service(kind.name).desiredCount(count)));
        }
      }
      case 6 -> {
        if (!kind.daemon) {
          bounds(
              (least, most) ->
                  account.call(
                      ecs ->
                          ecs.updateService(
                              r ->
                                  r.service(kind.name)
                                      .deploymentConfiguration(
                                          c ->
                                              c.minimumHealthyPercent(least)
                                                  .maximumPercent(most)))));
        }
      }
      case 7, 8 -> onTask(arn -> account.call(ecs -> ecs.stopTask(r -> r.task(arn))));
      case 9, 10 ->
          onTask(
              arn -> account.machines().forEach(machine -> machine.node().crash(arn, "app", 137)));
      case 11 -> onTask(this::sicken);
      case 12 -> {
        Machine machine = any(account.machines());
        if (!machine.arn().contains("aws:fargate")) {
          String status = one(2) ? "DRAINING" : "ACTIVE";
          account.call(
              ecs ->
                  ecs.updateContainerInstancesState(
                      r -> r.containerInstances(machine.arn()).status(status)));
        }
      }
      case 13 -> {
        Machine machine = any(account.machines());
        if (lost.putIfAbsent(machine.arn(), machine) == null) {
          account.lose(machine);
        }
      }
      case 14 -> lost.values().stream().findFirst().ifPresent(this::comeBack);
      case 15 -> machine();
      case 16 -> {
        Machine machine = any(account.machines());
        if (!machine.arn().contains("aws:fargate") && !lost.containsKey(machine.arn())) {
          account.call(
              ecs ->
                  ecs.deregisterContainerInstance(
                      r -> r.containerInstance(machine.arn()).force(true)));
          account.forget(machine);
        }
      }
      case 17 -> {
        String definition = define(kind, one(4) ? any(BAD) : one(2) ? "app:exit-0" : any(GOOD));
        if (!kind.fargate && kind.fixedPort == 0) {
          account.call(ecs -> ecs.runTask(r -> r.taskDefinition(definition).count(10)));
        }
      }
      case 18 ->
          onTask(
              arn ->
                  account.call(
                      ecs ->
                          ecs.updateTaskProtection(
                              r -> r.tasks(arn).protectionEnabled(true).expiresInMinutes(10))));
      default -> {
        if (one(4)) {
          account.call(ecs -> ecs.deleteService(r -> r.service(kind.name).force(true)));
          account.run(Duration.ofMinutes(5));
          create(kind);
        }
      }
    }
  }

  private void comeBack(Machine machine) {
    lost.remove(machine.arn());
    account.comeBack(machine);
  }

  private void onTask(Consumer<String> what) {
    List<String> arns =
        account
            .store
            .snapshot()
            .scanAll(EcsTables.TASKS)
            .map(Row::value)
            .filter(row -> !row.isStopped())
            .map(TaskRow::arn)
            .toList();
    if (!arns.isEmpty()) {
      what.accept(any(arns));
    }
  }

  private void sicken(String arn) {
    account
        .store
        .snapshot()
        .scanAll(EcsTables.TASKS)
        .map(Row::value)
        .filter(row -> row.arn().equals(arn) && !row.targets().isEmpty())
        .forEach(row -> account.balancer.sick(row.targets().getFirst().targetId(), true));
  }

  /** Everything that was broken is repaired, there is room, and every service gets what works. */
  void peace() {
    List.copyOf(lost.values()).forEach(this::comeBack);
    account.balancer.heal();
    account.repair();
    for (String zone : ZONES) {
      account.instance(65_536, 65_536, zone, Map.of());
      account.instance(65_536, 65_536, zone, Map.of("class", "a"));
    }
    account.fargate(131_072, 262_144);
    for (Machine machine : account.machines()) {
      if (!machine.arn().contains("aws:fargate")) {
        account.call(
            ecs ->
                ecs.updateContainerInstancesState(
                    r -> r.containerInstances(machine.arn()).status("ACTIVE")));
      }
    }
    account
        .store
        .snapshot()
        .scanAll(EcsTables.TASKS)
        .map(Row::value)
        .filter(row -> row.serviceName() == null && !row.isStopped())
        .forEach(row -> account.call(ecs -> ecs.stopTask(r -> r.task(row.arn()))));
    account.run(Duration.ofMinutes(1));
    View view = account.store.snapshot();
    for (Kind kind : kinds) {
      ServiceRow row =
          Objects.requireNonNull(
              view.get(
                  EcsTables.SERVICES,
                  EcsTables.member(SimulatedAccount.SCOPE, "default", kind.name)));
      if (!row.isActive()) {
        continue;
      }
      String definition = define(kind, LAST);
      account.call(
          ecs ->
              ecs.updateService(
                  r -> {
                    r.service(kind.name).taskDefinition(definition);
                    if (!kind.daemon) {
                      r.deploymentConfiguration(
                          c -> c.minimumHealthyPercent(50).maximumPercent(200));
                    }
                  }));
    }
  }
}
