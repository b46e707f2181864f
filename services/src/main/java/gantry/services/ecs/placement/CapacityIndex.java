package gantry.services.ecs.placement;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is free on the instances of one cluster, and the choice among them.
 *
 * <p>A choice costs a few look-ups, not a look at every instance: for each combination of a filter
 * (attributes, constraints, zones) and the attributes to spread over, a {@link Pool} keeps the
 * instances that pass, in the order of what is left. Only a refusal looks at all of them, to say
 * why.
 *
 * <p>Not safe for threads; no time, chance or ids in it.
 */
public final class CapacityIndex {

  /** Pools kept at once; the one that was not asked for the longest goes first. */
  static final int MAX_POOLS = 64;

  /** Instances of equal standing that the next strategy of a chain chooses among. */
  static final int MAX_EQUALS = 32;

  private record Taken(Node node, String group, Demand demand) {}

  private record PoolKey(PlacementRequest.Filter filter, List<String> attributes) {}

  private final Map<String, Node> nodes = new HashMap<>();
  private final Slots slots = new Slots();
  private final Map<String, Taken> tasks = new HashMap<>();
  private final LinkedHashMap<PoolKey, Pool> pools = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, GroupCounts> groups = new HashMap<>();
  private final Map<String, PlacementRequest> daemons = new HashMap<>();

  /** Where the tasks of one group are. */
  private static final class GroupCounts {
    final Map<String, Integer> byInstance = new HashMap<>();
    final Map<List<String>, Map<String, Integer>> byValues = new HashMap<>();
  }

  /** A daemon, whose room is kept on every instance on which it belongs; null when it is gone. */
  public void daemon(String group, @Nullable PlacementRequest request) {
    if (Objects.equals(
        request == null ? daemons.remove(group) : daemons.put(group, request), request)) {
      return;
    }
    nodes.values().forEach(node -> node.daemon(group, request));
  }

  public int instances() {
    return nodes.size();
  }

  public boolean has(String instanceId) {
    return nodes.containsKey(instanceId);
  }

  /** A new instance, or one that changed. */
  public void upsert(Candidate candidate) {
    Node old = nodes.get(candidate.id());
    if (old != null) {
      pools.values().forEach(pool -> pool.remove(old));
      if (!old.candidate.attributes().equals(candidate.attributes())) {
        groups.values().forEach(group -> group.byValues.clear());
      }
      int usedCpu = old.candidate.cpu() - old.freeCpu;
      int usedMemory = old.candidate.memory() - old.freeMemory;
      int usedGpus = old.candidate.gpus() - old.freeGpus;
      int usedEnis = old.candidate.enis() - old.freeEnis;
      old.changed(candidate);
      old.freeCpu = candidate.cpu() - usedCpu;
      old.freeMemory = candidate.memory() - usedMemory;
      old.freeGpus = candidate.gpus() - usedGpus;
      old.freeEnis = candidate.enis() - usedEnis;
      daemons.forEach(old::daemon);
      pools.values().forEach(pool -> pool.add(old));
      return;
    }
    Node node = new Node(candidate);
    node.freeCpu = candidate.cpu();
    node.freeMemory = candidate.memory();
    node.freeGpus = candidate.gpus();
    node.freeEnis = candidate.enis();
    daemons.forEach(node::daemon);
    nodes.put(candidate.id(), node);
    slots.add(node);
    pools.values().forEach(pool -> pool.add(node));
  }

  public void remove(String instanceId) {
    Node node = nodes.remove(instanceId);
    if (node != null) {
      pools.values().forEach(pool -> pool.remove(node));
      slots.remove(node);
      List<String> gone = new ArrayList<>();
      tasks.forEach(
          (task, taken) -> {
            if (taken.node == node) {
              gone.add(task);
            }
          });
      for (String task : gone) {
        Taken taken = tasks.remove(task);
        if (taken != null) {
          count(node, taken.group, -1);
        }
      }
    }
  }

