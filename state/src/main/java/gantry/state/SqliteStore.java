package gantry.state;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Collection;

/** A store that forgets nothing: one SQLite file in a data directory that nobody else may use. */
public final class SqliteStore {

  /** The file in the data directory. */
  public static final String FILE = "gantry.db";

  private SqliteStore() {}

  /**
   * Opens or creates it. Tables are read when they are first used.
   *
   * @throws DataLock.InUse when another process works in the directory
   * @throws Schema.TooNew when a newer program wrote the data
   */
  public static Store open(
      Path directory, Clock clock, Schema schema, Collection<? extends Table<?>> tables) {
    Catalog catalog = new Catalog(tables);
    DataLock lock = DataLock.take(directory);
    try {
      Log log = new SqliteLog(directory.resolve(FILE), schema);
      return new TableStore(catalog, clock, log, lock::close);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }
}
