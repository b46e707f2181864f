package gantry.app.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.helidon.common.socket.SocketOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Ends connections that dawdle. A timeout of the socket would not do: a client that sends a byte
 * now and then never meets it, and channels have none. One thread looks at all of them, a few times
 * a minute.
 */
final class Watch implements AutoCloseable {

  private static final byte[] TOO_SLOW =
      """
      HTTP/1.1 408 Request Timeout\r
      Connection: close\r
      Content-Type: text/plain\r
      Content-Length: 42\r
      \r
      The request's headers did not all arrive.
      """
          .getBytes(US_ASCII);

  private final Map<SocketAddress, Watched> all = new ConcurrentHashMap<>();
  private final Limits limits;
  private final Thread thread;
  private volatile boolean closed;

  private static final class Watched {
    private final SocketChannel channel;
    private final long accepted = System.nanoTime();
    private volatile @Nullable Pace pace;

    Watched(SocketChannel channel) {
      this.channel = channel;
    }
  }

  Watch(Limits limits) {
    this.limits = limits;
    this.thread = Thread.ofVirtual().name("connection watch").start(this::run);
  }

  /** Socket options whose application tells of every connection that was accepted. */
  SocketOptions options() {
    SocketOptions usual = SocketOptions.builder().tcpNoDelay(true).buildPrototype();
    return (SocketOptions)
        java.lang.reflect.Proxy.newProxyInstance(
            Watch.class.getClassLoader(),
            new Class<?>[] {SocketOptions.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("configureSocket")
                  && arguments[0] instanceof SocketChannel channel) {
                accepted(channel);
                return null;
              }
              return method.invoke(usual, arguments);
            });
  }

  private void accepted(SocketChannel channel) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    SocketAddress peer = channel.getRemoteAddress();
    if (peer != null) {
      all.put(peer, new Watched(channel));
    }
  }

  void pace(SocketAddress peer, Pace pace) {
    Watched watched = all.get(peer);
    if (watched != null) {
      watched.pace = pace;
    }
  }

  private void run() {
    while (!closed) {
      try {
        Thread.sleep(limits.tick());
      } catch (InterruptedException e) {
        return;
      }
      long now = System.nanoTime();
      all.values().removeIf(watched -> !watched.channel.isOpen() || ended(watched, now));
    }
  }

  private boolean ended(Watched watched, long now) {
    Pace pace = watched.pace;
    try {
      if (pace == null) {
        if (now - watched.accepted <= limits.tick().toNanos()) {
          return false;
        }
        watched.channel.close();
        return true;
      }
      switch (pace.verdict(now)) {
        case FINE -> {
          return false;
        }
        case IDLE_TOO_LONG -> watched.channel.close();
        case HEADERS_TOO_SLOW -> {
          // Nobody else writes now: the connection's thread waits for the headers.
          watched.channel.write(ByteBuffer.wrap(TOO_SLOW));
          watched.channel.shutdownInput();
        }
        // The reader sees the end of the body, and its thread answers.
        case BODY_TOO_SLOW -> watched.channel.shutdownInput();
      }
    } catch (IOException e) {
      return true; // gone already, which is what was wanted
    }
    return true;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
