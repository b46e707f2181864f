package gantry.traffic.lb;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * The sockets of one worker, and how it waits for them. A worker with little to do sleeps until a
 * packet wakes it. One that is awake for most of its time would be woken again within a moment, and
 * whoever sends to it would pay for that: an interrupt to another core costs the sender as much as
 * several system calls, on a virtual machine most of all. So a busy worker takes a short nap by its
 * own clock instead, and finds all that has come meanwhile: what network cards do with their
 * interrupts. Its answers then leave together, which wakes the others less often too.
 */
final class WorkerSockets implements IoHandler {

  /** Busy is who is awake for so many times as long as asleep. */
  private static final int BUSY_RATIO = 3;

  /**
   * A nap lasts so small a part of the time awake before it: who has few clients would keep them
   * waiting for longer than they keep it busy.
   */
  private static final int NAP_SHARE = 10;

  /** The kernel adds up to 50 us, the slack of its timers. */
  private static final long MAX_NAP_NANOS = 100_000;

  /** What was longer ago weighs half, and what was before that a quarter. */
  private static final long WINDOW_NANOS = 2_000_000;

  private final IoHandler sockets;
  private final LongSupplier clock;
  private final LongConsumer nap;
  private final HeldHeads heldHeads = new HeldHeads();
  private long awakeNanos;
  private long asleepNanos = WINDOW_NANOS;
  private long wokeAt;
  private boolean nappedForNothing;

  WorkerSockets(IoHandler sockets) {
    this(sockets, System::nanoTime, LockSupport::parkNanos);
  }

  WorkerSockets(IoHandler sockets, LongSupplier clock, LongConsumer nap) {
    this.sockets = sockets;
    this.clock = clock;
    this.nap = nap;
    this.wokeAt = clock.getAsLong();
  }

  HeldHeads heldHeads() {
    return heldHeads;
  }

  @Override
  public int run(IoHandlerContext loop) {
    boolean mayWait = loop.canBlock();
    boolean busy = asleepNanos * BUSY_RATIO <= awakeNanos;
    if (mayWait && !busy && !heldHeads.any()) {
      return sleep(loop);
    }
    Look look = new Look(loop, false);
    int handled = sockets.run(look);
    if (handled > 0) {
      nappedForNothing = false;
    } else if (mayWait && busy) {
      if (!nappedForNothing) {
        handled = nap(look);
      } else if (!heldHeads.any()) {
        return sleep(loop);
      }
    }
    heldHeads.looked();
    return handled;
  }

  /** Until something comes, or a timer or another thread asks for this one. */
  private int sleep(IoHandlerContext loop) {
    nappedForNothing = false;
    Look look = new Look(loop, true);
    long from = clock.getAsLong();
    int handled = sockets.run(look);
    slept(from, clock.getAsLong(), look.activeNanos);
    heldHeads.looked();
    return handled;
  }

  private int nap(Look look) {
    long from = clock.getAsLong();
    nap.accept(Math.min((from - wokeAt) / NAP_SHARE, MAX_NAP_NANOS));
    slept(from, clock.getAsLong(), 0);
    int handled = sockets.run(look);
    nappedForNothing = handled == 0;
    return handled;
  }

  private void slept(long from, long now, long activeNanos) {
    awakeNanos += Math.min(from - wokeAt + activeNanos, WINDOW_NANOS);
    asleepNanos += Math.min(now - from - activeNanos, WINDOW_NANOS);
    wokeAt = now;
    if (awakeNanos + asleepNanos > WINDOW_NANOS) {
      awakeNanos /= 2;
      asleepNanos /= 2;
    }
  }

  /** What the event loop tells its sockets, save that it waits when the worker says so. */
  private static final class Look implements IoHandlerContext {
    private final IoHandlerContext loop;
    private final boolean sleeps;
    private long activeNanos;

    Look(IoHandlerContext loop, boolean sleeps) {
      this.loop = loop;
      this.sleeps = sleeps;
    }

    @Override
    public boolean canBlock() {
      return sleeps && loop.canBlock();
    }

    @Override
    public long delayNanos(long now) {
      return loop.delayNanos(now);
    }

    @Override
    public long deadlineNanos() {
      return loop.deadlineNanos();
    }

    /** A sleep ends with work, in the same call: this tells the two apart. */
    @Override
    public boolean shouldReportActiveIoTime() {
      return sleeps;
    }

    @Override
    public void reportActiveIoTime(long nanos) {
      activeNanos = nanos;
    }
  }

  @Override
  public void initialize() {
    sockets.initialize();
  }

  @Override
  public void prepareToDestroy() {
    sockets.prepareToDestroy();
  }

  @Override
  public void destroy() {
    sockets.destroy();
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return sockets.register(handle);
  }

  @Override
  public void wakeup() {
    sockets.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return sockets.isCompatible(type);
  }
}
