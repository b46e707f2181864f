package gantry.services.ecs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerDependency;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;

/** Links and dependencies between containers: what one may wait for. */
final class OrderingRules {

  private OrderingRules() {}

  static void check(RegisterTaskDefinitionRequest definition) {
    Map<String, ContainerDefinition> containers = new HashMap<>();
    definition.containerDefinitions().forEach(each -> containers.put(each.name(), each));
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!container.links().isEmpty()
          && definition.networkMode() != null
          && definition.networkMode() != NetworkMode.BRIDGE) {
        throw EcsErrors.client(
            "Links are not supported when networkMode=" + definition.networkModeAsString() + ".");
      }
      for (String link : container.links()) {
        if (!containers.containsKey(linked(link))) {
          throw EcsErrors.client(
              "Link '"
                  + link
                  + "' of container '"
                  + container.name()
                  + "' names no container of the"
                  + " task definition.");
        }
      }
      for (ContainerDependency dependency : container.dependsOn()) {
        ContainerDefinition on = containers.get(dependency.containerName());
        if (on == null) {
          throw EcsErrors.client(
              "Container '"
                  + container.name()
                  + "' depends on '"
                  + dependency.containerName()
                  + "', which the task definition does not have.");
        }
        ContainerCondition condition = dependency.condition();
        if (condition == null || condition == ContainerCondition.UNKNOWN_TO_SDK_VERSION) {
          throw EcsErrors.client(
              "Invalid dependency condition '" + dependency.conditionAsString() + "'.");
        }
        if ((condition == ContainerCondition.SUCCESS || condition == ContainerCondition.COMPLETE)
            && TaskDefinitionRules.isEssential(on)) {
          throw EcsErrors.client(
              "A dependency container with SUCCESS or COMPLETE condition cannot be an essential"
                  + " container");
        }
        if (condition == ContainerCondition.HEALTHY && on.healthCheck() == null) {
          throw EcsErrors.client(
              "A dependency container with HEALTHY condition must have a health check: "
                  + on.name());
        }
      }
    }
    if (cyclic(containers, each -> each.links().stream().map(OrderingRules::linked).toList())) {
      throw EcsErrors.client("Container links should not have a cycle");
    }
    if (cyclic(
        containers,
        each -> {
          List<String> on = new ArrayList<>();
          each.dependsOn().forEach(dependency -> on.add(dependency.containerName()));
          each.links().forEach(link -> on.add(linked(link)));
          each.volumesFrom().forEach(from -> on.add(from.sourceContainer()));
          return on;
        })) {
      throw EcsErrors.client("Container dependencies should not have a cycle");
    }
  }

  private static String linked(String link) {
    int colon = link.indexOf(':');
    return colon < 0 ? link : link.substring(0, colon);
  }

  private static boolean cyclic(
      Map<String, ContainerDefinition> containers,
      Function<ContainerDefinition, List<String>> edges) {
    Set<String> done = new HashSet<>();
    Set<String> open = new HashSet<>();
    return containers.keySet().stream()
        .anyMatch(name -> visit(name, containers, edges, done, open));
  }

  private static boolean visit(
      String name,
      Map<String, ContainerDefinition> containers,
      Function<ContainerDefinition, List<String>> edges,
      Set<String> done,
      Set<String> open) {
    if (done.contains(name)) {
      return false;
    }
    ContainerDefinition container = containers.get(name);
    if (container == null) {
      return false;
    }
    if (!open.add(name)) {
      return true;
    }
    for (String next : edges.apply(container)) {
      if (visit(next, containers, edges, done, open)) {
        return true;
      }
    }
    open.remove(name);
    done.add(name);
    return false;
  }
}
