package gantry.traffic.lb;

import java.util.ArrayList;

/**
 * Answers of which only the head has come. Most bodies follow at once, in a packet of their own,
 * and then one write takes both to the client; so a head waits until the event loop has looked at
 * its sockets once more, and no longer. A timer would be the wrong clock for that: to arm one for
 * each short wait costs more than the look.
 */
final class HeldHeads {

  private final Worker worker;
  private final Runnable atTheEnd = this::lookAgain;
  private final Runnable looked = this::looked;
  private ArrayList<BackHttp1> fresh = new ArrayList<>();
  private ArrayList<BackHttp1> waited = new ArrayList<>();
  private boolean scheduled;

  HeldHeads(Worker worker) {
    this.worker = worker;
  }

  void add(BackHttp1 back) {
    fresh.add(back);
    if (!scheduled) {
      scheduled = true;
      again();
    }
  }

  private void again() {
    worker.loop.executeAfterEventLoopIteration(atTheEnd);
  }

  /** A loop that has a task does not sleep: it looks at its sockets, then does the task. */
  private void lookAgain() {
    worker.loop.execute(looked);
  }

  private void looked() {
    for (BackHttp1 back : waited) {
      back.headWaited();
    }
    waited.clear();
    ArrayList<BackHttp1> next = fresh;
    fresh = waited;
    waited = next;
    if (waited.isEmpty()) {
      scheduled = false;
    } else {
      again();
    }
  }
}
