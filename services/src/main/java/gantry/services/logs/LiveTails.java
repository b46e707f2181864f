package gantry.services.logs;

import gantry.state.Ids;
import gantry.state.Timers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.cloudwatchlogs.model.LimitExceededException;
import software.amazon.awssdk.services.cloudwatchlogs.model.LiveTailSessionLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.SessionTimeoutException;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.StartLiveTailResponseStream;

/**
 * Sessions of live tail: each is told once a second what came meanwhile, if it asks for more. What
 * is more than {@link #EVENTS} in a second is left out, and the session is told that it sees a
 * sample.
 */
final class LiveTails {

  static final int EVENTS = 500;
  static final int SESSIONS = 15;
  static final Duration BEAT = Duration.ofSeconds(1);
  static final Duration LONGEST = Duration.ofHours(3);

  private final Clock clock;
  private final Timers timers;
  private final Ids ids;
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();

  LiveTails(Clock clock, Timers timers, Ids ids) {
    this.clock = clock;
    this.timers = timers;
    this.ids = ids;
  }

  /**
   * A group that a session listens to.
   *
   * @param identifier as the session's events say it: {@code account:name}
   * @param stream which of its streams
   */
  record Source(String groupId, String identifier, Predicate<String> stream) {}

  /** A new session, which begins when it is subscribed to. */
  SdkPublisher<StartLiveTailResponseStream> open(
      String account,
      StartLiveTailRequest request,
      List<Source> sources,
      FilterPattern pattern,
      CompletableFuture<Void> end) {
    if (sessions.values().stream().filter(s -> s.account.equals(account)).count() >= SESSIONS) {
      throw LimitExceededException.builder()
          .message("The account has reached its limit of concurrent Live Tail sessions.")
          .build();
    }
    Session session = new Session(ids.uuid(), account, request, sources, pattern, end);
    sessions.put(session.id, session);
    Publisher<StartLiveTailResponseStream> events = session::begin;
    return SdkPublisher.adapt(events);
  }

  /** Hands on what was just kept. */
  void tell(String groupId, String stream, List<WriteAhead.Line> lines, long now) {
    for (Session session : sessions.values()) {
      session.tell(groupId, stream, lines, now);
    }
  }

  private final class Session implements Subscription {
    private final String id;
    private final String account;
    private final StartLiveTailRequest request;
    private final List<Source> sources;
    private final FilterPattern pattern;
    private final CompletableFuture<Void> end;
    private final Instant until;
    private @Nullable Subscriber<? super StartLiveTailResponseStream> subscriber;
    private List<LiveTailSessionLogEvent> waiting = new ArrayList<>();
    private boolean sampled;
    private long wanted;
    private boolean over;

    Session(
        String id,
        String account,
        StartLiveTailRequest request,
        List<Source> sources,
        FilterPattern pattern,
        CompletableFuture<Void> end) {
      this.id = id;
      this.account = account;
      this.request = request;
      this.sources = sources;
      this.pattern = pattern;
      this.end = end;
      this.until = clock.instant().plus(LONGEST);
    }

    synchronized void begin(Subscriber<? super StartLiveTailResponseStream> who) {
      subscriber = who;
      who.onSubscribe(this);
      who.onNext(
          StartLiveTailResponseStream.sessionStartBuilder()
              .requestId(ids.uuid())
              .sessionId(id)
              .logGroupIdentifiers(request.logGroupIdentifiers())
              .logStreamNames(request.logStreamNames())
              .logStreamNamePrefixes(request.logStreamNamePrefixes())
              .logEventFilterPattern(request.logEventFilterPattern())
              .build());
      timers.after(BEAT, this::beat);
    }

    private synchronized void beat() {
      Subscriber<? super StartLiveTailResponseStream> who = subscriber;
      if (over || who == null) {
        return;
      }
      if (!clock.instant().isBefore(until)) {
        cancel();
        who.onError(
            SessionTimeoutException.builder()
                .message("The Live Tail session has reached its longest time.")
                .build());
        return;
      }
      if (wanted > 0) {
        wanted--;
        who.onNext(
            StartLiveTailResponseStream.sessionUpdateBuilder()
                .sessionMetadata(m -> m.sampled(sampled))
                .sessionResults(waiting)
                .build());
        waiting = new ArrayList<>();
        sampled = false;
      }
      timers.after(BEAT, this::beat);
    }

    synchronized void tell(String groupId, String stream, List<WriteAhead.Line> lines, long now) {
      Optional<Source> source =
          sources.stream()
              .filter(s -> s.groupId().equals(groupId) && s.stream().test(stream))
              .findFirst();
      if (over || source.isEmpty()) {
        return;
      }
      for (WriteAhead.Line line : lines) {
        if (!pattern.matches(line.message())) {
          continue;
        }
        if (waiting.size() >= EVENTS) {
          sampled = true;
          return;
        }
        waiting.add(
            LiveTailSessionLogEvent.builder()
                .logGroupIdentifier(source.get().identifier())
                .logStreamName(stream)
                .message(line.message())
                .timestamp(line.timestamp())
                .ingestionTime(now)
                .build());
      }
    }

    @Override
    public synchronized void request(long more) {
      wanted = Math.addExact(wanted, more);
    }

    @Override
    public synchronized void cancel() {
      over = true;
      sessions.remove(id);
      end.complete(null);
    }
  }
}
