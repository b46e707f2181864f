package gantry.node;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.node.docker.DockerEngine;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class NodeEndpointsTest {

  @TempDir Path state;

  /** The program ends while a task is the first in its VPC. */
  @Test
  @Timeout(60)
  void whatIsOpenedWhileItClosesIsClosedToo() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (ServerSocketChannel inVpc = ServerSocketChannel.open();
        DockerEngine nobody = new DockerEngine(URI.create("tcp://127.0.0.1:9"))) {
      inVpc.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      NetnsSockets sockets =
          (vpc, address) -> {
            asked.countDown();
            try {
              goOn.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return inVpc;
          };
      NodeEndpoints endpoints =
          new NodeEndpoints(
              NodeConfig.local("test", state),
              NodeDoors.only(new ControlPlane(), new FakeRoles())
                  .withNetwork(TaskNetwork.none("none"), sockets),
              nobody,
              Map.of(),
              (task, container) -> null);
      Thread opens =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      endpoints.servedIn("vpc-1");
                    } catch (DockerEngine.Unavailable e) {
                      // As for the second of its sockets: no Docker says what machine this is.
                    }
                  });
      asked.await();
      Thread closes = Thread.ofVirtual().start(endpoints::close);
      while (closes.getState() != Thread.State.WAITING && closes.isAlive()) {
        Thread.onSpinWait();
      }
      goOn.countDown();
      opens.join();
      closes.join();
      assertThat(inVpc.isOpen()).isFalse();
    }
  }
}
