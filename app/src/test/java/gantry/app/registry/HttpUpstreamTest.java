package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import gantry.services.ecr.Upstream.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other registries may answer, and what becomes of it. */
@Timeout(60)
class HttpUpstreamTest {

  private static final Map<String, String> CREDENTIALS = Map.of("Authorization", "Basic c2VjcmV0");

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch stalled = new CountDownLatch(1);
  private HttpServer server;
  private HttpServer other;
  private HttpUpstream upstream;

  @BeforeEach
  void start() throws IOException {
    server = server();
    other = server();
    upstream = new HttpUpstream();
  }

  private HttpServer server() throws IOException {
    HttpServer made =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    made.setExecutor(threads);
    made.start();
    return made;
  }

  @AfterEach
  void stop() {
    stalled.countDown();
    upstream.close();
    server.stop(0);
    other.stop(0);
    threads.shutdownNow();
  }

  private static String url(HttpServer server) {
    return "http://localhost:" + server.getAddress().getPort();
  }

  private void redirect(String location) {
    server.createContext(
        "/blob",
        exchange -> {
          exchange.getResponseHeaders().set("Location", location);
          exchange.sendResponseHeaders(307, -1);
          exchange.close();
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/token", "token", "http:", "http:token", "ftp://localhost/x", "http://a b/"})
  void whatIsNoAddressIsSaidToBeNone(String url) {
    assertThatThrownBy(() -> upstream.get(url, Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no address of an upstream");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http:x", "file:///etc/passwd", "mailto:a", "http://a b/"})
  void aRedirectToWhatIsNoAddressIsRefused(String location) {
    redirect(location);
    assertThatThrownBy(() -> upstream.get(url(server) + "/blob", Map.of()))
        .isInstanceOf(IOException.class);
  }

  @Test
  void anotherHostIsNotToldWhoAsks() throws IOException {
    redirect(url(other) + "/layer");
    other.createContext(
        "/layer",
        exchange -> {
          byte[] said =
              String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))
                  .getBytes(UTF_8);
          exchange.sendResponseHeaders(200, said.length);
          exchange.getResponseBody().write(said);
          exchange.close();
        });
    try (Answer answer = upstream.get(url(server) + "/blob", CREDENTIALS)) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body().readAllBytes()).isEqualTo("null".getBytes(UTF_8));
    }
  }

  @Test
  void redirectsEnd() {
    redirect("/blob");
    assertThatThrownBy(() -> upstream.get(url(server) + "/blob", Map.of()))
        .hasMessageContaining("redirects more than");
  }

  /** Everybody who wants the image would wait for it. */
  @Test
  void aBodyThatStopsComingIsGivenUp() throws IOException {
    server.createContext(
        "/blob",
        exchange -> {
          exchange.sendResponseHeaders(200, 1000);
          exchange.getResponseBody().write(new byte[10]);
          exchange.getResponseBody().flush();
          try {
            stalled.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        });
    try (HttpUpstream impatient = new HttpUpstream(Duration.ofMillis(300));
        Answer answer = impatient.get(url(server) + "/blob", Map.of())) {
      assertThatThrownBy(() -> answer.body().readAllBytes())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("nothing came");
    }
  }
}
