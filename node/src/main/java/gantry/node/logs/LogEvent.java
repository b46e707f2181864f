package gantry.node.logs;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * One event for the log service.
 *
 * @param at of its first piece, which is the event's time
 * @param last of its last piece: what comes after it was not shipped yet
 */
public record LogEvent(Instant at, Instant last, String message) {

  /** What CloudWatch Logs adds to each message when it counts a batch. */
  static final int OVERHEAD_BYTES = 26;

  int bytes() {
    return message.getBytes(StandardCharsets.UTF_8).length + OVERHEAD_BYTES;
  }
}
