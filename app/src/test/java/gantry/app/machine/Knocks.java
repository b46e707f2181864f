package gantry.app.machine;

import gantry.app.machine.LiveTasks.Live;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Knocks at an address out of a task every few milliseconds, each time with a new connection, and
 * remembers which were let in: so it is known to the millisecond from when on a change holds.
 */
final class Knocks implements AutoCloseable {

  private static final long EVERY_NANOS = 4_000_000;

  /** Who is let in is so at once, but for the machine's load; lost packets come again after 1 s. */
  private static final long ANSWERED_WITHIN_NANOS = 400_000_000;

  /** After the change it must stay so for this long. */
  private static final long STAYS_NANOS = 800_000_000;

  private static final long GIVES_UP_NANOS = 60_000_000_000L;

  private record Knock(long at, SocketChannel channel) {}

  private final LiveTasks tasks;
  private final Live from;
  private final String address;
  private final int port;

  /** By when it was sent, whether it was let in; what is not answered yet is not here. */
  private final ConcurrentSkipListMap<Long, Boolean> answered = new ConcurrentSkipListMap<>();

  private final Thread thread;
  private volatile boolean over;

  Knocks(LiveTasks tasks, Live from, String address, int port) {
    this.tasks = tasks;
    this.from = from;
    this.address = address;
    this.port = port;
    this.thread = Thread.ofPlatform().daemon().name("knocks").start(this::knock);
  }

  private void knock() {
    Deque<Knock> open = new ArrayDeque<>();
    while (!over) {
      long now = System.nanoTime();
      try {
        open.add(new Knock(now, tasks.begin(from, address, port)));
      } catch (IOException refused) {
        answered.put(now, false);
      }
      open.removeIf(this::done);
      LockSupport.parkNanos(EVERY_NANOS);
    }
    open.forEach(each -> close(each.channel()));
  }

  private boolean done(Knock knock) {
    Boolean in = null;
    try {
      if (knock.channel().finishConnect()) {
        in = true;
      } else if (System.nanoTime() - knock.at() > ANSWERED_WITHIN_NANOS) {
        in = false;
      }
    } catch (IOException refused) {
      in = false;
    }
    if (in == null) {
      return false;
    }
    answered.put(knock.at(), in);
    close(knock.channel());
    return true;
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Makes a change and waits until it holds.
   *
   * @return how long after the change had returned the last connection was treated as before
   */
  long millisUntil(boolean letIn, Runnable change) {
    change.run();
    long changed = System.nanoTime();
    while (true) {
      long now = System.nanoTime();
      long last = changed;
      for (Map.Entry<Long, Boolean> each : answered.tailMap(changed).entrySet()) {
        if (each.getValue() != letIn) {
          last = each.getKey();
        }
      }
      Long newest = answered.isEmpty() ? null : answered.lastKey();
      if (newest != null && newest - last > STAYS_NANOS) {
        return (last - changed) / 1_000_000;
      }
      if (now - changed > GIVES_UP_NANOS) {
        throw new AssertionError("connections are not " + (letIn ? "let in" : "refused"));
      }
      LockSupport.parkNanos(EVERY_NANOS);
    }
  }

  @Override
  public void close() {
    over = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
