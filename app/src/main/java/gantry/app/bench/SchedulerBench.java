package gantry.app.bench;

import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.services.ecs.EcsCore;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.controller.Capacity;
import gantry.services.ecs.controller.Launcher;
import gantry.services.ecs.controller.Networks;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/**
 * Tasks placed a second on one core: instances registered through the API, and for each task what
 * the service controller calls, {@link Launcher#prepare}: the request from the task definition, the
 * choice by constraints and the chain of strategies, the room taken, the task's row made. Then
 * tasks come and go on the full cluster. Says how the time of one grows with the instances.
 */
public final class SchedulerBench {

  private static final Scope SCOPE = new Scope("123456789012", "us-east-1");
  private static final String CLUSTER = "default";
  private static final int[] SIZES = {100, 1_000, 10_000};
  private static final int SERVICES = 1_000;
  private static final int TASKS_ON_EACH = 100;
  private static final int EXCHANGED = 300_000;
  private static final int CPU = 16_384;
  private static final int MEMORY = 32_768;

  private SchedulerBench() {}

  public static void main(String[] arguments) {
    int[] sizes =
        arguments.length == 0
            ? SIZES
            : java.util.Arrays.stream(arguments).mapToInt(Integer::parseInt).toArray();
    run(System.out, sizes, EXCHANGED);
  }

  static void run(PrintStream out, int[] sizes, int exchanged) {
    new Fleet(100).run(null, exchanged / 3);
    out.printf(
        "%,d services: spread by zone, rack and instance, binpack by CPU and memory, chains of them,"
            + " constraints; one thread%n",
        SERVICES);
    for (int size : sizes) {
      new Fleet(size).run(out, exchanged);
    }
  }

  /** A cluster of some size, and the services that are to be placed on it. */
  private static final class Fleet {
    private final int size;
    private final Store store;
    private final Capacity capacity;
    private final Launcher launcher;
    private final List<Launcher.Order> orders = new ArrayList<>();
    private final SplittableRandom chance = new SplittableRandom(1);

    Fleet(int size) {
      this.size = size;
      VirtualTime time = new VirtualTime();
      store = MemoryStore.of(time, EcsTables.ALL);
      ServiceContext context =
          new ServiceContext(
              store,
              time,
              time,
              new SeededIds(1),
              FixedClients.of(),
              Path.of("unused"),
              new ServiceContext.Endpoint("localhost", 4566));
      capacity = new Capacity(store);
      launcher = new Launcher(context, capacity, new Networks(context.clients()));
      EcsClient ecs = new EcsCore(context).client();
      ScopedValue.where(Caller.CURRENT, Caller.service("ecs.amazonaws.com", SCOPE, "bench"))
          .run(
              () -> {
                ecs.createCluster();
                for (int i = 0; i < size; i++) {
                  register(ecs, i);
                }
              });
      for (int i = 0; i < SERVICES; i++) {
        orders.add(order(i));
      }
    }

    private static void register(EcsClient ecs, int number) {
      ecs.registerContainerInstance(
          r ->
              r.cluster(CLUSTER)
                  .instanceIdentityDocument("{\"instanceId\":\"i-%08x\"}".formatted(number))
                  .totalResources(
                      whole("CPU", CPU),
                      whole("MEMORY", MEMORY),
                      ports("PORTS"),
                      ports("PORTS_UDP"))
                  .attributes(
                      attribute("ecs.availability-zone", "us-east-1" + "abc".charAt(number % 3)),
                      attribute("rack", "r" + number % 20),
                      attribute("class", number % 2 == 0 ? "even" : "odd")));
    }

    private static Resource whole(String name, int value) {
      return Resource.builder().name(name).type("INTEGER").integerValue(value).build();
    }

    private static Resource ports(String name) {
      return Resource.builder().name(name).type("STRINGSET").stringSetValue("22").build();
    }

    private static Attribute attribute(String name, String value) {
      return Attribute.builder().name(name).value(value).build();
    }

    private Launcher.Order order(int number) {
      TaskDefinition definition =
          TaskDefinition.builder()
              .taskDefinitionArn(
                  "arn:aws:ecs:us-east-1:123456789012:task-definition/s" + number + ":1")
              .family("s" + number)
              .revision(1)
              .networkMode(NetworkMode.BRIDGE)
              .compatibilities(Compatibility.EC2)
              .containerDefinitions(
                  ContainerDefinition.builder()
                      .name("app")
                      .image("app")
                      .cpu(32 + chance.nextInt(128))
                      .memory(64 + chance.nextInt(256))
                      .build())
              .build();
      return new Launcher.Order(
          SCOPE,
          CLUSTER,
          definition,
          LaunchType.EC2,
          null,
          false,
          null,
          TaskOverride.builder().build(),
          "service:s" + number,
          "ecs-svc/" + number,
          "s" + number,
          "ecs-svc/" + number,
          null,
          number % 4 == 3
              ? List.of(
                  PlacementConstraint.builder()
                      .type("memberOf")
                      .expression("attribute:class == even")
                      .build())
              : List.of(),
          chain(number),
          List.of(),
          false,
          Map.of(),
          null,
          null);
    }

    private static List<PlacementStrategy> chain(int number) {
      PlacementStrategy zone = strategy("spread", "attribute:ecs.availability-zone");
      return switch (number % 5) {
        case 0 -> List.of(zone, strategy("spread", "instanceId"));
        case 1 -> List.of(zone, strategy("binpack", "memory"));
        case 2 -> List.of(strategy("binpack", "cpu"));
        case 3 ->
            List.of(zone, strategy("spread", "attribute:rack"), strategy("binpack", "memory"));
        default -> List.of();
      };
    }

    private static PlacementStrategy strategy(String type, String field) {
      return PlacementStrategy.builder().type(type).field(field).build();
    }

    void run(@Nullable PrintStream out, int exchanged) {
      List<String> placed = new ArrayList<>();
      int wanted = size * TASKS_ON_EACH;
      long began = cpu();
      long beganWall = System.nanoTime();
      for (int i = 0; i < wanted; i++) {
        place(i % SERVICES, placed);
      }
      long fill = cpu() - began;
      long fillWall = System.nanoTime() - beganWall;
      long memory = memory();
      began = cpu();
      for (int i = 0; i < exchanged; i++) {
        int gone = chance.nextInt(placed.size());
        capacity.release(placed.get(gone));
        placed.set(gone, placed.getLast());
        placed.removeLast();
        place(chance.nextInt(SERVICES), placed);
      }
      long exchange = cpu() - began;
      if (out != null) {
        out.printf(
            "%,6d instances: %,9d tasks placed, %,7.0f a second of CPU (%,7.0f of wall), %5.1f us"
                + " each; full and in exchange: %5.1f us each; %,d MiB%n",
            size,
            wanted,
            wanted / (fill / 1e9),
            wanted / (fillWall / 1e9),
            fill / 1e3 / wanted,
            exchange / 1e3 / exchanged,
            memory >> 20);
      }
    }

    private void place(int service, List<String> placed) {
      switch (launcher.prepare(orders.get(service))) {
        case Launcher.Prepared.Ready ready -> {
          placed.add(ready.row().arn());
          launcher.settled(List.of(ready));
        }
        case Launcher.Prepared.Nowhere none ->
            throw new IllegalStateException("no place for a task: " + none.why());
      }
    }

    private static long cpu() {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      return threads.getCurrentThreadCpuTime();
    }

    /** What is in use once the rubbish is gone. */
    private static long memory() {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      return runtime.totalMemory() - runtime.freeMemory();
    }
  }

  /** Placement asks no other service. */
}
