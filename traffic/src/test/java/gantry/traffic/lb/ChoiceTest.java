package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Algorithm;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Weighted;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which target gets a request: the algorithms, slow start, weights, and the cookies. */
class ChoiceTest {

  private World world;
  private Backend a;
  private Backend b;

  @BeforeEach
  void begin() throws IOException {
    world = new World(1);
    a = new Backend("a");
    b = new Backend("b");
  }

  @AfterEach
  void end() {
    world.close();
    a.close();
    b.close();
  }

  private Map<String, Integer> answers(int count, String... headers) throws IOException {
    Map<String, Integer> seen = new HashMap<>(Map.of("a", 0, "b", 0));
    StringBuilder lines = new StringBuilder();
    for (String header : headers) {
      lines.append(header).append("\r\n");
    }
    try (var talk = world.talk()) {
      for (int i = 0; i < count; i++) {
        var reply = talk.send("GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n").reply();
        seen.merge(reply.body(), 1, Integer::sum);
      }
    }
    return seen;
  }

  private static String cookie(World.Reply reply, String name) {
    return reply
        .head()
        .lines()
        .filter(line -> line.startsWith("Set-Cookie: " + name + "="))
        .map(line -> line.substring("Set-Cookie: ".length(), line.indexOf(';')))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not set: " + reply.head()));
  }

  @Test
  void least_outstanding_requests_spares_the_one_that_is_busy() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    a.answer =
        (request, in, out) -> {
          World.await(release);
          return Backend.ok(out, "a");
        };
    Settings.Group settings = new Settings.Group();
    settings.algorithm = Algorithm.LEAST_OUTSTANDING_REQUESTS;
    world.group("tg", settings.made(), a, b).forwardAll("tg").apply().healthy(2);
    List<World.Talk> waiting = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      var talk = world.talk().send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      int sent = i;
      World.until(() -> a.requests.size() + b.requests.size() == sent, () -> "request " + sent);
      if (a.requests.isEmpty() || !waiting.isEmpty()) {
        assertThat(talk.reply().body()).isEqualTo("b");
        talk.close();
      } else {
        waiting.add(talk);
      }
    }
    assertThat(a.requests).hasSize(1);
    release.countDown();
    assertThat(waiting.getFirst().reply().body()).isEqualTo("a");
    waiting.getFirst().close();
  }

  @Test
  void a_target_that_comes_to_others_starts_slowly() throws IOException {
    Settings.Group settings = new Settings.Group();
    settings.slowStart = Duration.ofHours(1); // which no two hundred requests take
    world.group("tg", settings.made(), a).forwardAll("tg").apply().healthy(1);
    world.targets("tg", World.target(a, false), World.target(b, false)).healthy(2);
    assertThat(answers(200).get("b")).as("of 200 at once").isLessThan(60);
    long half = System.nanoTime() + Duration.ofMillis(500).toNanos();
    World.until(() -> System.nanoTime() > half, () -> "time");
    settings.slowStart = Duration.ofMillis(500);
    world.group("tg", settings.made(), a, b).apply();
    assertThat(answers(200).get("b")).as("when its time is over").isEqualTo(100);
  }

  @Test
  void weighted_random_spreads_and_turns_away_from_one_that_fails() throws IOException {
    Settings.Group settings = new Settings.Group();
    settings.algorithm = Algorithm.WEIGHTED_RANDOM;
    settings.mitigation = true;
    world.group("tg", settings.made(), a, b).forwardAll("tg").apply().healthy(2);
    assertThat(answers(400).get("b")).isBetween(140, 260);
    b.answer =
        (request, in, out) -> Backend.write(out, "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nb");
    World.until(
        () -> {
          try {
            answers(60);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
          return world.lb.metrics().groups().getFirst().targets().stream()
              .anyMatch(target -> target.anomalous() && target.port() == b.port());
        },
        () -> "nothing is anomalous: " + world.lb.metrics().groups());
    assertThat(answers(400).get("b")).as("its share is halved").isLessThan(185);
  }

  @Test
  void groups_share_by_weight_and_a_cookie_keeps_the_group() throws IOException {
    world.group("one", GroupSettings.DEFAULTS, a).group("two", GroupSettings.DEFAULTS, b);
    world.last =
        new Rule(
            "d",
            0,
            List.of(),
            new Action.Forward(
                List.of(new Weighted("one", 3), new Weighted("two", 1)), Duration.ofMinutes(5)));
    world.apply().healthy(2);
    assertThat(answers(400).get("b")).isBetween(60, 140);
    try (var talk = world.talk()) {
      var first = talk.get("/");
      String kept = cookie(first, "AWSALBTG");
      cookie(first, "AWSALBTGCORS");
      assertThat(answers(50, "Cookie: " + kept)).containsEntry(first.body(), 50);
    }
    world.last =
        new Rule(
            "d",
            0,
            List.of(),
            new Action.Forward(List.of(new Weighted("one", 0), new Weighted("two", 1)), null));
    world.apply();
    assertThat(answers(20)).containsEntry("b", 20);
  }

  @Test
  void an_application_cookie_keeps_the_target_from_when_it_is_set() throws IOException {
    Settings.Group settings = new Settings.Group();
    settings.stickiness = Stickiness.APP_COOKIE;
    settings.cookie = "session";
    world.group("tg", settings.made(), a, b).forwardAll("tg").apply().healthy(2);
    try (var talk = world.talk()) {
      assertThat(talk.get("/").head()).doesNotContain("AWSALBAPP");
      for (Backend one : List.of(a, b)) {
        one.answer =
            (request, in, out) ->
                Backend.write(
                    out,
                    "HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 1\r\n\r\n"
                        + one.name);
      }
      var first = talk.get("/");
      String kept = cookie(first, "AWSALBAPP-0");
      assertThat(answers(20, "Cookie: session=1; " + kept)).containsEntry(first.body(), 20);
      // Of a target that is gone it says nothing any more: another serves, under a new cookie.
      Backend left = first.body().equals("a") ? b : a;
      world.targets("tg", World.target(left, false)).healthy(1);
      assertThat(answers(5, "Cookie: " + kept)).containsEntry(left.name, 5);
    }
  }
}
