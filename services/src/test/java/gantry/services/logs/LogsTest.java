package gantry.services.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

class LogsTest {

  private static final Scope HERE = new Scope("111122223333", "eu-west-1");

  @TempDir Path folder;

  private final VirtualTime time = new VirtualTime();
  private final SeededIds ids = new SeededIds(1);
  private final List<MetricSink.Point> points = new ArrayList<>();
  private final HostedService<CloudWatchLogsClient> hosted =
      CloudWatchLogs.hosted((scope, more) -> more.forEach(points::add));
  private final Store store =
      MemoryStore.of(time, LogTables.GROUPS, LogTables.STREAMS, LogTables.FILTERS);
  private ServiceContext context;
  private CloudWatchLogsClient logs;

  @BeforeEach
  void open() {
    context =
        new ServiceContext(
            store,
            time,
            time,
            ids,
            FixedClients.of(),
            folder,
            new ServiceContext.Endpoint("localhost", 4566));
    logs = hosted.create().apply(context);
    call(c -> c.createLogGroup(r -> r.logGroupName("/ecs/web")));
    call(c -> c.createLogStream(r -> r.logGroupName("/ecs/web").logStreamName("a")));
    call(c -> c.createLogStream(r -> r.logGroupName("/ecs/web").logStreamName("b")));
  }

  @AfterEach
  void close() {
    logs.close();
  }

  private <R> R call(Function<CloudWatchLogsClient, R> call) {
    Caller caller =
        new Caller(
            HERE.account(),
            HERE.region(),
            "arn:aws:iam::111122223333:user/ann",
            "AIDA",
            null,
            Map.of(),
            "request",
            null,
            null);
    return ScopedValue.where(Caller.CURRENT, caller).call(() -> call.apply(logs));
  }

  private long now() {
    return time.millis();
  }

  private static InputLogEvent event(long timestamp, String message) {
    return InputLogEvent.builder().timestamp(timestamp).message(message).build();
  }

  private PutLogEventsResponse put(String stream, InputLogEvent... events) {
    return call(
        c ->
            c.putLogEvents(
                r -> r.logGroupName("/ecs/web").logStreamName(stream).logEvents(events)));
  }

  private List<String> filter(String pattern) {
    return call(c -> c.filterLogEvents(r -> r.logGroupName("/ecs/web").filterPattern(pattern)))
        .events()
        .stream()
        .map(FilteredLogEvent::message)
        .toList();
  }

  private void refused(Class<? extends Exception> type, String text, Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(type).hasMessageContaining(text);
  }

