package gantry.services.logs;

import static gantry.services.logs.LogTables.STREAMS;
import static gantry.services.logs.LogTables.inGroup;
import static gantry.services.logs.Lookup.arn;
import static gantry.services.logs.Lookup.cut;
import static gantry.services.logs.Lookup.either;
import static gantry.services.logs.Lookup.group;
import static gantry.services.logs.Lookup.nameOf;
import static gantry.services.logs.Lookup.required;
import static gantry.services.logs.Lookup.scope;
import static gantry.services.logs.Lookup.stream;

import gantry.services.ServiceContext;
import gantry.services.logs.GroupLog.StreamTimes;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.services.logs.Lookup.Cut;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** {@link CloudWatchLogsClient} over the tables of groups and streams and the files of events. */
final class LogsApi extends GroupApi implements LiveTailing {

  private static final Pattern STREAM_NAME = Pattern.compile("[^:*]{1,512}");

  private final Queries queries;
  private final EventsIn in;
  private final EventsOut out;
  private final GroupFilters filters;

  LogsApi(ServiceContext context, LogFiles files, MetricSink metrics) {
    super(context, files);
    this.queries = new Queries(clock, ids);
    LiveTails tails = new LiveTails(clock, context.timers(), ids);
    DefaultValues defaults = new DefaultValues(store, clock, context.timers(), metrics);
    this.in = new EventsIn(store, clock, files, metrics, defaults, tails);
    this.out = new EventsOut(store, clock, files, tails);
    this.filters = new GroupFilters(store, clock);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {
    files.close();
  }

  // ---------------------------------------------------------------- streams

  @Override
  public CreateLogStreamResponse createLogStream(CreateLogStreamRequest request) {
    Scope scope = scope();
    String name = required(request.logStreamName(), "logStreamName");
    if (!STREAM_NAME.matcher(name).matches()) {
      throw Errors.constraint(name, "logStreamName", "satisfy regular expression pattern: [^:*]*");
    }
    String groupName = required(request.logGroupName(), "logGroupName");
    long number = Long.parseLong(ids.hex(13), 16);
    store.write(
        tx -> {
          GroupRow group = group(tx, scope, groupName);
          if (tx.get(STREAMS, inGroup(scope, group, name)) != null) {
            throw Errors.exists("log stream");
          }
          StreamRow row = new StreamRow(group.id(), groupName, name, number, clock.millis());
          tx.put(STREAMS, inGroup(scope, group, name), row);
          return row;
        });
    return CreateLogStreamResponse.builder().build();
  }

  @Override
  public DeleteLogStreamResponse deleteLogStream(DeleteLogStreamRequest request) {
    Scope scope = scope();
    store.write(
        tx -> {
          GroupRow group = group(tx, scope, required(request.logGroupName(), "logGroupName"));
          StreamRow stream =
              stream(tx, scope, group, required(request.logStreamName(), "logStreamName"));
          tx.delete(STREAMS, inGroup(scope, group, stream.name()));
          return stream;
        });
    return DeleteLogStreamResponse.builder().build();
  }

  @Override
  public DescribeLogStreamsResponse describeLogStreams(DescribeLogStreamsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = either(view, scope, request.logGroupName(), request.logGroupIdentifier());
    boolean byTime = request.orderBy() == OrderBy.LAST_EVENT_TIME;
    String prefix = request.logStreamNamePrefix();
    if (byTime && prefix != null) {
      throw Errors.invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    Map<Long, StreamTimes> times =
        files.exists(group.id()) ? files.group(group.id()).times() : Map.of();
    Function<StreamRow, String> order =
        byTime
            ? row -> {
              StreamTimes known = times.get(row.number());
              return String.format(
                  Locale.ROOT, "%020d:%s", known == null ? 0 : known.last(), row.name());
            }
            : StreamRow::name;
    Cut<StreamRow> page =
        cut(
            LogTables.streams(view, scope, group, prefix == null ? "" : prefix).toList(),
            order,
            Boolean.TRUE.equals(request.descending()),
            request.limit(),
            request.nextToken(),
            "DescribeLogStreams/" + group.id() + "/" + byTime + "/" + request.descending());
    return DescribeLogStreamsResponse.builder()
        .logStreams(
            page.items().stream()
                .map(row -> describe(scope, row, times.get(row.number())))
                .toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static LogStream describe(Scope scope, StreamRow row, @Nullable StreamTimes times) {
    LogStream.Builder stream =
        LogStream.builder()
            .logStreamName(row.name())
            .creationTime(row.created())
            .arn(arn(scope, row.groupName()) + ":log-stream:" + row.name())
            .storedBytes(0L)
            .uploadSequenceToken(EventsIn.sequenceToken(row, times == null ? 0 : times.ingested()));
    if (times != null) {
      stream
          .firstEventTimestamp(times.first())
          .lastEventTimestamp(times.last())
          .lastIngestionTime(times.ingested());
    }
    return stream.build();
  }

  // ---------------------------------------------------------------- events and filters

  @Override
  public PutLogEventsResponse putLogEvents(PutLogEventsRequest request) {
    return in.putLogEvents(request);
  }

  @Override
  public GetLogEventsResponse getLogEvents(GetLogEventsRequest request) {
    return out.getLogEvents(request);
  }

  @Override
  public FilterLogEventsResponse filterLogEvents(FilterLogEventsRequest request) {
    return out.filterLogEvents(request);
  }

  @Override
  public CompletableFuture<Void> startLiveTail(
      StartLiveTailRequest request, StartLiveTailResponseHandler handler) {
    return out.startLiveTail(request, handler);
  }

  @Override
  public PutMetricFilterResponse putMetricFilter(PutMetricFilterRequest request) {
    return filters.putMetricFilter(request);
  }

  @Override
  public DeleteMetricFilterResponse deleteMetricFilter(DeleteMetricFilterRequest request) {
    return filters.deleteMetricFilter(request);
  }

  @Override
  public DescribeMetricFiltersResponse describeMetricFilters(DescribeMetricFiltersRequest request) {
    return filters.describeMetricFilters(request);
  }

  @Override
  public TestMetricFilterResponse testMetricFilter(TestMetricFilterRequest request) {
    return filters.testMetricFilter(request);
  }

  @Override
  public PutSubscriptionFilterResponse putSubscriptionFilter(PutSubscriptionFilterRequest request) {
    return filters.putSubscriptionFilter(request);
  }

  @Override
  public DescribeSubscriptionFiltersResponse describeSubscriptionFilters(
      DescribeSubscriptionFiltersRequest request) {
    return filters.describeSubscriptionFilters(request);
  }

  @Override
  public DeleteSubscriptionFilterResponse deleteSubscriptionFilter(
      DeleteSubscriptionFilterRequest request) {
    return filters.deleteSubscriptionFilter(request);
  }

  // ---------------------------------------------------------------- Insights

  @Override
  public StartQueryResponse startQuery(StartQueryRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    List<String> names = new ArrayList<>(request.logGroupNames());
    if (Stream.of(
                request.logGroupName() != null,
                !request.logGroupNames().isEmpty(),
                !request.logGroupIdentifiers().isEmpty())
            .filter(given -> given)
            .count()
        > 1) {
      throw Errors.invalid(
          "Only one of logGroupName, logGroupNames and logGroupIdentifiers can be specified.");
    }
    if (request.logGroupName() != null) {
      names.add(request.logGroupName());
    }
    request.logGroupIdentifiers().forEach(id -> names.add(nameOf(scope, id)));
    if (names.isEmpty()) {
      throw Errors.invalid("At least one log group is needed for a query.");
    }
    List<Queries.Source> sources = new ArrayList<>();
    for (String name : names) {
      GroupRow group = group(view, scope, name);
      Map<Long, String> streams = new HashMap<>();
      LogTables.streams(view, scope, group, "")
          .forEach(stream -> streams.put(stream.number(), stream.name()));
      sources.add(
          new Queries.Source(
              name,
              scope.account() + ":" + name,
              streams,
              group.oldest(clock.millis()),
              wanted -> out.events(group, wanted)));
    }
    return StartQueryResponse.builder().queryId(queries.start(scope, request, sources)).build();
  }

  @Override
  public GetQueryResultsResponse getQueryResults(GetQueryResultsRequest request) {
    return queries.results(scope(), required(request.queryId(), "queryId"));
  }

  @Override
  public GetLogRecordResponse getLogRecord(GetLogRecordRequest request) {
    return out.getLogRecord(request);
  }

  @Override
  public StopQueryResponse stopQuery(StopQueryRequest request) {
    return queries.stop(scope(), required(request.queryId(), "queryId"));
  }

  @Override
  public DescribeQueriesResponse describeQueries(DescribeQueriesRequest request) {
    return queries.describe(scope(), request);
  }
}
