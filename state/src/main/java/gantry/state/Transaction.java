package gantry.state;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A write in progress: a private copy of the newest snapshot, and what was changed in it. */
final class Transaction implements Tx {

  private record RowName(Table<?> table, Key key) {}

  private final Snapshot old;
  private final Snapshot now;
  private final Map<RowName, Boolean> touched = new LinkedHashMap<>();
  private boolean ended;

  Transaction(Snapshot head) {
    this.old = head;
    this.now = head.next();
  }

  @Override
  public <V> void put(Table<V> table, Key key, V row) {
    Objects.requireNonNull(row, "row");
    checkOpen();
    now.replace(now.rows(table).with(key, row), table);
    touched.put(new RowName(table, key), true);
  }

  @Override
  public void delete(Table<?> table, Key key) {
    checkOpen();
    deleteFrom(table, key);
  }

  private <V> void deleteFrom(Table<V> table, Key key) {
    TableRows<V> rows = now.rows(table);
    TableRows<V> without = rows.without(key);
    if (without != rows) {
      now.replace(without, table);
      touched.put(new RowName(table, key), true);
    }
  }

  /** Ends it: whoever kept the {@code Tx} cannot write with it any more. */
  Snapshot end() {
    ended = true;
    return now;
  }

  /** One change for each row that is not what it was; a row put as it was is none. */
  List<Change<?>> changes() {
    List<Change<?>> changes = new ArrayList<>(touched.size());
    for (RowName name : touched.keySet()) {
      Change<?> change = change(name.table(), name.key());
      if (change != null) {
        changes.add(change);
      }
    }
    return List.copyOf(changes);
  }

  private <V> @Nullable Change<V> change(Table<V> table, Key key) {
    V before = old.get(table, key);
    V after = now.get(table, key);
    return Objects.equals(before, after) ? null : new Change<>(table, key, before, after);
  }

  private void checkOpen() {
    if (ended) {
      throw new IllegalStateException("this write has ended: a Tx must not leave its function");
    }
  }

  @Override
  public long revision() {
    return now.revision();
  }

  @Override
  public <V> @Nullable V get(Table<V> table, Key key) {
    return now.get(table, key);
  }

  @Override
  public <V> Stream<Row<V>> scan(Table<V> table, Scope scope) {
    return now.scan(table, scope);
  }

  @Override
  public <V> Stream<Row<V>> scanAfter(Table<V> table, Scope scope, String afterId) {
    return now.scanAfter(table, scope, afterId);
  }

  @Override
  public <V> Stream<Row<V>> scanAll(Table<V> table) {
    return now.scanAll(table);
  }

  @Override
  public <V> Stream<Row<V>> lookup(Index<V> index, Scope scope, String value) {
    return now.lookup(index, scope, value);
  }

  @Override
  public <V> Stream<Row<V>> lookupAll(Index<V> index, String value) {
    return now.lookupAll(index, value);
  }

  @Override
  public <V> int count(Table<V> table, Scope scope) {
    return now.count(table, scope);
  }

  @Override
  public <V> void each(Table<V> table, Scope scope, String prefix, Consumer<V> shown) {
    now.each(table, scope, prefix, shown);
  }

  @Override
  public <V> void each(Index<V> index, Scope scope, String value, Consumer<V> shown) {
    now.each(index, scope, value, shown);
  }
}
