package gantry.state;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A consistent snapshot of everything. It never changes, waits for nobody, and may be kept. */
public interface View {

  /** Grows by one with every commit. */
  long revision();

  <V> @Nullable V get(Table<V> table, Key key);

  default <V> Optional<V> find(Table<V> table, Key key) {
    return Optional.ofNullable(get(table, key));
  }

  /** The rows of one scope, in the order of their ids. */
  <V> Stream<Row<V>> scan(Table<V> table, Scope scope);

  /** The rows of one scope whose id is greater than {@code afterId}: how a next page begins. */
  <V> Stream<Row<V>> scanAfter(Table<V> table, Scope scope, String afterId);

  /** The rows of all scopes: for controllers, which serve every account. */
  <V> Stream<Row<V>> scanAll(Table<V> table);

  /** The rows of one scope whose index holds {@code value}, in the order of their ids. */
  <V> Stream<Row<V>> lookup(Index<V> index, Scope scope, String value);

  /** The rows of all scopes whose index holds {@code value}. */
  <V> Stream<Row<V>> lookupAll(Index<V> index, String value);

  <V> int count(Table<V> table, Scope scope);

  /**
   * Shows the rows of one scope whose id begins with {@code prefix}, in the order of their ids. For
   * what is asked thousands of times a second of few rows, where a stream costs more than they do.
   */
  <V> void each(Table<V> table, Scope scope, String prefix, Consumer<V> shown);

  /** Shows the rows that {@link #lookup} finds, for the same use. */
  <V> void each(Index<V> index, Scope scope, String value, Consumer<V> shown);
}
