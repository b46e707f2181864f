package gantry.traffic.lb;

import java.util.ArrayDeque;

/** Finds or makes the connection that a request goes to its target by. */
final class Upstream {

  private final Worker worker;

  Upstream(Worker worker) {
    this.worker = worker;
  }

  void connect(TargetState target, Exchange exchange) {
    ArrayDeque<BackHttp1> idle = target.idle[worker.index];
    BackHttp1 kept;
    while ((kept = idle.pollLast()) != null) {
      if (kept.usable()) {
        kept.begin(exchange);
        return;
      }
    }
    SocketRooms.Room room = worker.owner.room(target.group.spec.room());
    if (room == null) {
      exchange.connectFailed(
          new java.net.NoRouteToHostException("no network " + target.group.spec.room()), false);
      return;
    }
    if (target.group.spec.version() != RoutingTable.Version.HTTP1) {
      BackHttp2.connect(worker, target, room, exchange);
      return;
    }
    new BackHttp1(worker, target).connect(room, exchange);
  }
}
