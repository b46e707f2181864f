package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Mesh;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.Version;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What is different for the proxy of Service Connect. */
class MeshTest {

  /** Nobody listens on port 1. */
  private static final Target GONE = new Target("gone", 1, "127.0.0.1", "az1", false);

  private static World mesh(Duration requestTimeout, Backend... backends) throws IOException {
    World world = new World();
    world.settings = BalancerSettings.mesh(Duration.ofMinutes(5), new Mesh(requestTimeout));
    world.group("tg", Version.HTTP1, GroupSettings.DEFAULTS, World.UNCHECKED, backends);
    return world.forwardAll("tg").apply();
  }

  @Test
  void headersAreLeftAlone() throws IOException {
    try (Backend one = new Backend("one");
        World world = mesh(Duration.ZERO, one);
        var talk = world.talk()) {
      talk.send(
              "GET /x HTTP/1.1\r\nHost: Api:8080\r\nX-Forwarded-For: 203.0.113.9\r\n"
                  + "X-Forwarded-Proto: https\r\nX-Amzn-Trace-Id: Root=1-2\r\n\r\n")
          .reply();
      Backend.Request got = one.requests.getFirst();
      assertThat(got.header("Host")).isEqualTo("Api:8080");
      assertThat(got.header("X-Forwarded-For")).isEqualTo("203.0.113.9");
      assertThat(got.header("X-Forwarded-Proto")).isEqualTo("https");
      assertThat(got.header("X-Forwarded-Port")).isNull();
      assertThat(got.header("X-Amzn-Trace-Id")).isEqualTo("Root=1-2");
    }
  }

  @Test
  void aTargetThatIsGoneCostsNoRequest() throws IOException {
    try (Backend one = new Backend("one");
        World world = mesh(Duration.ZERO, one);
        var talk = world.talk()) {
      world.targets("tg", GONE, World.target(one, false));
      for (int i = 0; i < 20; i++) {
        assertThat(talk.get("/").body()).isEqualTo("one");
      }
    }
  }

  @Test
  void aConnectionThatEndsWithoutAnAnswerIsTriedElsewhereWhereThatIsSafe() throws IOException {
    try (Backend cuts = new Backend("cuts");
        Backend one = new Backend("one");
        World world = mesh(Duration.ZERO, cuts, one)) {
      cuts.answer = (request, in, out) -> false;
      try (var talk = world.talk()) {
        for (int i = 0; i < 4; i++) {
          assertThat(talk.get("/").body()).isEqualTo("one");
        }
      }
      int before = cuts.requests.size();
      assertThat(before).isPositive();
      int failed = 0;
      for (int i = 0; i < 2; i++) {
        try (var talk = world.talk()) {
          failed +=
              talk.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                          .reply()
                          .status()
                      == 502
                  ? 1
                  : 0;
        }
      }
      assertThat(failed).as("what may have been done is not done twice").isEqualTo(1);
    }
  }

  @Test
  void whoFailsFiveTimesInARowIsLeftOutForAWhile() throws IOException {
    try (Backend ill = new Backend("ill");
        Backend one = new Backend("one");
        World world = mesh(Duration.ZERO, ill, one);
        var talk = world.talk()) {
      AtomicBoolean well = new AtomicBoolean();
      ill.answer =
          (request, in, out) ->
              well.get()
                  ? Backend.ok(out, "ill")
                  : Backend.write(
                      out, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
      for (int i = 0; i < 2 * Outliers.FAILURES; i++) {
        talk.get("/");
      }
      assertThat(ill.requests).hasSize(Outliers.FAILURES);
      for (int i = 0; i < 20; i++) {
        assertThat(talk.get("/").status()).isEqualTo(200);
      }
      assertThat(ill.requests).hasSize(Outliers.FAILURES);
    }
  }

  @Test
  void theLastOneIsNeverLeftOut() throws IOException {
    try (Backend ill = new Backend("ill");
        World world = mesh(Duration.ZERO, ill);
        var talk = world.talk()) {
      ill.answer =
          (request, in, out) ->
              Backend.write(out, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
      for (int i = 0; i < 3 * Outliers.FAILURES; i++) {
        talk.get("/");
      }
      assertThat(ill.requests).hasSize(3 * Outliers.FAILURES);
    }
  }

  @Test
  void aRequestThatTakesTooLongEnds() throws IOException {
    try (Backend slow = new Backend("slow");
        World world = mesh(Duration.ofMillis(500), slow);
        var talk = world.talk()) {
      slow.answer =
          (request, in, out) -> {
            return in.read() >= 0; // until the proxy hangs up
          };
      assertThat(talk.get("/").status()).isEqualTo(504);
    }
  }

  @Test
  void connectionsTakeTurnsAndPassByWhoIsGone() throws IOException {
    try (Backend one = new Backend("one");
        World world = new World()) {
      world.settings = BalancerSettings.mesh(Duration.ofHours(1), new Mesh(Duration.ZERO));
      world.protocol = Protocol.TCP;
      world.kind = Kind.NETWORK;
      world.group("tg", Version.HTTP1, GroupSettings.DEFAULTS, World.UNCHECKED, one);
      world.forwardAll("tg").apply();
      world.targets("tg", GONE, World.target(one, false));
      for (int i = 0; i < 6; i++) {
        try (var talk = world.talk()) {
          assertThat(talk.get("/").body()).isEqualTo("one");
        }
      }
    }
  }
}
