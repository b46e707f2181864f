package gantry.services.elbv2;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What the data plane sees of load balancers and targets just now. */
public interface LiveTraffic {

  /**
   * Where nothing carries traffic. No constant: lambdas of an interface that has both something to
   * set up and methods of its own are left out of the start-up cache.
   */
  static LiveTraffic none() {
    return () -> null;
  }

  /** Watches for a second; null where nothing carries traffic. */
  @Nullable Seen watch();

  /**
   * How the targets of a group that watches for anomalies compare with their fellows, by {@code
   * id:port}; empty for other groups, and where nothing carries traffic.
   */
  default Map<String, Anomaly> anomalies(String groupArn) {
    return Map.of();
  }

  /**
   * A target as its fellows make it look.
   *
   * @param anomalous it fails far more often than they
   * @param mitigated it gets less because of that
   */
  record Anomaly(boolean anomalous, boolean mitigated) {}

  /** Of one second. */
  interface Seen {
    @Nullable Rate balancer(String arn);

    @Nullable Rate target(String groupArn, String id, int port);

    /** The last health check's result in one line; null before the first. */
    @Nullable String lastCheck(String groupArn, String id, int port);

    /** Sockets of the balancer that could not be opened, a line for each. */
    List<String> problems(String arn);
  }

  /**
   * A second's traffic.
   *
   * @param open connections of a balancer; requests in flight of a target
   * @param p50 milliseconds; 0 without an answer
   * @param codes answers a second, by {@code 2xx}; with {@code own 503} those that the balancer
   *     made
   */
  record Rate(double requests, double p50, double p99, int open, SortedMap<String, Long> codes) {}
}
