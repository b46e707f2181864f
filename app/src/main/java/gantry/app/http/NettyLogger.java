package gantry.app.http;

import io.netty.util.internal.logging.AbstractInternalLogger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What Netty has to say, from warnings on; ours is asked for when there is something. */
final class NettyLogger extends AbstractInternalLogger {

  private static final long serialVersionUID = 1L;

  NettyLogger(String name) {
    super(name);
  }

  private Logger logger() {
    return LoggerFactory.getLogger(name());
  }

  @Override
  public boolean isTraceEnabled() {
    return false;
  }

  @Override
  public void trace(String message) {}

  @Override
  public void trace(String format, Object argument) {}

  @Override
  public void trace(String format, Object first, Object second) {}

  @Override
  public void trace(String format, Object... arguments) {}

  @Override
  public void trace(String message, Throwable thrown) {}

  @Override
  public boolean isDebugEnabled() {
    return false;
  }

  @Override
  public void debug(String message) {}

  @Override
  public void debug(String format, Object argument) {}

  @Override
  public void debug(String format, Object first, Object second) {}

  @Override
  public void debug(String format, Object... arguments) {}

  @Override
  public void debug(String message, Throwable thrown) {}

  @Override
  public boolean isInfoEnabled() {
    return false;
  }

  @Override
  public void info(String message) {}

  @Override
  public void info(String format, Object argument) {}

  @Override
  public void info(String format, Object first, Object second) {}

  @Override
  public void info(String format, Object... arguments) {}

  @Override
  public void info(String message, Throwable thrown) {}

  @Override
  public boolean isWarnEnabled() {
    return logger().isWarnEnabled();
  }

  @Override
  public void warn(String message) {
    logger().warn(message);
  }

  @Override
  public void warn(String format, Object argument) {
    logger().warn(format, argument);
  }

  @Override
  public void warn(String format, Object first, Object second) {
    logger().warn(format, first, second);
  }

  @Override
  public void warn(String format, Object... arguments) {
    logger().warn(format, arguments);
  }

  @Override
  public void warn(String message, Throwable thrown) {
    logger().warn(message, thrown);
  }

  @Override
  public boolean isErrorEnabled() {
    return logger().isErrorEnabled();
  }

  @Override
  public void error(String message) {
    logger().error(message);
  }

  @Override
  public void error(String format, Object argument) {
    logger().error(format, argument);
  }

  @Override
  public void error(String format, Object first, Object second) {
    logger().error(format, first, second);
  }

  @Override
  public void error(String format, Object... arguments) {
    logger().error(format, arguments);
  }

  @Override
  public void error(String message, Throwable thrown) {
    logger().error(message, thrown);
  }
}
