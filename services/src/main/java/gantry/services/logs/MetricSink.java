package gantry.services.logs;

import gantry.state.Scope;
import java.time.Instant;
import java.util.Map;

/** Takes the values that metric filters find in events: CloudWatch's PutMetricData. */
@FunctionalInterface
public interface MetricSink {

  /** One value of one event, at the event's time. */
  record Point(
      String namespace,
      String metric,
      Map<String, String> dimensions,
      String unit,
      double value,
      Instant at) {}

  void put(Scope scope, Iterable<Point> points);
}
