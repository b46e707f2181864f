package gantry.app.network;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.LoadBalancers;
import gantry.traffic.lb.RoutingTable;
import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Algorithm;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Version;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ec2.model.IpPermission;

/** Whose address the targets of a Network Load Balancer see, over real networks. */
@Tag("docker")
@Timeout(300)
class ClientAddressTest {

  private static final int PORT = 7000;

  /** Says to everybody, by TCP and UDP, whom it sees. */
  private static final String TARGET =
      """
      import socket, threading
      tcp, udp = socket.create_server(("", 7001)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      udp.bind(("", 7001))
      def datagrams():
          while True:
              data, peer = udp.recvfrom(100)
              udp.sendto(("%s:%d" % peer).encode(), peer)
      threading.Thread(target=datagrams, daemon=True).start()
      print("ready", flush=True)
      while True:
          sock, peer = tcp.accept()
          sock.sendall(("%s:%d\\n" % peer).encode())
          sock.close()
      """;

  /** Says what it was told, and by which address and port it asked. */
  private static final String CLIENT =
      """
      import socket, sys
      at = (sys.argv[2], 7000)
      try:
          if sys.argv[1] == "tcp":
              sock = socket.create_connection(at, 1.5)
              own = sock.getsockname()
              told = sock.makefile().read().strip()
          else:
              sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
              sock.settimeout(1.5)
              sock.connect(at)
              own = sock.getsockname()
              sock.send(b"?")
              told = sock.recv(100).decode()
          print(told, "%s:%d" % own)
      except OSError:
          print("nothing")
      """;

  @TempDir private Path logs;
  private long revision;

  @Test
  void a_target_sees_its_client_where_the_group_keeps_the_address() throws Exception {
    try (Ec2Lab lab = new Ec2Lab()) {
      String vpc = lab.subnet.vpcId();
      String open = group(lab, "open", "172.31.0.0/16");
      String node = lab.balancer(open).privateIpAddress();
      Ec2Lab.Place client = lab.task(open);
      // Whom this group admits decides, whoever it was sent by.
      String closed = group(lab, "closed", client.address() + "/32");
      Ec2Lab.Place target = lab.task(closed);
      Ec2Lab.Place stranger = lab.task(open);
      Process serving = target.run("python3", "-c", TARGET).start();
      try (LoadBalancers balancers =
          new LoadBalancers(
              new LoadBalancers.Config(
                  1, rooms(lab), null, logs, new byte[16], "", report -> {}))) {
        assertThat(serving.inputReader().readLine()).isEqualTo("ready");
        for (String protocol : List.of("tcp", "udp")) {
          balancers.apply(table(vpc, node, target.address(), protocol, true));
          String[] said = told(client, protocol, node, client.address()).split(" ", 2);
          assertThat(said).as(protocol).hasSize(2);
          assertThat(said[0]).as(protocol).isEqualTo(said[1]);
          assertThat(ask(stranger, protocol, node)).as(protocol).isIn("nothing", "");
          balancers.apply(table(vpc, node, target.address(), protocol, false));
          assertThat(ask(client, protocol, node))
              .as("the balancer is not admitted")
              .isIn("nothing", "");
        }
        String all =
            lab.as("ecs", () -> lab.ec2.describeSecurityGroups(r -> r.groupIds(closed)))
                .securityGroups()
                .getFirst()
                .groupId();
        admit(lab, all, node + "/32");
        balancers.apply(table(vpc, node, target.address(), "tcp", false));
        told(client, "tcp", node, node);
      } finally {
        serving.destroy(); // asked to end, `timeout` ends what it runs; killed, it would leave it
        serving.onExit().join();
      }
    }
  }

  /** Asks until it is told that address: what admits it may take a moment to hold. */
  private static String told(Ec2Lab.Place from, String protocol, String at, String seen)
      throws IOException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    String told;
    do {
      told = ask(from, protocol, at);
    } while (!told.startsWith(seen + ":") && System.nanoTime() < deadline);
    assertThat(told).as(protocol).startsWith(seen + ":");
    return told;
  }

  private static String ask(Ec2Lab.Place from, String protocol, String at) throws IOException {
    Process asking = from.run("python3", "-c", CLIENT, protocol, at).start();
    return new String(asking.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  private static String group(Ec2Lab lab, String name, String from) {
    String id =
        lab.as(
                "ecs",
                () ->
                    lab.ec2.createSecurityGroup(
                        r -> r.groupName(name).description(name).vpcId(lab.subnet.vpcId())))
            .groupId();
    admit(lab, id, from);
    return id;
  }

  private static void admit(Ec2Lab lab, String group, String from) {
    IpPermission rule =
        IpPermission.builder().ipProtocol("-1").ipRanges(r -> r.cidrIp(from)).build();
    lab.as(
        "ecs",
        () -> lab.ec2.authorizeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(rule)));
  }

  private static SocketRooms rooms(Ec2Lab lab) {
    return name ->
        name.equals(SocketRooms.HOST)
            ? SocketRooms.HOST_ONLY.room(name)
            : new SocketRooms.Room() {
              @Override
              public <T> T make(Supplier<T> maker) {
                try {
                  return lab.sockets.in(name, maker::get);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            };
  }

  private RoutingTable table(
      String vpc, String node, String target, String protocol, boolean preserve) {
    Protocol spoken = protocol.equals("tcp") ? Protocol.TCP : Protocol.UDP;
    revision++;
    // Another group each time: a flow of the one before is not to be met.
    String group = "tg/" + revision;
    return new RoutingTable(
        revision,
        List.of(
            new RoutingTable.Balancer(
                "lb/" + protocol,
                "net/lb/1",
                "000000000000",
                "us-east-1",
                Kind.NETWORK,
                "lb.elb.us-east-1.amazonaws.com",
                "lb.us-east-1.elb.localhost",
                List.of(new RoutingTable.Node("us-east-1a", node, vpc)),
                RoutingTable.BalancerSettings.DEFAULTS,
                List.of(
                    new RoutingTable.Listener(
                        "listener/" + revision,
                        PORT,
                        spoken,
                        null,
                        List.of(),
                        List.of(),
                        List.of(
                            new RoutingTable.Rule("rule", 0, List.of(), Action.Forward.to(group))),
                        Map.of(),
                        true,
                        Duration.ofSeconds(350))))),
        List.of(
            new RoutingTable.TargetGroup(
                group,
                "targetgroup/tg/1",
                spoken,
                Version.HTTP1,
                vpc,
                new HealthCheck(
                    false,
                    Protocol.TCP,
                    null,
                    "/",
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(2),
                    2,
                    2,
                    ""),
                new GroupSettings(
                    Duration.ofMinutes(5),
                    Stickiness.NONE,
                    Duration.ofDays(1),
                    "",
                    Algorithm.ROUND_ROBIN,
                    false,
                    Duration.ZERO,
                    null,
                    1,
                    0,
                    false,
                    false,
                    true,
                    Duration.ZERO,
                    preserve),
                List.of(new RoutingTable.Target(target, 7001, target, "us-east-1a", false)),
                node)),
        List.of());
  }
}