  /** The task is on the instance from now on; to say it twice changes nothing. */
  public void occupy(String taskId, String instanceId, String group, Demand demand) {
    Taken before = tasks.get(taskId);
    if (before != null && before.node.id().equals(instanceId)) {
      return;
    }
    release(taskId);
    Node node = nodes.get(instanceId);
    if (node == null) {
      return;
    }
    tasks.put(taskId, new Taken(node, group, demand));
    take(node, group, demand, 1);
  }

  public void release(String taskId) {
    Taken taken = tasks.remove(taskId);
    if (taken != null) {
      take(taken.node, taken.group, taken.demand, -1);
    }
  }

  private void take(Node node, String group, Demand demand, int sign) {
    pools.values().forEach(pool -> pool.unsort(node));
    node.take(group, demand, sign);
    pools.values().forEach(pool -> pool.sort(node));
    count(node, group, sign);
  }

  private void count(Node node, String group, int sign) {
    GroupCounts counts = groups.computeIfAbsent(group, name -> new GroupCounts());
    add(counts.byInstance, node.id(), sign);
    counts.byValues.forEach((attributes, byValue) -> add(byValue, node.values(attributes), sign));
    if (counts.byInstance.isEmpty()) {
      groups.remove(group);
    }
  }

  private static <K> void add(Map<K, Integer> counts, K key, int sign) {
    counts.merge(key, sign, (a, b) -> a + b == 0 ? null : a + b);
  }

  /** What is left: CPU units and MiB. */
  public int @Nullable [] free(String instanceId) {
    Node node = nodes.get(instanceId);
    return node == null ? null : new int[] {node.freeCpu, node.freeMemory};
  }

  /** Decides; what was decided holds nothing until it is {@link #occupy occupied}. */
  public Decision place(PlacementRequest request) {
    if (request.only() != null) {
      Node node = nodes.get(request.only());
      if (node == null) {
        return new Decision.Refused(new TreeMap<>(), null);
      }
      Refusal refusal = node.refusal(request);
      return refusal == null ? placed(node) : refused(request);
    }
    List<String> spreads = new ArrayList<>();
    List<Strategy> rest = new ArrayList<>();
    for (Strategy strategy : request.strategies()) {
      if (rest.isEmpty() && strategy instanceof Strategy.Spread spread && !spread.byInstance()) {
        spreads.add(spread.field());
      } else {
        rest.add(strategy);
      }
    }
    Pool pool = pool(request.filter(), spreads);
    // Nearly always the first choice fits; only when it does not are the others put in order.
    List<Map<String, Integer>> counts = counts(pool, request.group());
    Pool.Cell first = null;
    int[] fewest = new int[counts.size()];
    for (Pool.Cell cell : pool.cells.values()) {
      if (first == null || isBefore(cell, first, fewest, counts)) {
        first = cell;
        for (int depth = 0; depth < fewest.length; depth++) {
          fewest[depth] = counts.get(depth).getOrDefault(cell.prefixes[depth], 0);
        }
      }
    }
    if (first != null) {
      Node chosen = choose(pool, first, request, rest);
      if (chosen != null) {
        return placed(chosen);
      }
      List<Pool.Cell> cells = new ArrayList<>(pool.cells.values());
      cells.sort(order(counts));
      for (Pool.Cell cell : cells.subList(1, cells.size())) {
        chosen = choose(pool, cell, request, rest);
        if (chosen != null) {
          return placed(chosen);
        }
      }
    }
    return refused(request);
  }

  private static Decision placed(Node node) {
    String zone = node.attribute("ecs.availability-zone");
    return new Decision.Placed(node.id(), zone == null || zone.isEmpty() ? null : zone);
  }

  private Pool pool(PlacementRequest.Filter filter, List<String> attributes) {
    PoolKey key = new PoolKey(filter, attributes);
    Pool pool = pools.get(key);
    if (pool == null) {
      Pool made = new Pool(filter, attributes, slots);
      nodes.values().forEach(made::add);
      pools.put(key, made);
      if (pools.size() > MAX_POOLS) {
        pools.remove(pools.keySet().iterator().next());
      }
      return made;
    }
    return pool;
  }

