package gantry.services.ecr;

import com.sun.net.httpserver.HttpServer;
import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A handler on the JDK's own server, on loopback: what clients in tests talk to. */
final class JdkServer implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile HttpHandler handler;

  JdkServer(HttpHandler handler) throws IOException {
    this(handler, 0);
  }

  JdkServer(HttpHandler handler, int port) throws IOException {
    this.handler = handler;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            this.handler.handle(new Exchange(exchange));
          } catch (RuntimeException e) {
            e.printStackTrace();
            throw e;
          }
        });
    server.start();
  }

  void use(HttpHandler other) {
    handler = other;
  }

  int port() {
    return server.getAddress().getPort();
  }

  String url() {
    return "http://localhost:" + port();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static final class Exchange implements HttpExchange {

    private final com.sun.net.httpserver.HttpExchange exchange;

    Exchange(com.sun.net.httpserver.HttpExchange exchange) {
      this.exchange = exchange;
    }

    @Override
    public String method() {
      return exchange.getRequestMethod();
    }

    @Override
    public String path() {
      return exchange.getRequestURI().getRawPath();
    }

    @Override
    public String query() {
      String query = exchange.getRequestURI().getRawQuery();
      return query == null ? "" : query;
    }

    @Override
    public String host() {
      String host = header("Host");
      return host == null ? "localhost" : host;
    }

    @Override
    public String remoteAddress() {
      return exchange.getRemoteAddress().getAddress().getHostAddress();
    }

    @Override
    public List<String> headers(String name) {
      List<String> values = exchange.getRequestHeaders().get(name);
      return values == null ? List.of() : values;
    }

    @Override
    public List<String> headerNames() {
      return exchange.getRequestHeaders().keySet().stream()
          .map(name -> name.toLowerCase(Locale.ROOT))
          .toList();
    }

    @Override
    public InputStream body() {
      return exchange.getRequestBody();
    }

    @Override
    public HttpExchange setHeader(String name, String value) {
      exchange.getResponseHeaders().set(name, value);
      return this;
    }

    @Override
    public OutputStream respond(int status) throws IOException {
      @Nullable String length = exchange.getResponseHeaders().getFirst("Content-Length");
      if (method().equals("HEAD")) {
        exchange.sendResponseHeaders(status, -1);
        return OutputStream.nullOutputStream();
      }
      long bytes = length == null ? 0 : Long.parseLong(length);
      exchange.sendResponseHeaders(status, length == null ? 0 : bytes == 0 ? -1 : bytes);
      return exchange.getResponseBody();
    }

    @Override
    public void respond(int status, byte[] body) throws IOException {
      if (method().equals("HEAD")) {
        exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
    }
  }
}
