package gantry.traffic.lb;

import java.util.ArrayList;

/**
 * Answers of which only the head has come. Most bodies follow at once, in a packet of their own,
 * and then one write takes both to the client; so a head waits until the worker has looked at its
 * sockets once more, a busy worker's nap between, and no longer. A timer would be the wrong clock
 * for that: to arm one for each short wait costs more than the look.
 */
final class HeldHeads {

  /** Whose answer has a head and, so far, no body. */
  interface Holder {
    void headWaited();
  }

  private ArrayList<Holder> fresh = new ArrayList<>();
  private ArrayList<Holder> waited = new ArrayList<>();

  void add(Holder holder) {
    fresh.add(holder);
  }

  /** A worker that holds heads looks at its sockets again, it does not sleep. */
  boolean any() {
    return !fresh.isEmpty() || !waited.isEmpty();
  }

  /** The worker has looked: what was held before that look goes. */
  void looked() {
    for (Holder holder : waited) {
      holder.headWaited();
    }
    waited.clear();
    ArrayList<Holder> next = fresh;
    fresh = waited;
    waited = next;
  }
}