  @Test
  void groupsAndStreamsAreMadeDescribedAndDeleted() {
    refused(
        ResourceAlreadyExistsException.class,
        "The specified log group already exists",
        () -> call(c -> c.createLogGroup(r -> r.logGroupName("/ecs/web"))));
    refused(
        ResourceAlreadyExistsException.class,
        "The specified log stream already exists",
        () -> call(c -> c.createLogStream(r -> r.logGroupName("/ecs/web").logStreamName("a"))));
    refused(
        ResourceNotFoundException.class,
        "The specified log group does not exist.",
        () -> call(c -> c.createLogStream(r -> r.logGroupName("none").logStreamName("a"))));
    refused(
        InvalidParameterException.class,
        "'logGroupName' failed to satisfy constraint",
        () -> call(c -> c.createLogGroup(r -> r.logGroupName("no spaces"))));
    call(c -> c.createLogGroup(r -> r.logGroupName("/ecs/api").tags(Map.of("k", "v"))));
    put("a", event(now() - 5, "x"), event(now(), "y"));

    LogGroup group =
        call(c -> c.describeLogGroups(r -> r.logGroupNamePrefix("/ecs/w"))).logGroups().getFirst();
    assertThat(group.arn()).isEqualTo("arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:*");
    assertThat(group.logGroupArn())
        .isEqualTo("arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web");
    assertThat(group.storedBytes()).isPositive();
    assertThat(call(c -> c.describeLogGroups(r -> r.logGroupNamePattern("api"))).logGroups())
        .extracting(LogGroup::logGroupName)
        .containsExactly("/ecs/api");
    DescribeLogGroupsResponse page = call(c -> c.describeLogGroups(r -> r.limit(1)));
    assertThat(
            call(c -> c.describeLogGroups(r -> r.limit(1).nextToken(page.nextToken()))).logGroups())
        .extracting(LogGroup::logGroupName)
        .containsExactly("/ecs/web");

    LogStream stream =
        call(c ->
                c.describeLogStreams(
                    r -> r.logGroupName("/ecs/web").orderBy("LastEventTime").descending(true)))
            .logStreams()
            .getFirst();
    assertThat(stream.logStreamName()).isEqualTo("a");
    assertThat(stream.firstEventTimestamp()).isEqualTo(now() - 5);
    assertThat(stream.lastEventTimestamp()).isEqualTo(now());
    assertThat(
            call(c ->
                    c.describeLogStreams(r -> r.logGroupName("/ecs/web").logStreamNamePrefix("b")))
                .logStreams())
        .hasSize(1);

    // What comes again under the same name has nothing of the old.
    call(c -> c.deleteLogStream(r -> r.logGroupName("/ecs/web").logStreamName("a")));
    assertThat(filter("")).isEmpty();
    refused(ResourceNotFoundException.class, "log stream", () -> put("a", event(now(), "z")));
    call(c -> c.createLogStream(r -> r.logGroupName("/ecs/web").logStreamName("a")));
    assertThat(filter("")).isEmpty();
    call(c -> c.deleteLogGroup(r -> r.logGroupName("/ecs/web")));
    refused(ResourceNotFoundException.class, "log group", () -> put("a", event(now(), "z")));
    assertThat(folder.resolve("logs")).isEmptyDirectory();
  }

  @Test
  void aBatchIsTakenInPartOrRefusedAsAwsDoes() {
    refused(
        InvalidParameterException.class,
        "must be in chronological order",
        () -> put("a", event(now(), "x"), event(now() - 1, "y")));
    refused(
        InvalidParameterException.class,
        "cannot span more than 24 hours",
        () -> put("a", event(now() - 86_400_001, "x"), event(now(), "y")));
    refused(
        InvalidParameterException.class,
        "Upload too large: 1048577 bytes exceeds limit of 1048576",
        () -> put("a", event(now(), "é".repeat((1 << 19) - 13) + "x")));
    assertThat(put("a", event(now(), "é".repeat((1 << 19) - 13))).rejectedLogEventsInfo()).isNull();

    long limit = now() - EventsIn.MAX_AGE;
    PutLogEventsResponse old = put("b", event(limit - 1, "too old"), event(limit, "just right"));
    assertThat(old.rejectedLogEventsInfo().tooOldLogEventEndIndex()).isEqualTo(1);
    long ahead = now() + EventsIn.MAX_AHEAD;
    PutLogEventsResponse early = put("b", event(ahead, "just right"), event(ahead + 1, "too new"));
    assertThat(early.rejectedLogEventsInfo().tooNewLogEventStartIndex()).isEqualTo(1);
    assertThat(filter("right")).containsExactly("just right", "just right");
    assertThat(filter("too")).isEmpty();
    call(
        c ->
            c.putLogEvents(
                r ->
                    r.logGroupName("/ecs/web")
                        .logStreamName("b")
                        .sequenceToken("whatever")
                        .logEvents(event(now(), "with a token"))));
  }

