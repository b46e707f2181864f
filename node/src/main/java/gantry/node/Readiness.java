package gantry.node;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the control plane whether Docker answers: what is said last must be what is true now. */
final class Readiness {

  private static final Logger log = LoggerFactory.getLogger(Readiness.class);

  /** How often it is tried, a second longer apart each time. */
  private static final int TRIES = 10;

  private final NodeDoors doors;
  private final BooleanSupplier up;
  private final BooleanSupplier closed;
  private final ReentrantLock lock = new ReentrantLock();

  Readiness(NodeDoors doors, BooleanSupplier up, BooleanSupplier closed) {
    this.doors = doors;
    this.up = up;
    this.closed = closed;
  }

  /** Returns at once. */
  void tell(boolean ready) {
    Thread.ofVirtual().name("tell whether Docker answers").start(() -> tellInOrder(ready));
  }

  /** Until it was heard, or is not true any more. */
  private void tellInOrder(boolean ready) {
    for (int tries = 1; ; tries++) {
      lock.lock();
      try {
        if (!closed.getAsBoolean() && ready == up.getAsBoolean()) {
          doors.news().ready(ready);
        }
        return;
      } catch (RuntimeException e) {
        log.warn(
            "that Docker {} could not be told (try {} of {})",
            ready ? "answers" : "does not answer",
            tries,
            TRIES,
            e);
        if (tries == TRIES) {
          return;
        }
      } finally {
        lock.unlock();
      }
      try {
        TimeUnit.SECONDS.sleep(tries);
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}
