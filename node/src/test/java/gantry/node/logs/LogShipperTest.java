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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;

/** From Docker's stream to CloudWatch Logs, with somebody who answers as Docker does. */
class LogShipperTest {

  private static final String STREAM = "some/c/0a";
  private static final String LINES =
      "HTTP/1.1 200 OK\r\n\r\n2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:01Z two\n";

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path folder;

  private final FakeRoles roles = new FakeRoles();

  private LogShipper shipper(ServerSocket docker, RoleClients clients, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(Map.of("awslogs-group", "g"));
    all.putAll(more);
    TaskPayload task = Payloads.logging(all);
    roles.as(null, "", "", "", CloudWatchLogsClient.class).createLogGroup(r -> r.logGroupName("g"));
    LogOptions options = LogOptions.of(task, task.definition().containerDefinitions().getFirst());
    return new LogShipper(
        new DockerEngine(URI.create("tcp://127.0.0.1:" + docker.getLocalPort())),
        new LogDestination(clients, task, options),
        options,
        STREAM,
        "0a",
        true,
        folder.resolve("0a"),
        () -> false);
  }

  private List<String> shipped(RoleClients clients, Map<String, String> options, String... answers)
      throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answer(server, answers));
      LogShipper shipper = shipper(server, clients, options);
      shipper.start();
      assertThat(shipper.awaitDone(LIMIT)).isTrue();
    }
    return roles.messages(STREAM);
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
    assertThat(shipped(roles, Map.of(), "HTTP/1.1 OK\r\n\r\n", LINES))
        .containsExactly("one", "two");
  }

  @Test
  void whatIsNotTakenByAMistakeIsSentAgain() throws Exception {
    assertThat(shipped(clumsy(2), Map.of(), LINES)).containsExactly("one", "two");
  }

  private RoleClients clumsy(int mistakes) {
    return new ClumsyRoles(roles, mistakes, new IllegalStateException("a mistake of ours"));
  }

  /** Who waits for room is not silent, and who makes room does not wait for it. */
  @Test
  void aFullBufferDoesNotStopALogOfSeveralLinesNorTakeItsEventsApart() throws Exception {
    StringBuilder lines = new StringBuilder("HTTP/1.1 200 OK\r\n\r\n");
    List<String> events = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      lines.append("2026-01-01T00:00:0%s.1Z E%s\n".formatted(i, i));
      lines.append("2026-01-01T00:00:0%s.2Z more\n".formatted(i));
      events.add("E" + i + "\nmore");
    }
    Map<String, String> options =
        Map.of("awslogs-multiline-pattern", "^E", "mode", "blocking", "max-buffer-size", "70");
    // Nothing is taken until the silence that ends an event has long been over.
    assertThat(shipped(clumsy(4), options, lines.toString())).isEqualTo(events);
  }

  /** Docker may answer only when the shipper is closed already. */
  @Test
  void aShipperThatIsClosedWhileItAsksListensNoLonger() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      LogShipper shipper = shipper(server, roles, Map.of());
      shipper.start();
      try (Socket socket = server.accept()) {
        socket.setSoTimeout((int) LIMIT.toMillis());
        while (socket.getInputStream().read() != '\n') {
          // It has asked.
        }
        shipper.close();
        socket.getOutputStream().write(LINES.getBytes(US_ASCII));
        socket.getInputStream().readAllBytes(); // until it hangs up
      }
    }
  }
}
