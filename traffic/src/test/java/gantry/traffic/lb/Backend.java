package gantry.traffic.lb;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A target written by hand: it takes a request down to the byte and answers what it was told. */
final class Backend implements AutoCloseable {

  /** One request as it stood on the wire. */
  record Request(String head, String body) {
    String line() {
      return head.substring(0, head.indexOf('\r'));
    }

    @Nullable String header(String name) {
      for (String line : head.split("\r\n", -1)) {
        if (line.regionMatches(true, 0, name + ":", 0, name.length() + 1)) {
          return line.substring(name.length() + 1).strip();
        }
      }
      return null;
    }
  }

  interface Answer {
    /** False: the connection ends here. */
    boolean to(Request request, InputStream in, OutputStream out) throws IOException;
  }

  final List<Request> requests = new CopyOnWriteArrayList<>();
  final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger checks = new AtomicInteger();
  final String name;
  volatile Answer answer;
  volatile int healthStatus = 200;
  private final ServerSocket server;
  private final List<Socket> open = new CopyOnWriteArrayList<>();

  Backend(String name) throws IOException {
    this.name = name;
    this.answer = (request, in, out) -> ok(out, name);
    server = new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  static boolean ok(OutputStream out, String body) throws IOException {
    return write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
  }

  static boolean write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
    return true;
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new java.io.BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      boolean counted = false;
      while (true) {
        Request request = read(in);
        if (request == null) {
          return;
        }
        if ("ELB-HealthChecker/2.0".equals(request.header("User-Agent"))) {
          checks.incrementAndGet();
          write(out, "HTTP/1.1 " + healthStatus + " X\r\nContent-Length: 0\r\n\r\n");
          return;
        }
        if (!counted) {
          counted = true;
          connections.incrementAndGet();
        }
        requests.add(request);
        if (!answer.to(request, in, out)) {
          return;
        }
      }
    } catch (IOException closed) {
      // The balancer closed first: for it to do.
    } finally {
      open.remove(socket);
    }
  }

  static @Nullable Request read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (true) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      head.write(b);
      last = last << 8 | b;
      if (last == 0x0d0a0d0a) {
        break;
      }
    }
    Request request = new Request(head.toString(StandardCharsets.ISO_8859_1), "");
    String length = request.header("Content-Length");
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    if (length != null) {
      body.writeBytes(in.readNBytes(Integer.parseInt(length)));
    } else if ("chunked".equals(request.header("Transfer-Encoding"))) {
      while (true) {
        int size = Integer.parseInt(line(in), 16);
        body.writeBytes(in.readNBytes(size));
        String end = line(in);
        if (!end.isEmpty()) {
          throw new IOException("bad chunk end");
        }
        if (size == 0) {
          break;
        }
      }
    }
    return new Request(request.head(), body.toString(StandardCharsets.ISO_8859_1));
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    while (true) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("ended inside a line");
      }
      if (b == '\n') {
        return text.toString();
      }
      if (b != '\r') {
        text.append((char) b);
      }
    }
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
