package gantry.services.ecs.placement;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The nodes of an index by small numbers, which stand for them where many are kept in order. */
final class Slots {

  private @Nullable Node[] nodes = new Node[16];
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private int used;

  /** Gives a node its number. */
  void add(Node node) {
    Integer again = free.poll();
    int slot = again == null ? used++ : again;
    if (slot == nodes.length) {
      nodes = Arrays.copyOf(nodes, slot * 2);
    }
    nodes[slot] = node;
    node.slot = slot;
  }

  void remove(Node node) {
    nodes[node.slot] = null;
    free.add(node.slot);
  }

  Node at(int slot) {
    return Objects.requireNonNull(nodes[slot]);
  }
}
