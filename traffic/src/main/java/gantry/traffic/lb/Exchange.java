package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ConnectTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: what an application load balancer decides about it. The protocols are
 * at its two ends, {@link Front} and {@link Back}; all of it happens on one event loop.
 */
final class Exchange {

  /** A request that no target has got is tried on this many connections. */
  private static final int MAX_ATTEMPTS = 4;

  private final Worker worker;
  private final Front front;
  private final Head head;
  private final @Nullable Compiled compiled;
  final Account account;

  private @Nullable TargetState failedTarget;
  private @Nullable Back back;
  private boolean backReady;
  private @Nullable EarlyParts early;
  private int attempts;
  private boolean requestEnded;
  private boolean responseBegun;
  private boolean noBody;
  private boolean over;
  private boolean closeBoth;
  private long lastFromTarget;
  private int bodySent;
  private Sticky.@Nullable Cookies cookies;

  Exchange(Worker worker, Front front, Head head, @Nullable Compiled compiled, int port) {
    this.worker = worker;
    this.front = front;
    this.head = head;
    this.compiled = compiled;
    this.account = new Account(worker, front.client(), head, compiled, port);
  }

  Head head() {
    return head;
  }

  Front front() {
    return front;
  }

  // --- decide --------------------------------------------------------------------------------

  /** A head that cannot be served at all. */
  void refuse(int status) {
    requestEnded = true;
    if (head.desync == HeadParser.SEVERE) {
      account.counters.nonCompliant++;
    }
    own(status);
  }

  void start(boolean whole) {
    requestEnded = whole;
    Compiled c = compiled;
    if (c == null) {
      worker.owner.strayHost(this, head, account.port);
    } else {
      Decision.make(this, worker, c);
    }
  }

  /** After this exchange neither connection is used again. */
  void closeBoth() {
    closeBoth = true;
  }

  /**
   * A target of the group is to serve it.
   *
   * @param stuck the one that a cookie names
   */
  void forward(GroupState group, @Nullable TargetState stuck, Sticky.@Nullable Cookies given) {
    cookies = given;
    dispatch(group, stuck);
  }

  // --- to the target -------------------------------------------------------------------------

  private void dispatch(GroupState from, @Nullable TargetState stuck) {
    attempts++;
    TargetState chosen = stuck;
    boolean failOpen = false;
    if (chosen == null) {
      GroupState.Choice choice = from.choice(front.client().zone);
      failOpen = choice.failOpen();
      chosen =
          Chooser.choose(from, choice.targets(), worker.chance, System.nanoTime(), failedTarget);
    }
    if (chosen == null) {
      own(503);
      return;
    }
    account.dispatched(chosen, attempts == 1, failOpen);
    lastFromTarget = account.dispatched;
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
    EarlyParts parts = early;
    if (parts != null) {
      early = null;
      bodySent += parts.to(connection);
      front.resumeReading();
    }
    if (requestEnded) {
      connection.requestEnd();
    }
    connection.flush();
  }

  /** No connection came about; nothing of the request was sent. */
  void connectFailed(Throwable cause, boolean tls) {
    TargetState at = account.target;
    if (over || at == null) {
      return;
    }
    account.connectFailed(at, tls);
    if (cause instanceof ConnectTimeoutException && !at.group.mesh) {
      own(504);
    } else {
      again(at);
    }
  }

  private void again(TargetState at) {
    if (attempts >= MAX_ATTEMPTS) {
      own(502);
      return;
    }
    GroupState from = at.group;
    // Only where somebody else, or a fresh connection, may do better.
    TargetState[] others = from.choice(front.client().zone).targets();
    boolean other = others.length > 1 || (others.length == 1 && others[0] != at);
    if (!other) {
      own(502);
      return;
    }
    account.undispatched(at);
    failedTarget = at;
    dispatch(from, null);
  }

