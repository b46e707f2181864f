package gantry.state;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A log for tests that can be told to fail, and outlives the stores on it. */
final class MemoryLog implements Log {

  private final Map<String, TreeMap<Key, byte[]>> tables = new LinkedHashMap<>();
  private long revision;
  volatile boolean failing;
  volatile @Nullable Error compaction;
  volatile int compactions;

  /** The newest commit when it was first asked to compact. */
  volatile long firstCompaction;

  @Override
  public synchronized long revision() {
    return revision;
  }

  @Override
  public synchronized void load(String table, RowReader reader) {
    tables.getOrDefault(table, new TreeMap<>()).forEach(reader::row);
  }

  @Override
  public synchronized void append(List<Entry> commits) throws IOException {
    if (failing) {
      throw new IOException("No space left on device");
    }
    for (Entry commit : commits) {
      if (commit.revision() != revision + 1) {
        throw new IllegalStateException(commit.revision() + " after " + revision);
      }
      revision = commit.revision();
      for (RowChange change : commit.changes()) {
        TreeMap<Key, byte[]> rows = tables.computeIfAbsent(change.table(), t -> new TreeMap<>());
        if (change.after() == null) {
          rows.remove(change.key());
        } else {
          rows.put(change.key(), change.after());
        }
      }
    }
  }

  @Override
  public synchronized boolean compact() {
    if (++compactions == 1) {
      firstCompaction = revision;
    }
    Error failure = compaction;
    if (failure != null) {
      throw failure;
    }
    return false;
  }

  @Override
  public void close() {}
}
