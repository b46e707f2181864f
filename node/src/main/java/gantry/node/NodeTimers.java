package gantry.node;

import java.time.Duration;

/** Calls back after a time: virtual in simulations. */
public interface NodeTimers {

  void after(Duration delay, Runnable task);
}
