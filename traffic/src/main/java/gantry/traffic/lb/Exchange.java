package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Desync;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Version;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ConnectTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: what an application load balancer decides about it. The protocols are
 * at its two ends, {@link Front} and {@link Back}; all of it happens on one event loop.
 */
final class Exchange {

  /** A request that no target has got is tried on this many connections. */
  private static final int MAX_ATTEMPTS = 4;

  private static final int MAX_FORWARDED_FOR = 30;

  /** Of a request's body, while the connection to the target is being made. */
  private static final int MAX_QUEUED = 64 * 1024;

  private final Worker worker;
  private final Front front;
  final Head head;
  private final @Nullable Compiled compiled;
  final int port;
  final long created = System.nanoTime();
  final long createdMillis;

  Compiled.@Nullable Rule rule;
  @Nullable GroupState group;
  @Nullable TargetState target;
  private @Nullable TargetState failedTarget;
  private @Nullable Back back;
  private boolean backReady;
  private @Nullable ArrayDeque<ByteBuf> queued;
  private int queuedBytes;
  private int attempts;
  private boolean requestEnded;
  private boolean responseBegun;
  private boolean noBody;
  private boolean over;
  private boolean closeBoth;
  boolean tunnel;
  long dispatched;
  long answered;
  private long lastFromTarget;
  long received;
  long sent;
  int ownStatus;
  int targetStatus;
  private int bodySent;
  @Nullable String actions;
  @Nullable String redirectUrl;
  @Nullable String traceId;
  private Sticky.@Nullable Cookies cookies;
  private boolean appStuck;

  Exchange(Worker worker, Front front, Head head, @Nullable Compiled compiled, int port) {
    this.worker = worker;
    this.front = front;
    this.head = head;
    this.compiled = compiled;
    this.port = port;
    this.createdMillis =
        compiled != null && compiled.balancer.settings().accessLogPrefix() != null
            ? System.currentTimeMillis()
            : 0;
    this.received = head.length;
  }

  Head head() {
    return head;
  }

  Front front() {
    return front;
  }

  @Nullable TargetState target() {
    return target;
  }

  private Counters counters() {
    return compiled == null
        ? worker.owner.nobody(worker.index)
        : compiled.state.counters[worker.index];
  }

  // --- decide --------------------------------------------------------------------------------

  /** A head that cannot be served at all. */
  void refuse(int status) {
    requestEnded = true;
    if (head.desync == HeadParser.SEVERE) {
      counters().nonCompliant++;
    }
    own(status);
  }

  void start(boolean whole) {
    requestEnded = whole;
    Compiled c = compiled;
    if (c == null) {
      worker.owner.strayHost(this, head, port);
      return;
    }
    BalancerSettings settings = c.balancer.settings();
    if (head.desync != 0) {
      counters().nonCompliant++;
      if (settings.desync() == Desync.STRICTEST) {
        closeBoth = true;
        own(400);
        return;
      }
      if (head.desync == HeadParser.AMBIGUOUS && settings.desync() == Desync.DEFENSIVE) {
        closeBoth = true;
      }
    }
    if (tooManyForwarded()) {
      own(463);
      return;
    }
    Compiled.Rule matched = c.match(head, front.client(), counters());
    rule = matched;
    if (matched == null) {
      own(503);
      return;
    }
    switch (matched.spec.action()) {
      case Action.Fixed fixed -> {
        actions = "fixed-response";
        counters().fixedResponses++;
        reply(
            fixed.status(),
            fixed.contentType(),
            fixed.body().getBytes(StandardCharsets.UTF_8),
            null);
      }
      case Action.Redirect redirect -> {
        actions = "redirect";
        redirectUrl = Redirects.location(redirect, head, front.client(), port);
        if (redirectUrl.length() > 8192) {
          own(500);
        } else {
          counters().redirects++;
          reply(redirect.status(), "text/html", Replies.body(redirect.status()), redirectUrl);
        }
      }
      case Action.Forward forward -> {
        actions = "forward";
        forward(matched, forward);
      }
    }
  }

  private boolean tooManyForwarded() {
    int addresses = 0;
    for (int i = 0; i < head.count; i++) {
      if (head.known(i) == Head.FORWARDED_FOR) {
        addresses++;
        for (int k = head.valueStart(i); k < head.valueEnd(i); k++) {
          if (head.bytes[k] == ',') {
            addresses++;
          }
        }
      }
    }
    return addresses > MAX_FORWARDED_FOR;
  }

