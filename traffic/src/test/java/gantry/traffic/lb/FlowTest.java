package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Protocol;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A network load balancer: TCP and UDP flows, and what health does to them. */
class FlowTest {

  private World world;
  private Backend a;
  private Backend b;

  @BeforeEach
  void begin() throws IOException {
    world = new World(1);
    world.kind = Kind.NETWORK;
    world.protocol = Protocol.TCP;
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
  void a_flow_stays_with_its_target_and_flows_spread() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, a, b).forwardAll("tg").apply().healthy(2);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      try (var talk = world.talk()) {
        String name = talk.get("/").body();
        assertThat(talk.get("/").body()).isEqualTo(name);
        names.add(name);
      }
    }
    assertThat(names).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void a_flow_whose_two_ends_have_closed_is_over() throws IOException {
    a.answer = (request, in, out) -> !Backend.ok(out, "bye");
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    for (int i = 0; i < 20; i++) {
      try (var talk = world.talk()) {
        talk.get("/");
        if (i % 2 == 0) {
          // The target closes first, or the client does.
          assertThat(talk.closed()).isTrue();
        } else {
          talk.socket.shutdownOutput();
          assertThat(talk.closed()).isTrue();
        }
      }
    }
    World.until(
        () ->
            world.lb.metrics().groups().getFirst().targets().getFirst().inFlight() == 0
                && world.lb.connections() <= 1,
        () -> "flows that stay: " + world.lb.metrics());
  }

  @Test
  void a_target_that_turns_unhealthy_ends_its_flows() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.get("/");
      a.healthStatus = 500;
      world.healthy(0);
      assertThat(talk.closed()).isTrue();
    }
  }

  @Test
  void or_keeps_them_for_the_draining_interval() throws IOException {
    Settings.Group settings = new Settings.Group();
    settings.terminateUnhealthy = false;
    settings.unhealthyDraining = Duration.ofHours(1);
    world.group("tg", settings.made(), a).forwardAll("tg").apply().healthy(1);
    try (var talk = world.talk()) {
      talk.get("/");
      a.healthStatus = 500;
      World.until(() -> reported("unhealthy.draining"), () -> "not draining: " + world.reports);
      assertThat(talk.get("/").body()).isEqualTo("a");
      assertThat(reported("unhealthy")).isFalse();
      a.healthStatus = 200;
      world.healthy(1);
      settings.unhealthyDraining = Duration.ofMillis(200);
      world.group("tg", settings.made(), a).apply();
      assertThat(talk.get("/").body()).isEqualTo("a");
      a.healthStatus = 500;
      assertThat(talk.closed()).isTrue();
      World.until(() -> reported("unhealthy"), () -> "not unhealthy: " + world.reports);
    }
  }

  private boolean reported(String state) {
    return world.reports.stream().anyMatch(report -> report.state().equals(state));
  }

  @Test
  void health_checks_carry_the_proxy_header_where_connections_do() throws IOException {
    Settings.Group settings = new Settings.Group();
    settings.proxy = true;
    var heads = new CopyOnWriteArrayList<byte[]>();
    try (var server = new java.net.ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  while (true) {
                    try (var socket = server.accept()) {
                      heads.add(socket.getInputStream().readNBytes(16));
                    }
                  }
                } catch (IOException over) {
                  return;
                }
              });
      world.group("tg", settings.made(), a).forwardAll("tg");
      world.targets(
          "tg",
          new RoutingTable.Target("127.0.0.1", server.getLocalPort(), "127.0.0.1", "az1", false));
      World.until(() -> !heads.isEmpty(), () -> "no check came");
      byte[] head = heads.getFirst();
      assertThat(new String(head, 0, 12, StandardCharsets.ISO_8859_1))
          .isEqualTo("\r\n\r\n\0\r\nQUIT\n");
      assertThat(head[12]).as("version 2, of the balancer itself").isEqualTo((byte) 0x20);
      assertThat(head[14] + head[15]).as("nobody is named").isZero();
    }
  }

  @Test
  void datagrams_go_to_one_target_and_its_answers_come_back() throws IOException {
    world.protocol = Protocol.UDP;
    var senders = new CopyOnWriteArrayList<Integer>();
    try (DatagramSocket target = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        DatagramSocket client = new DatagramSocket()) {
      // It is asked for its health at another port: its own may be taken for TCP.
      var check =
          new RoutingTable.HealthCheck(
              true,
              Protocol.HTTP,
              a.port(),
              "/",
              Duration.ofMillis(100),
              World.PATIENCE,
              2,
              2,
              "200");
      world
          .group("tg", RoutingTable.Version.HTTP1, GroupSettings.DEFAULTS, check)
          .forwardAll("tg")
          .targets(
              "tg",
              new RoutingTable.Target(
                  "127.0.0.1", target.getLocalPort(), "127.0.0.1", "az1", false))
          .healthy(1);
      Thread.ofVirtual()
          .start(
              () -> {
                byte[] room = new byte[100];
                try {
                  while (true) {
                    DatagramPacket packet = new DatagramPacket(room, room.length);
                    target.receive(packet);
                    senders.add(packet.getPort());
                    packet.getData()[0] = '!';
                    target.send(packet);
                  }
                } catch (IOException over) {
                  return;
                }
              });
      client.setSoTimeout((int) World.PATIENCE.toMillis());
      client.connect(InetAddress.getLoopbackAddress(), world.port);
      for (int i = 0; i < 3; i++) {
        byte[] text = "?abc".getBytes(StandardCharsets.US_ASCII);
        client.send(new DatagramPacket(text, text.length));
        DatagramPacket answer = new DatagramPacket(new byte[100], 100);
        client.receive(answer);
        assertThat(new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII))
            .isEqualTo("!abc");
      }
    }
    assertThat(senders).hasSize(3);
    assertThat(Set.copyOf(senders)).as("one flow, one socket").hasSize(1);
  }
}
