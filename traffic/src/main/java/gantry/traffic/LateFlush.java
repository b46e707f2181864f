package gantry.traffic;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayDeque;

/**
 * What is written while a loop goes through the connections that have something to say leaves when
 * it has been through: whoever waits for several answers on the same machine is woken once, not for
 * each of them, and the writes run one after the other with their code at hand. A lone answer
 * leaves as soon as it would have anyway.
 */
public final class LateFlush implements Runnable {

  /** No answer waits for more than these. */
  private static final int MOST = 8;

  private static final FastThreadLocal<LateFlush> OF_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected LateFlush initialValue() {
          return new LateFlush();
        }
      };

  private final ArrayDeque<ChannelHandlerContext> waiting = new ArrayDeque<>(MOST);
  private boolean called;

  private LateFlush() {}

  /** To be called on the connection's own thread. */
  public static void flush(ChannelHandlerContext context) {
    OF_LOOP.get().add(context);
  }

  /** Closes a connection that may wait here: what was written leaves first. */
  public static void close(ChannelHandlerContext context) {
    context.channel().flush();
    context.close();
  }

  private void add(ChannelHandlerContext context) {
    if (waiting.peekLast() == context) {
      return;
    }
    waiting.addLast(context);
    if (waiting.size() == MOST) {
      all();
    } else if (!called) {
      called = true;
      context.executor().execute(this); // after all that can be read now
    }
  }

  @Override
  public void run() {
    called = false;
    all();
  }

  private void all() {
    for (var next = waiting.pollFirst(); next != null; next = waiting.pollFirst()) {
      next.flush();
    }
  }
}
