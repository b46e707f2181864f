package gantry.app.machine;

import static gantry.app.machine.RealProgram.until;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.iam.IamClient;

/** Under {@code --iam enforce}: docker logs in, and tasks pull as who they are. */
@Tag("docker")
class PullingRolesTest {

  private static final Duration SOON = Duration.ofSeconds(120);

  /** AWS's name, as task definitions have it. */
  private static final String IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pulled/app:v1";

  @TempDir Path folder;

  @Test
  void tasksPullAsTheirExecutionRole() throws Exception {
    RealProgram.makeImage();
    RealProgram program = new RealProgram(folder.resolve("data"), "--iam", "enforce");
    String local = program.url().replace("http://", "") + "/pulled/app:v1";
    try (program) {
      program.start();
      push(program, local);
      EcsClient ecs = program.client(EcsClient.builder());
      IamClient iam = program.client(IamClient.builder());
      ecs.createCluster();
      until(
          "the machine is in the cluster",
          SOON,
          () -> !ecs.listContainerInstances().containerInstanceArns().isEmpty());

      // First: no image of that name is here yet, to fall back on.
      Task refused = ended(ecs, "refused", role(iam, "nothing", null));
      assertThat(refused.containers().getFirst().reason())
          .contains("CannotPull", "ecr:GetAuthorizationToken");
      Task pulled =
          ended(
              ecs,
              "pulled",
              role(
                  iam,
                  "puller",
                  "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"));
      assertThat(pulled.containers().getFirst().exitCode()).as(pulled.toString()).isEqualTo(7);
      forget(local);
      Task machines = ended(ecs, "machines", null);
      assertThat(machines.containers().getFirst().exitCode()).as(machines.toString()).isEqualTo(7);
    } finally {
      forget(local);
    }
  }

  private void push(RealProgram program, String local) throws Exception {
    EcrClient ecr = program.client(EcrClient.builder());
    ecr.createRepository(r -> r.repositoryName("pulled/app"));
    String config = folder.resolve("docker").toString();
    RealProgram.run("docker", "tag", RealProgram.IMAGE, local);
    Process without = begin("docker", "--config", config, "push", local);
    assertThat(new String(without.getInputStream().readAllBytes(), UTF_8))
        .contains("no basic auth credentials");
    String token =
        new String(
            Base64.getDecoder()
                .decode(
                    ecr.getAuthorizationToken()
                        .authorizationData()
                        .getFirst()
                        .authorizationToken()),
            UTF_8);
    String registry = local.substring(0, local.indexOf('/'));
    RealProgram.run(
        "docker",
        "--config",
        config,
        "login",
        "-u",
        "AWS",
        "-p",
        token.substring("AWS:".length()),
        registry);
    RealProgram.run("docker", "--config", config, "push", local);
    RealProgram.run("docker", "rmi", local);
  }

  private static Process begin(String... command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static void forget(String local) throws Exception {
    // Also under the name that it is pulled by: AWS's within this program's.
    String pulled = local.substring(0, local.indexOf('/') + 1) + IMAGE;
    begin("docker", "rmi", "-f", local, IMAGE, pulled).waitFor();
  }

  private static String role(IamClient iam, String name, @Nullable String policy) {
    iam.createRole(
        r ->
            r.roleName(name)
                .assumeRolePolicyDocument(
                    """
                    {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
                     "Principal":{"Service":"ecs-tasks.amazonaws.com"}}}"""));
    if (policy != null) {
      iam.attachRolePolicy(r -> r.roleName(name).policyArn(policy));
    }
    return "arn:aws:iam::000000000000:role/" + name;
  }

  /** Runs it on the container instance, to its end. */
  private static Task ended(EcsClient ecs, String family, @Nullable String role)
      throws InterruptedException {
    ecs.registerTaskDefinition(
        r ->
            r.family(family)
                .networkMode(NetworkMode.HOST)
                .requiresCompatibilities(Compatibility.EC2)
                .executionRoleArn(role)
                .containerDefinitions(
                    c -> c.name("a").image(IMAGE).memory(64).command("sh", "-c", "exit 7")));
    String arn =
        ecs.runTask(r -> r.taskDefinition(family).launchType(LaunchType.EC2))
            .tasks()
            .getFirst()
            .taskArn();
    until(family + " ended", SOON, () -> task(ecs, arn).lastStatus().equals("STOPPED"));
    return task(ecs, arn);
  }

  private static Task task(EcsClient ecs, String arn) {
    return ecs.describeTasks(r -> r.tasks(arn)).tasks().getFirst();
  }
}
