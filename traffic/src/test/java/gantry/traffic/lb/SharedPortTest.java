package gantry.traffic.lb;

import static gantry.traffic.lb.Frames.END_HEADERS;
import static gantry.traffic.lb.Frames.END_STREAM;
import static gantry.traffic.lb.Frames.HEADERS;
import static gantry.traffic.lb.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rule;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two balancers on one port of the edge: a connection counts for the one that it asks first. */
class SharedPortTest {

  private static final String HOST = "v.us-east-1.elb.localhost";

  private World world;

  @BeforeEach
  void begin() throws Exception {
    world = new World(1);
    world.others.add("v");
    world.last = new Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "ok"));
    world.settings = World.logging(null, "bucket");
  }

  private static BalancerSettings idleFor(Duration time, BalancerSettings d) {
    return new BalancerSettings(
        time,
        d.clientKeepAlive(),
        d.desync(),
        false,
        false,
        false,
        false,
        d.forwardedFor(),
        true,
        true,
        null,
        d.connectionLogPrefix());
  }

  @AfterEach
  void end() {
    world.close();
  }

  private Metrics.Balancer balancer(String name) {
    return world.lb.metrics().balancers().stream()
        .filter(one -> one.arn().contains("/" + name + "/"))
        .findFirst()
        .orElseThrow();
  }

  private void countsOnceFor(String keyExchange) throws Exception {
    assertThat(balancer("v").newConnections()).isEqualTo(1);
    assertThat(balancer("w").newConnections()).isZero();
    World.until(() -> balancer("v").activeConnections() == 0, () -> "it is over");
    List<String> lines = world.logged("bucket");
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst()).endsWith(" " + keyExchange);
  }

  @Test
  void a_connection_of_http1() throws Exception {
    world.apply();
    try (var talk = world.talk()) {
      for (int i = 0; i < 3; i++) {
        talk.send("GET / HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n");
        assertThat(talk.reply().status()).isEqualTo(200);
      }
    }
    countsOnceFor("-");
  }

  @Test
  void a_connection_of_http2_ends_when_it_is_idle() throws Exception {
    world.protocol = Protocol.HTTPS;
    // Longer than from one request to the next, on whatever machine.
    world.settings = idleFor(Duration.ofSeconds(3), world.settings);
    world.certificates.add(Keys.make("cert/one", "one.example.com", "EC"));
    world.apply();
    try (SSLSocket socket = Frames.connect(world.port, "one.example.com")) {
      for (int stream = 1; stream <= 3; stream += 2) {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.writeBytes(new byte[] {(byte) 0x82, (byte) 0x87, (byte) 0x84, 0x41});
        head.write(HOST.length());
        head.writeBytes(HOST.getBytes(StandardCharsets.US_ASCII));
        socket
            .getOutputStream()
            .write(frame(HEADERS, END_STREAM | END_HEADERS, stream, head.toByteArray()));
        Frames.awaitOk(socket);
      }
      assertThat(socket.getInputStream().readAllBytes()).as("until it ends").isNotNull();
    }
    countsOnceFor("x25519");
  }
}
