package gantry.state;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A clock and timers that stand still until a test moves them: an hour takes no time. What is due
 * runs on the thread that moves the time, one thing after another, in the order of their times and,
 * for equal times, in the order they were asked for; so a test is the same each time it runs.
 */
public final class VirtualTime extends Clock implements Timers {

  /** When time begins unless a test says otherwise. */
  public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /** How many things may run without time moving on before it is taken for an endless loop. */
  public static final int MAX_RUNS_AT_ONE_INSTANT = 1_000_000;

  private final PriorityQueue<Task> tasks = new PriorityQueue<>();
  private Instant now;
  private long sequence;

  public VirtualTime() {
    this(START);
  }

  public VirtualTime(Instant start) {
    this.now = start;
  }

  private final class Task implements Timer, Comparable<Task> {
    private final Instant due;
    private final long number;
    private final Runnable work;

    Task(Instant due, long number, Runnable work) {
      this.due = due;
      this.number = number;
      this.work = work;
    }

    @Override
    public void cancel() {
      synchronized (tasks) {
        tasks.remove(this);
      }
    }

    @Override
    public int compareTo(Task other) {
      int order = due.compareTo(other.due);
      return order != 0 ? order : Long.compare(number, other.number);
    }
  }

  @Override
  public Timer after(Duration delay, Runnable work) {
    synchronized (tasks) {
      Instant due = delay.isNegative() ? now : now.plus(delay);
      Task task = new Task(due, sequence++, work);
      tasks.add(task);
      return task;
    }
  }

  /** Runs what it is given at once, that is when the test next runs what is due. */
  public Executor executor() {
    return work -> after(Duration.ZERO, work);
  }

  /** Runs everything that is due now, and what that makes due now; time does not move. */
  public void runUntilIdle() {
    runDue(instant());
  }

  /** Moves time on by {@code by}, stopping at each timer on the way to run it. */
  public void advance(Duration by) {
    Instant end = instant().plus(by);
    runDue(end);
    setNow(end);
  }

  /**
   * Moves from timer to timer until none is left or the next is more than {@code atMost} from now;
   * true when none is left.
   */
  public boolean runUntilIdle(Duration atMost) {
    runDue(instant().plus(atMost));
    return pending() == 0;
  }

  /** How many timers are set. */
  public int pending() {
    synchronized (tasks) {
      return tasks.size();
    }
  }

  private void runDue(Instant end) {
    int runs = 0;
    Instant last = instant();
    Task task;
    while ((task = takeDue(end)) != null) {
      runs = task.due.equals(last) ? runs + 1 : 0;
      last = task.due;
      if (runs > MAX_RUNS_AT_ONE_INSTANT) {
        throw new IllegalStateException("time does not move on: something wakes itself for ever");
      }
      task.work.run();
    }
  }

  private @Nullable Task takeDue(Instant end) {
    synchronized (tasks) {
      Task first = tasks.peek();
      if (first == null || first.due.isAfter(end)) {
        return null;
      }
      if (first.due.isAfter(now)) {
        now = first.due;
      }
      return tasks.remove();
    }
  }

  private void setNow(Instant instant) {
    synchronized (tasks) {
      now = instant;
    }
  }

  @Override
  public Instant instant() {
    synchronized (tasks) {
      return now;
    }
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("virtual time is UTC");
  }
}
