package gantry.app.connect;

import gantry.services.ecs.controller.ConnectPlan;
import gantry.services.ecs.controller.ConnectPlan.Alias;
import gantry.services.ecs.controller.ConnectPlan.Member;
import gantry.traffic.lb.Metrics;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What the proxies of Service Connect counted, in Prometheus's text format. Proxies of tasks that
 * are gone take their counts along, as processes do.
 */
final class ConnectMetrics {

  private ConnectMetrics() {}

  /** How each balancer is labelled, by its ARN. */
  static Map<String, String> labels(ConnectPlan plan, Set<String> here) {
    Map<String, String> labels = new HashMap<>();
    for (Member member : plan.members()) {
      if (here.contains(member.taskArn())) {
        for (Alias alias : member.aliases()) {
          labels.put(
              ConnectTables.arn(member, alias),
              "cluster=\"%s\",service=\"%s\",discovery_name=\"%s\""
                  .formatted(member.cluster(), member.service(), alias.discoveryName()));
        }
      }
    }
    return labels;
  }

  static void write(StringBuilder out, Metrics metrics, Map<String, String> labels) {
    counter(out, "requests", metrics, labels, one -> one.requests());
    for (int hundreds = 2; hundreds <= 5; hundreds++) {
      int code = hundreds;
      counter(
          out, "http_" + code + "xx", metrics, labels, one -> one.codes().getOrDefault(code, 0L));
    }
    counter(
        out,
        "proxy_errors",
        metrics,
        labels,
        one -> one.ownCodes().values().stream().mapToLong(Long::longValue).sum());
    counter(out, "new_connections", metrics, labels, one -> one.newConnections());
    counter(out, "processed_bytes", metrics, labels, one -> one.bytesReceived() + one.bytesSent());
    counter(out, "response_seconds", metrics, labels, one -> one.responseTime().sum() / 1e6);
  }

  private static void counter(
      StringBuilder out,
      String name,
      Metrics metrics,
      Map<String, String> labels,
      ToDoubleFunction<Metrics.Balancer> value) {
    Map<String, Double> sums = new TreeMap<>();
    for (Metrics.Balancer one : metrics.balancers()) {
      String label = labels.get(one.arn());
      if (label != null) {
        sums.merge(label, value.applyAsDouble(one), Double::sum);
      }
    }
    if (sums.isEmpty()) {
      return;
    }
    String full = "gantry_service_connect_" + name + "_total";
    out.append("# TYPE ").append(full).append(" counter\n");
    sums.forEach(
        (label, sum) ->
            out.append(full).append('{').append(label).append("} ").append(sum).append('\n'));
  }
}