  /** For the first attribute, the first two, and so on: how many tasks of the group are where. */
  private List<Map<String, Integer>> counts(Pool pool, String group) {
    List<Map<String, Integer>> counts = new ArrayList<>(pool.prefixes.size());
    for (List<String> prefix : pool.prefixes) {
      counts.add(counts(group, prefix));
    }
    return counts;
  }

  private static boolean isBefore(
      Pool.Cell cell, Pool.Cell first, int[] fewest, List<Map<String, Integer>> counts) {
    for (int depth = 0; depth < fewest.length; depth++) {
      int count = counts.get(depth).getOrDefault(cell.prefixes[depth], 0);
      if (count != fewest[depth]) {
        return count < fewest[depth];
      }
    }
    return cell.values.compareTo(first.values) < 0;
  }

  /** Cells with the fewest tasks of the group first, attribute by attribute. */
  private static Comparator<Pool.Cell> order(List<Map<String, Integer>> counts) {
    return (a, b) -> {
      for (int depth = 0; depth < counts.size(); depth++) {
        Map<String, Integer> byValue = counts.get(depth);
        int order =
            Integer.compare(
                byValue.getOrDefault(a.prefixes[depth], 0),
                byValue.getOrDefault(b.prefixes[depth], 0));
        if (order != 0) {
          return order;
        }
      }
      return a.values.compareTo(b.values);
    };
  }

  private Map<String, Integer> counts(String group, List<String> attributes) {
    GroupCounts counts = groups.get(group);
    if (counts == null) {
      return Map.of();
    }
    Map<String, Integer> known = counts.byValues.get(attributes);
    if (known != null) {
      return known;
    }
    Map<String, Integer> byValue = new HashMap<>();
    counts.byInstance.forEach(
        (instance, count) -> {
          Node node = nodes.get(instance);
          if (node != null) {
            byValue.merge(node.values(attributes), count, Integer::sum);
          }
        });
    counts.byValues.put(attributes, byValue);
    return byValue;
  }

  private @Nullable Node choose(
      Pool pool, Pool.Cell cell, PlacementRequest request, List<Strategy> strategies) {
    Strategy first =
        strategies.isEmpty()
            ? new Strategy.Spread(Strategy.Spread.INSTANCE)
            : strategies.getFirst();
    List<Strategy> next =
        strategies.size() < 2 ? List.of() : strategies.subList(1, strategies.size());
    return switch (first) {
      case Strategy.Binpack binpack -> tightest(pool, cell, request, binpack, next);
      case Strategy.Spread spread ->
          spread.byInstance()
              ? fewest(pool, cell, request, next)
              : choose(pool, cell, request, next);
      case Strategy.Random random -> any(pool, cell, request);
    };
  }

  private static @Nullable Node tightest(
      Pool pool,
      Pool.Cell cell,
      PlacementRequest request,
      Strategy.Binpack binpack,
      List<Strategy> next) {
    Iterator<Node> iterator = pool.tightest(cell, binpack.byMemory(), request.demand());
    List<Node> equals = new ArrayList<>();
    while (iterator.hasNext() && equals.size() < MAX_EQUALS) {
      Node node = iterator.next();
      if (node.changingRefusal(request) != null) {
        continue;
      }
      if (next.isEmpty()) {
        return node;
      }
      if (!equals.isEmpty() && left(equals.getFirst(), binpack) != left(node, binpack)) {
        break;
      }
      equals.add(node);
    }
    return best(equals, request, next);
  }

  private static int left(Node node, Strategy.Binpack binpack) {
    return binpack.byMemory() ? node.freeMemory : node.freeCpu;
  }

  /** Among equals the remaining strategies decide by plain comparison: there are few. */
  private static @Nullable Node best(
      List<Node> equals, PlacementRequest request, List<Strategy> strategies) {
    Comparator<Node> order = Comparator.comparingInt(node -> 0);
    for (Strategy strategy : strategies) {
      switch (strategy) {
        case Strategy.Binpack binpack ->
            order = order.thenComparingInt(node -> left(node, binpack));
        case Strategy.Spread spread ->
            order = order.thenComparingInt(node -> node.groups.getOrDefault(request.group(), 0));
        case Strategy.Random random -> {}
      }
    }
    return equals.stream().min(order.thenComparing(Node::id)).orElse(null);
  }

