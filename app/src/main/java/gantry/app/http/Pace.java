package gantry.app.http;

import io.helidon.common.buffers.DataReader;
import java.util.function.Supplier;

/**
 * What one connection is doing and since when, noted between its socket and its parser by the
 * connection's own thread, and looked at by the {@link Watch}.
 */
final class Pace implements Supplier<byte[]> {

  /** The pace of the connection that this thread serves; not bound for HTTP/2. */
  static final ScopedValue<Pace> CURRENT = ScopedValue.newInstance();

  enum Phase {
    IDLE,
    HEADERS,
    BODY
  }

  /** What the watch found. */
  enum Verdict {
    FINE,
    IDLE_TOO_LONG,
    HEADERS_TOO_SLOW,
    BODY_TOO_SLOW
  }

  private final DataReader raw;
  private final Limits limits;
  private final boolean requestAtATime;
  private volatile Phase phase;
  private volatile long since;
  private volatile long waitingSince;
  private volatile long waitedNanos;
  private volatile long bodyBytes;

  /**
   * Watches what is read from {@code raw}.
   *
   * @param requestAtATime HTTP/1.1; streams of HTTP/2 share a connection, so all that can be said
   *     of it is when it last spoke
   */
  Pace(DataReader raw, Limits limits, boolean requestAtATime) {
    this.raw = raw;
    this.limits = limits;
    this.requestAtATime = requestAtATime;
    this.since = System.nanoTime();
    // The bytes by which the protocol was recognised are there already.
    this.phase = requestAtATime ? Phase.HEADERS : Phase.IDLE;
  }

  /** The headers are complete; what comes now is the body. */
  void bodyBegins() {
    begin(Phase.BODY);
  }

  /** The answer is sent. Whatever of the body was not read counts as part of the next request. */
  void requestEnds() {
    begin(Phase.IDLE);
  }

  private void begin(Phase next) {
    waitingSince = 0;
    waitedNanos = 0;
    bodyBytes = 0;
    since = System.nanoTime();
    phase = next;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the connection's own thread writes
  public byte[] get() {
    if (raw.available() == 0) {
      long before = System.nanoTime();
      waitingSince = before;
      raw.pullData();
      waitingSince = 0;
      waitedNanos += System.nanoTime() - before;
    }
    byte[] bytes = raw.readBytes(raw.available());
    if (!requestAtATime) {
      since = System.nanoTime();
    } else if (phase == Phase.IDLE) {
      begin(Phase.HEADERS);
    } else if (phase == Phase.BODY) {
      bodyBytes += bytes.length;
    }
    return bytes;
  }

  Verdict verdict(long now) {
    return switch (phase) {
      case IDLE -> now - since > limits.idle().toNanos() ? Verdict.IDLE_TOO_LONG : Verdict.FINE;
      case HEADERS ->
          now - since > limits.headers().toNanos() ? Verdict.HEADERS_TOO_SLOW : Verdict.FINE;
      case BODY -> bodyVerdict(now);
    };
  }

  /** Only waiting for the client counts: a handler may take as long as it likes. */
  private Verdict bodyVerdict(long now) {
    long waiting = waitingSince;
    if (waiting == 0) {
      return Verdict.FINE;
    }
    long waited = waitedNanos + now - waiting;
    long allowed =
        limits.bodyGrace().toNanos() + bodyBytes * 1_000_000_000L / limits.bodyBytesPerSecond();
    return waited > allowed ? Verdict.BODY_TOO_SLOW : Verdict.FINE;
  }
}
