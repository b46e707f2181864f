package gantry.services.ecs.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The instances that pass one filter, apart by the values of some attributes, each part in the
 * order of what is left: so that a choice looks at a few instances however many there are.
 */
final class Pool {

  private static final Comparator<Node> BY_MEMORY =
      Comparator.<Node>comparingInt(node -> node.freeMemory).thenComparing(Node::id);
  private static final Comparator<Node> BY_CPU =
      Comparator.<Node>comparingInt(node -> node.freeCpu).thenComparing(Node::id);

  final PlacementRequest.Filter filter;
  final List<String> attributes;
  final Map<List<String>, Cell> cells = new HashMap<>();
  private final Map<String, Cell> cellOf = new HashMap<>();

  Pool(PlacementRequest.Filter filter, List<String> attributes) {
    this.filter = filter;
    this.attributes = attributes;
  }

  /** Instances with the same values. */
  static final class Cell {
    final List<String> values;
    final TreeSet<Node> byMemory = new TreeSet<>(BY_MEMORY);
    final TreeSet<Node> byCpu = new TreeSet<>(BY_CPU);

    Cell(List<String> values) {
      this.values = values;
    }
  }

  /** To be called before the node's numbers change. */
  void remove(Node node) {
    Cell cell = cellOf.remove(node.id());
    if (cell != null) {
      cell.byMemory.remove(node);
      cell.byCpu.remove(node);
      if (cell.byMemory.isEmpty()) {
        cells.remove(cell.values);
      }
    }
  }

  /** To be called after they changed. */
  void add(Node node) {
    if (node.fixedRefusal(filter) != null) {
      return;
    }
    List<String> values = values(node, attributes);
    Cell cell = cells.computeIfAbsent(values, Cell::new);
    cell.byMemory.add(node);
    cell.byCpu.add(node);
    cellOf.put(node.id(), cell);
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
  static Iterator<Node> tightest(Cell cell, boolean byMemory, Demand demand) {
    Node probe = new Node(PROBE);
    probe.freeMemory = demand.memory();
    probe.freeCpu = demand.cpu();
    return (byMemory ? cell.byMemory : cell.byCpu).tailSet(probe, true).iterator();
  }

  /** The instances of a cell, those with the most memory left first. */
  static Iterator<Node> emptiest(Cell cell) {
    return cell.byMemory.descendingIterator();
  }

  private static final Candidate PROBE = probe();

  private static Candidate probe() {
    return new Candidate(
        "", false, false, 0, 0, 0, 0, java.util.Set.of(), java.util.Set.of(), Map.of(),
        java.util.Set.of(), null, null, null);
  }

  @Nullable Cell cellOf(String id) {
    return cellOf.get(id);
  }
}
