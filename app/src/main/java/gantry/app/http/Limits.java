package gantry.app.http;

import java.time.Duration;

/**
 * What a client may take of the server. Tests use shorter times; nobody configures them.
 *
 * @param headers how long a request's line and headers may take from their first byte
 * @param bodyGrace how long we wait for a body's bytes, all waits of a request together, ...
 * @param bodyBytesPerSecond ... beside what a client with this rate would need
 * @param idle how long a connection is kept between two requests
 * @param tick how often a waiting connection looks at the clock; a connection that sends nothing at
 *     all is closed after one of them
 * @param drain how long a stop waits for requests in flight
 */
public record Limits(
    Duration headers,
    Duration bodyGrace,
    int bodyBytesPerSecond,
    Duration idle,
    Duration tick,
    Duration drain) {

  /** The request line, which carries presigned queries. */
  static final int PROLOGUE_BYTES = 32 * 1024;

  static final int HEADER_BYTES = 64 * 1024;

  static final int CONNECTIONS = 8192;

  static final int STREAMS_PER_CONNECTION = 256;

  public static final Limits USUAL =
      new Limits(
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          1024,
          Duration.ofMinutes(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10));

  public Limits {
    if (tick.compareTo(headers) > 0 || tick.compareTo(bodyGrace) > 0) {
      throw new IllegalArgumentException("a tick is the shortest of the times");
    }
  }

  /** Whether a client that sent {@code bytes} let itself be waited for too long. */
  boolean bodyTooSlow(long waitedNanos, long bytes) {
    return waitedNanos > bodyGrace.toNanos() + bytes * 1_000_000_000L / bodyBytesPerSecond;
  }
}
