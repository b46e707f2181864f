package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.ClusterQuery;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.placement.PlacementRequest;
import gantry.services.ecs.placement.Strategy;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Connectivity;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerOverride;
import software.amazon.awssdk.services.ecs.model.EphemeralStorage;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ManagedAgent;
import software.amazon.awssdk.services.ecs.model.ManagedAgentName;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementConstraintType;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraint;
import software.amazon.awssdk.services.ecs.model.TaskOverride;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;

/** Makes tasks: decides where, takes the room, writes the row. Who asks does not matter to it. */
public final class Launcher {

  private static final ClusterQuery NOT_EXTERNAL =
      ClusterQuery.parse("attribute:ecs.capability.external !exists");

  private final ServiceContext context;
  private final Capacity capacity;
  private final Networks networks;

  public Launcher(ServiceContext context, Capacity capacity, Networks networks) {
    this.context = context;
    this.capacity = capacity;
    this.networks = networks;
  }

  /**
   * Everything that is the same for the tasks of one call or deployment.
   *
   * @param waits a managed-scaling provider: without room the task waits in PROVISIONING
   * @param instance the one instance it must run on; null when placement chooses
   * @param zone the zone it should run in; null when placement chooses
   */
  public record Order(
      Scope scope,
      String cluster,
      TaskDefinition definition,
      LaunchType launchType,
      @Nullable String capacityProvider,
      boolean waits,
      @Nullable String platformVersion,
      TaskOverride overrides,
      String group,
      @Nullable String startedBy,
      @Nullable String serviceName,
      @Nullable String deploymentId,
      @Nullable NetworkConfiguration network,
      List<PlacementConstraint> constraints,
      List<PlacementStrategy> strategies,
      List<Tag> tags,
      boolean executeCommand,
      Map<String, String> digests,
      @Nullable String instance,
      @Nullable String zone) {

    boolean isFargate() {
      return launchType == LaunchType.FARGATE;
    }

    boolean isAwsvpc() {
      return definition.networkMode() == NetworkMode.AWSVPC;
    }

    String pool() {
      return isFargate() ? InstanceRow.FARGATE_POOL : cluster;
    }

    public Order at(@Nullable String newInstance, @Nullable String newZone) {
      return new Order(
          scope,
          cluster,
          definition,
          launchType,
          capacityProvider,
          waits,
          platformVersion,
          overrides,
          group,
          startedBy,
          serviceName,
          deploymentId,
          network,
          constraints,
          strategies,
          tags,
          executeCommand,
          digests,
          newInstance,
          newZone);
    }
  }

  /** A task with its place, not yet written. */
  public sealed interface Prepared {
    record Ready(TaskRow row, List<Tag> tags) implements Prepared {}

    record Nowhere(Decision.Refused why) implements Prepared {}
  }

  /** Takes room for one task. Whoever does not {@link #write} it must {@link #forget} it. */
  public Prepared prepare(Order order) {
    String id = context.ids().hex(32);
    String arn = Arns.task(order.scope(), order.cluster(), id);
    Demand demand = demand(order.definition(), order.overrides(), order.isFargate());
    List<Networks.SubnetFacts> subnets =
        order.isAwsvpc() && order.network() != null
            ? networks.subnets(order.scope(), order.network().awsvpcConfiguration().subnets())
            : List.of();
    Set<String> zones =
        subnets.stream().map(Networks.SubnetFacts::zone).collect(Collectors.toSet());
    if (order.zone() != null && (zones.isEmpty() || zones.contains(order.zone()))) {
      zones = Set.of(order.zone());
    }
    PlacementRequest request = request(order, demand, zones, context.ids().below(1 << 30));
    Decision decision = capacity.reserve(order.scope(), order.pool(), arn, request);
    String instance = null;
    String zone = null;
    if (decision instanceof Decision.Placed placed) {
      instance = placed.instanceId();
      zone = placed.zone();
    } else if (decision instanceof Decision.Refused refused && !order.waits()) {
      return new Prepared.Nowhere(refused);
    }
    if (zone == null || order.isFargate()) {
      zone = zone(order, zones);
    }
    return new Prepared.Ready(row(order, id, arn, demand, instance, zone), order.tags());
  }

