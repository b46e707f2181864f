package gantry.services.logs;

import gantry.services.logs.Insights.Row;
import gantry.state.Ids;
import gantry.state.Page;
import gantry.state.Scope;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/**
 * Insights queries. A query runs while StartQuery waits, so it is complete when its id is known;
 * the newest results are kept in memory and are gone after a restart.
 */
final class Queries {

  private static final int KEPT = 100;
  private static final int USUAL_LIMIT = 1000;

  /**
   * A log group to be searched.
   *
   * @param label what {@code @log} says
   * @param streams the names by their numbers
   */
  record Source(
      String group,
      String label,
      Map<Long, String> streams,
      long oldest,
      Function<Wanted, Iterator<Event>> events) {}

  private record Done(Scope scope, QueryInfo info, GetQueryResultsResponse results) {}

  private final Clock clock;
  private final Ids ids;
  private final Map<String, Done> done = new LinkedHashMap<>();

  Queries(Clock clock, Ids ids) {
    this.clock = clock;
    this.ids = ids;
  }

  String start(Scope scope, StartQueryRequest request, List<Source> sources) {
    if (request.queryLanguage() != null && request.queryLanguage() != QueryLanguage.CWLI) {
      throw Errors.invalid(
          "The query language " + request.queryLanguageAsString() + " is not supported.");
    }
    Long start = request.startTime();
    Long end = request.endTime();
    String text = request.queryString();
    if (start == null || end == null || text == null) {
      throw Errors.missing(start == null ? "startTime" : end == null ? "endTime" : "queryString");
    }
    if (end < start) {
      throw MalformedQueryException.builder()
          .message("Query's end date and time is before its start")
          .build();
    }
    Insights query = InsightsParser.parse(text);
    Integer asked = request.limit();
    int limit = asked == null ? USUAL_LIMIT : asked;
    if (limit < 1 || limit > EventsIn.MAX_EVENTS) {
      throw Errors.constraint(limit, "limit", "have value between 1 and " + EventsIn.MAX_EVENTS);
    }
    Integer own = query.limit();
    GetQueryResultsResponse results =
        run(query, sources, start * 1000, end * 1000 + 1000, own == null ? limit : own);
    String id = ids.uuid();
    QueryInfo info =
        QueryInfo.builder()
            .queryId(id)
            .queryLanguage(QueryLanguage.CWLI)
            .queryString(text)
            .status(results.status())
            .createTime(clock.millis())
            .logGroupName(sources.getFirst().group())
            .build();
    synchronized (done) {
      done.put(id, new Done(scope, info, results));
      if (done.size() > KEPT) {
        done.remove(done.keySet().iterator().next());
      }
    }
    return id;
  }

  private static GetQueryResultsResponse run(
      Insights query, List<Source> sources, long from, long to, int limit) {
    long[] scanned = {0, 0};
    String literal = query.literal();
    Iterator<Row> newest = new Newest(sources, from, to, literal, scanned);
    Stream<Row> rows = StreamSupport.stream(Spliterators.spliteratorUnknownSize(newest, 0), false);
    GetQueryResultsResponse.Builder response =
        GetQueryResultsResponse.builder().queryLanguage(QueryLanguage.CWLI);
    try {
      List<List<ResultField>> results =
          query
              .run(rows)
              .limit(limit)
              .map(
                  row ->
                      query.cells(row).entrySet().stream()
                          .map(
                              cell ->
                                  ResultField.builder()
                                      .field(cell.getKey())
                                      .value(cell.getValue())
                                      .build())
                          .toList())
              .toList();
      response.status(QueryStatus.COMPLETE).results(results);
      response.statistics(
          QueryStatistics.builder()
              .recordsMatched((double) (query.matched() < 0 ? scanned[0] : query.matched()))
              .recordsScanned((double) scanned[0])
              .bytesScanned((double) scanned[1])
              .logGroupsScanned((double) sources.size())
              .build());
    } catch (Insights.TooMuch e) {
      response.status(QueryStatus.FAILED).results(List.of());
    }
    return response.build();
  }

  /** The events of several groups, newest first. */
  private static final class Newest implements Iterator<Row> {
    private static final class Head {
      private final Source source;
      private final Iterator<Event> rest;
      private Event next;

      Head(Source source, Iterator<Event> rest) {
        this.source = source;
        this.rest = rest;
        this.next = rest.next();
      }
    }

    private final PriorityQueue<Head> heads =
        new PriorityQueue<>(
            Comparator.<Head, Position>comparing(head -> head.next.position()).reversed());
    private final long[] scanned;

    Newest(List<Source> sources, long from, long to, @Nullable String literal, long[] scanned) {
      this.scanned = scanned;
      for (Source source : sources) {
        Iterator<Event> events =
            source
                .events()
                .apply(
                    new Wanted(
                        Math.max(from, source.oldest()),
                        to,
                        source.streams()::containsKey,
                        null,
                        null,
                        Literal.of(literal),
                        true));
        if (events.hasNext()) {
          heads.add(new Head(source, events));
        }
      }
    }

    @Override
    public boolean hasNext() {
      return !heads.isEmpty();
    }

    @Override
    public Row next() {
      Head head = heads.remove();
      Event event = head.next;
      if (head.rest.hasNext()) {
        head.next = head.rest.next();
        heads.add(head);
      }
      scanned[0]++;
      scanned[1] += event.message().length();
      return new Row(
          event, head.source.label(), head.source.streams().getOrDefault(event.stream(), ""));
    }
  }

  private Done find(Scope scope, String id) {
    synchronized (done) {
      Done found = done.get(id);
      if (found == null || !found.scope().equals(scope)) {
        throw Errors.notFound("Query not found.");
      }
      return found;
    }
  }

  GetQueryResultsResponse results(Scope scope, String id) {
    return find(scope, id).results();
  }

  StopQueryResponse stop(Scope scope, String id) {
    QueryInfo info = find(scope, id).info();
    throw Errors.invalid(
        "Query is already ended with " + info.statusAsString() + " status and cannot be stopped");
  }

  DescribeQueriesResponse describe(Scope scope, DescribeQueriesRequest request) {
    List<QueryInfo> infos = new ArrayList<>();
    synchronized (done) {
      done.values().stream()
          .filter(one -> one.scope().equals(scope))
          .forEach(d -> infos.add(d.info()));
    }
    String listing = "DescribeQueries/" + request.logGroupName() + "/" + request.statusAsString();
    String after = Lookup.lastId(listing, request.nextToken());
    Page<QueryInfo> page =
        Page.cut(
            infos.reversed().stream()
                .dropWhile(i -> !after.isEmpty() && !i.queryId().equals(after))
                .skip(after.isEmpty() ? 0 : 1)
                .filter(
                    i ->
                        request.logGroupName() == null
                            || request.logGroupName().equals(i.logGroupName()))
                .filter(i -> request.status() == null || request.status() == i.status())
                .filter(
                    i ->
                        request.queryLanguage() == null
                            || request.queryLanguage() == i.queryLanguage()),
            request.maxResults() == null ? KEPT : request.maxResults(),
            QueryInfo::queryId,
            listing);
    return DescribeQueriesResponse.builder()
        .queries(page.items())
        .nextToken(page.nextToken())
        .build();
  }
}
