package gantry.state;

import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store: snapshots in memory, one writer at a time, a log behind it when there is one.
 *
 * <pre>
 *  caller's thread                        log thread
 *  ───────────────                        ──────────
 *  lock; run the function on `head`;
 *  encode; head = next; queue; unlock ──► take all that is queued; one append, one fsync;
 *  wait                               ◄── durable = the last one; answer the writers; tell the feed
 * </pre>
 *
 * While the log thread syncs, other writers run on top of {@code head} and queue up: they share the
 * next sync. Readers see {@code durable} only. When an append fails, everything that is queued was
 * built on what failed, so all of it fails and {@code head} falls back to {@code durable}.
 */
final class TableStore implements Store {

  /** How many commits share one sync at most, so that none waits for an endless batch. */
  static final int MAX_BATCH_COMMITS = 1024;

  /** After so many batches the log is compacted as soon as nobody writes. */
  static final int BATCHES_PER_COMPACTION = 256;

  /** After so many it is even while writers wait: a storm without a pause must not grow the log. */
  static final int BATCHES_WITHOUT_COMPACTION = 1024;

  private final Catalog catalog;
  private final Clock clock;
  private final @Nullable Log log;
  private final Runnable atEnd;
  private final RowCodec codec = new RowCodec();
  private final CommitFeed feed;
  private final AtomicReferenceArray<@Nullable TableRows<?>> base;
  private final boolean[] checked;
  private final ReentrantLock loading = new ReentrantLock();

  private final ReentrantLock writing = new ReentrantLock();
  private final Condition queued = writing.newCondition();
  private final ArrayDeque<Pending> queue = new ArrayDeque<>();
  private Snapshot head;
  private boolean closed;
  private volatile Snapshot durable;
  private final @Nullable Thread logThread;

  TableStore(Catalog catalog, Clock clock, @Nullable Log log, Runnable atEnd) {
    this.catalog = catalog;
    this.atEnd = atEnd;
    this.clock = clock;
    this.log = log;
    this.base = new AtomicReferenceArray<>(catalog.size());
    this.checked = new boolean[catalog.size()];
    long revision = log == null ? 0 : log.revision();
    this.head = Snapshot.opened(catalog, this::baseRows, revision);
    this.durable = head;
    this.feed = new CommitFeed(revision);
    // A platform thread: fsync would pin the carrier of a virtual one.
    this.logThread =
        log == null ? null : Thread.ofPlatform().daemon().name("gantry-log").start(() -> run(log));
  }

  /** A write that waits to be durable; without a commit it waits for those before it. */
  private record Pending(
      Snapshot snapshot,
      @Nullable Commit commit,
      Log.@Nullable Entry entry,
      CompletableFuture<Void> done) {}

  @Override
  public View snapshot() {
    return durable;
  }

  @Override
  public Feed feed() {
    return feed;
  }

