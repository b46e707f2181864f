package gantry.app.log;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/** The lines themselves: text for people, or a JSON object each ({@code GANTRY_LOG=json}). */
final class LogLines {

  private final PrintStream out;
  private final Level least;
  private final boolean json;

  LogLines(PrintStream out, Level least, boolean json) {
    this.out = out;
    this.least = least;
    this.json = json;
  }

  /** By the name of a level; INFO where it is none. */
  static Level level(@Nullable String name) {
    for (Level level : Level.values()) {
      if (level.name().equalsIgnoreCase(name)) {
        return level;
      }
    }
    return Level.INFO;
  }

  boolean wants(Level level) {
    return level.toInt() >= least.toInt();
  }

  void write(Level level, String logger, @Nullable String message, @Nullable Throwable thrown) {
    String said = message == null ? "" : message;
    String lines = json ? object(level, logger, said, thrown) : text(level, logger, said, thrown);
    out.print(lines); // at once, so that no other thread's line falls between
    out.flush();
  }

  private static String text(
      Level level, String logger, String message, @Nullable Throwable thrown) {
    String time = LocalTime.now().truncatedTo(ChronoUnit.MILLIS).toString();
    StringBuilder line = new StringBuilder(120);
    line.append(time);
    if (time.length() < "00:00:00.000".length()) {
      line.append((time + (time.length() == 5 ? ":00.000" : ".000")), time.length(), 12);
    }
    line.append(' ').append(level).append(level.name().length() == 4 ? "  " : " ");
    line.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(" - ");
    line.append(message).append('\n');
    if (thrown != null) {
      line.append(stack(thrown));
    }
    return line.toString();
  }

  private static String stack(Throwable thrown) {
    StringWriter stack = new StringWriter();
    thrown.printStackTrace(new PrintWriter(stack, true));
    return stack.toString();
  }

  private static String object(
      Level level, String logger, String message, @Nullable Throwable thrown) {
    StringWriter line = new StringWriter();
    try (JsonGenerator made = new JsonFactory().createGenerator(line)) {
      made.writeStartObject();
      made.writeStringField("time", Instant.now().toString());
      made.writeStringField("level", level.name());
      made.writeStringField("logger", logger);
      made.writeStringField("thread", Thread.currentThread().getName());
      made.writeStringField("message", message);
      if (thrown != null) {
        made.writeStringField("stack", stack(thrown));
      }
      made.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter has none
    }
    return line.append('\n').toString();
  }
}
