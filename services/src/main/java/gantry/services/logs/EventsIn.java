package gantry.services.logs;

import static gantry.services.logs.LogTables.inGroup;
import static gantry.services.logs.Lookup.group;
import static gantry.services.logs.Lookup.required;
import static gantry.services.logs.Lookup.scope;
import static gantry.services.logs.Lookup.stream;

import gantry.services.logs.LogTables.FilterRow;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** PutLogEvents: its rules, the files that keep the events, and who is told of them. */
final class EventsIn {

  static final int MAX_BATCH_BYTES = 1 << 20;
  static final int EVENT_OVERHEAD = 26;
  static final long MAX_SPAN = 24 * 3_600_000L;
  static final long MAX_AHEAD = 2 * 3_600_000L;
  static final long MAX_AGE = 14 * 86_400_000L;
  static final int MAX_EVENTS = 10_000;

  private final Store store;
  private final Clock clock;
  private final LogFiles files;
  private final MetricSink metrics;
  private final DefaultValues defaults;
  private final LiveTails tails;

  EventsIn(
      Store store,
      Clock clock,
      LogFiles files,
      MetricSink metrics,
      DefaultValues defaults,
      LiveTails tails) {
    this.store = store;
    this.clock = clock;
    this.files = files;
    this.metrics = metrics;
    this.defaults = defaults;
    this.tails = tails;
  }

  /** Nobody asks for one any more; it is given because clients of old keep it. */
  static String sequenceToken(StreamRow row, long now) {
    return new Position(now, row.number()).id();
  }

  PutLogEventsResponse putLogEvents(PutLogEventsRequest request) {
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
            .statusCode(503)
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

  static int utf8Length(String text) {
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
    List<MetricSink.Point> points = new ArrayList<>();
    LogTables.filters(view, scope, group)
        .map(FilterRow::filter)
        .forEach(
            filter -> {
              List<MetricSink.Point> found = MetricPoints.of(filter, lines);
              points.addAll(found);
              if (MetricPoints.hasDefault(filter)) {
                defaults.came(inGroup(scope, group, filter.filterName()), !found.isEmpty());
              }
            });
    if (!points.isEmpty()) {
      metrics.put(scope, points);
    }
  }
}
