package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Version;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every registered target in use how it does, one interval after the last, each time over a
 * new connection, and turns the answers into states:
 *
 * <pre>
 *   initial --one success--> healthy            initial --failures--> unhealthy
 *   healthy --failures--> unhealthy             unhealthy --successes--> healthy
 * </pre>
 */
final class HealthChecker {

  private static final Logger LOG = LoggerFactory.getLogger(HealthChecker.class);

  static final String INITIAL = "Elb.InitialHealthChecking";
  static final String MISMATCH = "Target.ResponseCodeMismatch";
  static final String TIMEOUT = "Target.Timeout";
  static final String FAILED = "Target.FailedHealthChecks";

  private final EventLoop loop;
  private final LoadBalancers owner;
  private final Consumer<TargetHealthReport> reports;
  private final Map<TargetState, Checked> running = new HashMap<>();

  /** What is asked of a target, and for which of its registrations. */
  private record Asked(HealthCheck settings, Instant registered) {}

  private record Checked(Asked asked, ScheduledFuture<?> schedule) {}

  HealthChecker(EventLoop loop, LoadBalancers owner, Consumer<TargetHealthReport> reports) {
    this.loop = loop;
    this.owner = owner;
    this.reports = reports;
  }

  /** Looks at the table anew; runs on the checker's loop. */
  void update(Iterable<GroupState> groups) {
    Map<TargetState, Asked> wanted = new HashMap<>();
    for (GroupState group : groups) {
      if (!group.inUse || !group.spec.healthCheck().enabled()) {
        continue;
      }
      for (TargetState target : group.targets.values()) {
        if (!target.draining) {
          wanted.put(target, new Asked(group.spec.healthCheck(), target.registered));
        }
      }
    }
    running
        .entrySet()
        .removeIf(
            entry -> {
              if (entry.getValue().asked().equals(wanted.get(entry.getKey()))) {
                return false;
              }
              entry.getValue().schedule().cancel(false);
              return true;
            });
    wanted.forEach(
        (target, asked) -> {
          if (!running.containsKey(target)) {
            running.put(
                target,
                new Checked(
                    asked,
                    loop.scheduleWithFixedDelay(
                        () -> check(target, asked),
                        0,
                        asked.settings().interval().toNanos(),
                        TimeUnit.NANOSECONDS)));
            if (target.health == TargetState.Health.INITIAL) {
              report(target, "initial", INITIAL, "Initial health checks in progress");
            }
          }
        });
  }

  void close() {
    running.values().forEach(checked -> checked.schedule().cancel(false));
    running.clear();
  }

  // --- one check -----------------------------------------------------------------------------

  private void check(TargetState target, Asked asked) {
    HealthCheck settings = asked.settings();
    SocketRooms.Room room = owner.room(target.group.spec.room());
    if (room == null) {
      result(target, settings, new Verdict(FAILED, "Health checks failed"));
      return;
    }
    Integer port = settings.port();
    InetSocketAddress address =
        port == null ? target.address : new InetSocketAddress(target.address.getAddress(), port);
    Probe probe = new Probe(target, asked, address);
    try {
      probe.start(room);
    } catch (RuntimeException e) {
      LOG.error("The health of {} could not be asked for.", address, e);
      probe.done(new Verdict("Elb.InternalError", "Health checks failed due to an internal error"));
    }
  }

  /** Null reason: well. */
  record Verdict(@Nullable String reason, @Nullable String description) {
    static final Verdict WELL = new Verdict(null, null);

    /** In one line. */
    String said() {
      String what = description == null ? "well" : description;
      return reason == null ? what : reason + ": " + what;
    }
  }

  private final class Probe extends ChannelInboundHandlerAdapter {
    private final TargetState target;
    private final Asked asked;
    private final HealthCheck settings;
    private final InetSocketAddress address;
    private @Nullable EpollSocketChannel channel;
    private @Nullable ScheduledFuture<?> limit;
    private final ByteBuf received = Unpooled.buffer();
    private boolean done;
    private final long since = System.nanoTime();

