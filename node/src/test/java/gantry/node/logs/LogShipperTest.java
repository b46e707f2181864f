package gantry.node.logs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.TaskPayload;
import gantry.node.ClumsyRoles;
import gantry.node.FakeRoles;
import gantry.node.Payloads;
import gantry.node.RoleClients;
import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;

/** From Docker's stream to CloudWatch Logs, with somebody who answers as Docker does. */
class LogShipperTest {

  private static final String STREAM = "some/c/0a";
  private static final String LINES =
      "HTTP/1.1 200 OK\r\n\r\n2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:01Z two\n";

  @TempDir Path folder;

  private final FakeRoles roles = new FakeRoles();

  private void ship(RoleClients clients, String... answers) throws Exception {
    TaskPayload task = Payloads.logging(Map.of("awslogs-group", "g"));
    roles.as(null, "", "", "", CloudWatchLogsClient.class).createLogGroup(r -> r.logGroupName("g"));
    LogOptions options = LogOptions.of(task, task.definition().containerDefinitions().getFirst());
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answer(server, answers));
      LogShipper shipper =
          new LogShipper(
              new DockerEngine(URI.create("tcp://127.0.0.1:" + server.getLocalPort())),
              new LogDestination(clients, task, options),
              options,
              STREAM,
              "0a",
              true,
              folder.resolve("0a"),
              () -> false);
      shipper.start();
      assertThat(shipper.awaitDone(Duration.ofSeconds(20))).isTrue();
    }
    assertThat(roles.messages(STREAM)).containsExactly("one", "two");
  }

  private static void answer(ServerSocket server, String... answers) {
    for (String each : answers) {
      try (Socket socket = server.accept()) {
        socket.getInputStream().read(new byte[4096]);
        socket.getOutputStream().write(each.getBytes(US_ASCII));
      } catch (IOException nobodyAsks) {
        return; // the test says what is missing
      }
    }
  }

  @Test
  void anAnswerThatIsNoneDoesNotEndALog() throws Exception {
    ship(roles, "HTTP/1.1 OK\r\n\r\n", LINES);
  }

  @Test
  void whatIsNotTakenByAMistakeIsSentAgain() throws Exception {
    ship(new ClumsyRoles(roles, 2, new IllegalStateException("a mistake of ours")), LINES);
  }
}
