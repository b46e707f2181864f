package gantry.app;

import gantry.services.logs.MetricSink;
import gantry.state.Scope;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the metric filters of log groups count, shown on {@code /metrics}: for each metric and its
 * dimensions how many values came, and their sum. Since the start of the program, as there is no
 * CloudWatch here that would keep them.
 */
final class LogMetrics implements MetricSink {

  /** Dimensions are taken from log lines, so a careless filter can make any number of series. */
  static final int SERIES_LIMIT = 10_000;

  private record Series(
      String account,
      String region,
      String namespace,
      String metric,
      Map<String, String> dimensions) {}

  private record Sum(long count, double sum) {
    Sum plus(Sum more) {
      return new Sum(count + more.count, sum + more.sum);
    }
  }

  private final Map<Series, Sum> sums = new ConcurrentHashMap<>();
  private final LongAdder leftOut = new LongAdder();

  @Override
  public void put(Scope scope, Iterable<Point> points) {
    for (Point point : points) {
      Series series =
          new Series(
              scope.account(),
              scope.region(),
              point.namespace(),
              point.metric(),
              point.dimensions());
      if (sums.size() >= SERIES_LIMIT && !sums.containsKey(series)) {
        leftOut.increment();
      } else {
        sums.merge(series, new Sum(1, point.value()), Sum::plus);
      }
    }
  }

  void write(StringBuilder out) {
    if (sums.isEmpty()) {
      return;
    }
    out.append("# TYPE gantry_log_metric summary\n");
    sums.forEach(
        (series, sum) -> {
          String labels = labels(series);
          out.append("gantry_log_metric_count{").append(labels).append("} ");
          out.append(sum.count()).append('\n');
          out.append("gantry_log_metric_sum{").append(labels).append("} ");
          out.append(sum.sum()).append('\n');
        });
    out.append("# TYPE gantry_log_metric_left_out_total counter\n");
    out.append("gantry_log_metric_left_out_total ").append(leftOut.sum()).append('\n');
  }

  private static String labels(Series series) {
    StringBuilder text = new StringBuilder();
    label(text, "account", series.account());
    label(text, "region", series.region());
    label(text, "namespace", series.namespace());
    label(text, "metric", series.metric());
    StringBuilder dimensions = new StringBuilder();
    new TreeMap<>(series.dimensions())
        .forEach(
            (name, value) ->
                dimensions
                    .append(dimensions.isEmpty() ? "" : ",")
                    .append(name)
                    .append('=')
                    .append(value));
    label(text, "dimensions", dimensions.toString());
    return text.toString();
  }

  private static void label(StringBuilder text, String name, String value) {
    text.append(text.isEmpty() ? "" : ",").append(name).append("=\"");
    text.append(value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")).append('"');
  }
}
