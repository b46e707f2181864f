package gantry.state;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * An immutable sorted map: a change makes a new one that shares all but a path of nodes with the
 * old one, so whoever holds the old one has a snapshot for nothing.
 *
 * <p>A weight-balanced tree (Adams; the parameters 3 and 2 are those that Hirai and Yamamoto proved
 * sound). Subtree sizes make the size of any range as cheap as a lookup, which is what counting a
 * scope needs and what general-purpose persistent maps do not offer.
 */
final class SortedTree<K extends Comparable<? super K>, V> {

  private static final int DELTA = 3;
  private static final int GAMMA = 2;

  private static final SortedTree<?, ?> EMPTY = new SortedTree<String, String>(null);

  private final @Nullable Node<K, V> root;

  private SortedTree(@Nullable Node<K, V> root) {
    this.root = root;
  }

  @SuppressWarnings("unchecked") // it holds nothing
  static <K extends Comparable<? super K>, V> SortedTree<K, V> empty() {
    return (SortedTree<K, V>) EMPTY;
  }

  int size() {
    return size(root);
  }

  @Nullable V get(K key) {
    Node<K, V> node = find(key);
    return node == null ? null : node.value;
  }

  private @Nullable Node<K, V> find(K key) {
    Node<K, V> node = root;
    while (node != null) {
      int order = key.compareTo(node.key);
      if (order == 0) {
        return node;
      }
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  SortedTree<K, V> with(K key, V value) {
    return new SortedTree<>(put(root, key, value));
  }

  SortedTree<K, V> without(K key) {
    return find(key) == null ? this : new SortedTree<>(remove(root, key));
  }

  /**
   * The entries for which {@code where} is zero, in order.
   *
   * @param where negative for a key before the range, zero inside, positive after: never falling
   *     along the order of keys
   */
  Stream<Entry<K, V>> range(ToIntFunction<K> where) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            new RangeIterator<>(root, where),
            Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE),
        false);
  }

  /** Shows the entries of {@link #range}, which here costs nothing beside them. */
  void each(ToIntFunction<K> where, BiConsumer<K, V> shown) {
    each(root, where, shown);
  }

  private static <K, V> void each(
      @Nullable Node<K, V> node, ToIntFunction<K> where, BiConsumer<K, V> shown) {
    if (node == null) {
      return;
    }
    int order = where.applyAsInt(node.key);
    if (order >= 0) {
      each(node.left, where, shown);
    }
    if (order == 0) {
      shown.accept(node.key, node.value);
    }
    if (order <= 0) {
      each(node.right, where, shown);
    }
  }

  /** How many entries {@link #range} has, at the price of two lookups. */
  int sizeOf(ToIntFunction<K> where) {
    int before = 0;
    int upTo = 0;
    for (Node<K, V> node = root; node != null; ) {
      if (where.applyAsInt(node.key) < 0) {
        before += size(node.left) + 1;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    for (Node<K, V> node = root; node != null; ) {
      if (where.applyAsInt(node.key) <= 0) {
        upTo += size(node.left) + 1;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return upTo - before;
  }

  interface Entry<K, V> {
    K key();

    V value();
  }

  private static final class Node<K, V> implements Entry<K, V> {
    final K key;
    final V value;
    final @Nullable Node<K, V> left;
    final @Nullable Node<K, V> right;
    final int size;

    Node(K key, V value, @Nullable Node<K, V> left, @Nullable Node<K, V> right) {
      this.key = key;
      this.value = value;
      this.left = left;
      this.right = right;
      this.size = SortedTree.size(left) + SortedTree.size(right) + 1;
    }

    @Override
    public K key() {
      return key;
    }

    @Override
    public V value() {
      return value;
    }
  }

  private static int size(@Nullable Node<?, ?> node) {
    return node == null ? 0 : node.size;
  }

  private static <K extends Comparable<? super K>, V> Node<K, V> put(
      @Nullable Node<K, V> node, K key, V value) {
    if (node == null) {
      return new Node<>(key, value, null, null);
    }
    int order = key.compareTo(node.key);
    if (order == 0) {
      return new Node<>(node.key, value, node.left, node.right);
    }
    return order < 0
        ? balanced(node.key, node.value, put(node.left, key, value), node.right)
        : balanced(node.key, node.value, node.left, put(node.right, key, value));
  }

  private static <K extends Comparable<? super K>, V> @Nullable Node<K, V> remove(
      @Nullable Node<K, V> node, K key) {
    if (node == null) {
      return null;
    }
    int order = key.compareTo(node.key);
    if (order < 0) {
      return balanced(node.key, node.value, remove(node.left, key), node.right);
    }
    if (order > 0) {
      return balanced(node.key, node.value, node.left, remove(node.right, key));
    }
    if (node.left == null) {
      return node.right;
    }
    if (node.right == null) {
      return node.left;
    }
    Node<K, V> next = first(node.right);
    return balanced(next.key, next.value, node.left, withoutFirst(node.right));
  }

  private static <K, V> Node<K, V> first(Node<K, V> node) {
    while (node.left != null) {
      node = node.left;
    }
    return node;
  }

  private static <K, V> @Nullable Node<K, V> withoutFirst(Node<K, V> node) {
    return node.left == null
        ? node.right
        : balanced(node.key, node.value, withoutFirst(node.left), node.right);
  }

  private static <K, V> Node<K, V> balanced(
      K key, V value, @Nullable Node<K, V> left, @Nullable Node<K, V> right) {
    int leftSize = size(left);
    int rightSize = size(right);
    if (leftSize + rightSize > 1) {
      if (right != null && rightSize > DELTA * leftSize) {
        return rotatedLeft(key, value, left, right);
      }
      if (left != null && leftSize > DELTA * rightSize) {
        return rotatedRight(key, value, left, right);
      }
    }
    return new Node<>(key, value, left, right);
  }

  private static <K, V> Node<K, V> rotatedLeft(
      K key, V value, @Nullable Node<K, V> left, Node<K, V> right) {
    Node<K, V> inner = right.left;
    if (inner == null || size(inner) < GAMMA * size(right.right)) {
      return new Node<>(right.key, right.value, new Node<>(key, value, left, inner), right.right);
    }
    return new Node<>(
        inner.key,
        inner.value,
        new Node<>(key, value, left, inner.left),
        new Node<>(right.key, right.value, inner.right, right.right));
  }

  private static <K, V> Node<K, V> rotatedRight(
      K key, V value, Node<K, V> left, @Nullable Node<K, V> right) {
    Node<K, V> inner = left.right;
    if (inner == null || size(inner) < GAMMA * size(left.left)) {
      return new Node<>(left.key, left.value, left.left, new Node<>(key, value, inner, right));
    }
    return new Node<>(
        inner.key,
        inner.value,
        new Node<>(left.key, left.value, left.left, inner.left),
        new Node<>(key, value, inner.right, right));
  }

  /** Gathers entries that come in order (or are put in order at the end) into a perfect tree. */
  static final class Sorted<K extends Comparable<? super K>, V> {
    private final List<Node<K, V>> nodes = new ArrayList<>();
    private boolean ordered = true;

    void add(K key, V value) {
      ordered = ordered && (nodes.isEmpty() || nodes.getLast().key.compareTo(key) < 0);
      nodes.add(new Node<>(key, value, null, null));
    }

    SortedTree<K, V> tree() {
      if (!ordered) {
        nodes.sort(Comparator.comparing(Node::key));
      }
      return new SortedTree<>(middle(0, nodes.size()));
    }

    private @Nullable Node<K, V> middle(int from, int to) {
      if (from == to) {
        return null;
      }
      int middle = (from + to) >>> 1;
      Node<K, V> node = nodes.get(middle);
      return new Node<>(node.key, node.value, middle(from, middle), middle(middle + 1, to));
    }
  }

  private static final class RangeIterator<K, V> implements Iterator<Entry<K, V>> {
    private final ToIntFunction<K> where;
    private final ArrayDeque<Node<K, V>> path = new ArrayDeque<>();

    RangeIterator(@Nullable Node<K, V> root, ToIntFunction<K> where) {
      this.where = where;
      for (Node<K, V> node = root; node != null; ) {
        if (where.applyAsInt(node.key) < 0) {
          node = node.right;
        } else {
          path.push(node);
          node = node.left;
        }
      }
    }

    @Override
    public boolean hasNext() {
      Node<K, V> next = path.peek();
      return next != null && where.applyAsInt(next.key) == 0;
    }

    @Override
    public Entry<K, V> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Node<K, V> next = path.pop();
      for (Node<K, V> node = next.right; node != null; node = node.left) {
        path.push(node);
      }
      return next;
    }
  }

  /** For tests: the promise that keeps every path short. */
  boolean isBalanced() {
    return isBalanced(root);
  }

  private static boolean isBalanced(@Nullable Node<?, ?> node) {
    if (node == null) {
      return true;
    }
    int left = size(node.left);
    int right = size(node.right);
    return (left + right <= 1 || (left <= DELTA * right && right <= DELTA * left))
        && isBalanced(node.left)
        && isBalanced(node.right);
  }
}
