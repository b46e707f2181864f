package gantry.node;

import static gantry.node.ControlPlane.container;
import static gantry.node.Payloads.bridge;
import static gantry.node.Payloads.shell;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.TaskPayload;
import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/** Docker that stops in mid-flight, and comes back. */
@Tag("docker")
class DockerAwayTest {

  @TempDir Path state;
  private final List<Boolean> told = new CopyOnWriteArrayList<>();
  private final ControlPlane ecs = new ControlPlane();
  private DockerProxy proxy;
  private Node node;

  DockerAwayTest() {}

  @BeforeEach
  void begin() throws IOException {
    try (DockerEngine docker = new DockerEngine(NodeConfig.DOCKER_SOCKET)) {
      TestImages.busybox(docker);
    }
    proxy = new DockerProxy(state);
    node =
        Node.start(
            NodeConfig.local(
                "nodetest-" + UUID.randomUUID().toString().substring(0, 8),
                state,
                choices ->
                    choices
                        .metadataOnHost(false)
                        .docker(proxy.uri())
                        .dockerPatience(Duration.ofSeconds(2))),
            NodeDoors.only(ecs, new FakeRoles())
                .withNews(
                    new NodeNews() {
                      @Override
                      public void containerOutput(String task, String name, List<String> lines) {}

                      @Override
                      public void ready(boolean now) {
                        told.add(now);
                      }
                    }));
  }

  @AfterEach
  void end() throws IOException {
    node.removeEverything();
    node.close();
    proxy.close();
  }

  @Test
  void whatHappenedMeanwhileIsSeenWhenDockerIsBack() throws IOException {
    TaskPayload ends = bridge(shell("a", "sleep 100"));
    TaskPayload stays = bridge(shell("a", "sleep 100"));
    node.assign(ends);
    node.assign(stays);
    SubmitTaskStateChangeRequest running = ecs.await(ends.taskArn(), "RUNNING");
    ecs.await(stays.taskArn(), "RUNNING");
    proxy.down();
    ControlPlane.until("that Docker is missed is told", () -> told.equals(List.of(true, false)));
    try (DockerEngine docker = new DockerEngine(NodeConfig.DOCKER_SOCKET)) {
      docker.client().killContainerCmd(container(running, "a").runtimeId()).exec();
    }
    // A wish that arrives while Docker is away is carried out afterwards.
    node.assign(Payloads.stopped(stays));
    assertThat(ecs.newest(ends.taskArn()).orElseThrow().status()).isEqualTo("RUNNING");
    proxy.up();
    assertThat(container(ecs.await(ends.taskArn(), "STOPPED"), "a").exitCode()).isEqualTo(137);
    ecs.await(stays.taskArn(), "STOPPED");
    // The tasks may have found Docker before the watch does.
    ControlPlane.until("that it is back is told", () -> told.equals(List.of(true, false, true)));
  }

  @Test
  void aTaskDoesNotWaitForeverForADockerThatIsNotThere() throws IOException {
    proxy.down();
    TaskPayload task = bridge(shell("a", "sleep 100"));
    node.assign(task);
    assertThat(ecs.await(task.taskArn(), "STOPPED").reason())
        .contains("Docker does not answer at unix://")
        .contains("systemctl start docker");
    proxy.up();
    ControlPlane.until("Docker is found", node::dockerUp);
    TaskPayload later = bridge(shell("a", "exit 0"));
    node.assign(later);
    assertThat(container(ecs.await(later.taskArn(), "STOPPED"), "a").exitCode()).isZero();
  }

  /** A daemon that hangs accepts connections and answers none. */
  @Test
  void aDockerThatHangsIsMissedAndWhatRunsIsLeftAlone() throws IOException {
    TaskPayload task = bridge(shell("a", "sleep 100"));
    node.assign(task);
    ecs.await(task.taskArn(), "RUNNING");
    proxy.hang();
    try {
      ControlPlane.until("that Docker is missed is told", () -> told.equals(List.of(true, false)));
      assertThat(ecs.newest(task.taskArn()).orElseThrow().status()).isEqualTo("RUNNING");
    } finally {
      proxy.goOn();
    }
    ControlPlane.until("that it is back is told", () -> told.equals(List.of(true, false, true)));
    node.assign(Payloads.stopped(task));
    ecs.await(task.taskArn(), "STOPPED");
  }
}
