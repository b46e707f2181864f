package gantry.traffic.lb;

import static gantry.traffic.lb.Frames.END_HEADERS;
import static gantry.traffic.lb.Frames.END_STREAM;
import static gantry.traffic.lb.Frames.HEADERS;
import static gantry.traffic.lb.Frames.REQUEST;
import static gantry.traffic.lb.Frames.frame;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.Version;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

/** A request that waits for its connection to an HTTP/2 target is in flight like any other. */
class Http2DrainTest {

  @Test
  void a_request_that_waits_for_its_connection_outlives_the_draining() throws Exception {
    var certificate = Keys.make("cert/one", "one.example.com", "EC");
    CountDownLatch came = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (World behind = new World(1);
        World world = new World(1);
        ServerSocket gate = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      for (World one : List.of(behind, world)) {
        one.protocol = Protocol.HTTPS;
        one.certificates.add(certificate);
      }
      behind.last = new Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "behind"));
      behind.apply();
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket client = gate.accept()) {
                  came.countDown();
                  World.await(go);
                  try (Socket target = new Socket(InetAddress.getLoopbackAddress(), behind.port)) {
                    Thread back = Thread.ofVirtual().start(() -> pass(target, client));
                    pass(client, target);
                    back.join();
                  }
                } catch (IOException over) {
                  return;
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      world.groups.put(
          "tg",
          new TargetGroup(
              "tg",
              "targetgroup/tg/1",
              Protocol.HTTPS,
              Version.HTTP2,
              SocketRooms.HOST,
              World.UNCHECKED,
              GroupSettings.DEFAULTS,
              List.of(target(gate, false))));
      world.forwardAll("tg").apply();
      try (SSLSocket client = Frames.connect(world.port)) {
        client.getOutputStream().write(frame(HEADERS, END_STREAM | END_HEADERS, 1, REQUEST));
        World.await(came);
        world.targets("tg", target(gate, true));
        // Every worker has heard of it: only the request is left.
        World.until(
            () -> world.lb.metrics().groups().getFirst().targets().getFirst().inFlight() <= 1,
            () -> "" + world.lb.metrics());
        go.countDown();
        Frames.awaitOk(client);
      }
    } finally {
      go.countDown();
    }
  }

  private static Target target(ServerSocket gate, boolean draining) {
    return new Target("127.0.0.1", gate.getLocalPort(), "127.0.0.1", "az1", draining);
  }

  private static void pass(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException over) {
      return;
    }
  }
}