    Probe(TargetState target, Asked asked, InetSocketAddress address) {
      this.target = target;
      this.asked = asked;
      this.settings = asked.settings();
      this.address = address;
    }

    void start(SocketRooms.Room room) {
      EpollSocketChannel made = room.make(EpollSocketChannel::new);
      channel = made;
      Duration timeout = settings.timeout();
      made.config().setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0);
      limit =
          loop.schedule(
              () -> done(new Verdict(TIMEOUT, "Request timed out")),
              timeout.toNanos(),
              TimeUnit.NANOSECONDS);
      boolean grpc = target.group.spec.version() == Version.GRPC;
      boolean http2 = target.group.spec.version() == Version.HTTP2;
      Protocol protocol = settings.protocol();
      boolean secure = protocol.secure();
      boolean http = protocol == Protocol.HTTP || protocol == Protocol.HTTPS;
      if (secure) {
        SslHandler ssl = Tls.toTarget(made.alloc(), target, (grpc || http2) && http);
        ssl.setHandshakeTimeoutMillis(timeout.toMillis());
        made.pipeline().addLast(ssl);
      }
      if (http && (grpc || http2)) {
        Http2Probe.install(made, settings, authority(), grpc, secure, this::done);
      } else {
        made.pipeline().addLast(this);
      }
      if (settings.port() == null && target.group.spec.settings().proxyProtocol()) {
        made.pipeline().addFirst(new Greeting());
      }
      var _ =
          loop.register(made)
              .addListener(
                  registered ->
                      made.connect(address, target.group.spec.from())
                          .addListener(
                              connected -> {
                                if (!connected.isSuccess()) {
                                  done(new Verdict(FAILED, "Health checks failed"));
                                }
                              }));
    }

    private String authority() {
      return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      if (!settings.protocol().secure()) {
        ask(ctx);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent shaken) {
        if (shaken.isSuccess()) {
          ask(ctx);
        } else {
          done(new Verdict(FAILED, "Health checks failed"));
        }
      }
    }

