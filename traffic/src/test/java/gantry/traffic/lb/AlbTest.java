package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client and a target see of an application load balancer. */
@SuppressWarnings("StringConcatToTextBlock") // bytes of the wire, line ends and all
class AlbTest {

  private World world;
  private Backend a;
  private Backend b;

  @BeforeEach
  void begin() throws IOException {
    world = new World();
    a = new Backend("a");
    b = new Backend("b");
  }

  @AfterEach
  void end() {
    world.close();
    a.close();
    b.close();
  }

  @Test
  void forwards_with_the_headers_that_alb_adds() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      var reply =
          talk.send(
                  "POST /x/y?q=1 HTTP/1.1\r\nHost: Shop.Example.com\r\nX-Forwarded-For: 9.9.9.9\r\n"
                      + "X-Custom: Kept\r\nConnection: keep-alive, X-Hop\r\nX-Hop: gone\r\n"
                      + "Content-Length: 5\r\n\r\nhello")
              .reply();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.body()).isEqualTo("a");
      assertThat(reply.header("Connection")).isEqualTo("keep-alive");
      assertThat(reply.header("Server")).isNull();
    }
    var seen = a.requests.getFirst();
    assertThat(seen.line()).isEqualTo("POST /x/y?q=1 HTTP/1.1");
    assertThat(seen.header("X-Forwarded-For")).isEqualTo("9.9.9.9, 127.0.0.1");
    assertThat(seen.header("X-Forwarded-Proto")).isEqualTo("http");
    assertThat(seen.header("X-Forwarded-Port")).isEqualTo("" + world.port);
    assertThat(seen.header("Host")).isEqualTo("shop.example.com:" + world.port);
    assertThat(seen.header("X-Amzn-Trace-Id")).matches("Root=1-[0-9a-f]{8}-[0-9a-f]{24}");
    assertThat(seen.header("X-Custom")).isEqualTo("Kept");
    assertThat(seen.header("X-Hop")).isNull();
    assertThat(seen.body()).isEqualTo("hello");
  }

  @Test
  void trace_id_keeps_a_root_and_puts_self_before_it() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.send(
              "GET / HTTP/1.1\r\nHost: h\r\n"
                  + "X-Amzn-Trace-Id: Self=1-1-old;Root=1-67891233-abcdef012345678912345678;k=v\r\n\r\n")
          .reply();
    }
    assertThat(a.requests.getFirst().header("X-Amzn-Trace-Id"))
        .matches("Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678;k=v");
  }

  @Test
  void rules_are_tried_in_order_and_the_first_wins() throws IOException {
    world
        .group("tg", GroupSettings.DEFAULTS, a)
        .group("tg2", GroupSettings.DEFAULTS, b)
        .rule(20, Action.Forward.to("tg"), new Condition.Path(List.of("/api/*")))
        .rule(10, Action.Forward.to("tg2"), new Condition.Path(List.of("/api/v2/*")))
        .rule(
            30,
            new Action.Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", "#{query}"),
            new Condition.Host(List.of("*.example.org")))
        .apply()
        .healthy(2);
    try (var talk = world.talk()) {
      assertThat(talk.get("/api/x").body()).isEqualTo("a");
      assertThat(talk.get("/api/v2/x").body()).isEqualTo("b");
      assertThat(talk.get("/else").status()).isEqualTo(404);
      assertThat(talk.get("/else").header("Server")).isEqualTo("awselb/2.0");
      var redirect =
          talk.send("GET /a/b?c=d HTTP/1.1\r\nHost: www.example.org:8080\r\n\r\n").reply();
      assertThat(redirect.status()).isEqualTo(301);
      assertThat(redirect.header("Location")).isEqualTo("https://www.example.org:443/a/b?c=d");
    }
    assertThat(a.connections).hasValue(1);
  }

  @Test
  void the_balancers_own_answer_reaches_whoever_asks_and_has_nothing_more_to_say()
      throws IOException {
    world.apply();
    for (int i = 0; i < 100; i++) { // the end comes with the request, or just after it
      try (var talk = world.talk()) {
        talk.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        talk.socket.shutdownOutput();
        assertThat(talk.reply().status()).isEqualTo(404);
      }
    }
  }

  @Test
  void round_robin_alternates_and_connections_are_kept() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, a, b).forwardAll("tg").apply().healthy(2);
    Map<String, Integer> seen = new HashMap<>();
    try (var talk = world.talk()) {
      for (int i = 0; i < 100; i++) {
        seen.merge(talk.get("/").body(), 1, Integer::sum);
      }
    }
    assertThat(seen).isEqualTo(Map.of("a", 50, "b", 50));
    assertThat(a.connections).hasValue(1);
  }

  @Test
  void health_decides_who_gets_requests_and_all_do_when_none_is_well() throws IOException {
    b.healthStatus = 500;
    world.group("tg", GroupSettings.DEFAULTS, a, b).forwardAll("tg").apply().healthy(1);
    World.until(
        () ->
            world.reports.stream()
                .anyMatch(
                    r ->
                        r.port() == b.port()
                            && r.state().equals("unhealthy")
                            && "Target.ResponseCodeMismatch".equals(r.reason())
                            && "Health checks failed with these codes: [500]"
                                .equals(r.description())),
        () -> "no report: " + world.reports);
    try (var talk = world.talk()) {
      for (int i = 0; i < 10; i++) {
        assertThat(talk.get("/").body()).isEqualTo("a");
      }
      a.healthStatus = 500;
      world.healthy(0);
      Map<String, Integer> seen = new HashMap<>();
      for (int i = 0; i < 10; i++) {
        seen.merge(talk.get("/").body(), 1, Integer::sum);
      }
      assertThat(seen).containsOnlyKeys("a", "b");
    }
  }

  @Test
  void an_empty_group_is_503_and_a_refusing_target_502() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS).forwardAll("tg").apply();
    try (var talk = world.talk();
        var nobody = World.reserve()) {
      var reply = talk.get("/");
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.body())
          .isEqualTo(
              "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n"
                  + "<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n"
                  + "</body>\r\n</html>\r\n");
      int port = nobody.getLocalPort();
      world.targets("tg", new RoutingTable.Target("127.0.0.1", port, "127.0.0.1", "az1", false));
      assertThat(talk.get("/").status()).isEqualTo(502);
    }
  }

  @Test
  void draining_finishes_what_is_in_flight_and_gets_nothing_new() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    a.answer =
        (request, in, out) -> {
          if (request.line().contains("/slow")) {
            arrived.countDown();
            World.await(go);
          }
          return Backend.ok(out, "a");
        };
    world.group("tg", GroupSettings.DEFAULTS, a, b).forwardAll("tg").apply().healthy(2);
    try (var slow = world.talk();
        var talk = world.talk()) {
      // Only a may get it: b is drained first and registered again after.
      world.targets("tg", World.target(a, false), World.target(b, true));
      slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
      World.await(arrived);
      world.targets("tg", World.target(a, true), World.target(b, false)).healthy(1);
      for (int i = 0; i < 20; i++) {
        assertThat(talk.get("/").body()).isEqualTo("b");
      }
      World.until(() -> inFlight(a) == 1, () -> inFlight(a) + " in flight");
      go.countDown();
      assertThat(slow.reply().body()).isEqualTo("a");
      World.until(() -> inFlight(a) == 0, () -> "still in flight");
    }
  }

  @Test
  void the_end_of_the_delay_cuts_what_is_left() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    a.answer =
        (request, in, out) -> {
          arrived.countDown();
          World.await(go);
          return false;
        };
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var slow = world.talk()) {
      slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
      World.await(arrived);
      world.targets("tg", World.target(a, true));
      world.targets("tg");
      assertThat(slow.reply().status()).isEqualTo(502);
    } finally {
      go.countDown();
    }
  }

  @Test
  void a_kept_connection_that_the_target_closed_fails_no_request() throws IOException {
    // Answers one request for each connection, and closes without saying so.
    a.answer =
        (request, in, out) -> {
          Backend.ok(out, "a");
          return false;
        };
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      for (int i = 0; i < 200; i++) {
        assertThat(talk.get("/").status()).isEqualTo(200);
      }
    }
  }

  @Test
  void streams_chunks_both_ways_and_survives_pipelining() throws IOException {
    a.answer =
        (request, in, out) ->
            Backend.write(
                out,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n");
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      String one =
          "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n";
      talk.send(one + one + one + "GET /4 HTTP/1.0\r\n\r\n");
      for (int i = 0; i < 3; i++) {
        assertThat(talk.reply().body()).isEqualTo("abcde");
      }
      var last = talk.reply();
      assertThat(last.body()).isEqualTo("abcde");
      assertThat(last.header("Transfer-Encoding")).isNull();
      assertThat(last.header("Connection")).isEqualTo("close");
    }
    assertThat(a.requests.getFirst().body()).isEqualTo("wxyz");
    assertThat(a.requests.get(3).header("Host")).isEqualTo("w-1.us-east-1.elb.amazonaws.com");
  }

  @Test
  void large_bodies_pass_with_back_pressure() throws Exception {
    String big = "x".repeat(3_000_000);
    a.answer = (request, in, out) -> Backend.ok(out, request.body());
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      var sender =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      talk.send(
                          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + big);
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertThat(talk.reply().body()).isEqualTo(big);
      assertThat(sender.join(World.PATIENCE)).isTrue();
    }
  }

  @Test
  void a_head_whose_body_takes_its_time_is_passed_on_at_once() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    a.answer =
        (request, in, out) -> {
          Backend.write(out, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
          World.await(seen);
          return Backend.write(out, "late");
        };
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      byte[] line = talk.in.readNBytes("HTTP/1.1 200 OK".length());
      assertThat(new String(line, java.nio.charset.StandardCharsets.US_ASCII))
          .isEqualTo("HTTP/1.1 200 OK");
      seen.countDown();
      byte[] rest = new byte[1000];
      int size = 0;
      while (!new String(rest, 0, size, java.nio.charset.StandardCharsets.US_ASCII)
          .endsWith("\r\n\r\nlate")) {
        int more = talk.in.read(rest, size, rest.length - size);
        assertThat(more).isPositive();
        size += more;
      }
    }
  }

  @Test
  void a_websocket_becomes_a_tunnel() throws IOException {
    a.answer =
        (request, in, out) -> {
          assertThat(request.header("Upgrade")).isEqualTo("websocket");
          assertThat(request.header("Connection")).isEqualToIgnoringCase("upgrade");
          Backend.write(
              out,
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi");
          byte[] four = in.readNBytes(4);
          out.write(four);
          out.flush();
          return false;
        };
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.send("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      var reply = talk.reply();
      assertThat(reply.status()).isEqualTo(101);
      assertThat(reply.header("Upgrade")).isEqualTo("websocket");
      assertThat(new String(talk.in.readNBytes(2), java.nio.charset.StandardCharsets.US_ASCII))
          .isEqualTo("hi");
      talk.send("ping");
      assertThat(new String(talk.in.readNBytes(4), java.nio.charset.StandardCharsets.US_ASCII))
          .isEqualTo("ping");
      assertThat(talk.closed()).isTrue();
    }
  }

  @Test
  void access_and_connection_logs_are_laid_out_as_aws_does() throws IOException {
    world.settings = World.logging("bucket/mine", "bucket/mine");
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.send("GET /x?y=z HTTP/1.1\r\nHost: h\r\nUser-Agent: te\"st\r\n\r\n").reply();
    }
    world.lb.close();
    Map<Boolean, String> lines = new HashMap<>();
    try (var files = java.nio.file.Files.walk(world.logs.resolve("bucket/mine/AWSLogs"))) {
      for (var file : files.filter(java.nio.file.Files::isRegularFile).toList()) {
        try (var in = new java.util.zip.GZIPInputStream(java.nio.file.Files.newInputStream(file))) {
          lines.put(
              file.getFileName().toString().startsWith("conn_log."),
              new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
        }
      }
    }
    String access = java.util.Objects.requireNonNull(lines.get(false));
    assertThat(lines.get(true))
        .as("the connection's id ties the two")
        .contains(access.substring(access.indexOf("TID_"), access.indexOf("TID_") + 36));
    assertThat(lines.get(true))
        .matches("\\S+Z 127\\.0\\.0\\.1 \\d+ \\d+ - - - \"-\" - - - \\S+ -\n");
    assertThat(lines.get(false))
        .matches(
            "http \\S+Z app/w/1 127\\.0\\.0\\.1:\\d+ 127\\.0\\.0\\.1:"
                + a.port()
                + " \\d\\.\\d{3} \\d\\.\\d{3} \\d\\.\\d{3} 200 200 \\d+ \\d+ \"GET http://h:"
                + world.port
                + "/x\\?y=z HTTP/1.1\" \"te\\\\x22st\" - - tg \"Root=1-\\S+\" \"-\" \"-\" 0 \\S+Z"
                + " \"forward\" \"-\" \"-\" \"127.0.0.1:\\d+\" \"200\" \"-\" \"-\" TID_[0-9a-f]{32} \"-\" \"-\" \"-\"\n");
  }

  private long inFlight(Backend backend) {
    return world.lb.metrics().groups().stream()
        .flatMap(g -> g.targets().stream())
        .filter(t -> t.port() == backend.port())
        .mapToInt(Metrics.Target::inFlight)
        .sum();
  }
}
