package gantry.app.http;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/**
 * What Netty would otherwise find out, each time the program starts, at the cost of a tenth of a
 * second: how to log, whether the flight recorder runs, and an address of the network card for the
 * names of its channels.
 */
final class NettySetup {

  private NettySetup() {}

  /** To be called before any other class of Netty's is touched. */
  static void once() {
    usual("io.netty.jfr.enabled", "false");
    usual("io.netty.machineId", "00:00:00:00:00:00:00:01");
    usual("io.netty.processId", "1");
    usual("io.netty.leakDetection.level", "disabled");
    // Each server names its own buffers; the pooled ones of those that do not are there anyway.
    usual("io.netty.allocator.type", "pooled");
    selector();
    InternalLoggerFactory.setDefaultFactory(new Loggers());
  }

  private static void usual(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** The usual one, named: it would be looked for in every jar. */
  private static void selector() {
    String epoll = "sun.nio.ch.EPollSelectorProvider";
    try {
      Class.forName(epoll);
      usual("java.nio.channels.spi.SelectorProvider", epoll);
    } catch (ClassNotFoundException e) {
      // Not Linux: then it is looked for.
    }
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Loggers extends InternalLoggerFactory {
    @Override
    protected InternalLogger newInstance(String name) {
      return new NettyLogger(name);
    }
  }
}
