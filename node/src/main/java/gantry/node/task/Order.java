package gantry.node.task;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerDependency;
import software.amazon.awssdk.services.ecs.model.VolumeFrom;

/** Which container waits for which: {@code dependsOn}, and what links and volumesFrom imply. */
public final class Order {

  /** One container waits for another to be {@code condition}. */
  public record Edge(String on, ContainerCondition condition) {}

  private Order() {}

  /** What {@code container} waits for before it starts. */
  public static List<Edge> before(ContainerDefinition container) {
    Map<String, Edge> edges = new LinkedHashMap<>();
    for (ContainerDependency each : container.dependsOn()) {
      edges.put(each.containerName(), new Edge(each.containerName(), each.condition()));
    }
    // A linked container and one whose volumes are used must be there first; an explicit condition
    // is the stronger one and stays.
    for (String link : container.links()) {
      String name = link.split(":", 2)[0];
      edges.putIfAbsent(name, new Edge(name, ContainerCondition.START));
    }
    for (VolumeFrom each : container.volumesFrom()) {
      edges.putIfAbsent(
          each.sourceContainer(), new Edge(each.sourceContainer(), ContainerCondition.START));
    }
    return List.copyOf(edges.values());
  }

  /** The containers that wait for {@code name}: they are stopped before it is. */
  public static Set<String> after(List<ContainerDefinition> all, String name) {
    Set<String> found = new LinkedHashSet<>();
    for (ContainerDefinition each : all) {
      for (Edge edge : before(each)) {
        if (edge.on().equals(name)) {
          found.add(each.name());
        }
      }
    }
    return found;
  }

  /** A circle of containers that wait for one another, in words; empty when there is none. */
  public static List<String> circle(List<ContainerDefinition> all) {
    Map<String, ContainerDefinition> byName = new LinkedHashMap<>();
    all.forEach(each -> byName.put(each.name(), each));
    Set<String> done = new LinkedHashSet<>();
    for (ContainerDefinition each : all) {
      List<String> path = new ArrayList<>();
      if (circleFrom(each.name(), byName, done, path)) {
        return path;
      }
    }
    return List.of();
  }

  private static boolean circleFrom(
      String name, Map<String, ContainerDefinition> byName, Set<String> done, List<String> path) {
    if (path.contains(name)) {
      path.add(name);
      return true;
    }
    ContainerDefinition container = byName.get(name);
    if (container == null || done.contains(name)) {
      return false;
    }
    path.add(name);
    for (Edge edge : before(container)) {
      if (circleFrom(edge.on(), byName, done, path)) {
        return true;
      }
    }
    path.removeLast();
    done.add(name);
    return false;
  }
}