    private void ask(ChannelHandlerContext ctx) {
      Protocol protocol = settings.protocol();
      if (protocol != Protocol.HTTP && protocol != Protocol.HTTPS) {
        done(Verdict.WELL);
        return;
      }
      String request =
          "GET "
              + settings.path()
              + " HTTP/1.1\r\nHost: "
              + authority()
              + "\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
              + "Accept-Encoding: gzip, compressed\r\n\r\n";
      ctx.writeAndFlush(
          Unpooled.copiedBuffer(request, StandardCharsets.ISO_8859_1), ctx.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf in = (ByteBuf) message;
      try {
        if (done) {
          return;
        }
        received.writeBytes(in);
        Head head = new Head();
        head.clear();
        int available = received.readableBytes();
        head.room(available);
        received.getBytes(0, head.bytes, 0, available);
        int end = HeadParser.response(head, available);
        if (end > 0 && head.status >= 200) {
          done(
              codeMatches(settings.matcher(), head.status)
                  ? new Verdict(null, "answered " + head.status)
                  : new Verdict(
                      MISMATCH, "Health checks failed with these codes: [" + head.status + "]"));
        } else if (end > 0) {
          received.skipBytes(end).discardReadBytes();
        } else if (end == HeadParser.REFUSED || available > HeadParser.MAX_RESPONSE_HEAD) {
          done(new Verdict(FAILED, "Health checks failed"));
        }
      } finally {
        in.release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      done(new Verdict(FAILED, "Health checks failed"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      done(new Verdict(FAILED, "Health checks failed"));
    }

    void done(Verdict verdict) {
      if (done) {
        return;
      }
      done = true;
      if (limit != null) {
        limit.cancel(false);
      }
      if (channel != null) {
        channel.close();
      }
      received.release();
      target.lastCheck =
          verdict.said()
              + " after "
              + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since)
              + " ms, at "
              + Instant.now().truncatedTo(ChronoUnit.SECONDS);
      Checked now = running.get(target);
      if (now != null && now.asked().equals(asked)) {
        result(target, settings, verdict);
      }
    }
  }

  /** A target that expects the proxy header expects it of a check too; it names nobody. */
  private static final class Greeting extends ChannelInboundHandlerAdapter {
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(ProxyProtocol.local(ctx.alloc()), ctx.voidPromise());
      ctx.fireChannelActive();
    }
  }

  /** {@code 200}, {@code 200,202}, {@code 200-299}, and mixtures. */
  static boolean codeMatches(String matcher, int code) {
    for (String part : matcher.split(",", -1)) {
      String one = part.strip();
      int dash = one.indexOf('-');
      int low = Integer.parseInt(dash < 0 ? one : one.substring(0, dash));
      int high = dash < 0 ? low : Integer.parseInt(one.substring(dash + 1));
      if (code >= low && code <= high) {
        return true;
      }
    }
    return false;
  }

  // --- what follows from it ------------------------------------------------------------------

  private void result(TargetState target, HealthCheck settings, Verdict verdict) {
    TargetState.Health was = target.health;
    TargetState.Health now = was;
    if (verdict.reason() == null) {
      target.failures = 0;
      target.successes++;
      // The first success is enough, whatever the threshold says.
      if (was == TargetState.Health.INITIAL
          || (was == TargetState.Health.UNHEALTHY
              && target.successes >= settings.healthyThreshold())) {
        now = TargetState.Health.HEALTHY;
      }
    } else {
      target.successes = 0;
      target.failures++;
      if (was != TargetState.Health.UNHEALTHY && target.failures >= settings.unhealthyThreshold()) {
        now = TargetState.Health.UNHEALTHY;
      }
    }
    boolean newReason =
        now == TargetState.Health.UNHEALTHY
            && verdict.reason() != null
            && (!verdict.reason().equals(target.reason)
                || !String.valueOf(verdict.description()).equals(target.description));
    if (now == was && !newReason) {
      return;
    }
    target.health = now;
    target.reason = now == TargetState.Health.HEALTHY ? null : verdict.reason();
    target.description = now == TargetState.Health.HEALTHY ? null : verdict.description();
    if (now == TargetState.Health.HEALTHY) {
      startSlowly(target);
    } else {
      target.slowStartFrom = 0;
    }
    if (now != was) {
      target.group.recompute();
      owner.healthChanged(target, now);
    }
    if (now != TargetState.Health.UNHEALTHY) {
      target.draining(null);
      report(
          target, now.name().toLowerCase(java.util.Locale.ROOT), target.reason, target.description);
      return;
    }
    Duration drains = target.group.spec.settings().unhealthyDraining();
    if (was != now && !drains.isZero()) {
      target.draining(loop.schedule(() -> drained(target), drains.toNanos(), TimeUnit.NANOSECONDS));
    }
    report(
        target,
        target.isDrainingUnhealthy() ? "unhealthy.draining" : "unhealthy",
        target.reason,
        target.description);
  }

  /** A target was unhealthy for as long as its flows may stay. */
  private void drained(TargetState target) {
    target.draining(null);
    if (target.health == TargetState.Health.UNHEALTHY && !target.removed) {
      owner.flowsEnd(target);
      report(target, "unhealthy", target.reason, target.description);
    }
  }

  /** Only beside another that is past it: the first ones in an empty group serve at once. */
  private static void startSlowly(TargetState target) {
    Duration ramp = target.group.spec.settings().slowStart();
    if (ramp.isZero()) {
      return;
    }
    long now = System.nanoTime();
    for (TargetState other : target.group.targets.values()) {
      if (other != target
          && !other.draining
          && other.health == TargetState.Health.HEALTHY
          && (other.slowStartFrom == 0 || now - other.slowStartFrom > ramp.toNanos())) {
        target.slowStartFrom = now;
        return;
      }
    }
    target.slowStartFrom = 0;
  }

  private void report(
      TargetState target, String state, @Nullable String reason, @Nullable String description) {
    reports.accept(
        new TargetHealthReport(
            target.group.arn, target.id, target.port, state, reason, description));
  }
}
