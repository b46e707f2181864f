package gantry.state;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs controllers: a work queue for each, fed by the change feed.
 *
 * <pre>
 *            wake                 a place is free             reconcile returns or throws
 *  (idle) ─────────► ready ──────────────────────► running ──────────────────────────────► (idle)
 *                      ▲                              │ woken meanwhile: ready again
 *                      └──────── delayed ◄────────────┘ asked for later, or failed (growing wait)
 * </pre>
 *
 * A key is in one of these places only, so calls for it never overlap and wake-ups become one. In
 * production each call has a virtual thread; under {@link VirtualTime} all run on the thread that
 * moves the time, in an order that the seed decides and nothing else.
 */
public final class ControllerRunner implements AutoCloseable {

  /** How many keys of one controller are worked on at once. */
  public static final int MAX_PARALLEL = 16;

  /** How long a key waits after its first failure; doubled by each further one. */
  public static final Duration FIRST_BACKOFF = Duration.ofMillis(100);

  public static final Duration MAX_BACKOFF = Duration.ofMinutes(1);

  /**
   * How long a key that has failed waits at most once something about it changes: soon enough for
   * whoever has just repaired it, and a bound for one that wakes itself by what it writes.
   */
  public static final Duration WOKEN_BACKOFF = Duration.ofMillis(500);

  /** How long stopping waits for what is running. */
  public static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  /** Told of what happens: for metrics, and for tests that want no failure. */
  public interface Observer {
    Observer NONE = new Observer() {};

    /** One reconcile has ended; {@code failure} is null when it went well. */
    default void reconciled(String controller, Key key, @Nullable Throwable failure) {}
  }

  /** How one controller is doing. */
  public record Stats(
      String controller,
      int ready,
      int running,
      int delayed,
      int failing,
      long runs,
      long errors) {}

  private final Store store;
  private final Timers timers;
  private final Ids ids;
  private final Executor executor;
  private final Observer observer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stopped = lock.newCondition();
  private final Map<String, Queue> queues = new LinkedHashMap<>();
  private boolean closed;

  public ControllerRunner(
      Store store, Timers timers, Ids ids, Executor executor, Observer observer) {
    this.store = store;
    this.timers = timers;
    this.ids = ids;
    this.executor = executor;
    this.observer = observer;
  }

  /** For production: a virtual thread for each reconcile. */
  public static ControllerRunner live(Store store, Timers timers, Ids ids, Observer observer) {
    return new ControllerRunner(
        store,
        timers,
        ids,
        work -> Thread.ofVirtual().name("gantry-controller").start(work),
        observer);
  }

  /** For tests: everything happens when the test moves the time or calls {@code runUntilIdle}. */
  public static ControllerRunner virtual(Store store, VirtualTime time, Ids ids) {
    return new ControllerRunner(store, time, ids, time.executor(), Observer.NONE);
  }

