package gantry.services.ecs.controller;

import gantry.services.ecs.placement.ClusterQuery;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.placement.PlacementRequest;
import gantry.services.ecs.placement.Strategy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerOverride;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementConstraintType;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraint;
import software.amazon.awssdk.services.ecs.model.TaskOverride;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;

/** What placement is asked for a task: its size, what its instance must have, how to choose. */
public final class PlacementRequests {

  private static final ClusterQuery NOT_EXTERNAL =
      ClusterQuery.parse("attribute:ecs.capability.external !exists");

  private PlacementRequests() {}

  /** What placement is asked for an order. */
  static PlacementRequest of(Launcher.Order order, Demand demand, Set<String> zones, int draw) {
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
      strategies.add(new Strategy.Spread("ecs.availability-zone"));
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

  private static List<Strategy> strategies(Launcher.Order order) {
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
  static Demand demand(TaskDefinition definition, TaskOverride overrides, boolean fargate) {
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
}
