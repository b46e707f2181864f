package gantry.traffic.lb;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What was counted since the program started, at one moment. Differences of two snapshots are what
 * CloudWatch calls a period.
 */
public record Metrics(List<Balancer> balancers, List<Group> groups) {

  /**
   * Of one balancer.
   *
   * @param codes answers of targets, by hundreds ({@code 2} for 2XX)
   * @param ownCodes answers that the balancer made itself, by code
   */
  public record Balancer(
      String arn,
      long requests,
      SortedMap<Integer, Long> codes,
      SortedMap<Integer, Long> ownCodes,
      ResponseTime responseTime,
      long activeConnections,
      long newConnections,
      long rejectedConnections,
      long bytesReceived,
      long bytesSent,
      long ruleEvaluations,
      long fixedResponses,
      long redirects,
      long grpcRequests,
      long nonStickyRequests,
      long droppedInvalidHeaders,
      long nonCompliantRequests,
      long clientTlsErrors,
      long clientResets) {}

  public record Group(
      String arn,
      long requests,
      SortedMap<Integer, Long> codes,
      ResponseTime responseTime,
      long connectionErrors,
      long tlsErrors,
      long failOpenRequests,
      int healthyHosts,
      int unhealthyHosts,
      List<Target> targets) {}

  /**
   * Of one target.
   *
   * @param anomalous it fails far more often than its fellows
   * @param mitigated it gets less than its share because it did
   * @param lastCheck what the last health check got, and when; null before the first
   */
  public record Target(
      String id,
      int port,
      String health,
      boolean draining,
      boolean anomalous,
      boolean mitigated,
      int inFlight,
      long requests,
      SortedMap<Integer, Long> codes,
      ResponseTime responseTime,
      long connectionErrors,
      long resets,
      @Nullable String lastCheck) {}

  /** How long answers took, in microseconds. */
  public static final class ResponseTime {
    private final Histogram all;

    private ResponseTime(Histogram all) {
      this.all = all;
    }

    public long count() {
      return all.count();
    }

    public long sum() {
      return all.sumMicros();
    }

    /** Such as 99.9. */
    public long percentile(double percent) {
      return all.percentileMicros(percent);
    }

    /** Only what came after {@code earlier}. */
    public ResponseTime since(ResponseTime earlier) {
      return new ResponseTime(all.minus(earlier.all));
    }

    @Override
    public String toString() {
      return count() + " answers, p99 " + percentile(99) + " us";
    }
  }

  static ResponseTime time(Histogram all) {
    return new ResponseTime(all);
  }

  static SortedMap<Integer, Long> nonZero(long[] counts) {
    SortedMap<Integer, Long> map = new TreeMap<>();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        map.put(i, counts[i]);
      }
    }
    return map;
  }

  static Counters sum(Counters[] parts) {
    Counters all = new Counters();
    for (Counters one : parts) {
      for (int i = 0; i < one.codes.length; i++) {
        all.codes[i] += one.codes[i];
      }
      for (int i = 0; i < one.own.length; i++) {
        all.own[i] += one.own[i];
      }
      one.responseTime.addTo(all.responseTime);
      all.requests += one.requests;
      all.connectionErrors += one.connectionErrors;
      all.tlsErrors += one.tlsErrors;
      all.clientTlsErrors += one.clientTlsErrors;
      all.newConnections += one.newConnections;
      all.closedConnections += one.closedConnections;
      all.rejectedConnections += one.rejectedConnections;
      all.bytesReceived += one.bytesReceived;
      all.bytesSent += one.bytesSent;
      all.ruleEvaluations += one.ruleEvaluations;
      all.fixedResponses += one.fixedResponses;
      all.redirects += one.redirects;
      all.grpcRequests += one.grpcRequests;
      all.nonSticky += one.nonSticky;
      all.droppedHeaders += one.droppedHeaders;
      all.nonCompliant += one.nonCompliant;
      all.failOpenRequests += one.failOpenRequests;
      all.clientResets += one.clientResets;
      all.targetResets += one.targetResets;
    }
    return all;
  }

  static Balancer of(BalancerState state) {
    Counters c = sum(state.counters);
    return new Balancer(
        state.arn,
        c.requests,
        nonZero(c.codes),
        nonZero(c.own),
        time(c.responseTime),
        c.newConnections - c.closedConnections,
        c.newConnections,
        c.rejectedConnections,
        c.bytesReceived,
        c.bytesSent,
        c.ruleEvaluations,
        c.fixedResponses,
        c.redirects,
        c.grpcRequests,
        c.nonSticky,
        c.droppedHeaders,
        c.nonCompliant,
        c.clientTlsErrors,
        c.clientResets);
  }

  static Group of(GroupState state) {
    Counters c = sum(state.counters);
    List<Target> targets =
        state.targets.values().stream()
            .map(Metrics::of)
            .sorted(java.util.Comparator.comparing(Target::id).thenComparing(Target::port))
            .toList();
    int healthy = 0;
    int unhealthy = 0;
    for (Target target : targets) {
      if (!target.draining()) {
        if (target.health().equals("healthy")) {
          healthy++;
        } else {
          unhealthy++;
        }
      }
    }
    return new Group(
        state.arn,
        c.requests,
        nonZero(c.codes),
        time(c.responseTime),
        c.connectionErrors,
        c.tlsErrors,
        c.failOpenRequests,
        healthy,
        unhealthy,
        targets);
  }

  private static Target of(TargetState state) {
    Counters c = sum(state.counters);
    return new Target(
        state.id,
        state.port,
        state.health.name().toLowerCase(java.util.Locale.ROOT),
        state.draining,
        state.anomalous,
        state.share < TargetState.FULL_SHARE,
        state.inFlight.get(),
        c.requests,
        nonZero(c.codes),
        time(c.responseTime),
        c.connectionErrors,
        c.targetResets,
        state.lastCheck);
  }
}
