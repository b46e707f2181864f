package gantry.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.sqlite.jdbc4.JDBC4Connection;

/**
 * The log in one SQLite file: the newest bytes of each row, and the number of the newest commit. A
 * batch of commits is one SQLite transaction, so it is there as a whole or not at all; SQLite's
 * write-ahead log with {@code synchronous=FULL} makes it one fsync.
 *
 * <p>One connection does everything, under a lock and in exclusive mode: no shared-memory file is
 * needed, and no other process can change rows behind our back.
 */
final class SqliteLog implements Log {

  /** "GANT": a file that carries another mark is not ours. */
  private static final int APPLICATION_ID = 0x47414e54;

  /** The layout of this file's own tables; {@link Schema} is about the rows inside them. */
  private static final int LAYOUT = 1;

  /** When SQLite copies its write-ahead log into the file: 8 MiB of 4 KiB pages. */
  private static final int CHECKPOINT_PAGES = 2048;

  /** Free pages are kept for reuse until they are more than this, and more than a quarter. */
  private static final int KEPT_FREE_PAGES = 1024;

  /** How many free pages one step of compaction gives back. */
  private static final int COMPACTED_PAGES = 256;

  private final Path file;
  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> tableIds = new HashMap<>();
  private final PreparedStatement upsert;
  private final PreparedStatement delete;
  private final PreparedStatement advance;
  private final @Nullable Object fileKey;
  private long revision;
  private boolean closed;

  /** Why nothing is written any more, once memory and file are known to differ. */
  private @Nullable String broken;

  SqliteLog(Path file, Schema schema) {
    this.file = file;
    try {
      Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
      Files.createDirectories(directory);
      SqliteLibrary.prepare(directory.resolve("lib"));
      connection = new JDBC4Connection("jdbc:sqlite:" + file, file.toString(), new Properties());
    } catch (SQLException | IOException e) {
      throw unusable(e);
    }
    try {
      execute("PRAGMA locking_mode = EXCLUSIVE");
      int mark = number("PRAGMA application_id");
      boolean fresh = mark == 0 && number("PRAGMA page_count") == 0;
      if (fresh) {
        execute("PRAGMA auto_vacuum = INCREMENTAL");
      } else if (mark != APPLICATION_ID) {
        throw new SQLException("it is another program's");
      }
      execute("PRAGMA journal_mode = WAL");
      execute("PRAGMA synchronous = FULL");
      execute("PRAGMA fullfsync = ON");
      execute("PRAGMA wal_autocheckpoint = " + CHECKPOINT_PAGES);
      if (fresh) {
        create(schema.version());
      } else {
        checkLayout();
      }
      readTableIds();
      upgrade(schema);
      revision = meta("revision");
      fileKey = fileKey();
      upsert =
          connection.prepareStatement(
              "INSERT INTO rows (tbl, account, region, id, value) VALUES (?, ?, ?, ?, ?)"
                  + " ON CONFLICT (tbl, account, region, id) DO UPDATE SET value = excluded.value");
      delete =
          connection.prepareStatement(
              "DELETE FROM rows WHERE tbl = ? AND account = ? AND region = ? AND id = ?");
      advance = connection.prepareStatement("UPDATE meta SET value = ? WHERE name = 'revision'");
    } catch (SQLException | RuntimeException | IOException e) {
      closeQuietly(e);
      throw e instanceof RuntimeException own ? own : unusable(e);
    }
  }

  private IllegalStateException unusable(Exception e) {
    return new IllegalStateException(
        "the database " + file + " cannot be used: " + e.getMessage(), e);
  }

