package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Gantry;
import gantry.app.Options;
import gantry.state.Scope;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** {@code gantry image inspect}: what an image is, who runs it, and who runs an older one. */
@Timeout(150)
class ImageInspectTest {

  private static final Scope HOME = new Scope(Options.ACCOUNT, Options.REGION);
  private static final long PATIENCE_NANOS = 90_000_000_000L;

  @Test
  void tellsWhatRunsAndWhatIsOlder() throws Exception {
    try (Gantry gantry = Gantry.start(Options.ephemeral());
        Pushes client = new Pushes(gantry.url())) {
      EcrClient ecr = gantry.clients().as("test.amazonaws.com", HOME, EcrClient.class);
      EcsClient ecs = gantry.clients().as("ecs.amazonaws.com", HOME, EcsClient.class);
      Ec2Client ec2 = gantry.clients().as("test.amazonaws.com", HOME, Ec2Client.class);
      ecr.createRepository(r -> r.repositoryName("app"));
      String first = client.image("app", "latest", "amd64", "one".getBytes(UTF_8));

      String page = page(client, "app");
      assertThat(page)
          .contains("image         localhost:" + gantry.port() + "/app:latest\n")
          .contains("digest        " + first)
          .contains("architectures linux/amd64\n")
          .contains("last pulled   never")
          .contains(Pushes.digest("one".getBytes(UTF_8)))
          .contains("nothing runs it");

      ecs.createCluster(r -> r.clusterName("default"));
      String image = "localhost:" + gantry.port() + "/app:latest";
      ecs.registerTaskDefinition(
          r ->
              r.family("web")
                  .networkMode(NetworkMode.AWSVPC)
                  .requiresCompatibilitiesWithStrings("FARGATE")
                  .cpu("256")
                  .memory("512")
                  .containerDefinitions(c -> c.name("web").image(image).essential(true)));
      String subnet = ec2.describeSubnets().subnets().getFirst().subnetId();
      ecs.createService(
          r ->
              r.serviceName("web")
                  .taskDefinition("web")
                  .desiredCount(1)
                  .launchType(LaunchType.FARGATE)
                  .networkConfiguration(n -> n.awsvpcConfiguration(v -> v.subnets(subnet))));
      await(() -> page(client, "app").contains("RUNNING"));
      // What an agent says of the container that it runs: the simulated one pulls nothing.
      String task = ecs.listTasks(r -> {}).taskArns().getFirst();
      ecs.submitTaskStateChange(
          r ->
              r.task(task)
                  .status("RUNNING")
                  .containers(c -> c.containerName("web").imageDigest(first).status("RUNNING")));
      assertThat(page(client, "app"))
          .contains("service web in cluster default runs it (task ")
          .doesNotContain("nothing runs it");

      String second = client.image("app", "latest", "arm64", "two".getBytes(UTF_8));
      page = page(client, image);
      assertThat(page)
          .contains("nothing runs it")
          .contains("architectures linux/arm64\n")
          .contains("service web in cluster default runs " + first + " of :latest since ")
          .contains("; :latest is now " + second + " pushed at ")
          .contains(
              "aws ecs update-service --cluster default --service web --force-new-deployment");
      assertThat(page(client, Options.ACCOUNT + ".dkr.ecr.us-east-1.amazonaws.com/app@" + first))
          .contains("service web in cluster default runs it");
      assertThat(client.send("GET", "/_gantry/image?other", new byte[0]).statusCode())
          .isEqualTo(404);

      var refused =
          ecr.batchDeleteImage(r -> r.repositoryName("app").imageIds(i -> i.imageDigest(first)));
      assertThat(refused.failures().getFirst().failureReason())
          .contains("in use by service web in cluster default");
    }
  }

  private static String page(Pushes client, String reference) {
    try {
      return new String(client.get("/_gantry/image?" + reference), UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
    }
  }
}