  /** What placement is asked for an order. */
  public static PlacementRequest request(Order order, Demand demand, Set<String> zones, int draw) {
    Map<String, String> requires = new HashMap<>();
    List<ClusterQuery> memberOf = new ArrayList<>();
    boolean distinct = false;
    var platform = order.definition().runtimePlatform();
    if (platform != null && platform.cpuArchitectureAsString() != null) {
      requires.put(
          "ecs.cpu-architecture", platform.cpuArchitectureAsString().toLowerCase(Locale.ROOT));
    }
    if (platform != null && platform.operatingSystemFamilyAsString() != null) {
      requires.put(
          "ecs.os-type",
          platform.operatingSystemFamilyAsString().startsWith("WINDOWS") ? "windows" : "linux");
    }
    List<Strategy> strategies = new ArrayList<>();
    if (!order.isFargate()) {
      for (Attribute attribute : order.definition().requiresAttributes()) {
        requires.put(attribute.name(), attribute.value() == null ? "" : attribute.value());
      }
      if (order.launchType() == LaunchType.EXTERNAL) {
        requires.put("ecs.capability.external", "");
      } else {
        memberOf.add(NOT_EXTERNAL);
      }
      if (order.capacityProvider() != null) {
        requires.put("capacity-provider", order.capacityProvider());
      }
      for (TaskDefinitionPlacementConstraint constraint :
          order.definition().placementConstraints()) {
        memberOf.add(ClusterQuery.parse(constraint.expression()));
      }
      for (PlacementConstraint constraint : order.constraints()) {
        if (constraint.type() == PlacementConstraintType.DISTINCT_INSTANCE) {
          distinct = true;
        } else {
          memberOf.add(ClusterQuery.parse(constraint.expression()));
        }
      }
      strategies.addAll(strategies(order));
    } else {
      strategies.add(new Strategy.Spread(Strategy.Spread.INSTANCE));
    }
    return new PlacementRequest(
        order.group(),
        demand,
        requires,
        memberOf,
        distinct,
        zones,
        strategies,
        draw,
        order.instance());
  }

  private static List<Strategy> strategies(Order order) {
    if (order.strategies().isEmpty()) {
      return order.serviceName() != null
          ? List.of(
              new Strategy.Spread("ecs.availability-zone"),
              new Strategy.Spread(Strategy.Spread.INSTANCE))
          : List.of(new Strategy.Spread(Strategy.Spread.INSTANCE));
    }
    List<Strategy> strategies = new ArrayList<>();
    for (PlacementStrategy strategy : order.strategies()) {
      String field = strategy.field() == null ? "" : strategy.field();
      switch (strategy.type()) {
        case BINPACK -> strategies.add(new Strategy.Binpack(field.equalsIgnoreCase("memory")));
        case SPREAD ->
            strategies.add(
                new Strategy.Spread(
                    field.startsWith("attribute:")
                        ? field.substring("attribute:".length())
                        : Strategy.Spread.INSTANCE));
        default -> strategies.add(new Strategy.Random());
      }
    }
    return strategies;
  }

  /** What the task holds of an instance: task size where given, else the sum of its containers. */
  public static Demand demand(TaskDefinition definition, TaskOverride overrides, boolean fargate) {
    int cpu = 0;
    int memory = 0;
    int gpus = 0;
    List<Integer> tcp = new ArrayList<>();
    List<Integer> udp = new ArrayList<>();
    for (ContainerDefinition container : definition.containerDefinitions()) {
      ContainerOverride override = override(overrides, container.name());
      Integer containerCpu =
          override != null && override.cpu() != null ? override.cpu() : container.cpu();
      Integer soft =
          override != null && override.memoryReservation() != null
              ? override.memoryReservation()
              : container.memoryReservation();
      Integer hard =
          override != null && override.memory() != null ? override.memory() : container.memory();
      cpu += containerCpu == null ? 0 : containerCpu;
      memory += soft != null ? soft : hard != null ? hard : 0;
      gpus += Gpus.wanted(container);
      if (definition.networkMode() != NetworkMode.AWSVPC) {
        for (PortMapping port : container.portMappings()) {
          Integer host = port.hostPort();
          if (host == null && definition.networkMode() == NetworkMode.HOST) {
            host = port.containerPort();
          }
          if (host != null && host != 0) {
            (port.protocol() == TransportProtocol.UDP ? udp : tcp).add(host);
          }
        }
      }
    }
    String taskCpu = overrides.cpu() != null ? overrides.cpu() : definition.cpu();
    String taskMemory = overrides.memory() != null ? overrides.memory() : definition.memory();
    return new Demand(
        taskCpu != null ? Integer.parseInt(taskCpu) : cpu,
        taskMemory != null ? Integer.parseInt(taskMemory) : memory,
        gpus,
        tcp,
        udp,
        definition.networkMode() == NetworkMode.AWSVPC && !fargate ? 1 : 0);
  }

