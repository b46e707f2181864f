package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ClusterNotFoundException;
import software.amazon.awssdk.services.ecs.model.DescribeClustersResponse;
import software.amazon.awssdk.services.ecs.model.Failure;

/** A deleted cluster is INACTIVE for a day, and then it was never there. */
class DeletedClustersTest {

  private static final String ARN = "arn:aws:ecs:us-east-1:123456789012:cluster/old";

  private final World world = new World();

  @BeforeEach
  void clusters() {
    world.cluster();
    world.call(ecs -> ecs.createCluster(r -> r.clusterName("old")));
  }

  private DescribeClustersResponse described(String reference) {
    return world.call(ecs -> ecs.describeClusters(r -> r.clusters(reference)));
  }

  private List<String> statuses(String reference) {
    return described(reference).clusters().stream().map(each -> each.status()).toList();
  }

  private void delete() {
    world.call(ecs -> ecs.deleteCluster(r -> r.cluster("old")));
  }

  @Test
  void isInactiveForADay() {
    world.run(Duration.ofHours(3));
    delete();
    world.run(Duration.ofHours(23));
    assertThat(statuses(ARN)).containsExactly("INACTIVE");
    assertThat(statuses("old")).containsExactly("INACTIVE");
    assertThat(world.call(ecs -> ecs.listClusters()).clusterArns()).noneMatch(ARN::equals);
    delete(); // as often as one likes: it does not begin again
    world.run(Duration.ofHours(3));
    DescribeClustersResponse gone = described(ARN);
    assertThat(gone.clusters()).isEmpty();
    assertThat(gone.failures())
        .containsExactly(Failure.builder().arn(ARN).reason("MISSING").build());
    assertThatThrownBy(this::delete)
        .isInstanceOf(ClusterNotFoundException.class)
        .hasMessageContaining("Cluster not found.");
    assertThat(statuses("default")).containsExactly("ACTIVE");
    assertThat(world.store.snapshot().scanAll(EcsTables.DELETED_CLUSTERS)).isEmpty();
  }

  @Test
  void staysWhenItIsMadeAnew() {
    delete();
    world.run(Duration.ofHours(23));
    world.call(ecs -> ecs.createCluster(r -> r.clusterName("old")));
    world.run(Duration.ofHours(48));
    assertThat(statuses(ARN)).containsExactly("ACTIVE");
    delete();
    world.run(Duration.ofHours(23));
    assertThat(statuses(ARN)).containsExactly("INACTIVE");
  }

  /** A program from before there was a note of when. */
  @Test
  void ofAnOlderProgramItIsADayFromNow() {
    delete();
    world.store.write(
        tx -> {
          tx.delete(EcsTables.DELETED_CLUSTERS, World.SCOPE.key("old"));
          return null;
        });
    world.restart();
    world.run(Duration.ofHours(23));
    assertThat(statuses(ARN)).containsExactly("INACTIVE");
    world.run(Duration.ofHours(4));
    assertThat(statuses(ARN)).isEmpty();
  }
}
