package gantry.app.balancer;

import gantry.services.elbv2.LiveTraffic;
import gantry.traffic.lb.LoadBalancers;
import gantry.traffic.lb.Metrics;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the load balancers' data plane counts: for {@code gantry why} and {@code /metrics}. */
public final class LiveBalancers implements LiveTraffic {

  private static final long WATCH_MILLIS = 1000;
  private static final double[] QUANTILES = {0.5, 0.9, 0.99, 0.999};

  private final Supplier<@Nullable BalancerLink> link;

  public LiveBalancers(Supplier<@Nullable BalancerLink> link) {
    this.link = link;
  }

  // --- a second of it ------------------------------------------------------------------------

  @Override
  public @Nullable Seen watch() {
    BalancerLink from = link.get();
    if (from == null) {
      return null;
    }
    Metrics before = from.metrics();
    long began = System.nanoTime();
    try {
      TimeUnit.MILLISECONDS.sleep(WATCH_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    double seconds = Math.max(0.001, (System.nanoTime() - began) / 1e9);
    return new Second(before, from.metrics(), seconds, from.problems());
  }

  @Override
  public Map<String, Anomaly> anomalies(String groupArn) {
    BalancerLink from = link.get();
    return from == null
        ? Map.of()
        : from.compared(groupArn).stream()
            .collect(
                Collectors.toMap(
                    target -> target.id() + ":" + target.port(),
                    target -> new Anomaly(target.anomalous(), target.mitigated())));
  }

  private static final class Second implements Seen {
    private final Map<String, Metrics.Balancer> balancersBefore;
    private final Map<String, Metrics.Balancer> balancers;
    private final Map<String, Metrics.Target> targetsBefore;
    private final Map<String, Metrics.Target> targets;
    private final double seconds;
    private final List<LoadBalancers.Problem> problems;

    Second(Metrics before, Metrics after, double seconds, List<LoadBalancers.Problem> problems) {
      this.balancersBefore = balancers(before);
      this.balancers = balancers(after);
      this.targetsBefore = targets(before);
      this.targets = targets(after);
      this.seconds = seconds;
      this.problems = problems;
    }

    private static Map<String, Metrics.Balancer> balancers(Metrics all) {
      return all.balancers().stream()
          .collect(Collectors.toMap(Metrics.Balancer::arn, Function.identity()));
    }

    private static Map<String, Metrics.Target> targets(Metrics all) {
      Map<String, Metrics.Target> out = new TreeMap<>();
      all.groups()
          .forEach(
              group ->
                  group.targets().forEach(t -> out.put(key(group.arn(), t.id(), t.port()), t)));
      return out;
    }

    private static String key(String groupArn, String id, int port) {
      return groupArn + " " + id + " " + port;
    }

    @Override
    public @Nullable Rate balancer(String arn) {
      Metrics.Balancer now = balancers.get(arn);
      if (now == null) {
        return null;
      }
      Metrics.Balancer was = balancersBefore.get(arn);
      SortedMap<String, Long> codes = hundreds(now.codes(), was == null ? Map.of() : was.codes());
      now.ownCodes()
          .forEach(
              (code, count) -> {
                long more = count - (was == null ? 0 : was.ownCodes().getOrDefault(code, 0L));
                if (more > 0) {
                  codes.put("own " + code, more);
                }
              });
      return rate(
          now.requests() - (was == null ? 0 : was.requests()),
          was == null ? now.responseTime() : now.responseTime().since(was.responseTime()),
          (int) now.activeConnections(),
          codes);
    }

    @Override
    public @Nullable Rate target(String groupArn, String id, int port) {
      Metrics.Target now = targets.get(key(groupArn, id, port));
      if (now == null) {
        return null;
      }
      Metrics.Target was = targetsBefore.get(key(groupArn, id, port));
      return rate(
          now.requests() - (was == null ? 0 : was.requests()),
          was == null ? now.responseTime() : now.responseTime().since(was.responseTime()),
          now.inFlight(),
          hundreds(now.codes(), was == null ? Map.of() : was.codes()));
    }

    private static SortedMap<String, Long> hundreds(
        Map<Integer, Long> now, Map<Integer, Long> was) {
      SortedMap<String, Long> codes = new TreeMap<>();
      now.forEach(
          (hundred, count) -> {
            long more = count - was.getOrDefault(hundred, 0L);
            if (more > 0) {
              codes.put(hundred + "xx", more);
            }
          });
      return codes;
    }

    private Rate rate(
        long requests, Metrics.ResponseTime time, int open, SortedMap<String, Long> codes) {
      return new Rate(
          requests / seconds,
          time.percentile(50) / 1000.0,
          time.percentile(99) / 1000.0,
          open,
          codes);
    }

    @Override
    public @Nullable String lastCheck(String groupArn, String id, int port) {
      Metrics.Target now = targets.get(key(groupArn, id, port));
      return now == null ? null : now.lastCheck();
    }

    @Override
    public List<String> problems(String arn) {
      return problems.stream()
          .filter(problem -> problem.balancerArn().equals(arn))
          .map(LoadBalancers.Problem::line)
          .toList();
    }
  }

  // --- since the start -----------------------------------------------------------------------

  /** In Prometheus's text format; nothing where nothing carries traffic. */
  public void write(StringBuilder out) {
    BalancerLink from = link.get();
    if (from == null) {
      return;
    }
    Metrics all = from.metrics();
    balancers(out, all, "requests_total", "counter", Metrics.Balancer::requests);
    balancers(out, all, "active_connections", "gauge", Metrics.Balancer::activeConnections);
    balancers(out, all, "new_connections_total", "counter", Metrics.Balancer::newConnections);
    balancers(out, all, "received_bytes_total", "counter", Metrics.Balancer::bytesReceived);
    balancers(out, all, "sent_bytes_total", "counter", Metrics.Balancer::bytesSent);
    balancers(out, all, "rule_evaluations_total", "counter", Metrics.Balancer::ruleEvaluations);
    balancers(out, all, "fixed_responses_total", "counter", Metrics.Balancer::fixedResponses);
    balancers(out, all, "redirects_total", "counter", Metrics.Balancer::redirects);
    balancers(out, all, "tls_errors_total", "counter", Metrics.Balancer::clientTlsErrors);
    balancers(out, all, "non_compliant_total", "counter", Metrics.Balancer::nonCompliantRequests);
    type(out, "own_responses_total", "counter");
    for (Metrics.Balancer b : all.balancers()) {
      b.ownCodes()
          .forEach(
              (code, count) ->
                  line(
                      out,
                      "own_responses_total",
                      of(b) + ",code=\"" + code + "\"",
                      Long.toString(count)));
    }
    type(out, "response_seconds", "summary");
    all.balancers().forEach(b -> time(out, "response_seconds", of(b), b.responseTime()));
    groups(out, all, "healthy_targets", Metrics.Group::healthyHosts);
    groups(out, all, "unhealthy_targets", Metrics.Group::unhealthyHosts);
    targets(out, all);
  }

  private static void targets(StringBuilder out, Metrics all) {
    type(out, "target_responses_total", "counter");
    each(
        all,
        (labels, target) ->
            target
                .codes()
                .forEach(
                    (hundred, count) ->
                        line(
                            out,
                            "target_responses_total",
                            labels + ",code=\"" + hundred + "xx\"",
                            Long.toString(count))));
    type(out, "target_requests_total", "counter");
    each(
        all,
        (labels, target) ->
            line(out, "target_requests_total", labels, Long.toString(target.requests())));
    type(out, "target_in_flight", "gauge");
    each(
        all,
        (labels, target) ->
            line(out, "target_in_flight", labels, Integer.toString(target.inFlight())));
    type(out, "target_healthy", "gauge");
    each(
        all,
        (labels, target) ->
            line(out, "target_healthy", labels, target.health().equals("healthy") ? "1" : "0"));
    type(out, "target_connection_errors_total", "counter");
    each(
        all,
        (labels, target) ->
            line(
                out,
                "target_connection_errors_total",
                labels,
                Long.toString(target.connectionErrors())));
    type(out, "target_response_seconds", "summary");
    each(
        all,
        (labels, target) -> time(out, "target_response_seconds", labels, target.responseTime()));
  }

  private interface OfTarget {
    void with(String labels, Metrics.Target target);
  }

  private static void each(Metrics all, OfTarget does) {
    for (Metrics.Group group : all.groups()) {
      for (Metrics.Target target : group.targets()) {
        does.with(of(group) + ",target=\"" + target.id() + ":" + target.port() + "\"", target);
      }
    }
  }

  private static void balancers(
      StringBuilder out,
      Metrics all,
      String name,
      String type,
      ToLongFunction<Metrics.Balancer> value) {
    type(out, name, type);
    all.balancers().forEach(b -> line(out, name, of(b), Long.toString(value.applyAsLong(b))));
  }

  private static void groups(
      StringBuilder out, Metrics all, String name, ToLongFunction<Metrics.Group> value) {
    type(out, name, "gauge");
    all.groups().forEach(g -> line(out, name, of(g), Long.toString(value.applyAsLong(g))));
  }

  /** The label as CloudWatch has it as a dimension: the tail of the ARN. */
  private static String of(Metrics.Balancer b) {
    return "load_balancer=\"" + b.arn().substring(b.arn().indexOf(":loadbalancer/") + 14) + "\"";
  }

  private static String of(Metrics.Group g) {
    return "target_group=\"" + g.arn().substring(g.arn().indexOf(":targetgroup/") + 1) + "\"";
  }

  private static void time(
      StringBuilder out, String name, String labels, Metrics.ResponseTime time) {
    for (double quantile : QUANTILES) {
      line(
          out,
          name,
          labels + ",quantile=\"" + quantile + "\"",
          Double.toString(time.percentile(quantile * 100) / 1e6));
    }
    line(out, name + "_sum", labels, Double.toString(time.sum() / 1e6));
    line(out, name + "_count", labels, Long.toString(time.count()));
  }

  private static void type(StringBuilder out, String name, String type) {
    out.append("# TYPE gantry_lb_").append(name).append(' ').append(type).append('\n');
  }

  private static void line(StringBuilder out, String name, String labels, String value) {
    out.append("gantry_lb_").append(name).append('{').append(labels).append("} ");
    out.append(value).append('\n');
  }
}
