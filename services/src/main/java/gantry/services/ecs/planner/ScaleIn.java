package gantry.services.ecs.planner;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which tasks go when there are too many. */
public final class ScaleIn {

  private ScaleIn() {}

  /**
   * One after another, so that each choice sees the balance the former left: never a protected one;
   * first those on draining instances, those that do not run yet, the unhealthy; then from the zone
   * with the most tasks, mirrored strategy, the instance with the most.
   */
  public static List<TaskView> choose(List<TaskView> tasks, int count) {
    List<TaskView> left = new ArrayList<>(tasks);
    List<TaskView> chosen = new ArrayList<>();
    while (chosen.size() < count) {
      Map<String, Integer> zones = new HashMap<>();
      Map<List<String>, Integer> values = new HashMap<>();
      Map<String, Integer> instances = new HashMap<>();
      for (TaskView task : left) {
        zones.merge(task.zone(), 1, Integer::sum);
        values.merge(task.spread(), 1, Integer::sum);
        instances.merge(task.instance(), 1, Integer::sum);
      }
      Comparator<TaskView> order =
          Comparator.comparing((TaskView task) -> !task.instanceDraining())
              .thenComparing(TaskView::phase)
              .thenComparing(task -> !task.isUnhealthy())
              .thenComparing(task -> -zones.getOrDefault(task.zone(), 0))
              .thenComparing(task -> -values.getOrDefault(task.spread(), 0))
              .thenComparing(task -> -task.instanceFree())
              .thenComparing(task -> -instances.getOrDefault(task.instance(), 0))
              .thenComparing(TaskView::id);
      var next = left.stream().filter(task -> !task.guarded()).min(order);
      if (next.isEmpty()) {
        break;
      }
      chosen.add(next.get());
      left.remove(next.get());
    }
    return chosen;
  }
}
