package gantry.state;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All tables at one revision: an array of pointers. A table that nobody has written since the store
 * was opened is not in the array but in {@link Base}, which reads it from the log when it is first
 * asked for; its content is the same in every snapshot.
 */
final class Snapshot implements View {

  /** The tables as they were when the store was opened. */
  interface Base {
    TableRows<?> rows(int position);
  }

  private final Catalog catalog;
  private final Base base;
  private final long revision;
  private final @Nullable TableRows<?>[] tables;

  private Snapshot(Catalog catalog, Base base, long revision, @Nullable TableRows<?>[] tables) {
    this.catalog = catalog;
    this.base = base;
    this.revision = revision;
    this.tables = tables;
  }

  static Snapshot opened(Catalog catalog, Base base, long revision) {
    return new Snapshot(catalog, base, revision, new TableRows<?>[catalog.size()]);
  }

  /** A copy whose tables may be replaced; it belongs to one transaction. */
  Snapshot next() {
    return new Snapshot(catalog, base, revision + 1, Arrays.copyOf(tables, tables.length));
  }

  <V> void replace(TableRows<V> rows, Table<V> table) {
    tables[catalog.positionOf(table)] = rows;
  }

  @SuppressWarnings("unchecked") // rows stand at the position of their own table
  <V> TableRows<V> rows(Table<V> table) {
    int position = catalog.positionOf(table);
    TableRows<?> rows = tables[position];
    return (TableRows<V>) (rows == null ? base.rows(position) : rows);
  }

  @Override
  public long revision() {
    return revision;
  }

  @Override
  public <V> @Nullable V get(Table<V> table, Key key) {
    return rows(table).get(key);
  }

  @Override
  public <V> Stream<Row<V>> scan(Table<V> table, Scope scope) {
    return rows(table).scan(scope);
  }

  @Override
  public <V> Stream<Row<V>> scanAfter(Table<V> table, Scope scope, String afterId) {
    return rows(table).scanAfter(scope, afterId);
  }

  @Override
  public <V> Stream<Row<V>> scanAll(Table<V> table) {
    return rows(table).scanAll();
  }

  @Override
  public <V> Stream<Row<V>> lookup(Index<V> index, Scope scope, String value) {
    return rows(index.table()).lookup(index, scope, value);
  }

  @Override
  public <V> Stream<Row<V>> lookupAll(Index<V> index, String value) {
    return rows(index.table()).lookupAll(index, value);
  }

  @Override
  public <V> int count(Table<V> table, Scope scope) {
    return rows(table).count(scope);
  }

  @Override
  public <V> void each(Table<V> table, Scope scope, String prefix, Consumer<V> shown) {
    rows(table).each(scope, prefix, shown);
  }

  @Override
  public <V> void each(Index<V> index, Scope scope, String value, Consumer<V> shown) {
    rows(index.table()).each(index, scope, value, shown);
  }
}
