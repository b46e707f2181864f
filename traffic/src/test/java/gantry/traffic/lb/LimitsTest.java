package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Desync;
import gantry.traffic.lb.RoutingTable.ForwardedFor;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a balancer's attributes change: headers, desync modes, and how long things may take. */
class LimitsTest {

  private World world;
  private Backend a;
  private final Settings.Balancer settings = new Settings.Balancer();

  @BeforeEach
  void begin() throws IOException {
    world = new World(1);
    a = new Backend("a");
  }

  @AfterEach
  void end() {
    world.close();
    a.close();
  }

  private void apply() {
    world.settings = settings.made();
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
  }

  private Backend.Request seen(String headers) throws IOException {
    try (var talk = world.talk()) {
      talk.send("GET / HTTP/1.1\r\nHost: Shop.example.com\r\n" + headers + "\r\n").reply();
    }
    return a.requests.getLast();
  }

  @Test
  void forwarded_for_is_appended_kept_or_removed_and_may_say_the_port() throws IOException {
    settings.clientPort = true;
    apply();
    assertThat(seen("X-Forwarded-For: 1.2.3.4\r\n").header("X-Forwarded-For"))
        .matches("1\\.2\\.3\\.4, 127\\.0\\.0\\.1:\\d+");
    settings.forwardedFor = ForwardedFor.PRESERVE;
    apply();
    assertThat(seen("X-Forwarded-For: 1.2.3.4\r\n").header("X-Forwarded-For")).isEqualTo("1.2.3.4");
    assertThat(seen("").header("X-Forwarded-For")).isNull();
    settings.forwardedFor = ForwardedFor.REMOVE;
    apply();
    assertThat(seen("X-Forwarded-For: 1.2.3.4\r\n").header("X-Forwarded-For")).isNull();
  }

  @Test
  void hosts_are_kept_and_odd_names_dropped_where_asked() throws IOException {
    apply();
    var usual = seen("X_Odd: 1\r\n");
    assertThat(usual.header("Host")).isEqualTo("shop.example.com:" + world.port);
    assertThat(usual.header("X_Odd")).isEqualTo("1");
    settings.preserveHost = true;
    settings.dropInvalid = true;
    apply();
    var kept = seen("X_Odd: 1\r\n");
    assertThat(kept.header("Host")).isEqualTo("Shop.example.com");
    assertThat(kept.header("X_Odd")).isNull();
    assertThat(world.lb.metrics().balancers().getFirst().droppedInvalidHeaders()).isEqualTo(1);
  }

  @Test
  void desync_modes_let_an_ambiguous_request_pass_end_or_fail() throws IOException {
    String ambiguous = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx";
    settings.desync = Desync.MONITOR;
    apply();
    try (var talk = world.talk()) {
      var reply = talk.send(ambiguous).reply();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.header("Connection")).isEqualTo("keep-alive");
    }
    settings.desync = Desync.DEFENSIVE;
    apply();
    try (var talk = world.talk()) {
      var reply = talk.send(ambiguous).reply();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.header("Connection")).isEqualTo("close");
      assertThat(talk.closed()).isTrue();
    }
    settings.desync = Desync.STRICTEST;
    apply();
    int before = a.requests.size();
    try (var talk = world.talk()) {
      assertThat(talk.send(ambiguous).reply().status()).isEqualTo(400);
      assertThat(talk.closed()).isTrue();
    }
    assertThat(a.requests).hasSize(before);
    assertThat(world.lb.metrics().balancers().getFirst().nonCompliantRequests()).isEqualTo(3);
  }

  @Test
  void silence_ends_what_waits_with_the_code_for_it() throws Exception {
    settings.idle = Duration.ofSeconds(3); // longer than it takes to begin all four
    CountDownLatch never = new CountDownLatch(1);
    a.answer =
        (request, in, out) -> {
          World.await(never);
          return false;
        };
    apply();
    try (var waits = world.talk();
        var starts = world.talk();
        var stops = world.talk();
        var idles = world.talk()) {
      waits.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      starts.send("GET / HTTP/1.1\r\nHo");
      stops.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
      assertThat(waits.reply().status()).isEqualTo(504);
      assertThat(starts.reply().status()).isEqualTo(408);
      assertThat(stops.reply().status()).isEqualTo(408);
      assertThat(idles.closed()).isTrue();
    } finally {
      never.countDown();
    }
  }

  @Test
  void a_connection_ends_after_its_time_with_the_answer_to_a_request() throws IOException {
    apply();
    try (var talk = world.talk()) {
      assertThat(talk.get("/").header("Connection")).isEqualTo("keep-alive");
      settings.keepAlive = Duration.ofNanos(1);
      apply();
      assertThat(talk.get("/").header("Connection")).isEqualTo("close");
      assertThat(talk.closed()).isTrue();
    }
  }
}
