package gantry.services.logs;

import static gantry.services.logs.Lookup.GROUP_ARN;
import static gantry.services.logs.Lookup.either;
import static gantry.services.logs.Lookup.group;
import static gantry.services.logs.Lookup.lastId;
import static gantry.services.logs.Lookup.limit;
import static gantry.services.logs.Lookup.nameOf;
import static gantry.services.logs.Lookup.required;
import static gantry.services.logs.Lookup.scope;
import static gantry.services.logs.Lookup.stream;

import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.state.PageToken;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** Events as they are read: a stream's pages, searches of a group, and live tail. */
final class EventsOut {

  private static final int MAX_TAILED = 10;

  private final Store store;
  private final Clock clock;
  private final LogFiles files;
  private final LiveTails tails;

  EventsOut(Store store, Clock clock, LogFiles files, LiveTails tails) {
    this.store = store;
    this.clock = clock;
    this.files = files;
    this.tails = tails;
  }

  GetLogEventsResponse getLogEvents(GetLogEventsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = either(view, scope, request.logGroupName(), request.logGroupIdentifier());
    StreamRow stream =
        stream(view, scope, group, required(request.logStreamName(), "logStreamName"));
    int limit = limit(request.limit(), EventsIn.MAX_EVENTS, EventsIn.MAX_EVENTS);
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
      bytes += EventsIn.utf8Length(event.message()) + EventsIn.EVENT_OVERHEAD;
      if (bytes > EventsIn.MAX_BATCH_BYTES && !page.isEmpty()) {
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

  FilterLogEventsResponse filterLogEvents(FilterLogEventsRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = either(view, scope, request.logGroupName(), request.logGroupIdentifier());
    FilterPattern pattern = FilterPattern.parse(request.filterPattern());
    int limit = limit(request.limit(), EventsIn.MAX_EVENTS, EventsIn.MAX_EVENTS);
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
            Literal.of(literal),
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
      bytes += EventsIn.utf8Length(event.message()) + EventsIn.EVENT_OVERHEAD;
      if (found.size() == limit || bytes > EventsIn.MAX_BATCH_BYTES && !found.isEmpty()) {
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

  /** One event that a query pointed at. */
  GetLogRecordResponse getLogRecord(GetLogRecordRequest request) {
    LogPointer pointer = LogPointer.parse(required(request.logRecordPointer(), "logRecordPointer"));
    if (pointer == null) {
      throw Errors.invalid("The specified log record pointer is invalid.");
    }
    Scope scope = scope();
    View view = store.snapshot();
    GroupRow group = group(view, scope, pointer.group());
    Map<Long, String> names = new HashMap<>();
    LogTables.streams(view, scope, group, "").forEach(s -> names.put(s.number(), s.name()));
    Position at = pointer.position();
    Iterator<Event> events =
        events(
            group,
            new Wanted(
                Math.max(at.timestamp(), group.oldest(clock.millis())),
                at.timestamp() + 1,
                names::containsKey,
                new Position(at.timestamp(), at.sequence() - 1),
                new Position(at.timestamp(), at.sequence() + 1),
                null,
                false));
    if (!events.hasNext()) {
      throw Errors.notFound("The specified log record does not exist.");
    }
    Event event = events.next();
    return GetLogRecordResponse.builder()
        .logRecord(
            new Insights.Row(
                    event,
                    scope.account() + ":" + group.name(),
                    names.getOrDefault(event.stream(), ""))
                .record())
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

  CompletableFuture<Void> startLiveTail(
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

  Iterator<Event> events(GroupRow group, Wanted wanted) {
    return files.exists(group.id())
        ? files.group(group.id()).events(wanted)
        : Collections.emptyIterator();
  }
}
