package gantry.node;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What arrives for the runner of a task, from whatever thread. The runner takes it when it comes
 * round, and waits here for more: what arrives after it took the last never lets it wait.
 */
final class Inbox {

  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Queue<Runnable> results = new ArrayDeque<>();
  private final Set<String> containers = new HashSet<>();
  private boolean everything = true;
  private boolean told;
  private boolean ended;

  Inbox(Clock clock) {
    this.clock = clock;
  }

  /**
   * What has arrived.
   *
   * @param everything all of the task is to be looked at
   * @param containers those that have changed
   * @param results of what was begun beside the runner
   */
  record News(boolean everything, Set<String> containers, List<Runnable> results) {}

  private void put(Runnable change) {
    lock.lock();
    try {
      change.run();
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Changes what the runner goes by. */
  void tell(Runnable change) {
    put(
        () -> {
          change.run();
          told = true;
        });
  }

  void changed(String container) {
    put(() -> containers.add(container));
  }

  void everythingMayHaveChanged() {
    put(() -> everything = true);
  }

  /** Has the runner do something itself. */
  void post(Runnable result) {
    put(() -> results.add(result));
  }

  void end() {
    put(() -> ended = true);
  }

  boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /** Null when the runner is to end. */
  @Nullable News take() {
    lock.lock();
    try {
      if (ended) {
        return null;
      }
      News news = new News(everything, Set.copyOf(containers), new ArrayList<>(results));
      everything = false;
      told = false;
      containers.clear();
      results.clear();
      return news;
    } finally {
      lock.unlock();
    }
  }

  /** Returns when something has arrived, or at that time; null for as long as it takes. */
  void await(@Nullable Instant until) throws InterruptedException {
    lock.lock();
    try {
      while (!ended && !told && !everything && results.isEmpty() && containers.isEmpty()) {
        if (until == null) {
          arrived.await();
        } else {
          long nanos = Duration.between(clock.instant(), until).toNanos();
          if (nanos <= 0 || arrived.awaitNanos(nanos) <= 0) {
            return;
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Unless the runner is to end. */
  void rest(Duration pause) throws InterruptedException {
    lock.lock();
    try {
      long left = pause.toNanos();
      while (!ended && left > 0) {
        left = arrived.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }
}
