package gantry.state;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's own timers, for production: one thread waits, and what is due runs on a virtual
 * thread of its own, so that a slow one delays nobody.
 */
public final class SystemTime implements Timers, AutoCloseable {

  private final ScheduledThreadPoolExecutor waiting;

  public SystemTime() {
    waiting =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("gantry-timers").factory());
    waiting.setRemoveOnCancelPolicy(true);
  }

  public static Clock clock() {
    return Clock.systemUTC();
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    Future<?> future =
        waiting.schedule(
            () -> Thread.ofVirtual().name("gantry-timer").start(() -> run(task)),
            delay.toNanos(),
            TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      Log.LOG.error("a timer's task failed", e);
    }
  }

  /** What is not due yet never runs. */
  @Override
  public void close() {
    waiting.shutdownNow();
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(SystemTime.class);
  }
}
