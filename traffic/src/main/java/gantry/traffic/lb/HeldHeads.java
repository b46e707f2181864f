package gantry.traffic.lb;

import java.util.ArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Answers of which only the head has come. Most bodies follow at once, in a packet of their own,
 * and then one write takes both to the client; so a head waits until the event loop has looked at
 * its sockets once more, and no longer.
 */
final class HeldHeads {

  private static final long WAIT_MICROS = 100;

  private final Worker worker;
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
    var _ = worker.loop.schedule(this::look, WAIT_MICROS, TimeUnit.MICROSECONDS);
  }

  private void look() {
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