  private void forward(Compiled.Rule matched, Action.Forward action) {
    GroupState chosen = null;
    Sticky sticky = null;
    int cookie = -1;
    if (action.stickiness() != null) {
      sticky = worker.sticky();
      cookie = head.find(Head.COOKIE);
      chosen = cookie < 0 ? null : sticky.group(head, matched, action.stickiness());
    }
    if (chosen == null) {
      chosen = matched.pick(worker.chance);
    }
    if (chosen == null) {
      own(503);
      return;
    }
    group = chosen;
    Version version = chosen.spec.version();
    boolean http2 = head.version == 20;
    if (version != Version.HTTP1 || (http2 && Grpc.is(head))) {
      if (!Grpc.admits(head, version)) {
        own(464);
        return;
      }
      if (Grpc.is(head)) {
        counters().grpcRequests++;
      }
    }
    TargetState stuck = null;
    Stickiness stickiness = chosen.spec.settings().stickiness();
    if (stickiness == Stickiness.LB_COOKIE || stickiness == Stickiness.APP_COOKIE) {
      sticky = worker.sticky();
      stuck = sticky.target(head, chosen);
      appStuck = stuck != null;
      if (stuck == null) {
        counters().nonSticky++;
      }
    }
    if (sticky != null) {
      cookies = new Sticky.Cookies(sticky, action.stickiness() == null ? null : chosen, stickiness);
    }
    dispatch(stuck);
  }

  // --- to the target -------------------------------------------------------------------------

  private void dispatch(@Nullable TargetState stuck) {
    GroupState from = group;
    if (from == null) {
      throw new IllegalStateException("no group");
    }
    attempts++;
    TargetState chosen = stuck;
    if (chosen == null) {
      GroupState.Choice choice = from.choice(front.client().zone);
      chosen =
          Chooser.choose(from, choice.targets(), worker.chance, System.nanoTime(), failedTarget);
      if (choice.failOpen() && chosen != null) {
        from.counters[worker.index].failOpenRequests++;
      }
    }
    if (chosen == null) {
      own(503);
      return;
    }
    target = chosen;
    chosen.inFlight.incrementAndGet();
    if (attempts == 1) {
      counters().requests++;
      from.counters[worker.index].requests++;
    }
    chosen.counters[worker.index].requests++;
    dispatched = System.nanoTime();
    lastFromTarget = dispatched;
    backReady = false;
    back = null;
    worker.upstream().connect(chosen, this);
  }

  /** The connection stands: the request goes out. */
  void connected(Back connection) {
    back = connection;
    if (over) {
      connection.cancel();
      return;
    }
    backReady = true;
    lastFromTarget = System.nanoTime();
    connection.sendHead(this);
    ArrayDeque<ByteBuf> parts = queued;
    if (parts != null) {
      queued = null;
      queuedBytes = 0;
      for (ByteBuf part : parts) {
        bodySent += part.readableBytes();
        connection.bodyPart(part);
      }
      front.resumeReading();
    }
    if (requestEnded) {
      connection.requestEnd();
    }
    connection.flush();
  }

  /** No connection came about; nothing of the request was sent. */
  void connectFailed(Throwable cause, boolean tls) {
    TargetState at = target;
    if (over || at == null) {
      return;
    }
    Counters c = at.counters[worker.index];
    if (tls) {
      c.tlsErrors++;
      at.group.counters[worker.index].tlsErrors++;
    } else {
      c.connectionErrors++;
      at.group.counters[worker.index].connectionErrors++;
    }
    Outliers.failed(at);
    if (cause instanceof ConnectTimeoutException && !at.group.mesh) {
      own(504);
    } else {
      again(502);
    }
  }

  private void again(int otherwise) {
    if (attempts >= MAX_ATTEMPTS) {
      own(otherwise);
      return;
    }
    TargetState at = target;
    GroupState from = group;
    if (at == null || from == null) {
      throw new IllegalStateException("not dispatched");
    }
    // Only where somebody else, or a fresh connection, may do better.
    TargetState[] others = from.choice(front.client().zone).targets();
    boolean other = others.length > 1 || (others.length == 1 && others[0] != at);
    if (!other) {
      own(otherwise);
      return;
    }
    at.inFlight.decrementAndGet();
    failedTarget = at;
    target = null;
    dispatch(null);
  }

