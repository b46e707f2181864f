package gantry.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ssm.SsmClient;

/** As somebody uses it who tests a program of his own. */
@GantryTest
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GantryExtensionTest {

  private static final Duration RUNS_WITHIN = Duration.ofSeconds(60);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

  @Test
  @Order(1)
  void clientsArePointedHere(EcsClient ecs, RunningGantry gantry) {
    ecs.createCluster(r -> r.clusterName("mine"));

    assertThat(ecs.listClusters().clusterArns())
        .containsExactly(
            "arn:aws:ecs:" + gantry.region() + ":" + gantry.account() + ":cluster/mine");
    assertThat(gantry.environment())
        .containsEntry("AWS_ENDPOINT_URL", gantry.endpoint().toString());
  }

  @Test
  @Order(2)
  void eachTestBeginsWithNothing(EcsClient ecs) {
    assertThat(ecs.listClusters().clusterArns()).isEmpty();
  }

  @Test
  void aTaskRunsInTheSimulation(EcsClient ecs, Ec2Client ec2) {
    ecs.createCluster(r -> r.clusterName("c"));
    ecs.registerTaskDefinition(
        r ->
            r.family("job")
                .networkMode("awsvpc")
                .requiresCompatibilitiesWithStrings("FARGATE")
                .cpu("256")
                .memory("512")
                .containerDefinitions(List.of(container())));
    String subnet = ec2.describeSubnets().subnets().getFirst().subnetId();

    Task task =
        ecs.runTask(
                r ->
                    r.cluster("c")
                        .taskDefinition("job")
                        .launchType(LaunchType.FARGATE)
                        .networkConfiguration(
                            n ->
                                n.awsvpcConfiguration(
                                    v -> v.subnets(subnet).assignPublicIp("ENABLED"))))
            .tasks()
            .getFirst();

    Instant deadline = Instant.now().plus(RUNS_WITHIN);
    String status = task.lastStatus();
    while (!status.equals("RUNNING") && Instant.now().isBefore(deadline)) {
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
      status =
          ecs.describeTasks(r -> r.cluster("c").tasks(task.taskArn()))
              .tasks()
              .getFirst()
              .lastStatus();
    }
    assertThat(status).isEqualTo("RUNNING");
  }

  @Nested
  class Inside {
    @Test
    void nestedClassesShareIt(SsmClient ssm, RunningGantry gantry) {
      ssm.putParameter(r -> r.name("/a").value("b").type("String"));

      assertThat(ssm.getParameter(r -> r.name("/a")).parameter().value()).isEqualTo("b");
      assertThatThrownBy(() -> gantry.client(NotAClient.class))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static ContainerDefinition container() {
    return ContainerDefinition.builder().name("job").image("any/image:1").build();
  }

  /** Looks like a client, and is none. */
  private interface NotAClient extends software.amazon.awssdk.core.SdkClient {}
}
