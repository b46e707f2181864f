package gantry.app.demo;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Constant requests from a few clients, each on a connection that it keeps. Over bare sockets,
 * since HTTP libraries ask again by themselves, and a failed request is what is counted here.
 */
final class Load implements AutoCloseable {

  static final int CLIENTS = 6;
  static final Duration PAUSE = Duration.ofMillis(5);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int FAILURES_TOLD = 10;
  private static final Pattern VERSION = Pattern.compile("\"(?:version|web)\" *: *\"([^\"]+)\"");

  private final String host;
  private final int port;
  private final List<String> paths;
  private final LongAdder answered = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Map<String, LongAdder> versions = new ConcurrentSkipListMap<>();
  private final List<String> failures = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean ending;

  private Load(String host, int port, List<String> paths) {
    this.host = host;
    this.port = port;
    this.paths = paths;
  }

  static Load on(String host, int port, String... paths) {
    Load load = new Load(host, port, List.of(paths));
    for (int i = 0; i < CLIENTS; i++) {
      int first = i;
      load.threads.add(Thread.ofVirtual().name("load-" + i).start(() -> load.ask(first)));
    }
    return load;
  }

  private void ask(int first) {
    Connection connection = null;
    for (int i = first; !ending; i++) {
      String path = paths.get(i % paths.size());
      try {
        if (connection == null) {
          connection = new Connection(host, port);
        }
        String body = connection.get(path);
        answered.increment();
        Matcher version = VERSION.matcher(body);
        if (version.find()) {
          versions.computeIfAbsent(path + " " + version.group(1), v -> new LongAdder()).increment();
        }
        if (connection.lastOne) {
          connection.close();
          connection = null;
        }
      } catch (IOException e) {
        failed(path, e);
        if (connection != null) {
          connection.close();
          connection = null;
        }
      }
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    if (connection != null) {
      connection.close();
    }
  }

  private void failed(String path, IOException e) {
    failed.increment();
    synchronized (failures) {
      if (failures.size() < FAILURES_TOLD) {
        failures.add(
            LocalTime.now().truncatedTo(ChronoUnit.MILLIS)
                + " GET "
                + path
                + ": "
                + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()));
      }
    }
  }

  long answered() {
    return answered.sum();
  }

  long failed() {
    return failed.sum();
  }

  List<String> failures() {
    synchronized (failures) {
      return List.copyOf(failures);
    }
  }

  /** One line of how it goes. */
  String line() {
    Map<String, Long> by = new TreeMap<>();
    versions.forEach((version, count) -> by.put(version, count.sum()));
    return answered() + " answered, " + failed() + " failed " + by;
  }

  @Override
  public void close() {
    ending = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** HTTP/1.1, as much as this needs. */
  private static final class Connection {
    private final Socket socket = new Socket();
    private final InputStream in;
    private final String host;
    private boolean lastOne;

    Connection(String host, int port) throws IOException {
      this.host = host + ":" + port;
      try {
        socket.connect(new InetSocketAddress("127.0.0.1", port), (int) TIMEOUT.toMillis());
        socket.setSoTimeout((int) TIMEOUT.toMillis());
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
      } catch (IOException e) {
        close();
        throw e;
      }
    }

    String get(String path) throws IOException {
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String status = line();
      int length = 0;
      boolean chunked = false;
      for (String header = line(); !header.isEmpty(); header = line()) {
        String value = value(header, "content-length");
        length = value == null ? length : Integer.parseInt(value);
        chunked |= "chunked".equalsIgnoreCase(value(header, "transfer-encoding"));
        lastOne |= "close".equalsIgnoreCase(value(header, "connection"));
      }
      String body = chunked ? chunks() : text(length);
      if (!status.contains(" 200")) {
        throw new IOException(status);
      }
      return body;
    }

    private String chunks() throws IOException {
      StringBuilder body = new StringBuilder();
      while (true) {
        int length = Integer.parseInt(line().strip(), 16);
        body.append(text(length));
        line();
        if (length == 0) {
          return body.toString();
        }
      }
    }

    private String text(int length) throws IOException {
      byte[] bytes = in.readNBytes(length);
      if (bytes.length < length) {
        throw new EOFException("the connection was closed within the answer");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new EOFException("the connection was closed before the answer");
        }
        line.append((char) c);
      }
      return line.toString().stripTrailing();
    }

    private static @Nullable String value(String header, String name) {
      return header.length() > name.length()
              && header.charAt(name.length()) == ':'
              && header.regionMatches(true, 0, name, 0, name.length())
          ? header.substring(name.length() + 1).strip()
          : null;
    }

    void close() {
      try {
        socket.close();
      } catch (IOException e) {
        // It is gone; that is what was wanted.
        return;
      }
    }
  }
}
