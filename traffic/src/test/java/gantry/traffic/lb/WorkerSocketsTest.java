package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a worker sleeps, when it naps, and what it does not sleep on. */
class WorkerSocketsTest {

  private static final long MICRO = 1_000;

  private long now = 1;
  private final List<String> did = new ArrayList<>();
  private final ArrayDeque<Integer> events = new ArrayDeque<>();
  private final WorkerSockets sockets =
      new WorkerSockets(
          new Epoll(),
          () -> now,
          nanos -> {
            did.add("nap");
            napped = nanos;
            now += nanos;
          });
  private boolean tasks;
  private long napped;

  /**
   * Each event takes 10 us; without one in the queue a sleep takes a millisecond, then brings one.
   */
  private final class Epoll implements IoHandler {
    @Override
    public int run(IoHandlerContext context) {
      Integer next = events.poll();
      boolean slept = false;
      if (context.canBlock()) {
        did.add("sleep");
        slept = next == null;
        now += slept ? 1_000 * MICRO : 0;
        next = slept ? Integer.valueOf(1) : next;
      } else {
        did.add("look");
      }
      int handled = next == null ? 0 : next;
      now += handled * 10 * MICRO;
      if (context.shouldReportActiveIoTime()) {
        context.reportActiveIoTime(handled * 10 * MICRO);
      }
      return handled;
    }

    @Override
    public IoRegistration register(IoHandle handle) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void wakeup() {}

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
      return true;
    }
  }

  private int run() {
    return sockets.run(
        new IoHandlerContext() {
          @Override
          public boolean canBlock() {
            return !tasks;
          }

          @Override
          public long delayNanos(long currentTimeNanos) {
            return 0;
          }

          @Override
          public long deadlineNanos() {
            return -1;
          }
        });
  }

  /** Work without a pause until the worker knows that it is busy; forgets what it did. */
  private void beBusy() {
    for (int i = 0; i < 20; i++) {
      events.add(100);
      run();
    }
    did.clear();
  }

  @Test
  void idleOneSleepsUntilSomethingComes() {
    assertThat(run()).isEqualTo(1);
    assertThat(run()).isEqualTo(1);
    assertThat(did).containsExactly("sleep", "sleep");
  }

  @Test
  void busyOneNapsAndThenFindsWhatCame() {
    beBusy();
    // Nothing at once, five events after the nap.
    events.add(0);
    events.add(5);
    assertThat(run()).isEqualTo(5);
    assertThat(did).containsExactly("look", "nap", "look");
  }

  @Test
  void napIsShortForOneThatWasNotAwakeForLong() {
    beBusy();
    run();
    assertThat(napped).isEqualTo(100 * MICRO);
    // 200 us of work, and nothing more.
    events.add(20);
    run();
    run();
    assertThat(did).containsExactly("look", "nap", "look", "look", "look", "nap", "look");
    assertThat(napped).isEqualTo(20 * MICRO);
  }

  @Test
  void napThatBringsNothingIsFollowedBySleep() {
    beBusy();
    assertThat(run()).isZero();
    assertThat(run()).isEqualTo(1);
    assertThat(did).containsExactly("look", "nap", "look", "look", "sleep");
  }

  @Test
  void oneThatMostlyWaitsIsNotBusy() {
    beBusy();
    for (int i = 0; i < 20; i++) {
      run(); // an event of 10 us after a millisecond, again and again
    }
    did.clear();
    run();
    assertThat(did).containsExactly("sleep");
  }

  @Test
  void oneWithTasksDoesNotWait() {
    beBusy();
    tasks = true;
    assertThat(run()).isZero();
    assertThat(did).containsExactly("look");
  }

  @Test
  void headGoesAfterOneMoreLookAndNobodySleepsOnIt() {
    sockets.heldHeads().add(() -> did.add("head"));
    events.add(0);
    events.add(0);
    run();
    run();
    run();
    assertThat(did).containsExactly("look", "look", "head", "sleep");
  }

  @Test
  void busyOneHoldsHeadForOneNapAtMost() {
    beBusy();
    sockets.heldHeads().add(() -> did.add("head"));
    run();
    run();
    assertThat(did).containsExactly("look", "nap", "look", "look", "head");
    run();
    assertThat(did).endsWith("head", "look", "sleep");
  }
}
