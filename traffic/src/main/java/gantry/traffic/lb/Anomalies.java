package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Algorithm;

/**
 * Finds targets that fail far more often than their fellows, and (where the group asks for it)
 * lowers their share of the traffic step by step until they behave again.
 */
final class Anomalies {

  static final long EVERY_MILLIS = 5000;
  private static final int MIN_REQUESTS = 20;
  private static final int LEAST_SHARE = 10;
  private static final double MIN_RATE = 0.1;
  private static final double FACTOR = 3;

  private Anomalies() {}

  /** Looks at what happened since the last time. */
  static void look(Iterable<GroupState> groups) {
    for (GroupState group : groups) {
      if (watched(group)) {
        look(group);
      }
    }
  }

  /** Whether the group's targets are compared with each other. */
  static boolean watched(GroupState group) {
    return group.spec.settings().algorithm() == Algorithm.WEIGHTED_RANDOM;
  }

  private static void look(GroupState group) {
    long allRequests = 0;
    long allErrors = 0;
    for (TargetState target : group.targets.values()) {
      Counters now = Metrics.sum(target.counters);
      long errors = now.codes[5] + now.connectionErrors;
      target.recentRequests = now.requests - target.lastRequests;
      target.recentErrors = errors - target.lastErrors;
      target.lastRequests = now.requests;
      target.lastErrors = errors;
      allRequests += target.recentRequests;
      allErrors += target.recentErrors;
    }
    boolean mitigate = group.spec.settings().anomalyMitigation();
    for (TargetState target : group.targets.values()) {
      long others = allRequests - target.recentRequests;
      double othersRate = others == 0 ? 0 : (double) (allErrors - target.recentErrors) / others;
      double rate =
          target.recentRequests == 0 ? 0 : (double) target.recentErrors / target.recentRequests;
      boolean odd =
          target.recentRequests >= MIN_REQUESTS
              && others >= MIN_REQUESTS
              && rate > MIN_RATE
              && rate > FACTOR * othersRate;
      target.anomalous = odd;
      target.share =
          odd && mitigate
              ? Math.max(LEAST_SHARE, target.share / 2)
              : Math.min(TargetState.FULL_SHARE, target.share * 2);
    }
  }
}
