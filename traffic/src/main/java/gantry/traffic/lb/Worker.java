package gantry.traffic.lb;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What belongs to one event loop alone: nothing here is shared, so nothing here is locked. */
final class Worker {

  private static final int MAX_SPARE_HEADS = 256;

  final int index;
  final EventLoop loop;
  final LoadBalancers owner;
  final Bytes out = new Bytes();
  final Head response = new Head();
  final Chance chance;
  final Clockwork clock = new Clockwork();
  final HeldHeads heldHeads;
  private final Upstream upstream = new Upstream(this);
  private final Sticky sticky;
  private final ArrayDeque<Head> spareHeads = new ArrayDeque<>();
  private @Nullable Conn first;
  int connections;

  Worker(int index, EventLoop loop, HeldHeads heldHeads, LoadBalancers owner, long seed) {
    this.index = index;
    this.loop = loop;
    this.heldHeads = heldHeads;
    this.owner = owner;
    this.chance = new Chance(seed);
    this.sticky = new Sticky(owner.cookieKey());
  }

  Upstream upstream() {
    return upstream;
  }

  Sticky sticky() {
    return sticky;
  }

  void start() {
    var _ =
        loop.scheduleAtFixedRate(
            this::tick,
            LoadBalancers.TICK_MILLIS,
            LoadBalancers.TICK_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  void add(Conn conn) {
    if (conn.listed) {
      return;
    }
    conn.listed = true;
    conn.next = first;
    if (first != null) {
      first.previous = conn;
    }
    first = conn;
    connections++;
  }

  void remove(Conn conn) {
    if (!conn.listed) {
      return;
    }
    conn.listed = false;
    Conn before = conn.previous;
    Conn after = conn.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    // conn.next stays: a walk over the list that stands on it finds its way on.
    conn.previous = null;
    connections--;
  }

  private void tick() {
    long now = System.nanoTime();
    forEach(conn -> conn.tick(now));
  }

  /** Calls it for each connection; one that ends meanwhile is no hindrance. */
  private void forEach(Consumer<Conn> what) {
    Conn conn = first;
    while (conn != null) {
      Conn after = conn.next;
      what.accept(conn);
      conn = after;
    }
  }

  void targetRemoved(TargetState target) {
    forEach(conn -> conn.targetRemoved(target));
  }

  void targetDraining(TargetState target) {
    forEach(conn -> conn.targetDraining(target));
  }

  void targetUnhealthy(TargetState target) {
    forEach(conn -> conn.targetUnhealthy(target));
  }

  void shutAll() {
    forEach(Conn::shut);
  }

  Head takeHead() {
    Head head = spareHeads.pollLast();
    if (head == null) {
      head = new Head();
    }
    head.clear();
    return head;
  }

  void giveHead(Head head) {
    if (spareHeads.size() < MAX_SPARE_HEADS) {
      head.shrink();
      spareHeads.addLast(head);
    }
  }
}
