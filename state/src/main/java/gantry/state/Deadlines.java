package gantry.state;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ends rows at the time that they themselves say: deleted secrets, parameters that expire. */
public final class Deadlines<V> implements Controller {

  /** What the end of a row is. */
  @FunctionalInterface
  public interface End<V> {
    void end(Tx tx, Key key, V row);
  }

  private final String name;
  private final Store store;
  private final Clock clock;
  private final Table<V> table;
  private final Function<V, @Nullable Instant> deadline;
  private final End<V> end;

  /**
   * The ends of a table's rows.
   *
   * @param deadline when a row ends; null for one that does not
   */
  public Deadlines(
      String name,
      Store store,
      Clock clock,
      Table<V> table,
      Function<V, @Nullable Instant> deadline,
      End<V> end) {
    this.name = name;
    this.store = store;
    this.clock = clock;
    this.table = table;
    this.deadline = deadline;
    this.end = end;
  }

  /** Rows that are deleted at their end. */
  public static <V> Deadlines<V> deleting(
      String name,
      Store store,
      Clock clock,
      Table<V> table,
      Function<V, @Nullable Instant> deadline) {
    return new Deadlines<>(
        name, store, clock, table, deadline, (tx, key, _) -> tx.delete(table, key));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == table
            && change.after() != null
            && deadline.apply(table.type().cast(change.after())) != null
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(table).filter(row -> deadline.apply(row.value()) != null).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    Instant now = clock.instant();
    Again when = again(store.snapshot(), key, now);
    if (when != null) {
      return when;
    }
    return store.write(
        tx -> {
          Again later = again(tx, key, now); // it may have been given more time meanwhile
          V row = tx.get(table, key);
          if (later == null && row != null) {
            end.end(tx, key, row);
          }
          return later == null ? Again.WHEN_CHANGED : later;
        });
  }

  /** Null when the row's time has come. */
  private @Nullable Again again(View view, Key key, Instant now) {
    V row = view.get(table, key);
    Instant at = row == null ? null : deadline.apply(row);
    if (at == null) {
      return Again.WHEN_CHANGED;
    }
    return now.isBefore(at) ? Again.after(Duration.between(now, at)) : null;
  }
}
