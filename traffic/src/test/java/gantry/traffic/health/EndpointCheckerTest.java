package gantry.traffic.health;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsServer;
import gantry.traffic.lb.Keys;
import gantry.traffic.lb.RoutingTable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EndpointCheckerTest {

  private record Said(String id, @Nullable Boolean healthy, boolean succeeded, String status) {}

  private final BlockingQueue<Said> said = new LinkedBlockingQueue<>();
  private final EndpointChecker checker =
      new EndpointChecker(
          (endpoint, healthy, succeeded, status) ->
              said.add(new Said(endpoint.id(), healthy, succeeded, status)),
          InetAddress::getByName);
  private HttpServer server;
  private volatile int status = 200;
  private volatile String body = "all is well";

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          // Length 0 makes it chunked, a number plain.
          exchange.sendResponseHeaders(
              status, exchange.getRequestURI().getPath().equals("/chunked") ? 0 : bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    checker.close();
    server.stop(0);
  }

  private Endpoint http(String path, @Nullable String search) {
    return new Endpoint(
        "one",
        Endpoint.Kind.HTTP,
        "127.0.0.1",
        server.getAddress().getPort(),
        "example.com",
        path,
        false,
        false,
        search,
        Duration.ofMillis(20),
        2);
  }

  private Said next() throws InterruptedException {
    Said next = said.poll(60, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    return next;
  }

  @Test
  void aMistakeOfOursIsNotTheLastCheck() throws Exception {
    AtomicInteger mistakes = new AtomicInteger(2);
    try (EndpointChecker clumsy =
        new EndpointChecker(
            (endpoint, healthy, succeeded, status) ->
                said.add(new Said(endpoint.id(), healthy, succeeded, status)),
            name -> {
              if (mistakes.getAndDecrement() > 0) {
                throw new IllegalStateException("a mistake of ours");
              }
              return InetAddress.getByName(name);
            })) {
      clumsy.update(List.of(http("/", null)));
      assertThat(next().healthy()).isTrue();
    }
  }

  @Test
  void noCheckIsMadeBeforeTheLastOneWasHeardOf() throws Exception {
    CountDownLatch overtaken = new CountDownLatch(1);
    AtomicInteger hearing = new AtomicInteger();
    try (EndpointChecker slowlyHeard =
        new EndpointChecker(
            (endpoint, healthy, succeeded, status) -> {
              if (hearing.incrementAndGet() > 1) {
                overtaken.countDown();
              }
              try {
                // Many intervals.
                said.add(new Said("" + overtaken.await(1, TimeUnit.SECONDS), healthy, true, ""));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              hearing.decrementAndGet();
            },
            InetAddress::getByName)) {
      slowlyHeard.update(List.of(http("/", null)));
      assertThat(next().id()).as("overtaken by the next check").isEqualTo("false");
    }
  }

  @Test
  void verdictsChangeAfterAsManyChecksAsTheThresholdSays() throws Exception {
    checker.update(List.of(http("/", null)));
    Said first = next();
    assertThat(first.healthy()).as("one success is enough at first").isTrue();
    assertThat(first.status()).isEqualTo("HTTP Status Code 200 OK");
    status = 503;
    Said failed = next();
    while (failed.succeeded()) {
      failed = next();
    }
    assertThat(failed.healthy()).as("one failure is not enough").isTrue();
    Said second = next();
    assertThat(second.healthy()).isFalse();
    assertThat(second.status()).startsWith("HTTP Status Code 503");
    status = 204;
    Said well = next();
    while (!well.succeeded()) {
      well = next();
    }
    assertThat(well.healthy()).isFalse();
    assertThat(next().healthy()).isTrue();
  }

  @Test
  void theBodyIsSearchedPlainAndChunked() {
    for (String path : List.of("/", "/chunked")) {
      assertThat(EndpointProbe.check(http(path, "is well"), InetAddress::getByName).well())
          .isTrue();
      assertThat(EndpointProbe.check(http(path, "is ill"), InetAddress::getByName))
          .isEqualTo(
              new EndpointProbe.Found(
                  false, "HTTP Status Code 200 OK, but the search string was not found"));
    }
    body = "x".repeat(EndpointProbe.SEARCHED_BYTES) + "is well";
    assertThat(EndpointProbe.check(http("/", "is well"), InetAddress::getByName).well())
        .as("beyond the first 5,120 bytes nothing is searched")
        .isFalse();
  }

  @Test
  void aTcpCheckOnlyConnects() throws IOException {
    try (ServerSocket open = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThat(EndpointProbe.check(tcp(open.getLocalPort()), InetAddress::getByName).well())
          .isTrue();
    }
    // Bound and not listening: nobody else can be met there.
    try (Socket deaf = new Socket()) {
      deaf.bind(new InetSocketAddress("127.0.0.1", 0));
      assertThat(EndpointProbe.check(tcp(deaf.getLocalPort()), InetAddress::getByName).well())
          .isFalse();
    }
  }

  private static Endpoint tcp(int port) {
    return new Endpoint(
        "tcp",
        Endpoint.Kind.TCP,
        "127.0.0.1",
        port,
        null,
        "",
        false,
        false,
        null,
        Duration.ofSeconds(10),
        3);
  }

  @Test
  void overTlsCertificatesAreNotJudgedAndTheNameIsToldWhereWanted() throws Exception {
    BlockingQueue<String> names = new LinkedBlockingQueue<>();
    HttpsServer secure = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    secure.setHttpsConfigurator(
        new HttpsConfigurator(context(Keys.make("arn", "other.example", "EC"))));
    secure.createContext(
        "/",
        exchange -> {
          names.add(
              ((ExtendedSSLSession) ((HttpsExchange) exchange).getSSLSession())
                  .getRequestedServerNames()
                  .toString());
          exchange.sendResponseHeaders(status, 0);
          exchange.getResponseBody().write(body.getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });
    secure.start();
    try {
      int port = secure.getAddress().getPort();
      assertThat(EndpointProbe.check(tls(port, "example.com", true), InetAddress::getByName))
          .isEqualTo(
              new EndpointProbe.Found(
                  true, "HTTP Status Code 200 OK, and the search string was found"));
      assertThat(names.poll()).contains("value=example.com");
      assertThat(EndpointProbe.check(tls(port, "example.com", false), InetAddress::getByName))
          .matches(EndpointProbe.Found::well);
      assertThat(names.poll()).as("without SNI no name is told").isEqualTo("[]");
      status = 500;
      assertThat(EndpointProbe.check(tls(port, "example.com", true), InetAddress::getByName))
          .matches(found -> !found.well());
      assertThat(EndpointProbe.check(tls(port, "no host", true), InetAddress::getByName).status())
          .contains("TLS cannot be told the name no host");
    } finally {
      secure.stop(0);
    }
  }

  private static Endpoint tls(int port, String host, boolean sni) {
    return new Endpoint(
        "tls",
        Endpoint.Kind.HTTP,
        "127.0.0.1",
        port,
        host,
        "/",
        true,
        sni,
        "is well",
        Duration.ofSeconds(10),
        3);
  }

  private static SSLContext context(RoutingTable.Certificate certificate) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "k", certificate.key(), new char[0], certificate.chain().toArray(Certificate[]::new));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void whoDoesNotSpeakHttpIsNotWell() throws IOException {
    try (ServerSocket open = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (var socket = open.accept()) {
                  socket.getOutputStream().write("+PONG\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                  socket.getInputStream().readAllBytes();
                } catch (IOException closed) {
                  return;
                }
              });
      Endpoint asked =
          new Endpoint(
              "x",
              Endpoint.Kind.HTTP,
              "127.0.0.1",
              open.getLocalPort(),
              null,
              "/",
              false,
              false,
              null,
              Duration.ofSeconds(10),
              1);
      assertThat(EndpointProbe.check(asked, InetAddress::getByName))
          .isEqualTo(new EndpointProbe.Found(false, "The endpoint does not speak HTTP."));
    }
  }
}
