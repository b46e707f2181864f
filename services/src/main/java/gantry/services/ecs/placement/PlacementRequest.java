package gantry.services.ecs.placement;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A task that wants a place.
 *
 * @param group whose tasks are counted when spreading: {@code service:web}, {@code family:web}
 * @param requires attributes an instance must have; a value of "" asks for the name only
 * @param memberOf expressions that must hold
 * @param onTasks those of them whose answer changes with the tasks on an instance
 * @param distinct no other task of the group on the same instance
 * @param zones the zones it may run in; empty for any
 * @param draw a number that stands for chance, drawn by the caller
 * @param only the one instance to consider; null for all
 */
public record PlacementRequest(
    String group,
    Demand demand,
    Map<String, String> requires,
    List<ClusterQuery> memberOf,
    List<ClusterQuery> onTasks,
    boolean distinct,
    Set<String> zones,
    List<Strategy> strategies,
    int draw,
    @Nullable String only) {

  public PlacementRequest(
      String group,
      Demand demand,
      Map<String, String> requires,
      List<ClusterQuery> memberOf,
      boolean distinct,
      Set<String> zones,
      List<Strategy> strategies,
      int draw,
      @Nullable String only) {
    this(
        group,
        demand,
        requires,
        memberOf,
        memberOf.stream().filter(ClusterQuery::dependsOnTasks).toList(),
        distinct,
        zones,
        strategies,
        draw,
        only);
  }

  public static PlacementRequest of(String group, Demand demand, List<Strategy> strategies) {
    return new PlacementRequest(
        group, demand, Map.of(), List.of(), false, Set.of(), strategies, 0, null);
  }

  /**
   * What decides about an instance whatever tasks it has: requests that agree in it share an index.
   */
  Filter filter() {
    List<ClusterQuery> fixed =
        onTasks.isEmpty()
            ? memberOf
            : memberOf.stream().filter(each -> !onTasks.contains(each)).toList();
    return new Filter(requires, fixed, zones);
  }

  record Filter(Map<String, String> requires, List<ClusterQuery> memberOf, Set<String> zones) {}
}
