package gantry.app.log;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * SLF4J's way to {@link LineLogger}. A whole logging library would look for its configuration in
 * every jar, which cost a third of each start.
 */
public final class LogProvider implements SLF4JServiceProvider, ILoggerFactory {

  /** Names this class to SLF4J, which would otherwise look through every jar for it too. */
  public static void use() {
    if (System.getProperty("slf4j.provider") == null) {
      System.setProperty("slf4j.provider", LogProvider.class.getName());
      System.setProperty("slf4j.internal.verbosity", "WARN"); // it would say so, each time
    }
  }

  private final Map<String, Logger> loggers = new ConcurrentHashMap<>();
  private final IMarkerFactory markers = new BasicMarkerFactory();
  private final MDCAdapter mdc = new NOPMDCAdapter();
  private final LogLines lines =
      new LogLines(
          System.err,
          LogLines.level(System.getenv("GANTRY_LOG_LEVEL")),
          "json".equals(System.getenv("GANTRY_LOG")));

  @Override
  public Logger getLogger(String name) {
    return loggers.computeIfAbsent(name, one -> new LineLogger(one, lines));
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return this;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return mdc;
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0.99";
  }

  @Override
  public void initialize() {}
}
