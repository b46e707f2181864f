package gantry.traffic.lb;

import java.util.concurrent.TimeUnit;

/**
 * Leaves targets out for a while that fail again and again: nobody checks the targets of a mesh,
 * but every request says something of the one that it went to. After so many failures in a row a
 * target gets nothing for a time that grows with each repetition; the last one that is left is
 * never left out.
 */
final class Outliers {

  static final int FAILURES = 5;
  static final long BASE_NANOS = TimeUnit.SECONDS.toNanos(30);
  static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(300);

  private Outliers() {}

  /** No connection, no answer, or one that says that the server is at fault. */
  static void failed(TargetState target) {
    if (!target.group.mesh || target.failuresInARow.incrementAndGet() < FAILURES) {
      return;
    }
    target.failuresInARow.set(0);
    long now = System.nanoTime();
    synchronized (target) {
      if (target.isEjected(now)) {
        return;
      }
      target.ejections++;
      target.ejectedUntil = Math.max(1, now + Math.min(MOST_NANOS, BASE_NANOS * target.ejections));
    }
    target.group.recompute();
  }

  static void succeeded(TargetState target) {
    if (target.group.mesh && target.failuresInARow.get() != 0) {
      target.failuresInARow.set(0);
    }
  }

  /** Takes back those whose time is over. */
  static void look(Iterable<GroupState> groups) {
    long now = System.nanoTime();
    for (GroupState group : groups) {
      if (!group.mesh) {
        continue;
      }
      boolean changed = false;
      for (TargetState target : group.targets.values()) {
        if (target.ejectedUntil != 0 && !target.isEjected(now)) {
          target.ejectedUntil = 0;
          changed = true;
        }
      }
      if (changed) {
        group.recompute();
      }
    }
  }
}
