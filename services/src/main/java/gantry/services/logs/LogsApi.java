package gantry.services.logs;

import static gantry.services.logs.LogTables.FILTERS;
import static gantry.services.logs.LogTables.GROUPS;
import static gantry.services.logs.LogTables.STREAMS;
import static gantry.services.logs.LogTables.inGroup;
import static java.nio.charset.StandardCharsets.UTF_8;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.logs.GroupLog.StreamTimes;
import gantry.services.logs.LogTables.FilterRow;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.state.Ids;
import gantry.state.PageToken;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
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
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** {@link CloudWatchLogsClient} over the tables of groups and streams and the files of events. */
final class LogsApi implements CloudWatchLogsClient, LiveTailing {

  static final int MAX_BATCH_BYTES = 1 << 20;
  static final int EVENT_OVERHEAD = 26;
  static final long MAX_SPAN = 24 * 3_600_000L;
  static final long MAX_AHEAD = 2 * 3_600_000L;
  static final long MAX_AGE = 14 * 86_400_000L;
  static final int MAX_EVENTS = 10_000;
  static final int MAX_TAGS = 50;
  static final int MAX_FILTERS = 100;
  static final int MAX_PAGE = 50;
  static final int MAX_TAILED = 10;

  private static final Set<Integer> RETENTION_DAYS =
      Set.of(
          1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
          2922, 3288, 3653);
  private static final Pattern GROUP_NAME = Pattern.compile("[.\\-_/#A-Za-z0-9]{1,512}");
  private static final Pattern STREAM_NAME = Pattern.compile("[^:*]{1,512}");
  private static final Pattern GROUP_ARN =
      Pattern.compile("arn:[^:]+:logs:([^:]*):([^:]*):log-group:([^:]+)(:\\*)?");

  private final Store store;
  private final Clock clock;
  private final Ids ids;
  private final LogFiles files;
  private final @Nullable MetricSink metrics;
  private final Queries queries;
  private final LiveTails tails;

