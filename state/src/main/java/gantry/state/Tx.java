package gantry.state;

/**
 * A write in progress: it sees its own changes, and all of them are kept or none. Code inside must
 * not block, call another service or have any effect of its own: it may be run again, and everybody
 * else's write waits for it.
 */
public interface Tx extends View {

  <V> void put(Table<V> table, Key key, V row);

  /** Does nothing where there is no such row. */
  void delete(Table<?> table, Key key);
}
