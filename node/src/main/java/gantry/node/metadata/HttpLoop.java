package gantry.node.metadata;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves small HTTP/1.1 requests on any listening socket: one virtual thread per connection.
 *
 * <p>A loop of our own, because the socket is one that was made inside a VPC's network namespace,
 * and no server of the JDK takes a socket that it did not open itself.
 */
public final class HttpLoop implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HttpLoop.class);

  static final int MAX_CONNECTIONS = 1_024;
  static final int MAX_HEAD_BYTES = 16 * 1024;
  static final int MAX_BODY_BYTES = 64 * 1024;

  /** A connection that says nothing for this long is closed. */
  static final Duration IDLE = Duration.ofSeconds(30);

  private final ServerSocketChannel server;
  private final Function<Asked, Reply> handler;
  private final Semaphore room = new Semaphore(MAX_CONNECTIONS);
  private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

  public HttpLoop(ServerSocketChannel server, Function<Asked, Reply> handler) {
    this.server = server;
    this.handler = handler;
  }

  public HttpLoop start() {
    Thread.ofVirtual().name("task endpoint").start(this::accept);
    return this;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel connection = server.accept();
        if (!room.tryAcquire()) {
          connection.close();
          continue;
        }
        connections.add(connection);
        Thread.ofVirtual().name("task endpoint connection").start(() -> serve(connection));
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        log.warn("task endpoint: {}", e.toString());
        try {
          Thread.sleep(100); // out of descriptors, perhaps: not in a hot loop
        } catch (InterruptedException interrupted) {
          return;
        }
      }
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      // Reads through the socket's adaptor, which knows time-outs.
      connection.socket().setSoTimeout((int) IDLE.toMillis());
      connection.socket().setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(connection.socket().getInputStream());
      OutputStream out = Channels.newOutputStream(connection);
      String from = connection.socket().getInetAddress().getHostAddress();
      boolean more = true;
      while (more) {
        more = serveOne(in, out, from);
      }
    } catch (IOException e) {
      log.trace("task endpoint: {}", e.toString());
    } finally {
      connections.remove(connection);
      room.release();
    }
  }

  private boolean serveOne(InputStream in, OutputStream out, String from) throws IOException {
    String first = line(in);
    if (first == null) {
      return false;
    }
    String[] words = first.split(" ", 3);
    if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
      write(out, Reply.text(400, "bad request"), false, false);
      return false;
    }
    Map<String, String> headers = new HashMap<>();
    int total = first.length();
    for (String header = line(in); header != null && !header.isEmpty(); header = line(in)) {
      total += header.length();
      int colon = header.indexOf(':');
      if (colon <= 0 || total > MAX_HEAD_BYTES) {
        write(out, Reply.text(400, "bad request"), false, false);
        return false;
      }
      headers.put(
          header.substring(0, colon).strip().toLowerCase(Locale.ROOT),
          header.substring(colon + 1).strip());
    }
    if (headers.containsKey("transfer-encoding")) {
      write(out, Reply.text(400, "send the body with its Content-Length"), false, false);
      return false;
    }
    int length;
    try {
      length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    } catch (NumberFormatException e) {
      length = -1;
    }
    if (length < 0 || length > MAX_BODY_BYTES) {
      write(out, Reply.text(length < 0 ? 400 : 413, "bad Content-Length"), false, false);
      return false;
    }
    if ("100-continue".equalsIgnoreCase(headers.get("expect"))) {
      out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new EOFException();
    }
    boolean keep =
        words[2].equals("HTTP/1.1") && !"close".equalsIgnoreCase(headers.get("connection"));
    Reply reply;
    try {
      reply =
          handler.apply(
              new Asked(
                  words[0], words[1], headers, new String(body, StandardCharsets.UTF_8), from));
    } catch (RuntimeException e) {
      log.error("task endpoint: {} {}", words[0], words[1], e);
      reply = Reply.text(500, "internal error");
    }
    write(out, reply, keep, words[0].equals("HEAD"));
    return keep;
  }

  private static void write(OutputStream out, Reply reply, boolean keep, boolean headOnly)
      throws IOException {
    byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream all = new ByteArrayOutputStream(body.length + 160);
    String head =
        "HTTP/1.1 "
            + reply.status()
            + " "
            + reply.reason()
            + "\r\nContent-Type: "
            + reply.contentType()
            + "\r\nContent-Length: "
            + body.length
            + "\r\nConnection: "
            + (keep ? "keep-alive" : "close")
            + "\r\n\r\n";
    all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    if (!headOnly) {
      all.writeBytes(body);
    }
    out.write(all.toByteArray());
    out.flush();
  }

  private static @org.jspecify.annotations.Nullable String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    for (int next = in.read(); next >= 0; next = in.read()) {
      if (next == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(next);
      if (line.size() > MAX_HEAD_BYTES) {
        throw new IOException("a header line without end");
      }
    }
    return null;
  }

  @Override
  public void close() {
    try {
      server.close();
      for (SocketChannel each : connections) {
        each.close();
      }
    } catch (IOException e) {
      log.debug("closing a task endpoint: {}", e.toString());
    }
  }
}