  @Test
  void pagesOfAStreamGoForwardAndBackward() {
    for (int i = 0; i < 10; i++) {
      put("a", event(now() + i, "m" + i));
      put("b", event(now() + i, "other"));
    }
    Function<GetLogEventsResponse, String> text =
        page ->
            page.events().stream().map(OutputLogEvent::message).collect(Collectors.joining(" "));
    GetLogEventsResponse newest = page(null, false, 4);
    assertThat(text.apply(newest)).isEqualTo("m6 m7 m8 m9");
    GetLogEventsResponse before = page(newest.nextBackwardToken(), false, 4);
    assertThat(text.apply(before)).isEqualTo("m2 m3 m4 m5");
    assertThat(text.apply(page(before.nextForwardToken(), false, 100))).isEqualTo("m6 m7 m8 m9");
    GetLogEventsResponse end = page(newest.nextForwardToken(), true, 4);
    assertThat(end.events()).isEmpty();
    assertThat(end.nextForwardToken()).isEqualTo(newest.nextForwardToken());
    put("a", event(now() + 10, "m10"));
    assertThat(text.apply(page(end.nextForwardToken(), true, 4))).isEqualTo("m10");
    assertThat(text.apply(page(null, true, 2))).isEqualTo("m0 m1");
    refused(InvalidParameterException.class, "nextToken is invalid", () -> page("f/12", true, 2));
    assertThat(
            call(c ->
                    c.getLogEvents(
                        r ->
                            r.logGroupName("/ecs/web")
                                .logStreamName("a")
                                .startTime(now() + 1)
                                .endTime(now() + 3)))
                .events())
        .hasSize(2);
  }

  private GetLogEventsResponse page(String token, boolean head, int limit) {
    return call(
        c ->
            c.getLogEvents(
                r ->
                    r.logGroupName("/ecs/web")
                        .logStreamName("a")
                        .nextToken(token)
                        .startFromHead(head)
                        .limit(limit)));
  }

  @Test
  void aSearchGoesOverStreamsInPages() {
    for (int i = 0; i < 6; i++) {
      put(i % 2 == 0 ? "a" : "b", event(now() + i, (i % 3 == 0 ? "ERROR " : "fine ") + i));
    }
    List<String> found = new ArrayList<>();
    String token = null;
    do {
      String from = token;
      FilterLogEventsResponse page =
          call(
              c ->
                  c.filterLogEvents(
                      r ->
                          r.logGroupIdentifier(
                                  "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:*")
                              .filterPattern("fine")
                              .limit(3)
                              .nextToken(from)));
      page.events().forEach(e -> found.add(e.logStreamName() + e.message()));
      assertThat(page.events()).extracting(FilteredLogEvent::eventId).doesNotHaveDuplicates();
      token = page.nextToken();
    } while (token != null);
    assertThat(found).containsExactly("bfine 1", "afine 2", "afine 4", "bfine 5");
    assertThat(
            call(c ->
                    c.filterLogEvents(
                        r ->
                            r.logGroupName("/ecs/web").logStreamNamePrefix("b").endTime(now() + 3)))
                .events())
        .hasSize(2);
    refused(
        ResourceNotFoundException.class,
        "log stream",
        () -> call(c -> c.filterLogEvents(r -> r.logGroupName("/ecs/web").logStreamNames("none"))));
  }

