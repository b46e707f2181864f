package gantry.services.ecs.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The instances that pass one filter, apart by the values of some attributes, each part in the
 * order of what is left: so that a choice looks at a few instances however many there are.
 */
final class Pool {

  private static final Comparator<Node> BY_MEMORY =
      (a, b) -> {
        int order = Integer.compare(a.freeMemory, b.freeMemory);
        return order != 0 ? order : a.tieBreak(b);
      };
  private static final Comparator<Node> BY_CPU =
      (a, b) -> {
        int order = Integer.compare(a.freeCpu, b.freeCpu);
        return order != 0 ? order : a.tieBreak(b);
      };

  final PlacementRequest.Filter filter;
  final List<String> attributes;

  /** The first attribute, the first two, and so on. */
  final List<List<String>> prefixes = new ArrayList<>();

  final Map<String, Cell> cells = new HashMap<>();
  private final Map<String, Cell> cellOf = new HashMap<>();

  /** What a search in the order of what is left begins at; never in it. */
  private static final Candidate NOBODY =
      new Candidate(
          "", false, false, 0, 0, 0, 0, Set.of(), Set.of(), Map.of(), Set.of(), null, null, null);

  private final Node probe = new Node(NOBODY);

  Pool(PlacementRequest.Filter filter, List<String> attributes) {
    this.filter = filter;
    this.attributes = List.copyOf(attributes);
    for (int depth = 1; depth <= attributes.size(); depth++) {
      prefixes.add(List.copyOf(attributes.subList(0, depth)));
    }
  }

  /** Instances with the same values. */
  static final class Cell {
    final String values;

    /** Its values of each of the pool's prefixes. */
    final String[] prefixes;

    final TreeSet<Node> byMemory = new TreeSet<>(BY_MEMORY);

    /** Kept once somebody packs by CPU; null until then. */
    @Nullable TreeSet<Node> byCpu;

    Cell(String values, String[] prefixes) {
      this.values = values;
      this.prefixes = prefixes;
    }

    void add(Node node) {
      byMemory.add(node);
      if (byCpu != null) {
        byCpu.add(node);
      }
    }

    void remove(Node node) {
      byMemory.remove(node);
      if (byCpu != null) {
        byCpu.remove(node);
      }
    }

    TreeSet<Node> byCpu() {
      TreeSet<Node> known = byCpu;
      if (known == null) {
        known = new TreeSet<>(BY_CPU);
        known.addAll(byMemory);
        byCpu = known;
      }
      return known;
    }
  }

  void remove(Node node) {
    Cell cell = cellOf.remove(node.id());
    if (cell != null) {
      cell.remove(node);
      if (cell.byMemory.isEmpty()) {
        cells.remove(cell.values);
      }
    }
  }

  void add(Node node) {
    if (node.fixedRefusal(filter) != null) {
      return;
    }
    Cell cell =
        cells.computeIfAbsent(
            node.values(attributes),
            values -> new Cell(values, prefixes.stream().map(node::values).toArray(String[]::new)));
    cell.add(node);
    cellOf.put(node.id(), cell);
  }

  /** Takes the node out of the order before its numbers change; {@link #sort} puts it back. */
  void unsort(Node node) {
    Cell cell = cellOf.get(node.id());
    if (cell != null) {
      cell.remove(node);
    }
  }

  void sort(Node node) {
    Cell cell = cellOf.get(node.id());
    if (cell != null) {
      cell.add(node);
    }
  }

  static List<String> values(Node node, List<String> attributes) {
    List<String> values = new ArrayList<>(attributes.size());
    for (String attribute : attributes) {
      String value = node.attribute(attribute);
      values.add(value == null ? "" : value);
    }
    return values;
  }

  /** The instances of a cell that have enough, those with the least left first. */
  Iterator<Node> tightest(Cell cell, boolean byMemory, Demand demand) {
    probe.freeMemory = demand.memory();
    probe.freeCpu = demand.cpu();
    return (byMemory ? cell.byMemory : cell.byCpu()).tailSet(probe, true).iterator();
  }

  /** The instances of a cell, those with the most memory left first. */
  static Iterator<Node> emptiest(Cell cell) {
    return cell.byMemory.descendingIterator();
  }
}
