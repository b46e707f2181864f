package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Balancer;

/** What lives of one balancer while tables come and go. */
final class BalancerState {

  final String arn;
  final Counters[] counters;

  /** Keeps every loop's oldest counters and the newest word on the balancer. */
  volatile Balancer spec;

  BalancerState(Balancer spec, int workers) {
    this.arn = spec.arn();
    this.spec = spec;
    this.counters = new Counters[workers];
    for (int i = 0; i < workers; i++) {
      counters[i] = new Counters();
    }
  }
}
