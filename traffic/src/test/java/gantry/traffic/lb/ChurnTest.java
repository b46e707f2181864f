package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.Version;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Change under load: tables, targets, cookies, many connections. */
class ChurnTest {

  @Test
  void targets_come_and_go_a_thousand_times_and_no_request_fails() throws Exception {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      backends.add(new Backend("b" + i));
    }
    try (World world = new World()) {
      world
          .group("tg", GroupSettings.DEFAULTS, backends.toArray(new Backend[0]))
          .forwardAll("tg")
          .apply()
          .healthy(4);
      AtomicInteger good = new AtomicInteger();
      List<String> bad = new java.util.concurrent.CopyOnWriteArrayList<>();
      AtomicBoolean stop = new AtomicBoolean();
      List<Thread> load = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        load.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      try (var talk = world.talk()) {
                        while (!stop.get()) {
                          var reply = talk.get("/");
                          if (reply.status() == 200) {
                            good.incrementAndGet();
                          } else {
                            bad.add(reply.head());
                          }
                        }
                      } catch (IOException e) {
                        bad.add(e.toString());
                      }
                    }));
      }
      Target stays = World.target(backends.get(0), false);
      // On a busy machine the changes may outrun the clients: they go on until enough was asked.
      for (int i = 0; i < 1000 || (good.get() <= 1000 && bad.isEmpty()); i++) {
        Backend one = backends.get(1 + i % 3);
        // Registered, drained until nothing is in flight, then gone: as the API does it.
        world.targets("tg", stays, World.target(one, false));
        world.targets("tg", stays, World.target(one, true));
        World.until(() -> inFlight(world, one) == 0, () -> "never drained");
        world.targets("tg", stays);
      }
      stop.set(true);
      for (Thread thread : load) {
        thread.join();
      }
      assertThat(bad).isEmpty();
      assertThat(good.get()).isGreaterThan(1000);
    } finally {
      backends.forEach(Backend::close);
    }
  }

  /** A worker that has not heard of it yet may have chosen it a moment before. */
  @Test
  void a_draining_target_is_not_idle_before_every_worker_has_heard_of_it() throws Exception {
    AtomicBoolean hold = new AtomicBoolean();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    SocketRooms rooms =
        name -> {
          if (hold.get()) {
            held.countDown();
            World.await(go);
          }
          return SocketRooms.HOST_ONLY.room(name);
        };
    try (World world = new World(1, rooms);
        Backend a = new Backend("a");
        Backend b = new Backend("b")) {
      // Nobody is checked: only the worker asks for rooms.
      world.group("tg", Version.HTTP1, GroupSettings.DEFAULTS, World.UNCHECKED, a, b);
      world.forwardAll("tg").apply();
      try (var talk = world.talk()) {
        hold.set(true);
        talk.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        World.await(held);
        world.targets("tg", World.target(a, true), World.target(b, true));
        assertThat(inFlight(world, a)).isPositive();
        assertThat(inFlight(world, b)).isPositive();
        hold.set(false);
        go.countDown();
        assertThat(talk.reply().status()).isEqualTo(200);
        World.until(
            () -> inFlight(world, a) + inFlight(world, b) == 0, () -> "" + world.lb.metrics());
      } finally {
        go.countDown();
      }
    }
  }

  private static int inFlight(World world, Backend backend) {
    return world.lb.metrics().groups().getFirst().targets().stream()
        .filter(t -> t.port() == backend.port())
        .mapToInt(Metrics.Target::inFlight)
        .sum();
  }

  @Test
  void a_cookie_keeps_a_client_with_its_target() throws IOException {
    try (World world = new World();
        Backend a = new Backend("a");
        Backend b = new Backend("b")) {
      Settings.Group sticky = new Settings.Group();
      sticky.stickiness = Stickiness.LB_COOKIE;
      world.group("tg", sticky.made(), a, b).forwardAll("tg").apply().healthy(2);
      try (var talk = world.talk()) {
        var first = talk.get("/");
        String cookie = java.util.Objects.requireNonNull(first.header("Set-Cookie"));
        assertThat(cookie).startsWith("AWSALB=").contains("; Expires=").endsWith("; Path=/");
        String sent = cookie.substring(0, cookie.indexOf(';'));
        for (int i = 0; i < 10; i++) {
          var reply =
              talk.send("GET / HTTP/1.1\r\nHost: h\r\nCookie: x=y; " + sent + "\r\n\r\n").reply();
          assertThat(reply.body()).isEqualTo(first.body());
        }
        // Its target drains: the next request goes to the other one, with a new cookie.
        Backend mine = first.body().equals("a") ? a : b;
        Backend other = mine == a ? b : a;
        world.targets("tg", World.target(mine, true), World.target(other, false));
        assertThat(
                talk.send("GET / HTTP/1.1\r\nHost: h\r\nCookie: " + sent + "\r\n\r\n")
                    .reply()
                    .body())
            .isEqualTo(other.name);
        assertThat(
                talk.send("GET / HTTP/1.1\r\nHost: h\r\nCookie: AWSALB=made-up\r\n\r\n")
                    .reply()
                    .status())
            .isEqualTo(200);
      }
    }
  }

  @Test
  void a_table_of_a_thousand_rules_changes_in_milliseconds() throws IOException {
    try (World world = new World();
        Backend a = new Backend("a")) {
      world.group("tg", GroupSettings.DEFAULTS, a);
      for (int i = 1; i <= 1000; i++) {
        world.rule(i, Action.Forward.to("tg"), new Condition.Path(List.of("/service-" + i + "/*")));
      }
      world.apply().healthy(1);
      long best = Long.MAX_VALUE;
      for (int i = 0; i < 50; i++) {
        world.rules.removeLast();
        world.rule(
            1000, Action.Forward.to("tg"), new Condition.Path(List.of("/changed-" + i + "/*")));
        long start = System.nanoTime();
        world.apply();
        best = Math.min(best, System.nanoTime() - start);
      }
      System.out.println("1,000 rules, one changed: " + best / 1000 + " us");
      assertThat(best).isLessThan(Duration.ofMillis(5).toNanos());
      try (var talk = world.talk()) {
        assertThat(talk.get("/changed-49/x").body()).isEqualTo("a");
      }
    }
  }

  @Test
  @Tag("docker") // not Docker, but more sockets and seconds than a fast test may take
  void ten_thousand_connections_stay_open_and_are_served() throws IOException {
    try (World world = new World();
        Backend a = new Backend("a")) {
      Settings.Balancer settings = new Settings.Balancer();
      settings.idle = Duration.ofHours(1); // the first has to wait for the last
      world.settings = settings.made();
      world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
      Process crowd = Crowd.start(world.port, 10_000);
      try (var said = crowd.inputReader();
          var tell = crowd.outputWriter()) {
        assertThat(said.readLine()).isEqualTo("open");
        World.until(
            () -> world.lb.metrics().balancers().getFirst().activeConnections() >= 10_000,
            () -> "not all accepted");
        tell.write("\n");
        tell.flush();
        assertThat(said.readLine()).isEqualTo("104");
        assertThat(world.lb.metrics().balancers().getFirst().activeConnections())
            .isGreaterThanOrEqualTo(10_000);
      } finally {
        crowd.destroy();
      }
    }
  }
}
