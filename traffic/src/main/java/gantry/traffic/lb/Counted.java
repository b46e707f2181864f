package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.BalancerSettings;
import org.jspecify.annotations.Nullable;

/**
 * The balancer that a client's connection counts for, and whose settings it lives by: the only one
 * on its port, or, where there are several, the one that it asks first.
 */
final class Counted {

  private final Worker worker;
  private final Entry entry;
  private final Client client;
  private @Nullable Compiled compiled;

  Counted(Worker worker, Entry entry, Client client) {
    this.worker = worker;
    this.entry = entry;
    this.client = client;
  }

  void opened() {
    asks(entry.any());
  }

  void asks(@Nullable Compiled to) {
    if (compiled == null && to != null) {
      compiled = to;
      to.state.counters[worker.index].newConnections++;
      worker.owner.connection(to, client, entry.port(), true);
    }
  }

  void closed() {
    Compiled was = compiled;
    if (was != null) {
      was.state.counters[worker.index].closedConnections++;
      compiled = null;
    }
  }

  /** Null as long as nobody was asked where several listen. */
  @Nullable Compiled compiled() {
    return compiled == null ? entry.any() : compiled;
  }

  BalancerSettings settings() {
    Compiled known = compiled();
    return known == null ? BalancerSettings.DEFAULTS : known.balancer.settings();
  }
}
