package gantry.state;

import java.time.Duration;

/** Calls back after a time: the machine's in production, virtual in tests. */
public interface Timers {

  /** Runs {@code task} once, {@code delay} from now. */
  Timer after(Duration delay, Runnable task);

  interface Timer {
    /** The task will not run after this returns, unless it runs already. */
    void cancel();
  }
}
