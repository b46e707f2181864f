package gantry.app.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a registry, kept open: a client that takes as little of the machine as it can, so
 * that what is measured is the registry. Bytes go and come without a copy in this program.
 */
final class RegistryConnection implements AutoCloseable {

  static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** What one read may take: more than the kernel has in most cases. */
  private static final int BUFFER_BYTES = 1024 * 1024;

  private final SocketChannel socket;
  private final int port;
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).flip();

  RegistryConnection(int port) throws IOException {
    this.port = port;
    socket = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  /** Sends a request, checks that it was done, and returns the Location. */
  String send(String method, String target, @Nullable String type, ByteBuffer body)
      throws IOException {
    String path = target.replaceFirst("^https?://[^/]+", "");
    ByteBuffer head =
        request(
            method,
            path,
            "Content-Length: "
                + body.remaining()
                + "\r\n"
                + (type == null ? "" : "Content-Type: " + type + "\r\n"));
    ByteBuffer[] all = {head, body.duplicate()};
    while (all[0].hasRemaining() || all[1].hasRemaining()) {
      socket.write(all);
    }
    Head answer = head();
    take(Math.max(0, answer.length), null);
    if (answer.status >= 300) {
      throw new IOException(method + " " + path + " was answered " + answer.status);
    }
    return answer.location;
  }

  /**
   * Gets a blob of a known length.
   *
   * @param hasher sees its bytes; null where they only have to come
   */
  void get(String path, long expected, @Nullable MessageDigest hasher) throws IOException {
    ByteBuffer head = request("GET", path, "");
    while (head.hasRemaining()) {
      socket.write(head);
    }
    Head answer = head();
    if (answer.status != 200 || answer.length != expected) {
      throw new IOException("GET " + path + " was answered " + answer);
    }
    take(expected, hasher);
  }

  private ByteBuffer request(String method, String path, String headers) {
    return ByteBuffer.wrap(
        (method + " " + path + " HTTP/1.1\r\nHost: localhost:" + port + "\r\n" + headers + "\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  private void take(long count, @Nullable MessageDigest hasher) throws IOException {
    for (long left = count; left > 0; ) {
      if (!in.hasRemaining()) {
        more();
      }
      int some = (int) Math.min(left, in.remaining());
      if (hasher != null) {
        hasher.update(in.slice(in.position(), some));
      }
      in.position(in.position() + some);
      left -= some;
    }
  }

  private void more() throws IOException {
    int read = socket.read(in.clear());
    in.flip();
    if (read < 0) {
      throw new IOException("the connection was closed");
    }
  }

  private record Head(int status, long length, String location) {}

  private Head head() throws IOException {
    int status = Integer.parseInt(line().split(" ", 3)[1]);
    long length = -1;
    String location = "";
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = line.substring(colon + 1).trim();
      if (name.equals("content-length")) {
        length = Long.parseLong(value);
      } else if (name.equals("location")) {
        location = value;
      }
    }
    return new Head(status, length, location);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      while (!in.hasRemaining()) {
        more();
      }
      char c = (char) in.get();
      if (c == '\n') {
        return line.toString();
      }
      if (c != '\r') {
        line.append(c);
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