  private void closeQuietly(Exception reason) {
    try {
      connection.close();
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }

  private void create(int schemaVersion) throws SQLException {
    execute("BEGIN IMMEDIATE");
    execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
    execute("CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");
    execute(
        "CREATE TABLE rows (tbl INTEGER NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,"
            + " id TEXT NOT NULL, value BLOB NOT NULL)");
    execute("CREATE UNIQUE INDEX rows_key ON rows (tbl, account, region, id)");
    execute("INSERT INTO meta VALUES ('revision', 0), ('schema', " + schemaVersion + ")");
    execute("PRAGMA user_version = " + LAYOUT);
    execute("PRAGMA application_id = " + APPLICATION_ID);
    execute("COMMIT");
  }

  private void checkLayout() throws SQLException {
    int layout = number("PRAGMA user_version");
    if (layout != LAYOUT) {
      throw new SQLException("its layout is " + layout + ", and this program knows " + LAYOUT);
    }
  }

  private void readTableIds() throws SQLException {
    tableIds.clear();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT id, name FROM tables")) {
      while (rows.next()) {
        tableIds.put(rows.getString(2), rows.getInt(1));
      }
    }
  }

  // ---------------------------------------------------------------- the log

  @Override
  public long revision() {
    return revision;
  }

  @Override
  public void load(String table, RowReader reader) {
    lock.lock();
    try {
      Integer id = tableIds.get(table);
      if (id != null) {
        select(id, reader);
      }
    } catch (SQLException e) {
      throw new Store.LogUnavailable("table " + table + " cannot be read", e);
    } finally {
      lock.unlock();
    }
  }

