package gantry.traffic.lb;

import org.jspecify.annotations.Nullable;

/**
 * What one exchange came to: the counters that it moves, and the line that it leaves in the log.
 */
final class Account {

  private final Worker worker;
  private final Client client;
  private final @Nullable Compiled compiled;

  /** Counters of the balancer; of nobody's where no balancer was meant. */
  final Counters counters;

  final Head head;
  final int port;
  final long created = System.nanoTime();

  /** The wall clock's word for it; 0 where nothing is logged. */
  final long createdMillis;

  Compiled.@Nullable Rule rule;
  @Nullable GroupState group;
  @Nullable TargetState target;
  boolean tunnel;
  long dispatched;
  long answered;

  /** Bytes of the request, and of the answer, heads among them. */
  long received;

  long sent;
  int ownStatus;
  int targetStatus;
  @Nullable String actions;
  @Nullable String redirectUrl;
  @Nullable String traceId;

  /** What a rule's transforms made of host and URL; null where they stay as they came. */
  @Nullable String rewrittenHost;

  @Nullable String rewrittenUrl;

  /** What came of the rewriting, in the words of AWS's log. */
  @Nullable String transformStatus;

  Account(Worker worker, Client client, Head head, @Nullable Compiled compiled, int port) {
    this.worker = worker;
    this.client = client;
    this.compiled = compiled;
    this.head = head;
    this.port = port;
    this.received = head.length;
    if (compiled == null) {
      this.counters = worker.owner.nobody(worker.index);
      this.createdMillis = 0;
    } else {
      this.counters = compiled.state.counters[worker.index];
      this.createdMillis =
          compiled.balancer.settings().accessLogPrefix() != null ? System.currentTimeMillis() : 0;
    }
  }

  boolean logged() {
    return createdMillis != 0;
  }

  private Counters of(TargetState at) {
    return at.counters[worker.index];
  }

  private Counters of(GroupState from) {
    return from.counters[worker.index];
  }

  void dispatched(TargetState to, boolean first, boolean failOpen) {
    target = to;
    to.inFlight.incrementAndGet();
    if (failOpen) {
      of(to.group).failOpenRequests++;
    }
    if (first) {
      counters.requests++;
      of(to.group).requests++;
    }
    of(to).requests++;
    dispatched = System.nanoTime();
  }

  /** Another target, or another connection to the same, is to serve it. */
  void undispatched(TargetState from) {
    from.inFlight.decrementAndGet();
    target = null;
  }

  void connectFailed(TargetState at, boolean tls) {
    if (tls) {
      of(at).tlsErrors++;
      of(at.group).tlsErrors++;
    } else {
      of(at).connectionErrors++;
      of(at.group).connectionErrors++;
    }
    Outliers.failed(at);
  }

  /** The target answers. */
  void answered(TargetState at, int status, long now) {
    answered = now;
    targetStatus = status;
    long micros = (now - dispatched) / 1000;
    int hundreds = Math.min(5, status / 100);
    if (hundreds == 5) {
      Outliers.failed(at);
    } else {
      Outliers.succeeded(at);
    }
    answered(of(at), hundreds, micros);
    answered(of(at.group), hundreds, micros);
    answered(counters, hundreds, micros);
  }

  private static void answered(Counters c, int hundreds, long micros) {
    c.codes[hundreds]++;
    c.responseTime.record(micros);
  }

  void targetGone(TargetState at, boolean reset) {
    if (reset) {
      of(at).targetResets++;
    }
  }

  /** An error of the balancer's own. */
  void own(int status) {
    counters.own[status]++;
    ownStatus = status;
  }

  /** The client left: AWS has a code for one that did not wait for its answer. */
  void clientGone(boolean waited, boolean answerBegun) {
    if (waited) {
      own(460);
    } else if (!answerBegun) {
      own(400);
    }
    counters.clientResets++;
  }

  /** The exchange holds its target no more. */
  void over() {
    TargetState at = target;
    if (at != null) {
      at.inFlight.decrementAndGet();
    }
  }

  /** The last byte is counted. */
  void close() {
    counters.bytesReceived += received;
    counters.bytesSent += sent;
    Compiled to = compiled;
    if (logged() && to != null) {
      if (traceId == null) {
        traceId = Trace.text(head, worker);
      }
      worker.owner.log(AccessLine.of(this, client, to));
    }
  }
}