  /** Starts a controller: it looks at everything once, and from then on at what changes. */
  public void add(Controller controller) {
    Queue queue = new Queue(controller);
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the controllers have been stopped");
      }
      if (queues.putIfAbsent(controller.name(), queue) != null) {
        throw new IllegalArgumentException("two controllers have the name " + controller.name());
      }
    } finally {
      lock.unlock();
    }
    queue.start();
  }

  public void addAll(Iterable<? extends Controller> controllers) {
    controllers.forEach(this::add);
  }

  public List<Stats> stats() {
    lock.lock();
    try {
      return queues.values().stream().map(Queue::stats).toList();
    } finally {
      lock.unlock();
    }
  }

  /** The keys of a controller that failed when they were last tried, and why. */
  public Map<Key, Throwable> failing(String controller) {
    lock.lock();
    try {
      Queue queue = queues.get(controller);
      Map<Key, Throwable> failing = new HashMap<>();
      if (queue != null) {
        queue.failures.forEach((key, failure) -> failing.put(key, failure.last));
      }
      return failing;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing new is begun; what runs is waited for. */
  @Override
  public void close() {
    List<Queue> all;
    lock.lock();
    try {
      closed = true;
      all = new ArrayList<>(queues.values());
    } finally {
      lock.unlock();
    }
    all.forEach(Queue::unsubscribe);
    lock.lock();
    try {
      all.forEach(Queue::forget);
      long left = STOP_TIMEOUT.toNanos();
      while (all.stream().anyMatch(queue -> !queue.running.isEmpty())) {
        if (left <= 0) {
          Log.LOG.warn("controllers are still running after {}: {}", STOP_TIMEOUT, stats());
          return;
        }
        left = stopped.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private record Failure(int times, Throwable last) {}

  private enum Why {
    ASKED_FOR,
    FAILED,
    FAILED_AND_WOKEN
  }

  private record Delay(Timers.Timer timer, Why why) {}

  /** The work of one controller; its fields belong to the runner's lock. */
  private final class Queue {
    private final Controller controller;
    private final LinkedHashSet<Key> ready = new LinkedHashSet<>();
    private final Set<Key> running = new HashSet<>();
    private final Set<Key> wokenMeanwhile = new HashSet<>();
    private final Map<Key, Delay> delayed = new HashMap<>();
    private final Map<Key, Failure> failures = new HashMap<>();
    private Feed.@Nullable Subscription subscription;
    private long runs;
    private long errors;

    Queue(Controller controller) {
      this.controller = controller;
    }

    void start() {
      View view = store.snapshot();
      subscription = store.feed().subscribe(view.revision(), this::changed);
      controller.all(view).forEach(this::wake);
    }

    private void changed(Commit commit) {
      for (Change<?> change : commit.changes()) {
        controller.wokenBy(change).forEach(this::wake);
      }
    }

    void unsubscribe() {
      if (subscription != null) {
        subscription.close();
      }
    }

    void forget() {
      ready.clear();
      delayed.values().forEach(delay -> delay.timer.cancel());
      delayed.clear();
    }

    Stats stats() {
      return new Stats(
          controller.name(),
          ready.size(),
          running.size(),
          delayed.size(),
          failures.size(),
          runs,
          errors);
    }

    private void wake(Key key) {
      lock.lock();
      try {
        if (running.contains(key)) {
          wokenMeanwhile.add(key);
          return;
        }
        Delay delay = delayed.get(key);
        switch (delay == null ? Why.ASKED_FOR : delay.why) {
          case ASKED_FOR -> makeReady(key);
          case FAILED -> {
            if (delay != null) {
              delay.timer.cancel();
            }
            delay(key, WOKEN_BACKOFF, Why.FAILED_AND_WOKEN);
          }
          case FAILED_AND_WOKEN -> {
            // However often it is woken, it does not wait less, nor more.
          }
        }
      } finally {
        lock.unlock();
      }
    }

    private void makeReady(Key key) {
      Delay delay = delayed.remove(key);
      if (delay != null) {
        delay.timer.cancel();
      }
      if (!closed && ready.add(key)) {
        dispatch();
      }
    }

    private void delay(Key key, Duration by, Why why) {
      delayed.put(key, new Delay(timers.after(by, () -> due(key)), why));
    }

    private void due(Key key) {
      lock.lock();
      try {
        if (delayed.containsKey(key)) {
          makeReady(key);
        }
      } finally {
        lock.unlock();
      }
    }

    private void dispatch() {
      while (running.size() < MAX_PARALLEL && !ready.isEmpty()) {
        Key key = ready.removeFirst();
        running.add(key);
        executor.execute(() -> run(key));
      }
    }

    private void run(Key key) {
      Controller.Again again = Controller.Again.WHEN_CHANGED;
      Throwable failure = null;
      try {
        again = controller.reconcile(key);
      } catch (RuntimeException | Error e) {
        failure = e;
      }
      finished(key, again, failure);
      if (failure != null) {
        Log.LOG.warn("{} failed for {} and will try again", controller.name(), key, failure);
      }
      observer.reconciled(controller.name(), key, failure);
    }

    private void finished(Key key, Controller.Again again, @Nullable Throwable failure) {
      lock.lock();
      try {
        runs++;
        running.remove(key);
        boolean woken = wokenMeanwhile.remove(key);
        if (failure != null) {
          errors++;
          Failure before = failures.get(key);
          int times = before == null ? 1 : before.times + 1;
          failures.put(key, new Failure(times, failure));
          Duration backoff = backoff(times);
          if (!closed) {
            Duration wait = woken ? shorter(backoff, WOKEN_BACKOFF) : backoff;
            // One that is short already is not made longer by a wake-up either.
            boolean isShort = wait.compareTo(WOKEN_BACKOFF) <= 0;
            delay(key, wait, isShort ? Why.FAILED_AND_WOKEN : Why.FAILED);
          }
        } else {
          failures.remove(key);
          if (woken) {
            makeReady(key);
          } else if (again instanceof Controller.Again.After after && !closed) {
            delay(key, after.delay(), Why.ASKED_FOR);
          }
        }
        dispatch();
        stopped.signalAll();
      } finally {
        lock.unlock();
      }
    }

    private static Duration shorter(Duration one, Duration other) {
      return one.compareTo(other) <= 0 ? one : other;
    }

    /** Between half of the full wait and the whole, so that what failed together parts. */
    private Duration backoff(int times) {
      long full = FIRST_BACKOFF.toMillis();
      for (int i = 1; i < times && full < MAX_BACKOFF.toMillis(); i++) {
        full = Math.min(MAX_BACKOFF.toMillis(), full * 2);
      }
      return Duration.ofMillis(full / 2 + ids.below((int) (full / 2) + 1));
    }
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(ControllerRunner.class);
  }
}
