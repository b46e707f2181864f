package gantry.state;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Collection;
import java.util.Properties;
import org.sqlite.jdbc4.JDBC4Connection;

/** A store that forgets nothing: one SQLite file in a data directory that nobody else may use. */
public final class SqliteStore {

  /** The file in the data directory. */
  public static final String FILE = "gantry.db";

  private SqliteStore() {}

  /**
   * What takes the driver long when it is first used, and depends on no data: its library, and the
   * forms of dates, which it makes for every connection and we never use. For whoever has something
   * else to do meanwhile.
   */
  public static void prepare(Path directory) {
    SqliteLibrary.prepare(directory.resolve("lib"));
    try {
      new JDBC4Connection("jdbc:sqlite::memory:", ":memory:", new Properties()).close();
    } catch (SQLException e) {
      throw new IllegalStateException("SQLite cannot be used", e);
    }
  }

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
