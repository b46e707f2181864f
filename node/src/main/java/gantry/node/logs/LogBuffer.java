package gantry.node.logs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Events between their reader and their sender, bounded in bytes. */
final class LogBuffer {

  /** One PutLogEvents takes no more. */
  static final int MAX_BATCH_EVENTS = 10_000;

  static final int MAX_BATCH_BYTES = 1_048_576;

  private final long limit;
  private final boolean blocking;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<LogEvent> events = new ArrayDeque<>();
  private long bytes;
  private long dropped;
  private boolean ended;

  LogBuffer(long limit, boolean blocking) {
    this.limit = limit;
    this.blocking = blocking;
  }

  /** Waits for room, or drops what finds none; always takes one into an empty buffer. */
  void put(LogEvent event) throws InterruptedException {
    int size = event.bytes();
    lock.lock();
    try {
      while (blocking && isFull(size) && !ended) {
        changed.await();
      }
      add(event, size);
    } finally {
      lock.unlock();
    }
  }

  /** The same for its sender, who alone makes room: where {@link #put} would wait, it is taken. */
  void putAtOnce(LogEvent event) {
    int size = event.bytes();
    lock.lock();
    try {
      add(event, size);
    } finally {
      lock.unlock();
    }
  }

  private void add(LogEvent event, int size) {
    if (!blocking && isFull(size)) {
      dropped++;
      return;
    }
    events.addLast(event);
    bytes += size;
    changed.signalAll();
  }

  private boolean isFull(int more) {
    return !events.isEmpty() && bytes + more > limit;
  }

  /** No more will be put. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is something, or the end, or the time is over. */
  void await(long millis) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (events.isEmpty() && !ended && (millis == 0 || left > 0)) {
        if (millis == 0) {
          changed.await();
        } else {
          left = changed.awaitNanos(left);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** As many as one call takes; they stay until {@link #sent}. */
  List<LogEvent> batch() {
    lock.lock();
    try {
      List<LogEvent> batch = new ArrayList<>();
      int size = 0;
      for (LogEvent each : events) {
        if (batch.size() == MAX_BATCH_EVENTS || size + each.bytes() > MAX_BATCH_BYTES) {
          break;
        }
        batch.add(each);
        size += each.bytes();
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  void sent(List<LogEvent> batch) {
    lock.lock();
    try {
      for (int i = 0; i < batch.size(); i++) {
        bytes -= events.removeFirst().bytes();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean finished() {
    lock.lock();
    try {
      return ended && events.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** How many events found no room since the last time this was asked. */
  long takeDropped() {
    lock.lock();
    try {
      long count = dropped;
      dropped = 0;
      return count;
    } finally {
      lock.unlock();
    }
  }
}
