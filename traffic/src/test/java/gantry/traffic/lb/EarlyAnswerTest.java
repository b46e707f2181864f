package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Protocol;
import java.net.InetAddress;
import java.net.Socket;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An answer that is ready before the request is whole is not lost for what still comes. */
class EarlyAnswerTest {

  private static final int MUCH = 4_000_000;

  @ParameterizedTest
  @EnumSource(names = {"HTTP", "HTTPS"})
  void a_client_that_sends_its_body_to_the_end_sees_the_answer(Protocol protocol) throws Exception {
    try (World world = new World(1)) {
      world.protocol = protocol;
      if (protocol.secure()) {
        world.certificates.add(Keys.make("cert/one", "one.example.com", "EC"));
      }
      world.apply();
      try (var talk = new World.Talk(connect(protocol, world.port))) {
        talk.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + MUCH + "\r\n\r\n");
        for (int sent = 0; sent < MUCH; sent += 10_000) {
          talk.send("x".repeat(10_000));
        }
        assertThat(talk.reply().status()).isEqualTo(404);
        assertThat(talk.closed()).isTrue();
      }
    }
  }

  private static Socket connect(Protocol protocol, int port) throws Exception {
    InetAddress here = InetAddress.getLoopbackAddress();
    return protocol.secure()
        ? Keys.trusting().getSocketFactory().createSocket(here, port)
        : new Socket(here, port);
  }
}
