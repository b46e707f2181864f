package gantry.state;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rows of one table and its indexes, at one moment; immutable. */
final class TableRows<V> {

  private final Table<V> table;
  private final SortedTree<Key, V> rows;

  /** One for each index of the table, in the order they were declared. */
  private final List<SortedTree<IndexEntry, Boolean>> indexes;

  private TableRows(
      Table<V> table, SortedTree<Key, V> rows, List<SortedTree<IndexEntry, Boolean>> indexes) {
    this.table = table;
    this.rows = rows;
    this.indexes = indexes;
  }

  static <V> TableRows<V> empty(Table<V> table) {
    List<SortedTree<IndexEntry, Boolean>> indexes = new ArrayList<>();
    for (int i = 0; i < table.indexes().size(); i++) {
      indexes.add(SortedTree.empty());
    }
    return new TableRows<>(table, SortedTree.empty(), indexes);
  }

  /** Where a row stands in an index: by value, then by key. */
  record IndexEntry(String value, Key key) implements Comparable<IndexEntry> {
    @Override
    public int compareTo(IndexEntry other) {
      int order = value.compareTo(other.value);
      return order != 0 ? order : key.compareTo(other.key);
    }
  }

  @Nullable V get(Key key) {
    return rows.get(key);
  }

  TableRows<V> with(Key key, V row) {
    return new TableRows<>(table, rows.with(key, row), reindexed(key, rows.get(key), row));
  }

  TableRows<V> without(Key key) {
    V before = rows.get(key);
    return before == null
        ? this
        : new TableRows<>(table, rows.without(key), reindexed(key, before, null));
  }

  private List<SortedTree<IndexEntry, Boolean>> reindexed(
      Key key, @Nullable V before, @Nullable V after) {
    if (indexes.isEmpty()) {
      return indexes;
    }
    List<SortedTree<IndexEntry, Boolean>> result = new ArrayList<>(indexes);
    for (Index<V> index : table.indexes()) {
      Set<String> old = valuesOf(index, before);
      Set<String> now = valuesOf(index, after);
      if (old.equals(now)) {
        continue;
      }
      SortedTree<IndexEntry, Boolean> entries = result.get(index.position());
      for (String value : old) {
        if (!now.contains(value)) {
          entries = entries.without(new IndexEntry(value, key));
        }
      }
      for (String value : now) {
        if (!old.contains(value)) {
          entries = entries.with(new IndexEntry(value, key), true);
        }
      }
      result.set(index.position(), entries);
    }
    return result;
  }

  private static <V> Set<String> valuesOf(Index<V> index, @Nullable V row) {
    if (row == null) {
      return Set.of();
    }
    Collection<String> values = index.valuesOf(row);
    return switch (values.size()) {
      case 0 -> Set.of();
      case 1 -> Set.of(values.iterator().next());
      default -> new HashSet<>(values);
    };
  }

  Stream<Row<V>> scan(Scope scope) {
    return stream(within(scope));
  }

  Stream<Row<V>> scanAfter(Scope scope, String afterId) {
    return stream(
        key -> {
          int order = key.scope().compareTo(scope);
          return order != 0 ? order : key.id().compareTo(afterId) <= 0 ? -1 : 0;
        });
  }

  Stream<Row<V>> scanAll() {
    return stream(key -> 0);
  }

  private Stream<Row<V>> stream(ToIntFunction<Key> where) {
    return rows.range(where).map(entry -> new Row<>(entry.key(), entry.value()));
  }

  Stream<Row<V>> lookup(Index<V> index, Scope scope, String value) {
    return resolved(index, within(scope, value));
  }

  private static ToIntFunction<IndexEntry> within(Scope scope, String value) {
    return entry -> {
      int order = entry.value().compareTo(value);
      return order != 0 ? order : entry.key().scope().compareTo(scope);
    };
  }

  Stream<Row<V>> lookupAll(Index<V> index, String value) {
    return resolved(index, entry -> entry.value().compareTo(value));
  }

  private Stream<Row<V>> resolved(Index<V> index, ToIntFunction<IndexEntry> where) {
    return indexes
        .get(index.position())
        .range(where)
        .map(entry -> new Row<>(entry.key().key(), named(index, entry.key().key())));
  }

  /** The row that an index says is there. */
  private V named(Index<V> index, Key key) {
    V row = rows.get(key);
    if (row == null) {
      throw new IllegalStateException(
          "index " + index.name() + " of " + table + " names a missing row " + key);
    }
    return row;
  }

  void each(Scope scope, String prefix, Consumer<V> shown) {
    rows.each(
        key -> {
          int order = key.scope().compareTo(scope);
          return order != 0 ? order : key.id().startsWith(prefix) ? 0 : key.id().compareTo(prefix);
        },
        (key, row) -> shown.accept(row));
  }

  void each(Index<V> index, Scope scope, String value, Consumer<V> shown) {
    indexes
        .get(index.position())
        .each(within(scope, value), (entry, there) -> shown.accept(named(index, entry.key())));
  }

  int count(Scope scope) {
    return rows.sizeOf(within(scope));
  }

  private static ToIntFunction<Key> within(Scope scope) {
    return key -> key.scope().compareTo(scope);
  }

  /** Gathers the rows of a table that is being loaded; no key comes twice. */
  static final class Builder<V> {
    private final Table<V> table;
    private final SortedTree.Sorted<Key, V> rows = new SortedTree.Sorted<>();
    private final List<SortedTree.Sorted<IndexEntry, Boolean>> indexes = new ArrayList<>();

    Builder(Table<V> table) {
      this.table = table;
      table.indexes().forEach(index -> indexes.add(new SortedTree.Sorted<>()));
    }

    void add(Key key, V row) {
      rows.add(key, row);
      for (Index<V> index : table.indexes()) {
        for (String value : valuesOf(index, row)) {
          indexes.get(index.position()).add(new IndexEntry(value, key), true);
        }
      }
    }

    TableRows<V> build() {
      List<SortedTree<IndexEntry, Boolean>> trees = new ArrayList<>();
      indexes.forEach(index -> trees.add(index.tree()));
      return new TableRows<>(table, rows.tree(), trees);
    }
  }
}
