package gantry.node;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * Tells the control plane of one task's changes, in order, until each is acknowledged. A report
 * stands for all earlier ones of the same status, so what waits is at most one per status, however
 * long the control plane is away.
 */
final class Outbox {

  private static final Logger log = LoggerFactory.getLogger(Outbox.class);

  static final Duration FIRST_RETRY = Duration.ofMillis(200);
  static final Duration LAST_RETRY = Duration.ofSeconds(30);

  private final EcsClient ecs;
  private final Consumer<SubmitTaskStateChangeRequest> acknowledged;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<SubmitTaskStateChangeRequest> waiting = new ArrayDeque<>();
  private @Nullable SubmitTaskStateChangeRequest newest;
  private boolean sending;
  private boolean closed;

  Outbox(EcsClient ecs, Consumer<SubmitTaskStateChangeRequest> acknowledged) {
    this.ecs = ecs;
    this.acknowledged = acknowledged;
  }

  /** Sends a report unless it says what the newest one said. */
  void put(SubmitTaskStateChangeRequest report) {
    lock.lock();
    try {
      if (closed || report.equals(newest)) {
        return;
      }
      newest = report;
      SubmitTaskStateChangeRequest last = waiting.peekLast();
      if (last != null
          && !(sending && waiting.size() == 1)
          && Objects.equals(last.status(), report.status())) {
        waiting.removeLast();
      }
      waiting.addLast(report);
      if (!sending) {
        sending = true;
        Thread.ofVirtual().name("report " + report.task()).start(this::send);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Nullable SubmitTaskStateChangeRequest newest() {
    lock.lock();
    try {
      return newest;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing is sent any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      waiting.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void send() {
    Duration pause = FIRST_RETRY;
    while (true) {
      SubmitTaskStateChangeRequest next;
      lock.lock();
      try {
        if (closed || waiting.isEmpty()) {
          sending = false;
          return;
        }
        next = waiting.peekFirst();
      } finally {
        lock.unlock();
      }
      if (!submit(next)) {
        if (!rest(pause)) {
          return;
        }
        pause =
            pause.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : pause.multipliedBy(2);
        continue;
      }
      pause = FIRST_RETRY;
      lock.lock();
      try {
        if (closed) {
          sending = false;
          return;
        }
        waiting.removeFirst();
      } finally {
        lock.unlock();
      }
      acknowledged.accept(next);
    }
  }

  /** True when the report is done with: taken, or of a task that nobody knows any more. */
  private boolean submit(SubmitTaskStateChangeRequest report) {
    try {
      ecs.submitTaskStateChange(report);
      return true;
    } catch (InvalidParameterException e) {
      log.info("the control plane does not know task {}: {}", report.task(), e.getMessage());
      return true;
    } catch (SdkException e) {
      log.warn("report of {} to {} failed: {}", report.task(), report.status(), e.getMessage());
      return false;
    } catch (RuntimeException e) {
      // A mistake on the way up must not end the task's reports.
      log.error("report of {} to {} failed", report.task(), report.status(), e);
      return false;
    }
  }

  private boolean rest(Duration pause) {
    lock.lock();
    try {
      long left = pause.toNanos();
      while (left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }
}
