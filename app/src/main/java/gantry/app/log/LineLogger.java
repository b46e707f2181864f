package gantry.app.log;

import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** A logger that writes lines. */
final class LineLogger extends LegacyAbstractLogger {

  private static final long serialVersionUID = 1L;

  private final transient LogLines lines;

  LineLogger(String name, LogLines lines) {
    this.name = name;
    this.lines = lines;
  }

  @Override
  public boolean isTraceEnabled() {
    return lines.wants(Level.TRACE);
  }

  @Override
  public boolean isDebugEnabled() {
    return lines.wants(Level.DEBUG);
  }

  @Override
  public boolean isInfoEnabled() {
    return lines.wants(Level.INFO);
  }

  @Override
  public boolean isWarnEnabled() {
    return lines.wants(Level.WARN);
  }

  @Override
  public boolean isErrorEnabled() {
    return lines.wants(Level.ERROR);
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null; // where a call comes from is not shown
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      String pattern,
      Object @Nullable [] arguments,
      @Nullable Throwable thrown) {
    lines.write(level, name, MessageFormatter.basicArrayFormat(pattern, arguments), thrown);
  }
}