  /** Owns {@code data}. */
  void requestPart(ByteBuf data) {
    received += data.readableBytes();
    Back to = back;
    if (over) {
      data.release();
      return;
    }
    if (to != null && backReady) {
      bodySent += data.readableBytes();
      to.bodyPart(data);
      if (!to.writable()) {
        to.flush();
        if (!to.writable()) {
          front.pauseReading();
        }
      }
      return;
    }
    if (queued == null) {
      queued = new ArrayDeque<>();
    }
    queued.add(data);
    queuedBytes += data.readableBytes();
    if (queuedBytes >= MAX_QUEUED) {
      front.pauseReading();
    }
  }

  void requestEnd() {
    requestEnded = true;
    if (backReady && back != null) {
      back.requestEnd();
    }
  }

  void flushRequest() {
    if (backReady && back != null) {
      back.flush();
    }
  }

  /** The body of the request breaks the rules: the target must not take it for whole. */
  void requestBroken() {
    cancelBack();
    if (responseBegun) {
      finish();
      front.abort();
    } else {
      closeBoth = true;
      own(400);
    }
  }

  void targetWritable() {
    front.resumeReading();
  }

  void clientWritable(boolean writable) {
    if (back != null && backReady) {
      if (writable) {
        back.resumeReading();
      } else {
        back.pauseReading();
      }
    }
  }

  // --- from the target -----------------------------------------------------------------------

  /**
   * The target's answer begins.
   *
   * @return false when the answer is of no use and the connection must end
   */
  boolean responseHead(Head response) {
    lastFromTarget = System.nanoTime();
    answered = lastFromTarget;
    TargetState at = target;
    GroupState from = group;
    if (at == null || from == null) {
      return false;
    }
    int status = response.status;
    if (status == 101) {
      if (!head.websocket || !head.upgradeListed) {
        own(502);
        return false;
      }
      tunnel = true;
    }
    responseBegun = true;
    targetStatus = status;
    long micros = (answered - dispatched) / 1000;
    Counters mine = at.counters[worker.index];
    int hundreds = Math.min(5, status / 100);
    if (hundreds == 5) {
      Outliers.failed(at);
    } else {
      Outliers.succeeded(at);
    }
    mine.codes[hundreds]++;
    mine.responseTime.record(micros);
    Counters groups = from.counters[worker.index];
    groups.codes[hundreds]++;
    groups.responseTime.record(micros);
    counters().codes[hundreds]++;
    counters().responseTime.record(micros);
    if (cookies != null) {
      cookies.prepare(response, at, from, appStuck);
    }
    noBody = head.methodIs("HEAD") || status == 204 || status == 304;
    front.head(this, response, !noBody && status != 101);
    if (tunnel) {
      front.becomeTunnel();
    }
    return true;
  }

  boolean expectsNoBody() {
    return noBody;
  }

  /** Owns {@code data}. */
  void responsePart(ByteBuf data) {
    if (over) {
      data.release();
      return;
    }
    sent += data.readableBytes();
    front.bodyPart(data);
    if (!front.writable()) {
      front.flush();
      if (!front.writable() && back != null) {
        back.pauseReading();
      }
    }
  }

  void flushResponse() {
    lastFromTarget = System.nanoTime();
    if (!over) {
      front.flush();
    }
  }

  void responseEnd(@Nullable Head trailers) {
    if (over) {
      return;
    }
    back = null;
    finish();
    front.end(trailers);
  }

  boolean requestSent() {
    return requestEnded;
  }

  boolean mayKeepTarget() {
    return !closeBoth && requestEnded && target != null && !target.draining;
  }

  /** The target's connection ended before the answer was whole. */
  void targetGone(boolean reset) {
    if (over) {
      return;
    }
    Back was = back;
    back = null;
    backReady = false;
    TargetState at = target;
    if (at != null && reset) {
      at.counters[worker.index].targetResets++;
    }
    if (tunnel) {
      finish();
      front.flush();
      front.abort();
      return;
    }
    if (responseBegun) {
      finish();
      front.abort();
      return;
    }
    if (at != null) {
      Outliers.failed(at);
    }
    boolean mesh = at != null && at.group.mesh;
    boolean retry =
        was != null
            && (was.reused() || mesh)
            && bodySent == 0
            && head.idempotent()
            && attempts < MAX_ATTEMPTS
            && requestEnded;
    if (retry && at != null && group != null) {
      // A kept connection that the target closed just then: the request goes to a fresh one.
      at.inFlight.decrementAndGet();
      target = null;
      boolean elsewhere = at.draining || mesh;
      failedTarget = elsewhere ? at : null;
      dispatch(elsewhere ? null : at);
      return;
    }
    own(502);
  }