  static @Nullable ContainerOverride override(TaskOverride overrides, String container) {
    for (ContainerOverride override : overrides.containerOverrides()) {
      if (override.name().equals(container)) {
        return override;
      }
    }
    return null;
  }

  private TaskRow row(
      Order order,
      String id,
      String arn,
      Demand demand,
      @Nullable String instance,
      @Nullable String zone) {
    Instant now = context.clock().instant();
    TaskDefinition definition = order.definition();
    String attachmentId = context.ids().uuid();
    boolean awsvpc = order.isAwsvpc();
    Task.Builder task =
        Task.builder()
            .taskArn(arn)
            .clusterArn(Arns.cluster(order.scope(), order.cluster()))
            .taskDefinitionArn(definition.taskDefinitionArn())
            .containerInstanceArn(instance)
            .availabilityZone(zone)
            .capacityProviderName(order.capacityProvider())
            .launchType(order.launchType())
            .group(order.group())
            .startedBy(order.startedBy())
            .desiredStatus("RUNNING")
            .lastStatus(awsvpc || instance == null ? "PROVISIONING" : "PENDING")
            .healthStatus(HealthStatus.UNKNOWN)
            .connectivity(Connectivity.CONNECTED)
            .connectivityAt(now)
            .createdAt(now)
            .cpu(order.overrides().cpu() != null ? order.overrides().cpu() : definition.cpu())
            .memory(
                order.overrides().memory() != null
                    ? order.overrides().memory()
                    : definition.memory())
            .enableExecuteCommand(order.executeCommand())
            .overrides(withAllContainers(definition, order.overrides()))
            .attributes(attributes(definition))
            .inferenceAccelerators(List.of())
            .containers(containers(order, id, arn, attachmentId))
            .attachments(
                awsvpc
                    ? List.of(
                        Attachment.builder()
                            .id(attachmentId)
                            .type("ElasticNetworkInterface")
                            .status("PRECREATED")
                            .details(List.of())
                            .build())
                    : List.of())
            .version(0L);
    if (order.isFargate()) {
      task.platformVersion(
              order.platformVersion() == null || order.platformVersion().equals("LATEST")
                  ? "1.4.0"
                  : order.platformVersion())
          .platformFamily(platformFamily(definition))
          .ephemeralStorage(
              EphemeralStorage.builder()
                  .sizeInGiB(
                      order.overrides().ephemeralStorage() != null
                          ? order.overrides().ephemeralStorage().sizeInGiB()
                          : definition.ephemeralStorage() != null
                              ? definition.ephemeralStorage().sizeInGiB()
                              : 20)
                  .build());
    }
    return new TaskRow(
        task.build(),
        order.cluster(),
        order.serviceName(),
        order.deploymentId(),
        demand,
        awsvpc ? order.network() : null,
        null,
        order.digests(),
        null,
        awsvpc || instance == null ? null : TaskRow.NodeWish.RUN,
        1,
        false,
        List.of(),
        List.of(),
        null,
        null,
        Map.of(),
        Map.of(),
        TaskRow.Outcome.OPEN,
        null);
  }

  public static String platformFamily(TaskDefinition definition) {
    return definition.runtimePlatform() != null
            && definition.runtimePlatform().operatingSystemFamilyAsString() != null
            && definition.runtimePlatform().operatingSystemFamilyAsString().startsWith("WINDOWS")
        ? definition.runtimePlatform().operatingSystemFamilyAsString()
        : "Linux";
  }

  /** The zone of a task that no instance's decides about. */
  private @Nullable String zone(Order order, Set<String> zones) {
    if (order.zone() != null) {
      return order.zone();
    }
    if (zones.isEmpty()) {
      return null;
    }
    // Fargate spreads over the zones of the subnets: the one with the fewest tasks of the group.
    Map<String, Integer> counts = new LinkedHashMap<>();
    zones.stream().sorted().forEach(zone -> counts.put(zone, 0));
    context
        .store()
        .snapshot()
        .lookup(EcsTables.LIVE_TASKS, order.scope(), order.cluster())
        .map(row -> row.value())
        .filter(row -> order.group().equals(row.task().group()) && !row.isStopping())
        .forEach(
            row ->
                counts.computeIfPresent(
                    String.valueOf(row.task().availabilityZone()), (zone, count) -> count + 1));
    synchronized (justGiven) {
      String chosen = null;
      int fewest = Integer.MAX_VALUE;
      for (var entry : counts.entrySet()) {
        int count =
            entry.getValue() + justGiven.getOrDefault(order.group() + " " + entry.getKey(), 0);
        if (count < fewest) {
          fewest = count;
          chosen = entry.getKey();
        }
      }
      justGiven.merge(order.group() + " " + chosen, 1, Integer::sum);
      return chosen;
    }
  }