  @Override
  public <R> R write(Function<Tx, R> writer) {
    if (writing.isHeldByCurrentThread() || feed.isTelling()) {
      throw new IllegalStateException(
          "a write cannot be made inside another write or inside a consumer of the feed");
    }
    Pending pending;
    R result = null;
    RuntimeException refusal = null;
    writing.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the store is closed");
      }
      Transaction tx = new Transaction(head);
      Snapshot next;
      try {
        result = writer.apply(tx);
      } catch (RuntimeException e) {
        refusal = e;
      } finally {
        next = tx.end();
      }
      List<Change<?>> changes = refusal == null ? tx.changes() : List.of();
      if (log == null) {
        if (!changes.isEmpty()) {
          changes.forEach(this::checkKeepable);
          head = next;
          durable = next;
          feed.publish(new Commit(next.revision(), clock.instant(), changes));
        }
        pending = null;
      } else if (!changes.isEmpty()) {
        Commit commit = new Commit(next.revision(), clock.instant(), changes);
        pending = new Pending(next, commit, encoded(commit), new CompletableFuture<>());
        head = next;
      } else if (head != durable) {
        // It read what is not durable yet: its answer must not be known before that is.
        pending = new Pending(head, null, null, new CompletableFuture<>());
      } else {
        pending = null;
      }
      if (pending != null) {
        queue.add(pending);
        queued.signal();
      }
    } finally {
      writing.unlock();
    }
    if (pending != null) {
      await(pending);
    }
    if (refusal != null) {
      throw refusal;
    }
    return result(result);
  }

  @SuppressWarnings("NullAway") // a writer may well answer null when R allows it
  private static <R> R result(@Nullable R result) {
    return result;
  }

  private static void await(Pending pending) {
    try {
      pending.done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LogUnavailable unavailable) {
        // A new one, so that its stack trace is the caller's.
        throw new LogUnavailable(String.valueOf(unavailable.getMessage()), unavailable);
      }
      throw e;
    }
  }

  /** A store without a log refuses the same rows as one with, so that tests find out. */
  private void checkKeepable(Change<?> change) {
    int position = catalog.positionOf(change.table());
    if (!checked[position]) {
      codec.check(change.table().type());
      checked[position] = true;
    }
  }

  private Log.Entry encoded(Commit commit) {
    List<Log.RowChange> changes = new ArrayList<>(commit.changes().size());
    for (Change<?> change : commit.changes()) {
      changes.add(new Log.RowChange(change.table().name(), change.key(), encoded(change)));
    }
    return new Log.Entry(commit.revision(), commit.at(), changes);
  }

  private <V> byte @Nullable [] encoded(Change<V> change) {
    V after = change.after();
    return after == null ? null : codec.encode(change.table().type(), after);
  }

  // ---------------------------------------------------------------- the log thread

  private void run(Log log) {
    List<Pending> batch = new ArrayList<>();
    int uncompacted = 0;
    while (take(batch)) {
      uncompacted++;
      List<Log.Entry> entries = new ArrayList<>(batch.size());
      for (Pending pending : batch) {
        if (pending.entry != null) {
          entries.add(pending.entry);
        }
      }
      try {
        if (!entries.isEmpty()) {
          log.append(entries);
        }
      } catch (IOException | RuntimeException | Error e) {
        // Errors too: without this thread every writer would wait for ever.
        refuseAll(batch, e);
        batch.clear();
        continue;
      }
      durable = batch.getLast().snapshot;
      for (Pending pending : batch) {
        pending.done.complete(null);
      }
      for (Pending pending : batch) {
        if (pending.commit != null) {
          tell(pending.commit);
        }
      }
      batch.clear();
      if (uncompacted >= BATCHES_WITHOUT_COMPACTION
          || (uncompacted >= BATCHES_PER_COMPACTION && isIdle())) {
        compact(log);
        uncompacted = 0;
      }
    }
  }

  private void tell(Commit commit) {
    try {
      feed.publish(commit);
    } catch (Error e) {
      Logs.LOG.error("a consumer of the change feed failed at revision {}", commit.revision(), e);
    }
  }

  /** One piece of it, and more as long as nobody writes. */
  private void compact(Log log) {
    try {
      boolean more = true;
      while (more) {
        more = log.compact() && isIdle();
      }
    } catch (IOException | RuntimeException | Error e) {
      // Errors too: without this thread every writer would wait for ever.
      Logs.LOG.warn("the log could not be compacted", e);
    }
  }

  private boolean isIdle() {
    writing.lock();
    try {
      return queue.isEmpty() && !closed;
    } finally {
      writing.unlock();
    }
  }

  /** Waits for writes; false when the store is closed and nothing is left. */
  private boolean take(List<Pending> batch) {
    writing.lock();
    try {
      while (queue.isEmpty()) {
        if (closed) {
          return false;
        }
        queued.awaitUninterruptibly();
      }
      while (!queue.isEmpty() && batch.size() < MAX_BATCH_COMMITS) {
        batch.add(queue.remove());
      }
      return true;
    } finally {
      writing.unlock();
    }
  }

  private void refuseAll(List<Pending> batch, Throwable cause) {
    LogUnavailable unavailable =
        new LogUnavailable("the log cannot be written: " + cause.getMessage(), cause);
    writing.lock();
    try {
      batch.addAll(queue);
      queue.clear();
      head = durable;
    } finally {
      writing.unlock();
    }
    for (Pending pending : batch) {
      pending.done.completeExceptionally(unavailable);
    }
  }

  // ---------------------------------------------------------------- tables as they were opened

  private TableRows<?> baseRows(int position) {
    TableRows<?> rows = base.get(position);
    if (rows != null) {
      return rows;
    }
    loading.lock();
    try {
      rows = base.get(position);
      if (rows == null) {
        rows = loaded(catalog.tables().get(position));
        base.set(position, rows);
      }
      return rows;
    } finally {
      loading.unlock();
    }
  }

  private <V> TableRows<V> loaded(Table<V> table) {
    if (log == null) {
      return TableRows.empty(table);
    }
    TableRows.Builder<V> builder = new TableRows.Builder<>(table);
    log.load(table.name(), (key, bytes) -> builder.add(key, codec.decode(table.type(), bytes)));
    return builder.build();
  }

  @Override
  public void close() {
    writing.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      queued.signal();
    } finally {
      writing.unlock();
    }
    if (logThread != null && log != null) {
      joinUninterruptibly(logThread);
      log.close();
    }
    atEnd.run();
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Logs {
    static final Logger LOG = LoggerFactory.getLogger(TableStore.class);
  }
}
