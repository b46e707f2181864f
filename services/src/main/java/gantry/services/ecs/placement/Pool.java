package gantry.services.ecs.placement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/**
 * The instances that pass one filter, apart by the values of some attributes, each part in the
 * order of what is left: so that a choice looks at a few instances however many there are.
 */
final class Pool {

  final PlacementRequest.Filter filter;
  final List<String> attributes;

  /** The first attribute, the first two, and so on. */
  final List<List<String>> prefixes = new ArrayList<>();

  final Map<String, Cell> cells = new HashMap<>();

  private final Slots slots;

  /** By the node's slot; null for one that does not pass. */
  private @Nullable Cell[] cellOf = new Cell[16];

  Pool(PlacementRequest.Filter filter, List<String> attributes, Slots slots) {
    this.filter = filter;
    this.slots = slots;
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

    /** What is left, and behind it the slot of the node that has it left. */
    final SortedNumbers byMemory = new SortedNumbers();

    /** The same by CPU, kept once somebody packs by it; null until then. */
    @Nullable SortedNumbers byCpu;

    Cell(String values, String[] prefixes) {
      this.values = values;
      this.prefixes = prefixes;
    }

    void sort(Node node) {
      byMemory.add(place(node.freeMemory, node.slot));
      if (byCpu != null) {
        byCpu.add(place(node.freeCpu, node.slot));
      }
    }

    void unsort(Node node) {
      byMemory.remove(place(node.freeMemory, node.slot));
      if (byCpu != null) {
        byCpu.remove(place(node.freeCpu, node.slot));
      }
    }

    private static long place(int left, int slot) {
      return ((long) left << Integer.SIZE) | slot;
    }
  }

  /** The instances of a cell that have enough, those with the least left first. */
  Iterator<Node> tightest(Cell cell, boolean byMemory, Demand demand) {
    return nodes(
        byMemory
            ? cell.byMemory.from(Cell.place(demand.memory(), 0))
            : byCpu(cell).from(Cell.place(demand.cpu(), 0)));
  }

  /** The instances of a cell, those with the most memory left first. */
  Iterator<Node> emptiest(Cell cell) {
    return nodes(cell.byMemory.downwards());
  }

  private SortedNumbers byCpu(Cell cell) {
    SortedNumbers known = cell.byCpu;
    if (known == null) {
      known = new SortedNumbers();
      Iterator<Node> all = emptiest(cell);
      while (all.hasNext()) {
        Node node = all.next();
        known.add(Cell.place(node.freeCpu, node.slot));
      }
      cell.byCpu = known;
    }
    return known;
  }

  private Iterator<Node> nodes(PrimitiveIterator.OfLong places) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return places.hasNext();
      }

      @Override
      public Node next() {
        return slots.at((int) places.nextLong());
      }
    };
  }

  void remove(Node node) {
    Cell cell = cell(node);
    if (cell != null) {
      cellOf[node.slot] = null;
      cell.unsort(node);
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
    cell.sort(node);
    if (node.slot >= cellOf.length) {
      cellOf = Arrays.copyOf(cellOf, Math.max(node.slot + 1, cellOf.length * 2));
    }
    cellOf[node.slot] = cell;
  }

  /** Takes the node out of the order before its numbers change; {@link #sort} puts it back. */
  void unsort(Node node) {
    Cell cell = cell(node);
    if (cell != null) {
      cell.unsort(node);
    }
  }

  void sort(Node node) {
    Cell cell = cell(node);
    if (cell != null) {
      cell.sort(node);
    }
  }

  private @Nullable Cell cell(Node node) {
    return node.slot < cellOf.length ? cellOf[node.slot] : null;
  }

  static List<String> values(Node node, List<String> attributes) {
    List<String> values = new ArrayList<>(attributes.size());
    for (String attribute : attributes) {
      String value = node.attribute(attribute);
      values.add(value == null ? "" : value);
    }
    return values;
  }
}
