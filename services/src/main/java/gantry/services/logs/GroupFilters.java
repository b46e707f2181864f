package gantry.services.logs;

import static gantry.services.logs.LogTables.FILTERS;
import static gantry.services.logs.LogTables.inGroup;
import static gantry.services.logs.Lookup.cut;
import static gantry.services.logs.Lookup.group;
import static gantry.services.logs.Lookup.required;
import static gantry.services.logs.Lookup.scope;

import gantry.services.logs.LogTables.FilterRow;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.Lookup.Cut;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** Metric filters, and subscription filters, whose destinations do not exist here. */
final class GroupFilters {

  private static final int MAX_FILTERS = 100;

  /** Of the patterns of a group, this many may have regular expressions. */
  private static final int MAX_REGEX = 5;

  private final Store store;
  private final Clock clock;

  GroupFilters(Store store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  PutMetricFilterResponse putMetricFilter(PutMetricFilterRequest request) {
    Scope scope = scope();
    MetricFilter filter = MetricPoints.checked(request, clock.millis());
    store.write(
        tx -> {
          GroupRow group = group(tx, scope, filter.logGroupName());
          List<String> others =
              LogTables.filters(tx, scope, group)
                  .map(row -> row.filter())
                  .filter(one -> !one.filterName().equals(filter.filterName()))
                  .map(MetricFilter::filterPattern)
                  .toList();
          if (others.size() >= MAX_FILTERS
              || FilterPattern.hasRegex(filter.filterPattern())
                  && others.stream().filter(FilterPattern::hasRegex).count() >= MAX_REGEX) {
            throw LimitExceededException.builder().message("Resource limit exceeded.").build();
          }
          tx.put(
              FILTERS,
              inGroup(scope, group, filter.filterName()),
              new FilterRow(group.id(), filter));
          return filter;
        });
    return PutMetricFilterResponse.builder().build();
  }

  DeleteMetricFilterResponse deleteMetricFilter(DeleteMetricFilterRequest request) {
    Scope scope = scope();
    String name = required(request.filterName(), "filterName");
    store.write(
        tx -> {
          GroupRow group = group(tx, scope, required(request.logGroupName(), "logGroupName"));
          if (tx.get(FILTERS, inGroup(scope, group, name)) == null) {
            throw Errors.notFound("The specified metric filter does not exist.");
          }
          tx.delete(FILTERS, inGroup(scope, group, name));
          return name;
        });
    return DeleteMetricFilterResponse.builder().build();
  }

  DescribeMetricFiltersResponse describeMetricFilters(DescribeMetricFiltersRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    String groupName = request.logGroupName();
    if (groupName != null) {
      group(view, scope, groupName);
    }
    String prefix = request.filterNamePrefix() == null ? "" : request.filterNamePrefix();
    List<MetricFilter> all =
        view.scan(FILTERS, scope)
            .map(row -> row.value().filter())
            .filter(f -> groupName == null || f.logGroupName().equals(groupName))
            .filter(f -> f.filterName().startsWith(prefix))
            .filter(
                f ->
                    f.metricTransformations().stream()
                        .anyMatch(
                            t ->
                                same(request.metricName(), t.metricName())
                                    && same(request.metricNamespace(), t.metricNamespace())))
            .toList();
    Cut<MetricFilter> page =
        cut(
            all,
            filter -> filter.filterName() + ":" + filter.logGroupName(),
            false,
            request.limit(),
            request.nextToken(),
            "DescribeMetricFilters/" + groupName + "/" + prefix);
    return DescribeMetricFiltersResponse.builder()
        .metricFilters(page.items())
        .nextToken(page.nextToken())
        .build();
  }

  private static boolean same(@Nullable String wanted, String value) {
    return wanted == null || wanted.equals(value);
  }

  TestMetricFilterResponse testMetricFilter(TestMetricFilterRequest request) {
    FilterPattern pattern = FilterPattern.parse(required(request.filterPattern(), "filterPattern"));
    List<MetricFilterMatchRecord> matches = new ArrayList<>();
    long number = 0;
    for (String message : request.logEventMessages()) {
      number++;
      if (pattern.matches(message)) {
        matches.add(
            MetricFilterMatchRecord.builder()
                .eventNumber(number)
                .eventMessage(message)
                .extractedValues(pattern.extract(message))
                .build());
      }
    }
    return TestMetricFilterResponse.builder().matches(matches).build();
  }

  PutSubscriptionFilterResponse putSubscriptionFilter(PutSubscriptionFilterRequest request) {
    Scope scope = scope();
    group(store.snapshot(), scope, required(request.logGroupName(), "logGroupName"));
    FilterPattern.parse(request.filterPattern());
    String[] arn = required(request.destinationArn(), "destinationArn").split(":", -1);
    // None of these services is hosted, so none of their resources exists.
    throw switch (arn.length > 5 ? arn[2] : "") {
      case "kinesis" ->
          Errors.invalid(
              "Could not deliver test message to specified Kinesis stream. Check if the given"
                  + " kinesis stream is in ACTIVE state. ");
      case "firehose" ->
          Errors.invalid(
              "Could not deliver test message to specified Firehose stream. Check if the given"
                  + " Firehose stream is in ACTIVE state.");
      case "lambda" ->
          Errors.invalid(
              "Could not execute the lambda function. Make sure you have given CloudWatch Logs"
                  + " permission to execute your function.");
      case "logs" -> Errors.notFound("The specified destination does not exist.");
      default ->
          Errors.invalid(
              "PutSubscriptionFilter operation cannot work with destinationArn for vendor "
                  + (arn.length > 2 ? arn[2] : ""));
    };
  }

  DescribeSubscriptionFiltersResponse describeSubscriptionFilters(
      DescribeSubscriptionFiltersRequest request) {
    group(store.snapshot(), scope(), required(request.logGroupName(), "logGroupName"));
    return DescribeSubscriptionFiltersResponse.builder().subscriptionFilters(List.of()).build();
  }

  DeleteSubscriptionFilterResponse deleteSubscriptionFilter(
      DeleteSubscriptionFilterRequest request) {
    group(store.snapshot(), scope(), required(request.logGroupName(), "logGroupName"));
    throw Errors.notFound("The specified subscription filter does not exist.");
  }
}