  /** Zones given to tasks that are prepared and not yet written. */
  private final Map<String, Integer> justGiven = new HashMap<>();

  private static TaskOverride withAllContainers(TaskDefinition definition, TaskOverride overrides) {
    return overrides.toBuilder()
        .containerOverrides(
            definition.containerDefinitions().stream()
                .map(
                    each -> {
                      ContainerOverride override = override(overrides, each.name());
                      return override != null
                          ? override
                          : ContainerOverride.builder().name(each.name()).build();
                    })
                .toList())
        .inferenceAcceleratorOverrides(List.of())
        .build();
  }

  private static List<Attribute> attributes(TaskDefinition definition) {
    var platform = definition.runtimePlatform();
    return List.of(
        Attribute.builder()
            .name("ecs.cpu-architecture")
            .value(
                platform == null || platform.cpuArchitectureAsString() == null
                    ? "x86_64"
                    : platform.cpuArchitectureAsString().toLowerCase(Locale.ROOT))
            .build());
  }

  private List<Container> containers(Order order, String id, String arn, String attachmentId) {
    List<Container> containers = new ArrayList<>();
    for (ContainerDefinition definition : order.definition().containerDefinitions()) {
      ContainerOverride override = override(order.overrides(), definition.name());
      Container.Builder container =
          Container.builder()
              .containerArn(
                  Arns.container(order.scope(), order.cluster(), id, context.ids().uuid()))
              .taskArn(arn)
              .name(definition.name())
              .image(definition.image())
              .lastStatus("PENDING")
              .healthStatus(HealthStatus.UNKNOWN)
              .networkInterfaces(
                  order.isAwsvpc()
                      ? List.of(NetworkInterface.builder().attachmentId(attachmentId).build())
                      : List.of())
              .cpu(
                  String.valueOf(
                      override != null && override.cpu() != null
                          ? override.cpu()
                          : definition.cpu()));
      Integer memory =
          override != null && override.memory() != null ? override.memory() : definition.memory();
      Integer soft =
          override != null && override.memoryReservation() != null
              ? override.memoryReservation()
              : definition.memoryReservation();
      if (memory != null) {
        container.memory(memory.toString());
      }
      if (soft != null) {
        container.memoryReservation(soft.toString());
      }
      if (order.executeCommand()) {
        container.managedAgents(
            ManagedAgent.builder()
                .name(ManagedAgentName.EXECUTE_COMMAND_AGENT)
                .lastStatus("PENDING")
                .build());
      }
      containers.add(container.build());
    }
    return containers;
  }

  /** Writes prepared tasks, all in the one transaction. */
  public List<TaskRow> write(Tx tx, Scope scope, List<Prepared.Ready> tasks) {
    Instant now = context.clock().instant();
    List<TaskRow> written = new ArrayList<>();
    for (Prepared.Ready ready : tasks) {
      TaskRow row = Gpus.given(tx, scope, ready.row());
      written.add(Outbox.put(tx, EcsTables.member(scope, row.cluster(), row.id()), null, row, now));
      if (!ready.tags().isEmpty()) {
        tx.put(EcsTables.TAGS, scope.key(row.arn()), new TagsRow(row.arn(), ready.tags()));
      }
    }
    return written;
  }

  /** To be called after {@link #write} has been made durable, or failed. */
  public void settled(List<Prepared.Ready> tasks) {
    synchronized (justGiven) {
      for (Prepared.Ready ready : tasks) {
        justGiven.computeIfPresent(
            ready.row().task().group() + " " + ready.row().task().availabilityZone(),
            (key, count) -> count == 1 ? null : count - 1);
      }
    }
  }

  /** Gives the room of tasks back that will not be written. */
  public void forget(List<Prepared.Ready> tasks) {
    tasks.forEach(ready -> capacity.release(ready.row().arn()));
    settled(tasks);
  }

  /** The value that a key-value list holds under a name. */
  static @Nullable String value(List<KeyValuePair> details, String name) {
    for (KeyValuePair pair : details) {
      if (pair.name().equals(name)) {
        return pair.value();
      }
    }
    return null;
  }
}