  /** The answer is not HTTP. */
  void targetTalksNonsense() {
    back = null;
    if (responseBegun) {
      finish();
      front.abort();
    } else {
      own(502);
    }
  }

  // --- the balancer's own answers ------------------------------------------------------------

  void own(int status) {
    if (over) {
      return;
    }
    counters().own[status]++;
    ownStatus = status;
    reply(status, "text/html", Replies.body(status), null);
  }

  void reply(int status, String type, byte[] body, @Nullable String location) {
    cancelBack();
    ownStatus = status;
    sent += body.length;
    finish();
    front.reply(this, status, type, body, location);
  }

  private void cancelBack() {
    Back was = back;
    back = null;
    backReady = false;
    if (was != null) {
      was.cancel();
    }
  }

  void clientGone() {
    if (over) {
      return;
    }
    boolean waited = target != null && !responseBegun && requestEnded;
    if (waited) {
      counters().own[460]++;
      ownStatus = 460;
    } else if (!responseBegun) {
      counters().own[400]++;
      ownStatus = 400;
    }
    counters().clientResets++;
    Back was = back;
    finish();
    if (was != null) {
      back = null;
      was.cancel();
    }
  }

  /** A target was taken out of the table, its time to drain is over. */
  void targetRemoved(TargetState removed) {
    if (target == removed && !over) {
      if (tunnel || responseBegun) {
        Back was = back;
        back = null;
        finish();
        front.abort();
        if (was != null) {
          was.cancel();
        }
      } else {
        own(502);
      }
    }
  }

  void tick(long now, long idle, long clientActive, boolean readingBody) {
    if (over) {
      return;
    }
    long active = Math.max(clientActive, lastFromTarget);
    if (now - active <= idle && !takesTooLong(now)) {
      return;
    }
    if (tunnel || responseBegun) {
      Back was = back;
      back = null;
      finish();
      front.abort();
      if (was != null) {
        was.cancel();
      }
    } else if (readingBody) {
      own(408);
    } else {
      own(504);
    }
  }

  /** A mesh gives a request a time as a whole, however lively its answer comes. */
  private boolean takesTooLong(long now) {
    RoutingTable.Mesh mesh = compiled == null ? null : compiled.balancer.settings().mesh();
    return mesh != null
        && !mesh.requestTimeout().isZero()
        && dispatched != 0
        && requestEnded
        && !tunnel
        && now - dispatched > mesh.requestTimeout().toNanos();
  }

  private void finish() {
    if (over) {
      return;
    }
    over = true;
    TargetState at = target;
    if (at != null) {
      at.inFlight.decrementAndGet();
    }
    ArrayDeque<ByteBuf> parts = queued;
    if (parts != null) {
      queued = null;
      parts.forEach(ByteBuf::release);
    }
    Counters c = counters();
    c.bytesReceived += received;
    c.bytesSent += sent;
    Compiled for_ = compiled;
    if (for_ != null && for_.balancer.settings().accessLogPrefix() != null) {
      worker.owner.log(AccessLine.of(this, front.client(), for_));
    }
  }

  // --- what the ends ask while they write ----------------------------------------------------

  boolean mustClose() {
    return closeBoth;
  }

  boolean keepsServerHeader() {
    return compiled == null || compiled.listener.serverHeader();
  }

  /** Does a Connection header of {@code h} name other headers, which then end here? */
  boolean connectionLists(Head h) {
    int i = h.find(Head.CONNECTION);
    return i >= 0 && !h.valueIs(i, "keep-alive") && !h.valueIs(i, "close");
  }

  void putExtras(Bytes out) {
    if (cookies != null) {
      cookies.put(out);
    }
    if (compiled != null && compiled.responseHeaders.length > 0) {
      out.put(compiled.responseHeaders);
    }
  }

  boolean logged() {
    return createdMillis != 0;
  }

  void trace(String id) {
    traceId = id;
  }

  @Nullable Compiled compiled() {
    return compiled;
  }

  int port() {
    return port;
  }
}
