package gantry.app.machine;

import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** Port 80 of the host is a container's to have, and the task endpoint still answers at its own. */
@Tag("docker")
class HostPortTest {

  private static final Duration SOON = Duration.ofSeconds(120);

  @TempDir Path folder;

  @Test
  void aTaskHasPort80AndAsksForItsMetadataAt169_254_170_2() throws Exception {
    assumeThat(isFree()).as("port 80 of this machine is free").isTrue();
    RealProgram.makeImage();
    try (RealProgram program = new RealProgram(folder.resolve("data"))) {
      program.start();
      EcsClient ecs = program.client(EcsClient.builder());
      ecs.createCluster();
      until(
          "the machine is an instance",
          SOON,
          () -> !ecs.listContainerInstances().containerInstanceArns().isEmpty());
      ContainerDefinition web =
          LiveTasks.container(
                  "web",
                  "echo $ECS_CONTAINER_METADATA_URI_V4 > /tmp/index.html;"
                      + " wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task >> /tmp/index.html;"
                      + " exec httpd -f -p 80 -h /tmp")
              .toBuilder()
              .memory(64)
              .portMappings(p -> p.containerPort(80).hostPort(80))
              .build();
      ecs.registerTaskDefinition(
          r -> r.family("web").networkMode(NetworkMode.BRIDGE).containerDefinitions(web));
      String arn =
          ecs.runTask(r -> r.taskDefinition("web").launchType(LaunchType.EC2))
              .tasks()
              .getFirst()
              .taskArn();
      try (LiveTasks tasks = new LiveTasks(ecs)) {
        tasks.awaitStatus(arn, "RUNNING");
        until("the page", SOON, () -> page().contains(arn));
        assertThat(page()).startsWith("http://169.254.170.2/v4/");
      }
    }
  }

  private static String page() {
    try (SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", 80))) {
      return LiveTasks.get(channel);
    } catch (IOException notYet) {
      return "";
    }
  }

  private static boolean isFree() {
    try (ServerSocket ignored = new ServerSocket(80)) {
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}
