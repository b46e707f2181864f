package gantry.node.logs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Joins pieces to lines and, with a pattern, lines to events. Not for several threads. */
final class EventAssembler {

  /** CloudWatch Logs takes no longer message; a longer one is cut into several. */
  static final int MAX_EVENT_CHARS = 64 * 1024;

  private final @Nullable Pattern first;
  private final StringBuilder line = new StringBuilder();
  private @Nullable Instant lineAt;
  private final StringBuilder event = new StringBuilder();
  private @Nullable Instant eventAt;
  private Instant last = Instant.EPOCH;

  EventAssembler(@Nullable Pattern first) {
    this.first = first;
  }

  /** The events that this piece completes. */
  List<LogEvent> add(LogLine piece) {
    List<LogEvent> done = new ArrayList<>();
    if (lineAt == null) {
      lineAt = piece.at();
    }
    line.append(piece.text());
    if (!piece.ends() && line.length() < MAX_EVENT_CHARS) {
      last = piece.at();
      return done;
    }
    String whole = line.toString();
    Instant at = lineAt;
    line.setLength(0);
    lineAt = null;
    if (first == null) {
      last = piece.at();
      emit(done, at, whole);
      return done;
    }
    if (first.matcher(whole).find() || event.length() + whole.length() > MAX_EVENT_CHARS) {
      flushEvent(done);
    }
    last = piece.at();
    if (eventAt == null) {
      eventAt = at;
    } else {
      event.append('\n');
    }
    event.append(whole);
    return done;
  }

  /** Something is begun that only {@link #flush} ends. */
  boolean pending() {
    return eventAt != null || lineAt != null;
  }

  /** Ends what is begun: nothing more came for a while. */
  List<LogEvent> flush() {
    List<LogEvent> done = new ArrayList<>();
    if (lineAt != null && first == null) {
      emit(done, lineAt, line.toString());
      line.setLength(0);
      lineAt = null;
    } else if (lineAt != null) {
      if (eventAt == null) {
        eventAt = lineAt;
      } else {
        event.append('\n');
      }
      event.append(line);
      line.setLength(0);
      lineAt = null;
    }
    flushEvent(done);
    return done;
  }

  private void flushEvent(List<LogEvent> done) {
    if (eventAt != null) {
      emit(done, eventAt, event.toString());
      event.setLength(0);
      eventAt = null;
    }
  }

  private void emit(List<LogEvent> done, Instant at, String text) {
    // An empty line is no event: the service refuses empty messages.
    for (int i = 0; i < text.length(); i += MAX_EVENT_CHARS) {
      done.add(
          new LogEvent(at, last, text.substring(i, Math.min(text.length(), i + MAX_EVENT_CHARS))));
    }
  }
}
