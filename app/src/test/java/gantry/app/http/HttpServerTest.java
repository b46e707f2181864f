package gantry.app.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The listener against clients that are polite, slow and hostile, over real sockets. */
@Timeout(120)
class HttpServerTest {

  /** Long after a dawdler has to be gone, and no time at all beside what it would take. */
  private static final Duration LONG_AFTER = Duration.ofSeconds(30);

  private static final Limits QUICK =
      new Limits(
          Duration.ofMillis(600),
          Duration.ofMillis(600),
          100_000,
          Duration.ofSeconds(2),
          Duration.ofMillis(200),
          Duration.ofSeconds(2));

  private static final AtomicLong BODY_BYTES = new AtomicLong();
  private static HttpServer server;
  private static HttpServer impatient;

  @BeforeAll
  static void start() {
    server = serve(Limits.USUAL);
    impatient = serve(QUICK);
  }

  private static HttpServer serve(Limits limits) {
    return HttpServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new Quick(
            exchange -> {
              switch (exchange.path()) {
                case "/echo" -> {
                  byte[] body = exchange.body().readAllBytes();
                  exchange.setHeader("content-type", "text/plain");
                  exchange.respond(
                      200,
                      (exchange.method() + " " + exchange.query() + " " + new String(body, UTF_8))
                          .getBytes(UTF_8));
                }
                case "/count" -> {
                  long total = 0;
                  byte[] buffer = new byte[8192];
                  try (InputStream in = exchange.body()) {
                    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                      total += n;
                    }
                  }
                  BODY_BYTES.set(total);
                  exchange.respond(200, String.valueOf(total).getBytes(UTF_8));
                }
                case "/stream" -> {
                  try (OutputStream out = exchange.respond(200)) {
                    for (int i = 0; i < 100; i++) {
                      out.write("0123456789".getBytes(UTF_8));
                    }
                  }
                }
                case "/broken" -> throw new IllegalStateException("on purpose");
                case "/half" -> {
                  exchange.setHeader("content-length", "1000");
                  OutputStream out = exchange.respond(200);
                  out.write(new byte[10]);
                  out.flush();
                  throw new IOException("on purpose");
                }
                case "/tunnel" -> {
                  exchange.setHeader("connection", "upgrade").setHeader("upgrade", "echo");
                  HttpExchange.Tunnel through = exchange.upgrade();
                  byte[] buffer = new byte[8192];
                  for (int n = through.in().read(buffer);
                      n >= 0 && buffer[n - 1] != '!';
                      n = through.in().read(buffer)) {
                    through.out().write(buffer, 0, n);
                  }
                }
                case "/ignore" -> exchange.respond(413, "too much".getBytes(UTF_8));
                default -> exchange.respond(404, new byte[0]);
              }
            }),
        limits);
  }

  @AfterAll
  static void stop() {
    server.close();
    impatient.close();
  }

  private static final class Quick implements QuickHandler {
    private final HttpHandler inner;

    Quick(HttpHandler inner) {
      this.inner = inner;
    }

    @Override
    public boolean quick(HttpExchange exchange) {
      return exchange.query().startsWith("quick");
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
      if (exchange.query().startsWith("slow")) {
        Thread.yield();
      }
      boolean whole = exchange instanceof WholeExchange came && came.whole() != null;
      assertThat(Thread.currentThread().isVirtual()).isEqualTo(!(whole && quick(exchange)));
      inner.handle(exchange);
    }
  }

  private static URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void bothVersionsCarryBodiesInBothDirections(HttpClient.Version version) throws Exception {
    try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
      // A request with a body is not upgraded to HTTP/2, one without is.
      client.send(
          HttpRequest.newBuilder(uri("/echo")).build(), HttpResponse.BodyHandlers.ofString());
      for (int i = 0; i < 3; i++) {
        var answer =
            client.send(
                HttpRequest.newBuilder(uri("/echo?a=%20b"))
                    .POST(HttpRequest.BodyPublishers.ofString("héllo"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.body()).isEqualTo("POST a=%20b héllo");
        assertThat(answer.version()).isEqualTo(version);
        assertThat(answer.headers().firstValue("date")).isPresent();
      }
      var streamed =
          client.send(
              HttpRequest.newBuilder(uri("/stream")).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(streamed.body()).hasSize(1000);
      var head =
          client.send(
              HttpRequest.newBuilder(uri("/echo")).HEAD().build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.body()).isEmpty();
      assertThat(head.headers().firstValue("content-length")).contains("6");
    }
  }

  @Test
  void waitingClientsAreToldToGoOnWhenTheBodyIsWanted() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send(
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
      assertThat(raw.line()).isEqualTo("HTTP/1.1 100 Continue");
      assertThat(raw.line()).isEmpty();
      raw.send("ok");
      assertThat(raw.line()).isEqualTo("HTTP/1.1 200 OK");
      assertThat(raw.body()).isEqualTo("POST  ok");
    }
  }

  @Test
  void connectionsAreKept() throws Exception {
    try (Raw raw = new Raw()) {
      for (int i = 0; i < 5; i++) {
        raw.send("GET /echo?n=" + i + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(raw.line()).startsWith("HTTP/1.1 200");
        raw.skipAnswer();
      }
    }
  }

  @Test
  void requestsSentAheadAreAnsweredInOrder() throws Exception {
    try (Raw raw = new Raw()) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 200; i++) {
        String how = i % 3 == 0 ? "quick" : "slow";
        all.append("POST /echo?").append(how).append(i).append(" HTTP/1.1\r\nHost: localhost\r\n");
        all.append(
            i % 5 == 0
                ? "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
                : "Content-Length: 2\r\n\r\nok");
      }
      raw.send(all.toString());
      for (int i = 0; i < 200; i++) {
        assertThat(raw.line()).isEqualTo("HTTP/1.1 200 OK");
        String how = i % 3 == 0 ? "quick" : "slow";
        assertThat(raw.body()).isEqualTo("POST " + how + i + " ok");
      }
    }
  }

  @Test
  void anIdleConnectionIsClosed() throws Exception {
    try (Raw raw = Raw.prompt("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
      assertThat(raw.line()).isEqualTo("HTTP/1.1 200 OK");
      raw.skipAnswer();
      assertThat(raw.untilClosed()).isEmpty();
      assertThat(raw.elapsed()).isBetween(QUICK.idle(), LONG_AFTER);
    }
  }

  @Test
  void slowHeadersAreCutOff() throws Exception {
    try (Raw raw = Raw.prompt("GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")) {
      raw.drip("a".repeat(10_000), 50);
      assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
      assertThat(raw.untilClosed()).startsWith("HTTP/1.1 408");
    }
  }

  @Test
  void aSlowBodyIsCutOff() throws Exception {
    try (Raw raw =
        Raw.prompt("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")) {
      raw.drip("b".repeat(10_000), 50);
      assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
      assertThat(raw.untilClosed()).startsWith("HTTP/1.1 408");
    }
  }

  @Test
  void silenceIsCutOff() throws Exception {
    try (Raw raw = new Raw(impatient)) {
      assertThat(raw.untilClosed()).isEmpty();
      assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /echo HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET  /echo\r\n\r\n",
        "\r\n\r\n\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /echo HTTP/1.1\r\nNo colon here\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n",
        "GET /ec\u0000ho HTTP/1.1\r\nHost: a\r\n\r\n",
      })
  void whatIsNotHttpIsRefusedWithFourHundredOrClosed(String sent) throws Exception {
    try (Raw raw = new Raw(impatient)) {
      raw.send(sent);
      String answer = raw.untilClosed();
      assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
      assertThat(answer)
          .as(answer)
          .matches(a -> a.isEmpty() || a.matches("(?s)HTTP/1.1 (4\\d\\d|505).*"));
      assertThat(answer).doesNotContain("Exception").doesNotContain("at gantry");
    }
  }

  @Test
  void hugeHeadersAreRefused() throws Exception {
    for (String start :
        new String[] {
          "GET /" + "a".repeat(1 << 20), "GET / HTTP/1.1\r\nX: " + "a".repeat(1 << 20)
        }) {
      try (Raw raw = new Raw(impatient)) {
        raw.sendWhatItTakes(start);
        assertThat(raw.untilClosed()).matches(a -> a.isEmpty() || a.startsWith("HTTP/1.1 4"));
        assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
      }
    }
  }

  @Test
  void whoAsksAndHasNothingMoreToSayIsAnswered() throws Exception {
    for (int i = 0; i < 100; i++) { // the end comes with the request, or just after it
      try (Raw raw = new Raw()) {
        raw.send("GET /echo?quick HTTP/1.1\r\nHost: a\r\n\r\n");
        raw.socket.shutdownOutput();
        assertThat(raw.untilClosed()).startsWith("HTTP/1.1 200").endsWith("GET quick ");
      }
    }
  }

  @Test
  void truncatedChunksAreRefused() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc");
      raw.socket.shutdownOutput();
      assertThat(raw.untilClosed()).matches(a -> a.isEmpty() || a.startsWith("HTTP/1.1 4"));
    }
  }

  @Test
  void aHundredMegabytesStreamThrough() throws Exception {
    try (Raw raw = new Raw()) {
      int megabytes = 100;
      raw.send(
          "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: " + (megabytes << 20) + "\r\n\r\n");
      byte[] megabyte = new byte[1 << 20];
      for (int i = 0; i < megabytes; i++) {
        raw.socket.getOutputStream().write(megabyte);
      }
      assertThat(raw.line()).isEqualTo("HTTP/1.1 200 OK");
      assertThat(BODY_BYTES.get()).isEqualTo((long) megabytes << 20);
    }
  }

  @Test
  void anUpgradedConnectionCarriesBytesAndEndsWithItsHandler() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      assertThat(raw.line()).isEqualTo("HTTP/1.1 101 Switching Protocols");
      StringBuilder headers = new StringBuilder();
      for (String line = raw.line(); !line.isEmpty(); line = raw.line()) {
        headers.append(line).append('\n');
      }
      assertThat(headers.toString()).isEqualTo("connection: upgrade\nupgrade: echo\n");
      raw.send("GET / HTTP/1.1\r\n\r\n");
      assertThat(raw.line()).isEqualTo("GET / HTTP/1.1");
      assertThat(raw.line()).isEmpty();
      // More than either side holds: each waits for the other.
      byte[] much = new byte[8 << 20];
      Arrays.fill(much, (byte) 'x');
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      raw.socket.getOutputStream().write(much);
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertThat(raw.socket.getInputStream().readNBytes(much.length)).isEqualTo(much);
      writer.join();
      raw.send("!");
      assertThat(raw.untilClosed()).isEmpty();
    }
  }

  @Test
  void nobodySpeaksBeforeTheUpgradeIsAnswered() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send(
          "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
              + "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(raw.untilClosed()).isEmpty();
    }
  }

  @Test
  void anAnswerBeforeTheBodyEndsTheRequest() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n");
      raw.sendWhatItTakes("x".repeat(1 << 20));
      assertThat(raw.untilClosed()).startsWith("HTTP/1.1 413");
      assertThat(raw.elapsed()).isLessThan(LONG_AFTER);
    }
  }

  @Test
  void aFailureIsAPlainFiveHundred() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(raw.line()).isEqualTo("HTTP/1.1 500 Internal Server Error");
      assertThat(raw.body()).contains("Internal failure").doesNotContain("on purpose");
    }
  }

  @Test
  void halfAnAnswerIsNeverTakenForAWholeOne() throws Exception {
    try (Raw raw = new Raw()) {
      raw.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(raw.untilClosed().length()).isLessThan(1000);
    }
  }

  /** A socket with nobody's good manners. */
  private static final class Raw implements AutoCloseable {
    private final Socket socket;
    private final long start;

    Raw() throws IOException {
      this(server);
    }

    Raw(HttpServer to) throws IOException {
      this(System.nanoTime(), new Socket(InetAddress.getLoopbackAddress(), to.port()));
    }

    private Raw(long start, Socket socket) throws IOException {
      this.start = start;
      this.socket = socket;
      socket.setSoTimeout((int) LONG_AFTER.toMillis());
      socket.setTcpNoDelay(true);
    }

    static Raw prompt(String first) throws IOException {
      return new Raw(System.nanoTime(), Prompt.connect(impatient, QUICK, first));
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
    }

    void sendWhatItTakes(String text) {
      try {
        send(text);
      } catch (IOException e) {
        // It hung up meanwhile, which is its right.
        assertThat(e).isInstanceOf(SocketException.class);
      }
    }

    /** Byte by byte, until it hangs up or answers. */
    void drip(String text, int everyMillis) throws IOException {
      socket.setSoTimeout(everyMillis);
      for (byte b : text.getBytes(ISO_8859_1)) {
        try {
          socket.getOutputStream().write(b);
          if (socket.getInputStream().available() > 0) {
            break;
          }
          byte[] one = new byte[1];
          int n = socket.getInputStream().read(one);
          if (n >= 0) {
            pushedBack = one[0];
          }
          break;
        } catch (SocketTimeoutException e) {
          assertThat(e).as("a read notices the end while it waits").isNotNull();
        } catch (SocketException e) {
          break;
        }
      }
      socket.setSoTimeout((int) LONG_AFTER.toMillis());
    }

    private int pushedBack = -1;

    private int read() throws IOException {
      if (pushedBack >= 0) {
        int b = pushedBack;
        pushedBack = -1;
        return b;
      }
      return socket.getInputStream().read();
    }

    String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = read(); c >= 0 && c != '\n'; c = read()) {
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }

    void skipAnswer() throws IOException {
      body();
    }

    String body() throws IOException {
      int length = 0;
      for (String line = line(); !line.isEmpty(); line = line()) {
        if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
        }
      }
      return new String(socket.getInputStream().readNBytes(length), ISO_8859_1);
    }

    /** All that comes until the server closes the connection. */
    String untilClosed() throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      try {
        for (int b = read(); b >= 0; b = read()) {
          all.write(b);
        }
      } catch (SocketTimeoutException e) {
        throw new AssertionError("not closed, after " + all.toString(ISO_8859_1), e);
      } catch (SocketException e) {
        assertThat(e).as("a reset: closed with our bytes unread").isNotNull();
      }
      return all.toString(ISO_8859_1);
    }

    Duration elapsed() {
      return Duration.ofNanos(System.nanoTime() - start);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
