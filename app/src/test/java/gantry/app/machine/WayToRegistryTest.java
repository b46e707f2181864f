package gantry.app.machine;

import static gantry.app.machine.RealProgram.run;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;
import software.amazon.awssdk.services.iam.IamClient;

/** A task pulls through its own subnet, as on AWS, unless the program was told to be easy on it. */
@Tag("docker")
class WayToRegistryTest {

  private static final String REPOSITORY = "way";
  private static final String IMAGE =
      "000000000000.dkr.ecr.us-east-1.amazonaws.com/" + REPOSITORY + ":1";

  private static final String ROLE = "arn:aws:iam::000000000000:role/pulls";

  @TempDir Path folder;

  @Test
  void aTaskWithoutAWayFailsAndSaysWhichOfThreeAreMissingAndWithTheFlagItRuns() throws Exception {
    RealProgram.makeImage();
    Path data = folder.resolve("data");
    String subnet;
    try (RealProgram program = new RealProgram(data)) {
      program.start();
      push(program);
      EcsClient ecs = program.client(EcsClient.builder());
      ecs.createCluster();
      subnet = subnet(program.client(Ec2Client.builder()));
      try (LiveTasks tasks = new LiveTasks(ecs, role(program))) {
        String arn = tasks.begin(subnet, List.of(), sleeps());
        tasks.awaitStatus(arn, "STOPPED");
        assertThat(tasks.task(arn).stopCode()).isEqualTo(TaskStopCode.TASK_FAILED_TO_START);
        assertThat(tasks.task(arn).stoppedReason())
            .startsWith("ResourceInitializationError")
            .contains(
                "no way from " + subnet + " to 000000000000.dkr.ecr.us-east-1.amazonaws.com",
                "has no route to the internet",
                "has no endpoint for ecr.dkr",
                "a public address in a public subnet, a route to a NAT gateway, or an interface"
                    + " endpoint");
      }
      program.terminate();
      try (RealProgram relaxed = new RealProgram(data, "--relaxed-network")) {
        relaxed.start();
        try (LiveTasks tasks = new LiveTasks(relaxed.client(EcsClient.builder()), ROLE)) {
          assertThat(tasks.run(subnet, List.of(), sleeps()).address()).startsWith("10.91.1.");
        }
      }
    } finally {
      // Pulled images stay in Docker, under their own name and under the one that they were got by.
      run(
          "bash",
          "-c",
          "docker images --format '{{.Repository}}:{{.Tag}}' | grep '/"
              + REPOSITORY
              + ":1$' | xargs -r docker rmi");
    }
  }

  private static ContainerDefinition sleeps() {
    return LiveTasks.idle().toBuilder().image(IMAGE).build();
  }

  private static void push(RealProgram program) {
    program.client(EcrClient.builder()).createRepository(r -> r.repositoryName(REPOSITORY));
    String name = program.url().replace("http://", "") + "/" + IMAGE;
    run("docker", "tag", RealProgram.IMAGE, name);
    run("docker", "push", "-q", name);
    run("docker", "rmi", name);
  }

  private static String role(RealProgram program) {
    IamClient iam = program.client(IamClient.builder());
    iam.createRole(
        r ->
            r.roleName("pulls")
                .assumeRolePolicyDocument(
                    """
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
                     "Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}"""));
    iam.putRolePolicy(
        r ->
            r.roleName("pulls")
                .policyName("ecr")
                .policyDocument(
                    """
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}"""));
    return ROLE;
  }

  /** Of a VPC that nothing leads out of. */
  private static String subnet(Ec2Client ec2) {
    String vpc = ec2.createVpc(r -> r.cidrBlock("10.91.0.0/16")).vpc().vpcId();
    return ec2.createSubnet(r -> r.vpcId(vpc).cidrBlock("10.91.1.0/24")).subnet().subnetId();
  }
}