  private static final String JSON =
      "{\"level\":\"warn\",\"status\":404,\"user\":{\"name\":\"Ann Lee\",\"tags\":[\"x\",\"y\"]},"
          + "\"ok\":true,\"none\":null,\"odd key\":1.5}";
  private static final String SPACE =
      "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\u0001',
      value = {
        "t ~ ERROR 400 BAD REQUEST ~ yes ~ [ERROR 400] BAD REQUEST",
        "t ~ ERROR REQUEST ~ no ~ ERROR here",
        "t ~ ?ERROR ?WARN ~ yes ~ a WARN",
        "t ~ ?ERROR ?WARN ~ no ~ info",
        "t ~ ERROR -EXIT ~ no ~ ERROR EXIT",
        "t ~ ERROR -EXIT ~ yes ~ ERROR",
        "t ~ \"INTERNAL SERVER\" ~ yes ~ an INTERNAL SERVER error",
        "t ~ \"say \\\"hi\\\"\" ~ yes ~ they say \"hi\"",
        "t ~ error ~ no ~ ERROR",
        "t ~ %AUTHORIZED%  ~ yes ~ UNAUTHORIZED",
        "t ~ %4[0-9]{2}% -x ~ yes ~ status 404",
        "t ~ %^4[0-9]{2}$% ~ no ~ status 404",
        "j ~ { $.level = \"warn\" } ~ yes ~",
        "j ~ { $.level = warn && $.status = 4* } ~ yes ~",
        "j ~ { $.level = \"w*n\" || $.status = 1 } ~ yes ~",
        "j ~ { ($.status > 400) && ($.status <= 404) } ~ yes ~",
        "j ~ { $.status != 404 } ~ no ~",
        "j ~ { $.user.name = \"Ann Lee\" } ~ yes ~",
        "j ~ { $.user.tags[1] = y } ~ yes ~",
        "j ~ { $.user.tags[2] = y } ~ no ~",
        "j ~ { $.user = \"*\" } ~ no ~",
        "j ~ { $.['odd key'] = 1.5e0 } ~ yes ~",
        "j ~ { $.none IS NULL } ~ yes ~",
        "j ~ { $.ok IS TRUE } ~ yes ~",
        "j ~ { $.ok IS FALSE } ~ no ~",
        "j ~ { $.missing NOT EXISTS } ~ yes ~",
        "j ~ { $.ok NOT EXISTS } ~ no ~",
        "j ~ { $.level = %^wa% } ~ yes ~",
        "j ~ { $.status = 404 && $.level = \"x\" || $.ok IS TRUE } ~ yes ~",
        "s ~ [ip, id, user, time, request, status=4*, bytes] ~ yes ~",
        "s ~ [ip, id, user, time, request, status=404 && status!=403, bytes>1000] ~ yes ~",
        "s ~ [ip, ..., status=200 || status=404, bytes] ~ yes ~",
        "s ~ [..., request=\"*html*\", status, bytes<1000] ~ no ~",
        "s ~ [ip, user] ~ no ~",
        "s ~ [ip=%127\\.0%, ...] ~ yes ~",
      })
  void filterPatternsMatchAsTheGuideSays(String kind, String pattern, String match, String line) {
    String message = kind.equals("j") ? JSON : kind.equals("s") ? SPACE : line;
    assertThat(FilterPattern.parse(pattern).matches(message)).isEqualTo(match.equals("yes"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\u0001',
      value = {
        "foo-bar",
        "\"open",
        "{ $.a }",
        "{ $.a = 1",
        "{ a = 1 }",
        "[a, ..., ...]",
        "%(a)%",
        "{ $.a > x }",
        "%a%b%",
        "{ $.a = 1 } x",
        "[a b]",
        "{ $.a IS SOMETHING }"
      })
  void whatIsNoFilterPatternIsRefused(String pattern) {
    assertThatThrownBy(() -> FilterPattern.parse(pattern))
        .isInstanceOf(InvalidParameterException.class);
  }

  @Test
  void metricFiltersAreTestedStoredAndCounted() {
    TestMetricFilterResponse tested =
        call(
            c ->
                c.testMetricFilter(
                    r ->
                        r.filterPattern("[ip, ..., status=4*, bytes]")
                            .logEventMessages(SPACE, "nothing")));
    assertThat(tested.matches()).hasSize(1);
    assertThat(tested.matches().getFirst().extractedValues())
        .containsEntry("$status", "404")
        .containsEntry("$ip", "127.0.0.1");
    call(
        c ->
            c.putMetricFilter(
                r ->
                    r.logGroupName("/ecs/web")
                        .filterName("bytes")
                        .filterPattern("[ip, ..., status=4*, bytes]")
                        .metricTransformations(
                            MetricTransformation.builder()
                                .metricName("Bytes")
                                .metricNamespace("Web")
                                .metricValue("$bytes")
                                .dimensions(Map.of("Status", "$status"))
                                .build())));
    put("a", event(now(), SPACE), event(now(), "nothing"));
    assertThat(points).hasSize(1);
    assertThat(points.getFirst().value()).isEqualTo(1534);
    assertThat(points.getFirst().dimensions()).isEqualTo(Map.of("Status", "404"));
    assertThat(
            call(c -> c.describeMetricFilters(r -> r.metricName("Bytes").metricNamespace("Web")))
                .metricFilters())
        .hasSize(1);
    assertThat(call(c -> c.describeLogGroups(r -> {})).logGroups().getFirst().metricFilterCount())
        .isOne();
    call(c -> c.deleteMetricFilter(r -> r.logGroupName("/ecs/web").filterName("bytes")));
    refused(
        ResourceNotFoundException.class,
        "The specified metric filter does not exist.",
        () -> call(c -> c.deleteMetricFilter(r -> r.logGroupName("/ecs/web").filterName("bytes"))));
    refused(
        InvalidParameterException.class,
        "kinesis",
        () ->
            call(
                c ->
                    c.putSubscriptionFilter(
                        r ->
                            r.logGroupName("/ecs/web")
                                .filterName("f")
                                .filterPattern("")
                                .destinationArn("arn:aws:kinesis:eu-west-1:1:stream/s"))));
  }

  @Test
  void aDefaultIsReportedOnceForAMinuteInWhichNothingWasFound() {
    call(
        c ->
            c.putMetricFilter(
                r ->
                    r.logGroupName("/ecs/web")
                        .filterName("errors")
                        .filterPattern("ERROR")
                        .metricTransformations(
                            MetricTransformation.builder()
                                .metricName("Errors")
                                .metricNamespace("Web")
                                .metricValue("1")
                                .defaultValue(0.0)
                                .build())));
    time.advance(Duration.ofSeconds(61));
    assertThat(points).as("nothing came").isEmpty();
    Instant minute = time.instant().truncatedTo(ChronoUnit.MINUTES);
    put("a", event(now(), "fine"));
    put("b", event(now() - 3_600_000, "fine"), event(now(), "fine"));
    assertThat(points).as("the minute is not over").isEmpty();
    time.advance(Duration.ofSeconds(60));
    assertThat(points).containsExactly(errors(0, minute));

    points.clear();
    put("a", event(now(), "fine"));
    Instant at = time.instant().truncatedTo(ChronoUnit.MILLIS);
    put("a", event(now(), "ERROR"));
    put("a", event(now(), "fine"));
    time.advance(Duration.ofMinutes(10));
    assertThat(points).containsExactly(errors(1, at));

    points.clear();
    put("a", event(now(), "fine"));
    call(c -> c.deleteMetricFilter(r -> r.logGroupName("/ecs/web").filterName("errors")));
    time.advance(Duration.ofMinutes(10));
    assertThat(points).as("the filter is gone").isEmpty();
  }

  private static MetricSink.Point errors(double value, Instant at) {
    return new MetricSink.Point("Web", "Errors", Map.of(), "None", value, at);
  }

  @Test
  void eventsPastTheirRetentionAreHiddenAndThenDeleted() throws IOException {
    ControllerRunner runner = ControllerRunner.virtual(store, time, ids);
    runner.addAll(hosted.controllers().apply(context));
    refused(
        InvalidParameterException.class,
        "retentionInDays",
        () -> call(c -> c.putRetentionPolicy(r -> r.logGroupName("/ecs/web").retentionInDays(2))));
    call(c -> c.putRetentionPolicy(r -> r.logGroupName("/ecs/web").retentionInDays(1)));
    PutLogEventsResponse old = put("a", event(now() - 86_400_001, "expired"));
    assertThat(old.rejectedLogEventsInfo().expiredLogEventEndIndex()).isOne();
    assertThat(old.rejectedLogEventsInfo().tooOldLogEventEndIndex()).isNull();
    put("a", event(now(), "short-lived"));
    assertThat(filter("")).containsExactly("short-lived");
    time.advance(Duration.ofHours(25));
    assertThat(filter("")).isEmpty();
    runner.close();
  }

  @Test
  void tagsAreKept() {
    String arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web";
    call(c -> c.tagResource(r -> r.resourceArn(arn).tags(Map.of("a", "1", "b", "2"))));
    call(c -> c.untagResource(r -> r.resourceArn(arn).tagKeys("a")));
    assertThat(call(c -> c.listTagsForResource(r -> r.resourceArn(arn + ":*"))).tags())
        .isEqualTo(Map.of("b", "2"));
    Map<String, String> many =
        IntStream.range(0, 51).boxed().collect(Collectors.toMap(i -> "k" + i, i -> "v"));
    refused(
        TooManyTagsException.class,
        "50",
        () -> call(c -> c.tagResource(r -> r.resourceArn(arn).tags(many))));
  }

  private List<String> insights(String query) {
    StartQueryResponse started =
        call(
            c ->
                c.startQuery(
                    r ->
                        r.logGroupName("/ecs/web")
                            .startTime(now() / 1000 - 3600)
                            .endTime(now() / 1000 + 3600)
                            .queryString(query)));
    GetQueryResultsResponse results =
        call(c -> c.getQueryResults(r -> r.queryId(started.queryId())));
    assertThat(results.status()).isEqualTo(QueryStatus.COMPLETE);
    return results.results().stream()
        .map(
            row ->
                row.stream()
                    .filter(cell -> !cell.field().equals("@ptr"))
                    .map(cell -> cell.field() + "=" + cell.value())
                    .collect(Collectors.joining(" ")))
        .toList();
  }

  @Test
  void insightsQueries() {
    long t = now() / 60_000 * 60_000;
    put(
        "a",
        event(t, "{\"route\":\"/a\",\"ms\":10,\"http\":{\"status\":200}}"),
        event(t + 1, "{\"route\":\"/a\",\"ms\":30,\"http\":{\"status\":500}}"),
        event(t + 2, "{\"route\":\"/b\",\"ms\":7.5,\"http\":{\"status\":200}}"),
        event(t + 3, "user=ann took 12 ms"));
    assertThat(insights("fields @message | filter @message like \"took\""))
        .containsExactly("@message=user=ann took 12 ms");
    assertThat(
            insights(
                "filter ispresent(ms) | stats count(*) as n, avg(ms), max(ms) by route | sort n"
                    + " desc"))
        .containsExactly(
            "route=/a n=2 avg(ms)=20 max(ms)=30", "route=/b n=1 avg(ms)=7.5 max(ms)=7.5");
    assertThat(
            insights(
                "fields route, http.status as s | filter s >= 500 and route in [\"/a\", \"/c\"]"))
        .containsExactly("route=/a s=500");
    assertThat(
            insights(
                "parse @message \"user=* took * ms\" as user, ms2 | filter ms2 > 5 | display user,"
                    + " ms2 * 2 as twice"))
        .containsExactly("user=ann twice=24");
    assertThat(insights("parse @message /took (?<d>\\d+)/ | filter ispresent(d) | display d"))
        .containsExactly("d=12");
    assertThat(
            insights(
                "fields toupper(route) as r | filter not (isempty(r)) | sort ms asc | limit 2"))
        .containsExactly("r=/B", "r=/A");
    assertThat(insights("filter route like /^\\// | dedup route | display route"))
        .containsExactly("route=/b", "route=/a");
    assertThat(
            insights(
                "stats count() as n, pct(ms, 50) as p, count_distinct(route) as d by @logStream"))
        .containsExactly("@logStream=a n=4 p=10 d=2");
    assertThat(insights("stats count(*) by bin(1m)"))
        .hasSize(1)
        .first()
        .asString()
        .endsWith("count(*)=4");
    assertThat(
            insights("fields @timestamp, @message # a comment\n| sort @timestamp desc | limit 1"))
        .hasSize(1)
        .first()
        .asString()
        .contains("took");
    for (String bad :
        List.of(
            "frobnicate x",
            "fields nofunction(x)",
            "filter a =",
            "stats count(*",
            "pattern @message",
            "parse @message \"*\" as a, b")) {
      refused(MalformedQueryException.class, "", () -> insights(bad));
    }
    refused(
        ResourceNotFoundException.class,
        "",
        () -> call(c -> c.getQueryResults(r -> r.queryId("none"))));
    assertThat(call(c -> c.describeQueries(r -> r.logGroupName("/ecs/web"))).queries())
        .isNotEmpty();
  }

  @Test
  void whatIsStoredIsThereAfterARestart() throws IOException {
    put("a", event(now(), "kept"));
    logs.close();
    CloudWatchLogsClient again = CloudWatchLogs.hosted((scope, more) -> {}).create().apply(context);
    logs = again;
    assertThat(filter("kept")).containsExactly("kept");
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile)).hasSize(1);
    }
  }

  /** What a session of live tail is told. */
  private static final class Told
      implements org.reactivestreams.Subscriber<StartLiveTailResponseStream> {
    private final List<StartLiveTailResponseStream> events = new ArrayList<>();
    private org.reactivestreams.Subscription subscription;
    private Throwable failure;

    @Override
    public void onSubscribe(org.reactivestreams.Subscription given) {
      subscription = given;
    }

    @Override
    public void onNext(StartLiveTailResponseStream event) {
      events.add(event);
    }

    @Override
    public void onError(Throwable e) {
      failure = e;
    }

    @Override
    public void onComplete() {}

    private List<LiveTailSessionLogEvent> lines() {
      return events.stream()
          .filter(LiveTailSessionUpdate.class::isInstance)
          .flatMap(e -> ((LiveTailSessionUpdate) e).sessionResults().stream())
          .toList();
    }
  }

  private Told tail(java.util.function.Consumer<StartLiveTailRequest.Builder> asked) {
    Told told = new Told();
    StartLiveTailResponseHandler handler =
        StartLiveTailResponseHandler.builder()
            .onResponse(response -> {})
            .onEventStream(events -> events.subscribe(told))
            .build();
    StartLiveTailRequest.Builder request =
        StartLiveTailRequest.builder()
            .logGroupIdentifiers("arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web");
    asked.accept(request);
    call(c -> ((LiveTailing) c).startLiveTail(request.build(), handler));
    return told;
  }

  private void put(String stream, String message) {
    call(
        c ->
            c.putLogEvents(
                r ->
                    r.logGroupName("/ecs/web")
                        .logStreamName(stream)
                        .logEvents(event(now(), message))));
  }

  @Test
  void liveTailTellsOnceASecondWhatCameAndMatches() {
    put("a", "ERROR before");
    Told all = tail(r -> r.logEventFilterPattern("ERROR"));
    Told ofB = tail(r -> r.logStreamNamePrefixes("b"));
    assertThat(all.events).singleElement().isInstanceOf(LiveTailSessionStart.class);
    put("a", "ERROR one");
    put("a", "fine");
    put("b", "two");
    all.subscription.request(1);
    ofB.subscription.request(2);
    time.advance(java.time.Duration.ofSeconds(1));
    assertThat(all.lines())
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.message()).isEqualTo("ERROR one");
              assertThat(line.logStreamName()).isEqualTo("a");
              assertThat(line.logGroupIdentifier()).isEqualTo("111122223333:/ecs/web");
            });
    assertThat(ofB.lines()).extracting(LiveTailSessionLogEvent::message).containsExactly("two");
    for (int i = 0; i < LiveTails.EVENTS + 1; i++) {
      put("a", "ERROR " + i);
    }
    time.advance(java.time.Duration.ofSeconds(1));
    assertThat(all.lines()).as("it has not asked for more").hasSize(1);
    all.subscription.request(1);
    time.advance(java.time.Duration.ofSeconds(1));
    assertThat(all.lines()).hasSize(1 + LiveTails.EVENTS);
    assertThat(((LiveTailSessionUpdate) all.events.getLast()).sessionMetadata().sampled()).isTrue();
    ofB.subscription.cancel();
    int events = ofB.events.size();
    ofB.subscription.request(1);
    time.advance(java.time.Duration.ofSeconds(1));
    assertThat(ofB.events).hasSize(events);
    time.advance(LiveTails.LONGEST);
    assertThat(all.failure).isInstanceOf(SessionTimeoutException.class);
    assertThatThrownBy(() -> tail(r -> r.logStreamNames("none")))
        .isInstanceOf(ResourceNotFoundException.class);
    assertThatThrownBy(() -> tail(r -> r.logGroupIdentifiers("/ecs/web")))
        .isInstanceOf(InvalidParameterException.class);
  }

  @Test
  void queriesPointAtTheirEventsAndAreListedInPages() {
    put("a", event(now(), "{\"level\":\"error\",\"user\":{\"ids\":[7,8]}}"), event(now(), "plain"));
    long second = now() / 1000;
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(
          call(c ->
                  c.startQuery(
                      r ->
                          r.logGroupName("/ecs/web")
                              .startTime(second - 10)
                              .endTime(second + 10)
                              .queryString("filter level = 'error'")))
              .queryId());
    }
    String pointer =
        call(c -> c.getQueryResults(r -> r.queryId(ids.getFirst()))).results().getFirst().stream()
            .filter(field -> field.field().equals("@ptr"))
            .findFirst()
            .orElseThrow()
            .value();
    assertThat(call(c -> c.getLogRecord(r -> r.logRecordPointer(pointer))).logRecord())
        .containsEntry("level", "error")
        .containsEntry("user.ids.1", "8")
        .containsEntry("@logStream", "a")
        .containsEntry("@log", "111122223333:/ecs/web");
    refused(
        InvalidParameterException.class,
        "pointer is invalid",
        () -> call(c -> c.getLogRecord(r -> r.logRecordPointer("x" + pointer))));

    var newest = call(c -> c.describeQueries(r -> r.maxResults(2)));
    assertThat(newest.queries())
        .extracting(QueryInfo::queryId)
        .containsExactly(ids.get(2), ids.get(1));
    assertThat(call(c -> c.describeQueries(r -> r.nextToken(newest.nextToken()))).queries())
        .extracting(QueryInfo::queryId)
        .containsExactly(ids.get(0));
    refused(
        InvalidParameterException.class,
        "Only one of",
        () ->
            call(
                c ->
                    c.startQuery(
                        r ->
                            r.logGroupName("/ecs/web")
                                .logGroupNames("/ecs/web")
                                .startTime(1L)
                                .endTime(2L)
                                .queryString("limit 1"))));
  }

  @Test
  void aGroupTakesFivePatternsWithRegularExpressions() {
    MetricTransformation one =
        MetricTransformation.builder()
            .metricName("m")
            .metricNamespace("n")
            .metricValue("1")
            .build();
    for (int i = 0; i < 6; i++) {
      String name = "f" + i;
      PutMetricFilterRequest request =
          PutMetricFilterRequest.builder()
              .logGroupName("/ecs/web")
              .filterName(name)
              .filterPattern("{ $.a = %x" + i + "% }")
              .metricTransformations(one)
              .build();
      if (i < 5) {
        call(c -> c.putMetricFilter(request));
        call(c -> c.putMetricFilter(request)); // the same again is no more
      } else {
        refused(
            LimitExceededException.class,
            "Resource limit exceeded.",
            () -> call(c -> c.putMetricFilter(request)));
        call(c -> c.putMetricFilter(request.toBuilder().filterPattern("plain").build()));
      }
    }
  }

  @Test
  void noAccountIsLinkedToAnother() {
    List<String> own = List.of("111122223333");
    List<String> other = List.of("444455556666");
    assertThat(
            call(c ->
                    c.describeLogGroups(r -> r.includeLinkedAccounts(true).accountIdentifiers(own)))
                .logGroups())
        .hasSize(1);
    assertThat(
            call(c ->
                    c.describeLogGroups(
                        r -> r.includeLinkedAccounts(true).accountIdentifiers(other)))
                .logGroups())
        .isEmpty();
    assertThat(
            call(c -> c.listLogGroups(r -> r.includeLinkedAccounts(true).accountIdentifiers(other)))
                .logGroups())
        .isEmpty();
    refused(
        InvalidParameterException.class,
        "includeLinkedAccounts",
        () -> call(c -> c.describeLogGroups(r -> r.accountIdentifiers(own))));
  }
}
