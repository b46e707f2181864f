package gantry.state;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes a store durable. It keeps the newest bytes of every row and the number of the newest
 * commit; the store never reads a row of it that it has written itself.
 */
public interface Log extends AutoCloseable {

  /** The newest commit in the log. */
  long revision();

  /**
   * Every row of one table as it was when the log was opened; called before the table is written.
   */
  void load(String table, RowReader reader);

  /**
   * Makes commits durable, all of them or (when it throws) none. Their revisions follow the newest
   * one without a gap.
   */
  void append(List<Entry> commits) throws IOException;

  /** Does a bounded piece of housekeeping; true when there is more to do. */
  boolean compact() throws IOException;

  @Override
  void close();

  /** One commit. */
  record Entry(long revision, Instant at, List<RowChange> changes) {}

  /** {@code after} is null for a deleted row. */
  @SuppressWarnings("ArrayRecordComponent") // it is handed on, never compared
  record RowChange(String table, Key key, byte @Nullable [] after) {}

  /** Told of one row. */
  @FunctionalInterface
  interface RowReader {
    void row(Key key, byte[] bytes);
  }
}
