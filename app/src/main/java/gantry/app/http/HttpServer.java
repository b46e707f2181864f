package gantry.app.http;

import gantry.services.HttpHandler;
import io.helidon.common.context.Context;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.media.MediaContext;
import io.helidon.service.registry.GlobalServiceRegistry;
import io.helidon.service.registry.ServiceRegistryConfig;
import io.helidon.service.registry.ServiceRegistryManager;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http2.Http2Config;
import io.helidon.webserver.http2.Http2ConnectionSelector;
import io.helidon.webserver.http2.Http2Upgrader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Helidon's web server with everything that it would look for on the class path named outright:
 * that is most of its start-up time. HTTP/1.1, HTTP/2 by prior knowledge and by upgrade, in the
 * clear.
 */
public final class HttpServer implements AutoCloseable {

  private final WebServer server;

  private final Watch watch;

  private HttpServer(WebServer server, Watch watch) {
    this.server = server;
    this.watch = watch;
  }

  /** Listens, and answers as soon as this returns. */
  public static HttpServer start(InetSocketAddress address, HttpHandler handler, Limits limits) {
    withoutDiscovery();
    Http2Config http2 =
        Http2Config.builder()
            .maxConcurrentStreams(Limits.STREAMS_PER_CONNECTION)
            .maxHeaderListSize(Limits.HEADER_BYTES)
            .buildPrototype();
    Http1Config http1 =
        Http1Config.builder()
            .maxPrologueLength(Limits.PROLOGUE_BYTES)
            .maxHeadersSize(Limits.HEADER_BYTES)
            .continueImmediately(false)
            .buildPrototype();
    Watch watch = new Watch(limits);
    WebServer server =
        WebServer.builder()
            .bindAddress(address)
            .serverContext(Context.create())
            .shutdownHook(false)
            .featuresDiscoverServices(false)
            .protocolsDiscoverServices(false)
            .concurrencyLimitDiscoverServices(false)
            .mediaContext(
                MediaContext.builder()
                    .mediaSupportsDiscoverServices(false)
                    .registerDefaults(false)
                    .build())
            .contentEncoding(
                ContentEncodingContext.builder().contentEncodingsDiscoverServices(false).build())
            .addConnectionSelector(
                new PacedSelector(
                    Http2ConnectionSelector.builder().http2Config(http2).build(),
                    limits,
                    watch,
                    false))
            .addConnectionSelector(
                new PacedSelector(
                    Http1ConnectionSelector.builder()
                        .config(http1)
                        .addUpgrader(Http2Upgrader.create(http2))
                        .build(),
                    limits,
                    watch,
                    true))
            .addProtocol(http1)
            .addProtocol(http2)
            .maxTcpConnections(Limits.CONNECTIONS)
            .idleConnectionTimeout(limits.idle())
            .connectionOptions(watch.options())
            .shutdownGracePeriod(limits.drain())
            .directHandlers(refusals())
            .routing(HttpRouting.builder().any((req, res) -> serve(handler, req, res)))
            .build();
    return new HttpServer(server.start(), watch);
  }

  /** Helidon would look up everything on the class path as soon as it needs one mapper. */
  private static void withoutDiscovery() {
    if (!GlobalServiceRegistry.configured()) {
      GlobalServiceRegistry.registry(
          ServiceRegistryManager.create(
                  ServiceRegistryConfig.builder()
                      .discoverServices(false)
                      .discoverServicesFromServiceLoader(false)
                      .build())
              .registry());
    }
  }

  public int port() {
    return server.port();
  }

  /** Takes no more connections, and gives requests in flight their time. */
  @Override
  public void close() {
    server.stop();
    watch.close();
  }

  private static void serve(HttpHandler handler, ServerRequest request, ServerResponse response) {
    Pace pace = Pace.CURRENT.isBound() ? Pace.CURRENT.get() : null;
    if (pace != null) {
      pace.bodyBegins();
    }
    HelidonExchange exchange = new HelidonExchange(request, response);
    try {
      if (smuggles(request)) {
        exchange.setHeader("connection", "close");
        exchange.respond(400, line("The request's length is said in two ways."));
        throw new CloseConnectionException("where this request ends is unknown");
      }
      handler.handle(exchange);
      if (closes(request)) {
        throw new CloseConnectionException("asked to");
      }
    } catch (CloseConnectionException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      BrokenRequest broken = BrokenRequest.in(e);
      if (broken != null && !exchange.answered()) {
        exchange.setHeader("connection", "close");
        exchange.setHeader("content-type", "text/plain");
        exchange.respond(broken.status(), line(String.valueOf(broken.getMessage())));
        throw new CloseConnectionException("where this request ends is unknown", broken);
      }
      Log.LOG.warn("{} {} failed", exchange.method(), exchange.path(), e);
      if (exchange.answered()) {
        throw new CloseConnectionException("the answer broke off", e);
      }
      exchange.setHeader("content-type", "text/plain");
      exchange.respond(500, line("Internal failure; the log of the server has the reason."));
    } finally {
      if (pace != null) {
        pace.requestEnds();
      }
    }
  }

  /** Left to itself the server would keep the connection until it is idle for too long. */
  private static boolean closes(ServerRequest request) {
    return request.headers().contains(HeaderNames.CONNECTION)
        && request.headers().get(HeaderNames.CONNECTION).get().equalsIgnoreCase("close");
  }

  /** Two readers could disagree where such a request ends, and what then begins. */
  private static boolean smuggles(ServerRequest request) {
    var headers = request.headers();
    return headers.contains(HeaderNames.CONTENT_LENGTH)
        && (headers.contains(HeaderNames.TRANSFER_ENCODING)
            || headers.get(HeaderNames.CONTENT_LENGTH).valueCount() > 1);
  }

  /** What is refused before it is a request: one line of plain text, then the connection closes. */
  private static DirectHandlers refusals() {
    DirectHandlers.Builder all = DirectHandlers.builder();
    DirectHandler plain =
        (request, type, status, headers, message) -> {
          headers.set(HeaderNames.CONTENT_TYPE, "text/plain");
          return DirectHandler.TransportResponse.builder()
              .status(status)
              .headers(headers)
              .keepAlive(false)
              .entity(line(message))
              .build();
        };
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      all.addHandler(type, plain);
    }
    return all.build();
  }

  private static byte[] line(String text) {
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  }
}