  /**
   * The instance with the fewest tasks of the group. Those without any are nearly all, and the
   * emptiest come first, so one of the first looked at has none; otherwise every instance of the
   * group is compared.
   */
  private @Nullable Node fewest(
      Pool pool, Pool.Cell cell, PlacementRequest request, List<Strategy> next) {
    Node best = null;
    List<Node> equals = new ArrayList<>();
    GroupCounts counts = groups.get(request.group());
    int occupied = counts == null ? 0 : counts.byInstance.size();
    int fewest = Integer.MAX_VALUE;
    boolean binpack = !next.isEmpty() && next.getFirst() instanceof Strategy.Binpack;
    Iterator<Node> iterator =
        binpack && next.getFirst() instanceof Strategy.Binpack by
            ? pool.tightest(cell, by.byMemory(), request.demand())
            : pool.emptiest(cell);
    int looked = 0;
    while (iterator.hasNext()) {
      Node node = iterator.next();
      if (!binpack && node.freeMemory < request.demand().memory()) {
        break;
      }
      if (node.changingRefusal(request) != null) {
        continue;
      }
      looked++;
      int count = node.groups.getOrDefault(request.group(), 0);
      if (count < fewest) {
        fewest = count;
        best = node;
        equals.clear();
      }
      if (count == fewest && equals.size() < MAX_EQUALS) {
        equals.add(node);
      }
      if (fewest == 0
          && (binpack || next.isEmpty() || equals.size() >= MAX_EQUALS || looked > occupied)) {
        break;
      }
    }
    if (best == null || next.isEmpty()) {
      return best;
    }
    return best(equals, request, next);
  }

  /** Steps as far into the instances as the draw says, among the first that fit. */
  private static @Nullable Node any(Pool pool, Pool.Cell cell, PlacementRequest request) {
    List<Node> fit = new ArrayList<>();
    Iterator<Node> iterator = pool.emptiest(cell);
    while (iterator.hasNext() && fit.size() < MAX_EQUALS) {
      Node node = iterator.next();
      if (node.changingRefusal(request) == null) {
        fit.add(node);
      }
    }
    return fit.isEmpty() ? null : fit.get(Math.floorMod(request.draw(), fit.size()));
  }

  private Decision refused(PlacementRequest request) {
    SortedMap<String, Refusal> reasons = new TreeMap<>();
    String closest = null;
    Refusal furthest = null;
    for (Node node : nodes.values()) {
      if (request.only() != null && !request.only().equals(node.id())) {
        continue;
      }
      Refusal refusal = node.refusal(request);
      if (refusal == null) {
        continue;
      }
      reasons.put(node.id(), refusal);
      // The reasons stand in the order in which they are asked: the later, the closer.
      int order = furthest == null ? 1 : refusal.compareTo(furthest);
      if (closest == null || order > 0 || (order == 0 && node.id().compareTo(closest) < 0)) {
        furthest = refusal;
        closest = node.id();
      }
    }
    return new Decision.Refused(reasons, closest);
  }

  /** Why each instance cannot take the task, in the order of their ids; empty when one can. */
  public List<Lack> lacks(PlacementRequest request) {
    List<Lack> lacks = new ArrayList<>();
    for (Node node : nodes.values()) {
      if (request.only() != null && !request.only().equals(node.id())) {
        continue;
      }
      Refusal refusal = node.refusal(request);
      if (refusal == null) {
        return List.of();
      }
      lacks.add(new Lack(node.id(), refusal, node.lacks(refusal, request)));
    }
    lacks.sort(Comparator.comparing(Lack::instance));
    return lacks;
  }

  /** The ids of the instances that pass a filter: where a daemon belongs. */
  public List<String> matching(PlacementRequest request) {
    List<String> ids = new ArrayList<>();
    for (Node node : nodes.values()) {
      if (node.fixedRefusal(request.filter()) == null) {
        boolean holds = true;
        for (ClusterQuery query : request.onTasks()) {
          holds &= query.matches(node);
        }
        if (holds) {
          ids.add(node.id());
        }
      }
    }
    Collections.sort(ids);
    return ids;
  }
}
