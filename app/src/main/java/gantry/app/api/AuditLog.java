package gantry.app.api;

import gantry.services.cloudtrail.AuditRecord;
import gantry.services.cloudtrail.AuditTrail;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The queue between the calls and the trail. A call that changes something waits for its place in
 * the queue and is never left out; one that only reads is left out when the queue is full, and
 * counted, so that a storm of reads costs history and not throughput.
 */
public final class AuditLog implements AutoCloseable {

  private static final int QUEUE_MOST = 8192;
  private static final int BATCH_MOST = 1024;

  /** Records are gathered for so long: waking the writer for each would cost more than writing. */
  private static final long GATHER_NANOS = 20_000_000;

  private static final long SETTLE_SECONDS = 5;

  /** Either a record, or a place in the queue that somebody waits for. */
  private record Item(@Nullable AuditRecord record, @Nullable CountDownLatch reached) {}

  private final AuditTrail trail;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(QUEUE_MOST);
  private final AtomicLong leftOut = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final Thread writer;
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile boolean closed;

  public AuditLog(AuditTrail trail) {
    this.trail = trail;
    trail.beforeReading(this::settle);
    writer = Thread.ofVirtual().name("audit trail").start(this::run);
  }

  public void add(AuditRecord record) {
    Item item = new Item(record, null);
    if (queue.offer(item)) {
      return;
    }
    if (record.readOnly()) {
      leftOut.incrementAndGet();
      return;
    }
    try {
      queue.put(item);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failed.incrementAndGet();
    }
  }

  /** Reads left out because the queue was full. */
  public long leftOut() {
    return leftOut.get();
  }

  /** Records lost because the trail could not be written. */
  public long failed() {
    return failed.get();
  }

  /** Returns when what was added before is in the trail, or after a while. */
  private void settle() {
    CountDownLatch reached = new CountDownLatch(1);
    waiting.incrementAndGet();
    LockSupport.unpark(writer);
    try {
      if (queue.offer(new Item(null, reached), SETTLE_SECONDS, TimeUnit.SECONDS)
          && !reached.await(SETTLE_SECONDS, TimeUnit.SECONDS)) {
        LoggerFactory.getLogger(AuditLog.class).warn("the audit trail is behind");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      waiting.decrementAndGet();
    }
  }

  private void run() {
    List<Item> batch = new ArrayList<>(BATCH_MOST);
    List<AuditRecord> records = new ArrayList<>(BATCH_MOST);
    while (!closed || !queue.isEmpty()) {
      batch.clear();
      records.clear();
      try {
        Item first = closed ? queue.poll() : queue.take();
        if (first == null) {
          return;
        }
        batch.add(first);
        if (!closed && waiting.get() == 0 && queue.size() < BATCH_MOST) {
          LockSupport.parkNanos(GATHER_NANOS);
        }
      } catch (InterruptedException e) {
        continue; // closing: what is queued is still written
      }
      queue.drainTo(batch, BATCH_MOST - 1);
      for (Item item : batch) {
        if (item.record() != null) {
          records.add(item.record());
        }
      }
      write(records);
      for (Item item : batch) {
        if (item.reached() != null) {
          item.reached().countDown();
        }
      }
    }
  }

  private void write(List<AuditRecord> records) {
    if (records.isEmpty()) {
      return;
    }
    try {
      trail.append(records);
    } catch (UncheckedIOException e) {
      failed.addAndGet(records.size());
      LoggerFactory.getLogger(AuditLog.class).error("the audit trail cannot be written", e);
    } catch (RuntimeException e) {
      // A mistake of ours about one record. Thrown on, it would end the writer, and calls would
      // wait for room in the queue for ever.
      if (records.size() > 1) {
        records.forEach(record -> write(List.of(record)));
        return;
      }
      failed.incrementAndGet();
      LoggerFactory.getLogger(AuditLog.class)
          .error("a call of {} is not in the audit trail", records.getFirst().eventName(), e);
    }
  }

  @Override
  public void close() {
    closed = true;
    writer.interrupt();
    try {
      writer.join(TimeUnit.SECONDS.toMillis(SETTLE_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    trail.close();
  }
}
