package gantry.services.logs;

import static gantry.services.logs.LogTables.FILTERS;
import static gantry.services.logs.LogTables.GROUPS;
import static gantry.services.logs.LogTables.STREAMS;
import static gantry.services.logs.LogTables.inGroup;
import static gantry.services.logs.Lookup.GROUP_ARN;
import static gantry.services.logs.Lookup.arn;
import static gantry.services.logs.Lookup.checkGroupName;
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
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** {@link CloudWatchLogsClient} over the tables of groups and streams and the files of events. */
final class LogsApi implements CloudWatchLogsClient, LiveTailing {

  static final int MAX_TAGS = 50;

  private static final Set<Integer> RETENTION_DAYS =
      Set.of(
          1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
          2922, 3288, 3653);
  private static final Pattern STREAM_NAME = Pattern.compile("[^:*]{1,512}");

  private final Store store;
  private final Clock clock;
  private final Ids ids;
  private final LogFiles files;
  private final Queries queries;
  private final EventsIn in;
  private final EventsOut out;
  private final GroupFilters filters;

  LogsApi(ServiceContext context, LogFiles files, MetricSink metrics) {
    this.store = context.store();
    this.clock = context.clock();
    this.ids = context.ids();
    this.files = files;
    this.queries = new Queries(clock, ids);
    LiveTails tails = new LiveTails(clock, context.timers(), ids);
    this.in = new EventsIn(store, clock, files, metrics, tails);
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

  // ---------------------------------------------------------------- groups

  @Override
  public CreateLogGroupResponse createLogGroup(CreateLogGroupRequest request) {
    Scope scope = scope();
    String name = required(request.logGroupName(), "logGroupName");
    checkGroupName(name);
    if (name.startsWith("aws/")) {
      throw Errors.invalid("Log groups starting with aws/ are reserved for AWS.");
    }
    if (request.kmsKeyId() != null) {
      throw Errors.invalid("Log groups that are encrypted by a KMS key are not supported.");
    }
    LogGroupClass groupClass =
        request.logGroupClass() == null ? LogGroupClass.STANDARD : request.logGroupClass();
    if (groupClass == LogGroupClass.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.constraint(
          request.logGroupClassAsString(),
          "logGroupClass",
          "satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]");
    }
    checkTags(request.tags());
    GroupRow row =
        new GroupRow(
            name,
            ids.hex(32),
            clock.millis(),
            groupClass.toString(),
            null,
            Boolean.TRUE.equals(request.deletionProtectionEnabled()),
            Map.copyOf(request.tags()));
    store.write(
        tx -> {
          if (tx.get(GROUPS, scope.key(name)) != null) {
            throw Errors.exists("log group");
          }
          tx.put(GROUPS, scope.key(name), row);
          return row;
        });
    return CreateLogGroupResponse.builder().build();
  }

  @Override
  public DeleteLogGroupResponse deleteLogGroup(DeleteLogGroupRequest request) {
    Scope scope = scope();
    String name = required(request.logGroupName(), "logGroupName");
    String id =
        store.write(
            tx -> {
              GroupRow group = group(tx, scope, name);
              if (group.isProtected()) {
                throw ValidationException.builder()
                    .message(
                        "Log group " + name + " has deletion protection enabled; disable it first.")
                    .build();
              }
              LogTables.streams(tx, scope, group, "")
                  .toList()
                  .forEach(stream -> tx.delete(STREAMS, inGroup(scope, group, stream.name())));
              LogTables.filters(tx, scope, group)
                  .toList()
                  .forEach(
                      row -> tx.delete(FILTERS, inGroup(scope, group, row.filter().filterName())));
              tx.delete(GROUPS, scope.key(name));
              return group.id();
            });
    files.delete(id);
    return DeleteLogGroupResponse.builder().build();
  }

  @Override
  public DescribeLogGroupsResponse describeLogGroups(DescribeLogGroupsRequest request) {
    Scope scope = scope();
    String prefix = request.logGroupNamePrefix();
    String pattern = request.logGroupNamePattern();
    if (prefix != null && pattern != null) {
      throw Errors.invalid(
          "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    }
    Set<String> only =
        request.logGroupIdentifiers().stream()
            .map(id -> nameOf(scope, id))
            .collect(Collectors.toSet());
    View view = store.snapshot();
    Cut<GroupRow> page =
        cut(
            groups(view, scope, prefix, pattern)
                .filter(g -> only.isEmpty() || only.contains(g.name()))
                .filter(g -> sameClass(g, request.logGroupClassAsString()))
                .toList(),
            GroupRow::name,
            false,
            request.limit(),
            request.nextToken(),
            "DescribeLogGroups/" + prefix + "/" + pattern);
    return DescribeLogGroupsResponse.builder()
        .logGroups(page.items().stream().map(group -> describe(view, scope, group)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  @Override
  public ListLogGroupsResponse listLogGroups(ListLogGroupsRequest request) {
    Scope scope = scope();
    String pattern = request.logGroupNamePattern();
    Cut<GroupRow> page =
        cut(
            groups(store.snapshot(), scope, null, pattern)
                .filter(g -> sameClass(g, request.logGroupClassAsString()))
                .toList(),
            GroupRow::name,
            false,
            request.limit(),
            request.nextToken(),
            "ListLogGroups/" + pattern);
    return ListLogGroupsResponse.builder()
        .logGroups(
            page.items().stream()
                .map(
                    group ->
                        LogGroupSummary.builder()
                            .logGroupName(group.name())
                            .logGroupArn(arn(scope, group.name()))
                            .logGroupClass(group.logGroupClass())
                            .build())
                .toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static boolean sameClass(GroupRow group, @Nullable String wanted) {
    return wanted == null || wanted.equals(group.logGroupClass());
  }

  private static Stream<GroupRow> groups(
      View view, Scope scope, @Nullable String prefix, @Nullable String pattern) {
    return view.scan(GROUPS, scope)
        .map(row -> row.value())
        .filter(group -> prefix == null || group.name().startsWith(prefix))
        .filter(group -> pattern == null || group.name().contains(pattern));
  }

  private LogGroup describe(View view, Scope scope, GroupRow group) {
    String arn = arn(scope, group.name());
    return LogGroup.builder()
        .logGroupName(group.name())
        .creationTime(group.created())
        .retentionInDays(group.retentionDays())
        .metricFilterCount((int) LogTables.filters(view, scope, group).count())
        .arn(arn + ":*")
        .logGroupArn(arn)
        .logGroupClass(group.logGroupClass())
        .deletionProtectionEnabled(group.isProtected())
        .storedBytes(files.exists(group.id()) ? files.group(group.id()).storedBytes() : 0)
        .build();
  }

  @Override
  public PutLogGroupDeletionProtectionResponse putLogGroupDeletionProtection(
      PutLogGroupDeletionProtectionRequest request) {
    boolean now = Boolean.TRUE.equals(request.deletionProtectionEnabled());
    Scope scope = scope();
    change(
        nameOf(scope, required(request.logGroupIdentifier(), "logGroupIdentifier")),
        group -> group.withProtection(now));
    return PutLogGroupDeletionProtectionResponse.builder().build();
  }

  @Override
  public PutRetentionPolicyResponse putRetentionPolicy(PutRetentionPolicyRequest request) {
    Integer days = required(request.retentionInDays(), "retentionInDays");
    if (!RETENTION_DAYS.contains(days)) {
      throw Errors.constraint(
          days,
          "retentionInDays",
          "satisfy enum value set: "
              + RETENTION_DAYS.stream().sorted().map(String::valueOf).toList());
    }
    change(required(request.logGroupName(), "logGroupName"), group -> group.withRetention(days));
    return PutRetentionPolicyResponse.builder().build();
  }

  @Override
  public DeleteRetentionPolicyResponse deleteRetentionPolicy(DeleteRetentionPolicyRequest request) {
    change(required(request.logGroupName(), "logGroupName"), group -> group.withRetention(null));
    return DeleteRetentionPolicyResponse.builder().build();
  }

  // ---------------------------------------------------------------- tags

  @Override
  public TagResourceResponse tagResource(TagResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    change(name, group -> tagged(group, request.tags()));
    return TagResourceResponse.builder().build();
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    change(name, group -> untagged(group, request.tagKeys()));
    return UntagResourceResponse.builder().build();
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest request) {
    String name = taggedGroup(request.resourceArn());
    return ListTagsForResourceResponse.builder()
        .tags(group(store.snapshot(), scope(), name).tags())
        .build();
  }

  @Override
  @Deprecated
  public TagLogGroupResponse tagLogGroup(TagLogGroupRequest request) {
    change(
        required(request.logGroupName(), "logGroupName"), group -> tagged(group, request.tags()));
    return TagLogGroupResponse.builder().build();
  }

  @Override
  @Deprecated
  public UntagLogGroupResponse untagLogGroup(UntagLogGroupRequest request) {
    change(
        required(request.logGroupName(), "logGroupName"), group -> untagged(group, request.tags()));
    return UntagLogGroupResponse.builder().build();
  }

  @Override
  @Deprecated
  public ListTagsLogGroupResponse listTagsLogGroup(ListTagsLogGroupRequest request) {
    String name = required(request.logGroupName(), "logGroupName");
    return ListTagsLogGroupResponse.builder()
        .tags(group(store.snapshot(), scope(), name).tags())
        .build();
  }

  private static GroupRow tagged(GroupRow group, Map<String, String> more) {
    Map<String, String> tags = new TreeMap<>(group.tags());
    tags.putAll(more);
    checkTags(tags);
    return group.withTags(tags);
  }

  private static GroupRow untagged(GroupRow group, List<String> keys) {
    Map<String, String> tags = new TreeMap<>(group.tags());
    tags.keySet().removeAll(keys);
    return group.withTags(tags);
  }

  private static void checkTags(Map<String, String> tags) {
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsException.builder()
          .message("A log group can have at most " + MAX_TAGS + " tags.")
          .build();
    }
    for (String key : tags.keySet()) {
      if (key.startsWith("aws:")) {
        throw Errors.invalid("Tag keys starting with aws: are reserved.");
      }
    }
  }

  private static String taggedGroup(@Nullable String arn) {
    Scope scope = scope();
    String given = required(arn, "resourceArn");
    if (!GROUP_ARN.matcher(given).matches()) {
      throw Errors.invalid("The resource ARN " + given + " is not one of a log group.");
    }
    return nameOf(scope, given);
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
              return "%020d:%s".formatted(known == null ? 0 : known.last(), row.name());
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

  private void change(String groupName, UnaryOperator<GroupRow> change) {
    Scope scope = scope();
    store.write(
        tx -> {
          GroupRow now = change.apply(group(tx, scope, groupName));
          tx.put(GROUPS, scope.key(groupName), now);
          return now;
        });
  }
}