  LogsApi(ServiceContext context, LogFiles files, @Nullable MetricSink metrics) {
    this.store = context.store();
    this.clock = context.clock();
    this.ids = context.ids();
    this.files = files;
    this.metrics = metrics;
    this.queries = new Queries(clock, ids);
    this.tails = new LiveTails(clock, context.timers(), ids);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {
    files.close();
  }

  private static Scope scope() {
    return Caller.current().scope();
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
        .logGroups(page.items.stream().map(group -> describe(view, scope, group)).toList())
        .nextToken(page.nextToken)
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
            page.items.stream()
                .map(
                    group ->
                        LogGroupSummary.builder()
                            .logGroupName(group.name())
                            .logGroupArn(arn(scope, group.name()))
                            .logGroupClass(group.logGroupClass())
                            .build())
                .toList())
        .nextToken(page.nextToken)
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
            page.items.stream().map(row -> describe(scope, row, times.get(row.number()))).toList())
        .nextToken(page.nextToken)
        .build();
  }

  private static LogStream describe(Scope scope, StreamRow row, @Nullable StreamTimes times) {
    LogStream.Builder stream =
        LogStream.builder()
            .logStreamName(row.name())
            .creationTime(row.created())
            .arn(arn(scope, row.groupName()) + ":log-stream:" + row.name())
            .storedBytes(0L)
            .uploadSequenceToken(sequenceToken(row, times == null ? 0 : times.ingested()));
    if (times != null) {
      stream
          .firstEventTimestamp(times.first())
          .lastEventTimestamp(times.last())
          .lastIngestionTime(times.ingested());
    }
    return stream.build();
  }

  /** Nobody asks for one any more; it is given because clients of old keep it. */
  private static String sequenceToken(StreamRow row, long now) {
    return new Position(now, row.number()).id();
  }

  // ---------------------------------------------------------------- events in

  @Override
  public PutLogEventsResponse putLogEvents(PutLogEventsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = group(view, scope, required(request.logGroupName(), "logGroupName"));
    StreamRow stream =
        stream(view, scope, group, required(request.logStreamName(), "logStreamName"));
    List<InputLogEvent> events = request.logEvents();
    long now = clock.millis();
    List<WriteAhead.Line> lines = lines(events);

    int tooOld = 0;
    int expired = 0;
    int tooNew = lines.size();
    long oldest = group.oldest(now);
    for (int i = 0; i < lines.size(); i++) {
      long timestamp = lines.get(i).timestamp();
      if (timestamp < now - MAX_AGE) {
        tooOld = i + 1;
      }
      if (timestamp < oldest) {
        expired = i + 1;
      }
      if (timestamp > now + MAX_AHEAD) {
        tooNew = Math.min(tooNew, i);
      }
    }
    int from = Math.max(tooOld, expired);
    if (from < tooNew) {
      List<WriteAhead.Line> accepted = lines.subList(from, tooNew);
      try {
        files.group(group.id()).append(stream.number(), now, accepted);
      } catch (GroupLog.Unavailable e) {
        group(store.snapshot(), scope, group.name()); // it may have been deleted meanwhile
        throw ServiceUnavailableException.builder()
            .message("The service cannot complete the request.")
            .cause(e)
            .build();
      }
      tails.tell(group.id(), stream.name(), accepted, now);
      count(view, scope, group, accepted);
    }
    PutLogEventsResponse.Builder response =
        PutLogEventsResponse.builder().nextSequenceToken(sequenceToken(stream, now));
    if (from > 0 || tooNew < lines.size()) {
      response.rejectedLogEventsInfo(
          RejectedLogEventsInfo.builder()
              .tooOldLogEventEndIndex(tooOld > 0 ? tooOld : null)
              .expiredLogEventEndIndex(expired > 0 ? expired : null)
              .tooNewLogEventStartIndex(tooNew < lines.size() ? tooNew : null)
              .build());
    }
    return response.build();
  }

  private static List<WriteAhead.Line> lines(List<InputLogEvent> events) {
    if (events.isEmpty()) {
      throw Errors.constraint("[]", "logEvents", "have length greater than or equal to 1");
    }
    if (events.size() > MAX_EVENTS) {
      throw Errors.constraint("[...]", "logEvents", "have length less than or equal to 10000");
    }
    List<WriteAhead.Line> lines = new ArrayList<>(events.size());
    long bytes = 0;
    long before = Long.MIN_VALUE;
    for (InputLogEvent event : events) {
      long timestamp = required(event.timestamp(), "logEvents.member.timestamp");
      String message = required(event.message(), "logEvents.member.message");
      if (message.isEmpty()) {
        throw Errors.constraint(
            "", "logEvents.member.message", "have length greater than or equal to 1");
      }
      if (timestamp < 0) {
        throw Errors.constraint(
            timestamp, "logEvents.member.timestamp", "have value greater than or equal to 0");
      }
      if (timestamp < before) {
        throw Errors.invalid(
            "Log events in a single PutLogEvents request must be in chronological order.");
      }
      before = timestamp;
      bytes += utf8Length(message) + EVENT_OVERHEAD;
      lines.add(new WriteAhead.Line(timestamp, message));
    }
    if (bytes > MAX_BATCH_BYTES) {
      throw Errors.invalid(
          "Upload too large: " + bytes + " bytes exceeds limit of " + MAX_BATCH_BYTES);
    }
    if (before - lines.getFirst().timestamp() > MAX_SPAN) {
      throw Errors.invalid(
          "The batch of log events in a single PutLogEvents request cannot span more than 24"
              + " hours.");
    }
    return lines;
  }

  private static int utf8Length(String text) {
    int length = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x800 && !Character.isSurrogate(c)) {
        length += 2;
      } else if (c >= 0x80) {
        length++; // of a pair of surrogates each half counts two
      }
    }
    return length;
  }

  /** What the group's metric filters find in new events. */
  private void count(View view, Scope scope, GroupRow group, List<WriteAhead.Line> lines) {
    MetricSink sink = metrics;
    if (sink == null) {
      return;
    }
    List<MetricSink.Point> points =
        LogTables.filters(view, scope, group)
            .flatMap(row -> MetricPoints.of(row.filter(), lines).stream())
            .toList();
    if (!points.isEmpty()) {
      sink.put(scope, points);
    }
  }

  // ---------------------------------------------------------------- events out

  @Override
  public GetLogEventsResponse getLogEvents(GetLogEventsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = either(view, scope, request.logGroupName(), request.logGroupIdentifier());
    StreamRow stream =
        stream(view, scope, group, required(request.logStreamName(), "logStreamName"));
    int limit = limit(request.limit(), MAX_EVENTS, MAX_EVENTS);
    long from = request.startTime() == null ? 0 : request.startTime();
    long to = request.endTime() == null ? Long.MAX_VALUE : request.endTime();

    String token = request.nextToken();
    boolean forward = Boolean.TRUE.equals(request.startFromHead());
    Position at = null;
    if (token != null) {
      at =
          token.startsWith("f/") || token.startsWith("b/")
              ? Position.parse(token.substring(2))
              : null;
      if (at == null) {
        throw Errors.invalid("The specified nextToken is invalid.");
      }
      forward = token.startsWith("f/");
    }
    Wanted wanted =
        new Wanted(
            Math.max(from, group.oldest(clock.millis())),
            to,
            number -> number == stream.number(),
            forward ? at : null,
            forward ? null : at,
            null,
            !forward);
    List<Event> page = new ArrayList<>();
    int bytes = 0;
    Iterator<Event> events = events(group, wanted);
    while (events.hasNext() && page.size() < limit) {
      Event event = events.next();
      bytes += utf8Length(event.message()) + EVENT_OVERHEAD;
      if (bytes > MAX_BATCH_BYTES && !page.isEmpty()) {
        break;
      }
      page.add(event);
    }
    if (!forward) {
      Collections.reverse(page);
    }
    Position none = at == null ? new Position(from, -1) : at;
    Position first = page.isEmpty() ? none : page.getFirst().position();
    Position last = page.isEmpty() ? none : page.getLast().position();
    return GetLogEventsResponse.builder()
        .events(
            page.stream()
                .map(
                    event ->
                        OutputLogEvent.builder()
                            .timestamp(event.timestamp())
                            .message(event.message())
                            .ingestionTime(event.ingested())
                            .build())
                .toList())
        .nextForwardToken("f/" + last.id())
        .nextBackwardToken("b/" + first.id())
        .build();
  }

  @Override
  public FilterLogEventsResponse filterLogEvents(FilterLogEventsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = either(view, scope, request.logGroupName(), request.logGroupIdentifier());
    FilterPattern pattern = FilterPattern.parse(request.filterPattern());
    int limit = limit(request.limit(), MAX_EVENTS, MAX_EVENTS);
    Map<Long, String> names = searched(view, scope, group, request);
    long from = request.startTime() == null ? 0 : request.startTime();
    long to =
        request.endTime() == null || request.endTime() == Long.MAX_VALUE
            ? Long.MAX_VALUE
            : request.endTime() + 1;
    String listing = "FilterLogEvents/" + group.id() + "/" + request.filterPattern();
    String after = lastId(listing, request.nextToken());
    String literal = pattern.literal();
    Wanted wanted =
        new Wanted(
            Math.max(from, group.oldest(clock.millis())),
            to,
            names::containsKey,
            after.isEmpty() ? null : Position.parse(after),
            null,
            literal == null ? null : literal.getBytes(UTF_8),
            false);
    List<FilteredLogEvent> found = new ArrayList<>();
    String nextToken = null;
    Position last = new Position(0, -1);
    int bytes = 0;
    Iterator<Event> events = events(group, wanted);
    while (events.hasNext()) {
      Event event = events.next();
      if (!pattern.matches(event.message())) {
        continue;
      }
      bytes += utf8Length(event.message()) + EVENT_OVERHEAD;
      if (found.size() == limit || bytes > MAX_BATCH_BYTES && !found.isEmpty()) {
        nextToken = PageToken.of(listing, last.id());
        break;
      }
      last = event.position();
      found.add(
          FilteredLogEvent.builder()
              .logStreamName(names.get(event.stream()))
              .timestamp(event.timestamp())
              .message(event.message())
              .ingestionTime(event.ingested())
              .eventId(last.id())
              .build());
    }
    return FilterLogEventsResponse.builder()
        .events(found)
        .searchedLogStreams(List.of())
        .nextToken(nextToken)
        .build();
  }

  /** The streams to be searched: their numbers and names. */
  private static Map<Long, String> searched(
      View view, Scope scope, GroupRow group, FilterLogEventsRequest request) {
    String prefix = request.logStreamNamePrefix();
    Map<Long, String> names = new HashMap<>();
    if (!request.logStreamNames().isEmpty()) {
      if (prefix != null) {
        throw Errors.invalid(
            "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
      }
      for (String name : new HashSet<>(request.logStreamNames())) {
        names.put(stream(view, scope, group, name).number(), name);
      }
      return names;
    }
    LogTables.streams(view, scope, group, prefix == null ? "" : prefix)
        .forEach(stream -> names.put(stream.number(), stream.name()));
    return names;
  }

  @Override
  public CompletableFuture<Void> startLiveTail(
      StartLiveTailRequest request, StartLiveTailResponseHandler handler) {
    Scope scope = scope();
    View view = store.snapshot();
    List<String> groups = request.logGroupIdentifiers();
    List<String> names = request.logStreamNames();
    List<String> prefixes = request.logStreamNamePrefixes();
    if (groups.isEmpty() || groups.size() > MAX_TAILED) {
      throw Errors.constraint(
          groups, "logGroupIdentifiers", "have between 1 and " + MAX_TAILED + " members");
    }
    if (!names.isEmpty() && !prefixes.isEmpty()) {
      throw Errors.invalid(
          "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
    }
    if (groups.size() > 1 && !(names.isEmpty() && prefixes.isEmpty())) {
      throw Errors.invalid("Log streams can be chosen only where there is one log group.");
    }
    List<LiveTails.Source> sources = new ArrayList<>();
    for (String each : groups) {
      if (!GROUP_ARN.matcher(each).matches()) {
        throw Errors.invalid("Log groups of a Live Tail session are given by their ARNs: " + each);
      }
      GroupRow group = group(view, scope, nameOf(scope, each));
      for (String name : names) {
        stream(view, scope, group, name);
      }
      sources.add(
          new LiveTails.Source(
              group.id(),
              scope.account() + ":" + group.name(),
              stream ->
                  names.isEmpty() && prefixes.isEmpty()
                      || names.contains(stream)
                      || prefixes.stream().anyMatch(stream::startsWith)));
    }
    FilterPattern pattern = FilterPattern.parse(request.logEventFilterPattern());
    CompletableFuture<Void> end = new CompletableFuture<>();
    SdkPublisher<StartLiveTailResponseStream> events =
        tails.open(scope.account(), request, sources, pattern, end);
    handler.responseReceived(StartLiveTailResponse.builder().build());
    handler.onEventStream(events);
    return end;
  }

  private Iterator<Event> events(GroupRow group, Wanted wanted) {
    return files.exists(group.id())
        ? files.group(group.id()).events(wanted)
        : Collections.emptyIterator();
  }

  // ---------------------------------------------------------------- metric filters

  @Override
  public PutMetricFilterResponse putMetricFilter(PutMetricFilterRequest request) {
    if (metrics == null) {
      throw InvalidOperationException.builder()
          .message("Metric filters need CloudWatch metrics, which are not hosted here.")
          .build();
    }
    Scope scope = scope();
    MetricFilter filter = MetricPoints.checked(request, clock.millis());
    store.write(
        tx -> {
          GroupRow group = group(tx, scope, filter.logGroupName());
          boolean replaces = tx.get(FILTERS, inGroup(scope, group, filter.filterName())) != null;
          if (!replaces && LogTables.filters(tx, scope, group).count() >= MAX_FILTERS) {
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

  @Override
  public DeleteMetricFilterResponse deleteMetricFilter(DeleteMetricFilterRequest request) {
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

  @Override
  public DescribeMetricFiltersResponse describeMetricFilters(DescribeMetricFiltersRequest request) {
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
        .metricFilters(page.items)
        .nextToken(page.nextToken)
        .build();
  }

  private static boolean same(@Nullable String wanted, String value) {
    return wanted == null || wanted.equals(value);
  }

  @Override
  public TestMetricFilterResponse testMetricFilter(TestMetricFilterRequest request) {
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

  // ---------------------------------------------------------------- subscription filters

  @Override
  public PutSubscriptionFilterResponse putSubscriptionFilter(PutSubscriptionFilterRequest request) {
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

  @Override
  public DescribeSubscriptionFiltersResponse describeSubscriptionFilters(
      DescribeSubscriptionFiltersRequest request) {
    group(store.snapshot(), scope(), required(request.logGroupName(), "logGroupName"));
    return DescribeSubscriptionFiltersResponse.builder().subscriptionFilters(List.of()).build();
  }

  @Override
  public DeleteSubscriptionFilterResponse deleteSubscriptionFilter(
      DeleteSubscriptionFilterRequest request) {
    group(store.snapshot(), scope(), required(request.logGroupName(), "logGroupName"));
    throw Errors.notFound("The specified subscription filter does not exist.");
  }

  // ---------------------------------------------------------------- Insights

  @Override
  public StartQueryResponse startQuery(StartQueryRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    List<String> names = new ArrayList<>(request.logGroupNames());
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
              wanted -> events(group, wanted)));
    }
    return StartQueryResponse.builder().queryId(queries.start(scope, request, sources)).build();
  }

  @Override
  public GetQueryResultsResponse getQueryResults(GetQueryResultsRequest request) {
    return queries.results(scope(), required(request.queryId(), "queryId"));
  }

  @Override
  public StopQueryResponse stopQuery(StopQueryRequest request) {
    return queries.stop(scope(), required(request.queryId(), "queryId"));
  }

  @Override
  public DescribeQueriesResponse describeQueries(DescribeQueriesRequest request) {
    return queries.describe(scope(), request);
  }

  // ---------------------------------------------------------------- what all of them need

  private void change(String groupName, UnaryOperator<GroupRow> change) {
    Scope scope = scope();
    store.write(
        tx -> {
          GroupRow now = change.apply(group(tx, scope, groupName));
          tx.put(GROUPS, scope.key(groupName), now);
          return now;
        });
  }

  private static GroupRow group(View view, Scope scope, String name) {
    checkGroupName(name);
    GroupRow group = view.get(GROUPS, scope.key(name));
    if (group == null) {
      throw Errors.noGroup();
    }
    return group;
  }

  private static GroupRow either(
      View view, Scope scope, @Nullable String name, @Nullable String identifier) {
    if (name != null && identifier != null) {
      throw Errors.invalid("Only one of logGroupName and logGroupIdentifier can be specified.");
    }
    if (name == null && identifier == null) {
      throw Errors.missing("logGroupName");
    }
    return group(
        view,
        scope,
        name != null ? name : nameOf(scope, required(identifier, "logGroupIdentifier")));
  }

  /** A group is named by its name or its ARN. */
  private static String nameOf(Scope scope, String identifier) {
    var arn = GROUP_ARN.matcher(identifier);
    if (!arn.matches()) {
      return identifier;
    }
    if (!scope.region().equals(arn.group(1)) || !scope.account().equals(arn.group(2))) {
      throw Errors.noGroup();
    }
    return arn.group(3);
  }

  private static StreamRow stream(View view, Scope scope, GroupRow group, String name) {
    StreamRow stream = view.get(STREAMS, inGroup(scope, group, name));
    if (stream == null) {
      throw Errors.noStream();
    }
    return stream;
  }

  private static void checkGroupName(String name) {
    if (!GROUP_NAME.matcher(name).matches()) {
      throw Errors.constraint(
          name, "logGroupName", "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
    }
  }

  private static String arn(Scope scope, String group) {
    return "arn:aws:logs:%s:%s:log-group:%s".formatted(scope.region(), scope.account(), group);
  }

  private static int limit(@Nullable Integer asked, int usual, int most) {
    int limit = asked == null ? usual : asked;
    if (limit < 1 || limit > most) {
      throw Errors.constraint(limit, "limit", "have value between 1 and " + most);
    }
    return limit;
  }

  private record Cut<T>(List<T> items, @Nullable String nextToken) {}

  /** One page of what stands in the order of {@code order}, or the other way round. */
  private static <T> Cut<T> cut(
      List<T> all,
      Function<T, String> order,
      boolean descending,
      @Nullable Integer limit,
      @Nullable String token,
      String listing) {
    String after = lastId(listing, token);
    Comparator<T> ascending = Comparator.comparing(order);
    List<T> rest =
        all.stream()
            .sorted(descending ? ascending.reversed() : ascending)
            .filter(
                one ->
                    after.isEmpty()
                        || (descending
                            ? order.apply(one).compareTo(after) < 0
                            : order.apply(one).compareTo(after) > 0))
            .toList();
    int size = limit(limit, MAX_PAGE, MAX_PAGE);
    if (rest.size() <= size) {
      return new Cut<>(rest, null);
    }
    List<T> page = rest.subList(0, size);
    return new Cut<>(page, PageToken.of(listing, order.apply(page.getLast())));
  }

  private static String lastId(String listing, @Nullable String token) {
    try {
      return PageToken.lastId(listing, token);
    } catch (PageToken.Invalid e) {
      throw Errors.invalid("The specified nextToken is invalid.");
    }
  }

  private static <T> T required(@Nullable T value, String member) {
    if (value == null) {
      throw Errors.missing(member);
    }
    return value;
  }
}
