package gantry.services.logs;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.MetricFilter;
import software.amazon.awssdk.services.cloudwatchlogs.model.MetricTransformation;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutMetricFilterRequest;

/** Metric filters: which are sound, and what they count. */
final class MetricPoints {

  private static final int MAX_DIMENSIONS = 3;

  private MetricPoints() {}

  static MetricFilter checked(PutMetricFilterRequest request, long now) {
    String name = request.filterName();
    String group = request.logGroupName();
    if (name == null || group == null || request.filterPattern() == null) {
      throw Errors.missing(
          name == null ? "filterName" : group == null ? "logGroupName" : "filterPattern");
    }
    if (name.isEmpty() || name.length() > 512 || name.indexOf(':') >= 0 || name.indexOf('*') >= 0) {
      throw Errors.constraint(name, "filterName", "satisfy regular expression pattern: [^:*]*");
    }
    if (Boolean.TRUE.equals(request.applyOnTransformedLogs())
        || request.fieldSelectionCriteria() != null
        || !request.emitSystemFieldDimensions().isEmpty()) {
      throw Errors.invalid(
          "Metric filters on transformed logs or system fields are not supported.");
    }
    FilterPattern pattern = FilterPattern.parse(request.filterPattern());
    if (request.metricTransformations().size() != 1) {
      throw Errors.constraint(
          request.metricTransformations(), "metricTransformations", "have length equal to 1");
    }
    for (MetricTransformation each : request.metricTransformations()) {
      if (each.metricName() == null
          || each.metricNamespace() == null
          || each.metricValue() == null) {
        throw Errors.missing("metricTransformations.1.member");
      }
      if (!each.metricValue().startsWith("$") && number(each.metricValue()) == null) {
        throw Errors.invalid(
            "Invalid metric transformation: metricValue must be a number or '$…'.");
      }
      if (each.metricValue().startsWith("$.") && pattern instanceof JsonPattern) {
        JsonPath.parse(new PatternText(each.metricValue()));
      }
      if (!each.dimensions().isEmpty()) {
        if (each.defaultValue() != null) {
          throw Errors.invalid(
              "Invalid metric transformation: dimensions and default value are mutually exclusive"
                  + " properties.");
        }
        if (each.dimensions().size() > MAX_DIMENSIONS) {
          throw Errors.invalid(
              "Invalid metric transformation: at most " + MAX_DIMENSIONS + " dimensions.");
        }
        if (!(pattern instanceof JsonPattern) && !(pattern instanceof SpacePattern)) {
          throw Errors.invalid(
              "Invalid metric transformation: dimensions need a JSON or space-delimited pattern.");
        }
      }
    }
    return MetricFilter.builder()
        .filterName(name)
        .filterPattern(request.filterPattern())
        .logGroupName(group)
        .creationTime(now)
        .metricTransformations(request.metricTransformations())
        .build();
  }

  static List<MetricSink.Point> of(MetricFilter filter, List<WriteAhead.Line> lines) {
    FilterPattern pattern = FilterPattern.parse(filter.filterPattern());
    List<MetricSink.Point> points = new ArrayList<>();
    for (MetricTransformation each : filter.metricTransformations()) {
      for (WriteAhead.Line line : lines) {
        MetricSink.Point point =
            pattern.matches(line.message()) ? point(each, pattern, line) : null;
        if (point != null) {
          points.add(point);
        }
      }
    }
    return points;
  }

  static boolean hasDefault(MetricFilter filter) {
    return filter.metricTransformations().stream().anyMatch(each -> each.defaultValue() != null);
  }

  /** What a filter reports for a minute in which it has found nothing. */
  static List<MetricSink.Point> defaults(MetricFilter filter, Instant minute) {
    return filter.metricTransformations().stream()
        .filter(each -> each.defaultValue() != null)
        .map(each -> point(each, Map.of(), each.defaultValue(), minute))
        .toList();
  }

  private static MetricSink.@Nullable Point point(
      MetricTransformation each, FilterPattern pattern, WriteAhead.Line line) {
    String text =
        each.metricValue().startsWith("$")
            ? pattern.value(each.metricValue(), line.message())
            : each.metricValue();
    Double value = text == null ? null : number(text);
    if (value == null) {
      return null; // the field is not there or is no number
    }
    Map<String, String> dimensions = new HashMap<>();
    for (Map.Entry<String, String> dimension : each.dimensions().entrySet()) {
      String found = pattern.value(dimension.getValue(), line.message());
      if (found == null) {
        return null;
      }
      dimensions.put(dimension.getKey(), found);
    }
    return point(each, dimensions, value, Instant.ofEpochMilli(line.timestamp()));
  }

  private static MetricSink.Point point(
      MetricTransformation each, Map<String, String> dimensions, double value, Instant at) {
    String unit = each.unitAsString() == null ? "None" : each.unitAsString();
    return new MetricSink.Point(
        each.metricNamespace(), each.metricName(), Map.copyOf(dimensions), unit, value, at);
  }

  private static @Nullable Double number(String text) {
    BigDecimal number = Comparison.number(text);
    return number == null ? null : number.doubleValue();
  }
}
