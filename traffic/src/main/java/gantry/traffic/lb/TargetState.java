package gantry.traffic.lb;

import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What lives of one target while tables come and go. Its identity is (group, id, port). */
final class TargetState {

  enum Health {
    INITIAL,
    HEALTHY,
    UNHEALTHY
  }

  static final int FULL_SHARE = 100;

  final GroupState group;
  final String id;
  final int port;
  final InetSocketAddress address;
  final String zone;

  /**
   * Requests that were sent here and are not answered; flows, for a network balancer; and, of a
   * target that drains, the workers that have not heard of it.
   */
  final AtomicInteger inFlight = new AtomicInteger();

  /** For each worker: idle connections, newest last. */
  final ArrayDeque<BackHttp1>[] idle;

  /** For each worker: the HTTP/2 connections that take more requests. */
  final List<List<BackHttp2.Connection>> multiplexed = new ArrayList<>();

  final Counters[] counters;

  volatile boolean draining;

  /** When it was registered: at another time, it was registered again meanwhile. */
  volatile Instant registered;

  /** Not in the table any more: what is still in flight is cut. */
  volatile boolean removed;

  volatile Health health = Health.INITIAL;
  volatile @Nullable String reason;
  volatile @Nullable String description;

  /** What the last check got, and when. */
  volatile @Nullable String lastCheck;

  /** When its slow start began, in nano time; 0 when it is past or was never due. */
  volatile long slowStartFrom;

  /** Share of its fair traffic in per cent, lowered while it behaves oddly. */
  volatile int share = FULL_SHARE;

  volatile boolean anomalous;

  /** In a mesh: requests that failed since the last that did not. */
  final AtomicInteger failuresInARow = new AtomicInteger();

  /** In a mesh: left out until then, in nano time; 0 when it is not. */
  volatile long ejectedUntil;

  /** How often it was left out. */
  int ejections;

  // Of the health checker's loop alone.
  private @Nullable ScheduledFuture<?> unhealthyDraining;
  int successes;
  int failures;
  long lastRequests;
  long lastErrors;
  long recentRequests;
  long recentErrors;

  @SuppressWarnings({"unchecked", "rawtypes"})
  TargetState(GroupState group, RoutingTable.Target target, int workers) {
    this.group = group;
    this.id = target.id();
    this.port = target.port();
    this.zone = target.zone();
    this.address = new InetSocketAddress(target.address(), target.port());
    this.draining = target.draining();
    this.registered = target.registered();
    this.idle = new ArrayDeque[workers];
    this.counters = new Counters[workers];
    for (int i = 0; i < workers; i++) {
      idle[i] = new ArrayDeque<>();
      multiplexed.add(new ArrayList<>());
      counters[i] = new Counters();
    }
  }

  boolean isEjected(long now) {
    long until = ejectedUntil;
    return until != 0 && now - until < 0;
  }

  String key() {
    return key(id, port);
  }

  /** The end of its flows, which it keeps for a while though it is unhealthy; null: not so. */
  void draining(@Nullable ScheduledFuture<?> end) {
    if (unhealthyDraining != null) {
      unhealthyDraining.cancel(false);
    }
    unhealthyDraining = end;
  }

  boolean isDrainingUnhealthy() {
    return unhealthyDraining != null;
  }

  static String key(String id, int port) {
    return id + " " + port;
  }

  boolean is(RoutingTable.Target target) {
    return id.equals(target.id())
        && port == target.port()
        && zone.equals(target.zone())
        && address.equals(new InetSocketAddress(target.address(), target.port()));
  }

  @Override
  public String toString() {
    return id + ":" + port;
  }
}
