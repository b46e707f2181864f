package gantry.services.ecs.placement;

import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Where a task goes, or why nowhere. */
public sealed interface Decision {

  /** {@code zone} is null where the instance names none. */
  record Placed(String instanceId, @Nullable String zone) implements Decision {}

  /**
   * Each instance with the first reason that speaks against it.
   *
   * @param closest the instance that met the most requirements; null when there is none at all
   * @param crowded it might wait for room, but too many do already
   */
  record Refused(SortedMap<String, Refusal> byInstance, @Nullable String closest, boolean crowded)
      implements Decision {

    public Refused(SortedMap<String, Refusal> byInstance, @Nullable String closest) {
      this(byInstance, closest, false);
    }

    public static Refused tooManyWait() {
      return new Refused(new TreeMap<>(), null, true);
    }

    public SortedMap<Refusal, Integer> counts() {
      SortedMap<Refusal, Integer> counts = new TreeMap<>();
      byInstance.values().forEach(each -> counts.merge(each, 1, Integer::sum));
      return counts;
    }

    public @Nullable Refusal closestRefusal() {
      return closest == null ? null : byInstance.get(closest);
    }
  }
}