  private void select(int tableId, RowReader reader) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT account, region, id, value FROM rows WHERE tbl = ?"
                + " ORDER BY account, region, id")) {
      statement.setInt(1, tableId);
      Scope scope = new Scope("", "");
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String account = rows.getString(1);
          String region = rows.getString(2);
          if (!scope.account().equals(account) || !scope.region().equals(region)) {
            scope = new Scope(account, region);
          }
          reader.row(scope.key(rows.getString(3)), rows.getBytes(4));
        }
      }
    }
  }

  private record RowName(String table, Key key) {}

  @Override
  public void append(List<Entry> commits) throws IOException {
    // Only the last bytes of a row that the batch writes twice are worth writing.
    Map<RowName, RowChange> changes = new LinkedHashMap<>();
    for (Entry commit : commits) {
      for (RowChange change : commit.changes()) {
        changes.put(new RowName(change.table(), change.key()), change);
      }
    }
    long next = commits.getLast().revision();
    lock.lock();
    try {
      if (closed) {
        throw new IOException("the log is closed");
      }
      if (broken != null) {
        throw new IOException(broken);
      }
      if (!Objects.equals(fileKey, fileKey())) {
        throw new IOException("the database " + file + " has been replaced");
      }
      try {
        execute("BEGIN IMMEDIATE");
        for (RowChange change : changes.values()) {
          write(change);
        }
        advance.setLong(1, next);
        advance.executeUpdate();
        execute("COMMIT");
        revision = next;
      } catch (SQLException e) {
        rollback(e);
        throw new IOException(e.getMessage(), e);
      }
    } finally {
      lock.unlock();
    }
  }

  private void write(RowChange change) throws SQLException {
    int table = tableId(change.table());
    byte[] after = change.after();
    PreparedStatement statement = after == null ? delete : upsert;
    statement.setInt(1, table);
    statement.setString(2, change.key().scope().account());
    statement.setString(3, change.key().scope().region());
    statement.setString(4, change.key().id());
    if (after != null) {
      statement.setBytes(5, after);
    }
    statement.executeUpdate();
  }

  private int tableId(String table) throws SQLException {
    Integer id = tableIds.get(table);
    if (id != null) {
      return id;
    }
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO tables (name) VALUES (?) RETURNING id")) {
      statement.setString(1, table);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        id = rows.getInt(1);
      }
    }
    tableIds.put(table, id);
    return id;
  }

  /** After this the file says what it said before the batch, or nothing is written any more. */
  private void rollback(SQLException reason) {
    try {
      try {
        execute("ROLLBACK");
      } catch (SQLException e) {
        // For some errors SQLite has rolled back by itself; what counts is what follows.
        reason.addSuppressed(e);
      }
      readTableIds();
      long now = meta("revision");
      if (now != revision) {
        broken = "the log stands at " + now + " and should at " + revision + ": start again";
      }
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }

  @Override
  public boolean compact() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      int free = number("PRAGMA freelist_count");
      if (free <= KEPT_FREE_PAGES || free < number("PRAGMA page_count") / 4) {
        return false;
      }
      try (Statement statement = connection.createStatement()) {
        // An update, because those are run to their end; a query would give back one page.
        statement.executeUpdate("PRAGMA incremental_vacuum(" + COMPACTED_PAGES + ")");
      }
      return true;
    } catch (SQLException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      connection.close();
    } catch (SQLException e) {
      throw new IllegalStateException("the database " + file + " cannot be closed", e);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Object fileKey() throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  // ---------------------------------------------------------------- upgrades

  private void upgrade(Schema schema) throws SQLException, IOException {
    int written = Math.toIntExact(meta("schema"));
    List<Upgrade> steps = schema.from(written);
    if (steps.isEmpty()) {
      return;
    }
    Path copy = file.resolveSibling(file.getFileName() + ".schema" + written);
    Files.deleteIfExists(copy);
    try (PreparedStatement statement = connection.prepareStatement("VACUUM INTO ?")) {
      statement.setString(1, copy.toString());
      statement.execute();
    }
    execute("BEGIN IMMEDIATE");
    try {
      for (Upgrade step : steps) {
        step.apply(new UpgradeRows());
      }
      execute("UPDATE meta SET value = " + schema.version() + " WHERE name = 'schema'");
      execute("COMMIT");
    } catch (SQLException | RuntimeException e) {
      try {
        execute("ROLLBACK");
      } catch (SQLException also) {
        // A full disk has rolled back by itself; why it failed is what counts.
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private final class UpgradeRows implements Upgrade.Rows {
    @Override
    public void replaceAll(
        String table, BiFunction<Key, Map<String, Object>, @Nullable Map<String, Object>> change) {
      List<RowChange> changes = new ArrayList<>();
      load(
          table,
          (key, bytes) -> {
            Map<String, Object> row = change.apply(key, JsonTree.read(bytes));
            changes.add(new RowChange(table, key, row == null ? null : JsonTree.write(row)));
          });
      changes.forEach(this::change);
    }

    @Override
    public void renameTable(String from, String to) {
      try (PreparedStatement statement =
          connection.prepareStatement("UPDATE tables SET name = ? WHERE name = ?")) {
        statement.setString(1, to);
        statement.setString(2, from);
        statement.executeUpdate();
        readTableIds();
      } catch (SQLException e) {
        throw unusable(e);
      }
    }

    @Override
    public void put(String table, Key key, Map<String, Object> row) {
      change(new RowChange(table, key, JsonTree.write(row)));
    }

    @Override
    public void delete(String table, Key key) {
      change(new RowChange(table, key, null));
    }

    private void change(RowChange change) {
      String sql =
          change.after() == null
              ? "DELETE FROM rows WHERE tbl = ? AND account = ? AND region = ? AND id = ?"
              : "INSERT OR REPLACE INTO rows (tbl, account, region, id, value)"
                  + " VALUES (?, ?, ?, ?, ?)";
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setInt(1, tableId(change.table()));
        statement.setString(2, change.key().scope().account());
        statement.setString(3, change.key().scope().region());
        statement.setString(4, change.key().id());
        if (change.after() != null) {
          statement.setBytes(5, change.after());
        }
        statement.executeUpdate();
      } catch (SQLException e) {
        throw unusable(e);
      }
    }
  }

  // ---------------------------------------------------------------- SQL

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int number(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getInt(1) : 0;
    }
  }

  private long meta(String name) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT value FROM meta WHERE name = ?")) {
      statement.setString(1, name);
      try (ResultSet rows = statement.executeQuery()) {
        if (!rows.next()) {
          throw new SQLException("it does not say its " + name);
        }
        return rows.getLong(1);
      }
    }
  }
}
