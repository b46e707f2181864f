package gantry.app.machine;

import static gantry.app.machine.RealProgram.left;
import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.DesiredStatus;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** {@code gantry down} of a program that cannot be asked any more, beside one that goes on. */
@Tag("docker")
class DownTest {

  private static final Duration SOON = Duration.ofSeconds(120);

  @TempDir Path folder;

  @Test
  void whatADeadProgramLeftGoesAndNothingElse() throws Exception {
    RealProgram.makeImage();
    try (RealProgram dead = new RealProgram(folder.resolve("dead"));
        RealProgram other = new RealProgram(folder.resolve("other"))) {
      dead.start();
      other.start();
      String deadInstall = dead.install();
      String otherInstall = other.install();
      oneTaskOfEachMode(dead);
      oneTaskOfEachMode(other);
      List<String> others = left(otherInstall);
      assertThat(left(deadInstall)).hasSizeGreaterThan(6);

      dead.kill();
      assertThat(left(deadInstall)).hasSizeGreaterThan(6);
      assertThat(dead.downOnly())
          .contains("no program was running", "removed what it had left: 3 containers and");
      assertThat(left(deadInstall)).isEmpty();
      assertThat(left(otherInstall)).isEqualTo(others);
      assertThat(running(other.client(EcsClient.builder()))).isEqualTo(2);

      // It kept its tables, and does again what they say; then it is stopped as by a service
      // manager.
      dead.start();
      EcsClient ecs = dead.client(EcsClient.builder());
      until(
          "its services run again",
          SOON,
          () -> RealProgram.containers(deadInstall).size() == 3 && running(ecs) == 2);
      dead.terminate();
      assertThat(left(deadInstall)).hasSizeGreaterThan(6);
      assertThat(dead.down()).contains("removed what it had left: 3 containers and");
      assertThat(left(deadInstall)).isEmpty();
      assertThat(left(otherInstall)).isEqualTo(others);
      assertThat(dead.down()).contains("nothing was running");
    }
  }

  @Test
  void whatAnEphemeralOneLeftThatWasKilled() throws Exception {
    RealProgram.makeImage();
    try (RealProgram killed = RealProgram.ephemeral(folder.resolve("data"))) {
      killed.start();
      oneTaskOfEachMode(killed);
      String install = killed.runningInstall();
      Path kept = killed.runningFolder();
      killed.kill();
      assertThat(left(install)).isNotEmpty();
      assertThat(kept).exists();
      assertThat(killed.down()).contains("removed what it had left: 3 containers and");
      assertThat(left(install)).isEmpty();
      assertThat(kept).doesNotExist();
    }
  }

  /** Three containers, a volume, an interface. */
  private static void oneTaskOfEachMode(RealProgram program) throws Exception {
    EcsClient ecs = program.client(EcsClient.builder());
    Ec2Client ec2 = program.client(Ec2Client.builder());
    ecs.createCluster();
    String subnet = ec2.describeSubnets().subnets().getFirst().subnetId();
    until(
        "the machine is in the cluster",
        SOON,
        () -> !ecs.listContainerInstances().containerInstanceArns().isEmpty());
    for (NetworkMode mode : List.of(NetworkMode.AWSVPC, NetworkMode.BRIDGE)) {
      boolean vpc = mode == NetworkMode.AWSVPC;
      ecs.registerTaskDefinition(
          r ->
              r.family(mode.toString())
                  .networkMode(mode)
                  .requiresCompatibilities(vpc ? Compatibility.FARGATE : Compatibility.EC2)
                  .cpu("256")
                  .memory("512")
                  .volumes(v -> v.name("shared"))
                  .containerDefinitions(
                      c ->
                          c.name("a")
                              .image(RealProgram.IMAGE)
                              .command("sleep", "3600")
                              .stopTimeout(2)
                              .mountPoints(m -> m.sourceVolume("shared").containerPath("/v"))));
      ecs.createService(
          r ->
              r.serviceName(mode.toString())
                  .taskDefinition(mode.toString())
                  .desiredCount(1)
                  .launchType(vpc ? LaunchType.FARGATE : LaunchType.EC2)
                  .networkConfiguration(
                      vpc ? n -> n.awsvpcConfiguration(v -> v.subnets(subnet)) : n -> {}));
    }
    try {
      until("both run", SOON, () -> running(ecs) == 2);
    } catch (AssertionError e) {
      throw new AssertionError(
          program.why("awsvpc")
              + program.why("bridge")
              + java.nio.file.Files.readString(program.log()),
          e);
    }
  }

  private static int running(EcsClient ecs) {
    List<String> arns = ecs.listTasks(r -> r.desiredStatus(DesiredStatus.RUNNING)).taskArns();
    return arns.isEmpty()
        ? 0
        : (int)
            ecs.describeTasks(r -> r.tasks(arns)).tasks().stream()
                .filter(each -> each.lastStatus().equals("RUNNING"))
                .count();
  }
}