  /** Owns {@code data}. */
  void requestPart(ByteBuf data) {
    account.received += data.readableBytes();
    Back to = back;
    if (over) {
      data.release();
      return;
    }
    if (to != null && backReady) {
      bodySent += data.readableBytes();
      to.bodyPart(data);
      if (!to.writable()) {
        to.flushNow();
        if (!to.writable()) {
          front.pauseReading();
        }
      }
      return;
    }
    if (early == null) {
      early = new EarlyParts();
    }
    if (!early.add(data)) {
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
      abort();
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
    TargetState at = account.target;
    if (at == null) {
      return false;
    }
    int status = response.status;
    if (status == 101) {
      if (!head.websocket || !head.upgradeListed) {
        own(502);
        return false;
      }
      account.tunnel = true;
    }
    responseBegun = true;
    account.answered(at, status, lastFromTarget);
    if (cookies != null) {
      cookies.prepare(response, at);
    }
    noBody = head.methodIs("HEAD") || status == 204 || status == 304;
    front.head(this, response, !noBody && status != 101);
    if (account.tunnel) {
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
    account.sent += data.readableBytes();
    front.bodyPart(data);
    if (!front.writable()) {
      front.flushNow();
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
    TargetState at = account.target;
    return !closeBoth && requestEnded && at != null && !at.draining;
  }

  /** The target's connection ended before the answer was whole. */
  void targetGone(boolean reset) {
    if (over) {
      return;
    }
    Back was = back;
    back = null;
    backReady = false;
    TargetState at = account.target;
    if (at != null) {
      account.targetGone(at, reset);
    }
    if (account.tunnel || responseBegun) {
      abort();
      return;
    }
    if (at == null) {
      own(502);
      return;
    }
    Outliers.failed(at);
    boolean mesh = at.group.mesh;
    boolean retry =
        was != null
            && (was.reused() || mesh)
            && bodySent == 0
            && head.idempotent()
            && attempts < MAX_ATTEMPTS
            && requestEnded;
    if (!retry) {
      own(502);
      return;
    }
    // A kept connection that the target closed just then: the request goes to a fresh one.
    account.undispatched(at);
    boolean elsewhere = at.draining || mesh;
    failedTarget = elsewhere ? at : null;
    dispatch(at.group, elsewhere ? null : at);
  }

  /** The answer is not HTTP. */
  void targetTalksNonsense() {
    back = null;
    if (responseBegun) {
      abort();
    } else {
      own(502);
    }
  }

  // --- the balancer's own answers ------------------------------------------------------------

  void own(int status) {
    if (over) {
      return;
    }
    account.own(status);
    reply(status, "text/html", Replies.body(status), null);
  }

  void reply(int status, String type, byte[] body, @Nullable String location) {
    cancelBack();
    account.ownStatus = status;
    over();
    front.reply(this, status, type, body, location);
  }

  /** The front has written the balancer's own answer, of so many bytes. */
  void replied(int bytes) {
    account.sent += bytes;
    account.close();
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
    account.clientGone(account.target != null && !responseBegun && requestEnded, responseBegun);
    Back was = back;
    back = null;
    finish();
    if (was != null) {
      was.cancel();
    }
  }

  /** A target was taken out of the table, its time to drain is over. */
  void targetRemoved(TargetState removed) {
    if (account.target == removed && !over) {
      cutOr(502);
    }
  }

  void tick(long now, long idle, long clientActive, boolean readingBody) {
    if (over) {
      return;
    }
    long active = Math.max(clientActive, lastFromTarget);
    if (now - active > idle || takesTooLong(now)) {
      cutOr(readingBody ? 408 : 504);
    }
  }

  /** Ends it: with an error where the answer has not begun, else so that the client sees it. */
  private void cutOr(int status) {
    if (!account.tunnel && !responseBegun) {
      own(status);
      return;
    }
    Back was = back;
    back = null;
    abort();
    if (was != null) {
      was.cancel();
    }
  }

  private void abort() {
    finish();
    front.abort();
  }

  /** A mesh gives a request a time as a whole, however lively its answer comes. */
  private boolean takesTooLong(long now) {
    RoutingTable.Mesh mesh = compiled == null ? null : compiled.balancer.settings().mesh();
    return mesh != null
        && !mesh.requestTimeout().isZero()
        && account.dispatched != 0
        && requestEnded
        && !account.tunnel
        && now - account.dispatched > mesh.requestTimeout().toNanos();
  }

  private void finish() {
    if (!over) {
      over();
      account.close();
    }
  }

  private void over() {
    over = true;
    account.over();
    EarlyParts parts = early;
    if (parts != null) {
      early = null;
      parts.release();
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

  @Nullable Compiled compiled() {
    return compiled;
  }
}
