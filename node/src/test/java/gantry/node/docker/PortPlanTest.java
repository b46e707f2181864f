package gantry.node.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.node.Payloads;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Random;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;

class PortPlanTest {

  private static final ContainerDefinition MANY =
      Payloads.shell(
          "a",
          "x",
          each ->
              each.portMappings(
                  PortMapping.builder().containerPort(80).build(),
                  PortMapping.builder().containerPort(81).hostPort(8081).build(),
                  PortMapping.builder()
                      .containerPort(53)
                      .hostPort(0)
                      .protocol(TransportProtocol.UDP)
                      .build(),
                  PortMapping.builder().containerPortRange("9000-9009").build()));

  @Test
  void choosesDynamicPortsAndRangesAndKeepsFixedOnes() {
    PortPlan plan = PortPlan.of(NetworkMode.BRIDGE, MANY, new HostPorts(new Random(1)), "0.0.0.0");
    assertThat(plan.bindings()).hasSize(4);
    assertThat(plan.bindings().get(0).hostPort()).isBetween(HostPorts.FIRST, HostPorts.LAST);
    assertThat(plan.bindings().get(1).hostPort()).isEqualTo(8081);
    assertThat(plan.bindings().get(2).protocolAsString()).isEqualTo("udp");
    PortPlan.Range range = PortPlan.Range.parse(plan.bindings().get(3).hostPortRange());
    assertThat(range.count()).isEqualTo(10);
    assertThat(PortPlan.parse(plan.label())).isEqualTo(plan);
  }

  @Test
  void inHostModePortsAreTheContainersOwn() {
    PortPlan plan = PortPlan.of(NetworkMode.HOST, MANY, new HostPorts(new Random(1)), "0.0.0.0");
    assertThat(plan.bindings().get(0).hostPort()).isEqualTo(80);
    assertThat(plan.bindings().get(3).hostPortRange()).isEqualTo("9000-9009");
    assertThat(PortPlan.of(NetworkMode.AWSVPC, MANY, new HostPorts(new Random(1)), "").bindings())
        .isEmpty();
  }

  @Test
  void skipsWhatAnybodyHas() throws IOException {
    HostPorts ports = new HostPorts(new Random(7));
    int first = ports.reserve(1, "tcp");
    assertThat(ports.reserve(1, "tcp")).isNotEqualTo(first);
    try (ServerSocket taken = new ServerSocket()) {
      int seed = 7;
      while (!isMine(taken, new HostPorts(new Random(seed)).reserve(1, "tcp"))) {
        seed++; // another program was quicker
      }
      assertThat(new HostPorts(new Random(seed)).reserve(1, "tcp"))
          .isNotEqualTo(taken.getLocalPort());
    }
  }

  private static boolean isMine(ServerSocket socket, int port) throws IOException {
    try {
      socket.bind(new InetSocketAddress(port));
      return true;
    } catch (BindException e) {
      return false;
    }
  }

  @Test
  void refusesWhatIsNoRange() {
    assertThatThrownBy(() -> PortPlan.Range.parse("9-8")).hasMessage("not a range of ports: 9-8");
  }
}
