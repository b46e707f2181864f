package gantry.services.ecs.placement;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How tasks are shared among the items of a capacity provider strategy: first the base, then by
 * weight so that the ratio is kept as nearly as whole tasks allow.
 */
public final class StrategySplit {

  private StrategySplit() {}

  /** One item of a strategy. */
  public record Item(String provider, int weight, int base) {}

  /**
   * The providers of the next {@code count} tasks, in order.
   *
   * @param running how many tasks each provider has already
   */
  public static List<String> next(List<Item> items, Map<String, Integer> running, int count) {
    int[] has = new int[items.size()];
    for (int i = 0; i < has.length; i++) {
      has[i] = running.getOrDefault(items.get(i).provider(), 0);
    }
    List<String> next = new ArrayList<>(count);
    for (int n = 0; n < count; n++) {
      int chosen = choose(items, has);
      has[chosen]++;
      next.add(items.get(chosen).provider());
    }
    return next;
  }

  private static int choose(List<Item> items, int[] has) {
    for (int i = 0; i < has.length; i++) {
      if (has[i] < items.get(i).base()) {
        return i;
      }
    }
    int weights = 0;
    int beyond = 1;
    for (int i = 0; i < has.length; i++) {
      weights += items.get(i).weight();
      if (items.get(i).weight() > 0) {
        beyond += has[i] - items.get(i).base();
      }
    }
    if (weights == 0) {
      return 0;
    }
    // The one that is furthest behind its share; ties go to the first listed.
    int chosen = 0;
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < has.length; i++) {
      int weight = items.get(i).weight();
      if (weight == 0) {
        continue;
      }
      double deficit = (double) beyond * weight / weights - (has[i] - items.get(i).base());
      if (deficit > largest + 1e-9) {
        largest = deficit;
        chosen = i;
      }
    }
    return chosen;
  }
}
