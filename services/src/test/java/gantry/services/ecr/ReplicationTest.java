package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.state.Scope;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecr.model.ReplicationStatus;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;

/** Images are copied to other regions and accounts. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class ReplicationTest extends OpenRegistry {

  private static final Scope ELSEWHERE = new Scope("000000000000", "eu-west-1");
  private static final Scope OTHER = new Scope("111122223333", "us-east-1");

  @Test
  void replicatesToOtherRegionsAndToAccountsThatAllowIt() throws IOException {
    world.repository("prod/app");
    world.repository("test/app");
    world.call(
        ecr ->
            ecr.putReplicationConfiguration(
                r ->
                    r.replicationConfiguration(
                        c ->
                            c.rules(
                                rule ->
                                    rule.destinations(
                                            d -> d.region("eu-west-1").registryId("000000000000"),
                                            d -> d.region("us-east-1").registryId("111122223333"))
                                        .repositoryFilters(
                                            f -> f.filterType("PREFIX_MATCH").filter("prod"))))));
    Digest digest = world.pushImage("prod/app", "v1", "x");
    world.pushImage("test/app", "v1", "x");
    world.settle();
    var statuses =
        world
            .call(
                ecr ->
                    ecr.describeImageReplicationStatus(
                        r -> r.repositoryName("prod/app").imageId(i -> i.imageTag("v1"))))
            .replicationStatuses();
    assertThat(statuses)
        .extracting(each -> each.status())
        .containsExactly(ReplicationStatus.COMPLETE, ReplicationStatus.FAILED);
    assertThat(
            world
                .as(ELSEWHERE, ecr -> ecr.describeImages(r -> r.repositoryName("prod/app")))
                .imageDetails()
                .getFirst()
                .imageDigest())
        .isEqualTo(digest.toString());
    assertThatThrownBy(
            () -> world.as(ELSEWHERE, ecr -> ecr.describeImages(r -> r.repositoryName("test/app"))))
        .isInstanceOf(RepositoryNotFoundException.class);
    String elsewhere = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/prod/app";
    assertThat(world.get("/v2/" + elsewhere + "/manifests/v1").statusCode()).isEqualTo(200);
    assertThat(world.get("/v2/" + elsewhere + "/blobs/" + Digest.of("x".getBytes(UTF_8))).body())
        .isEqualTo("x".getBytes(UTF_8));

    world.as(
        OTHER,
        ecr ->
            ecr.putRegistryPolicy(
                r ->
                    r.policyText(
                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::000000000000:root\"},\"Action\":[\"ecr:CreateRepository\",\"ecr:ReplicateImage\"],\"Resource\":\"arn:aws:ecr:us-east-1:111122223333:repository/*\"}]}")));
    world.pushImage("prod/app", "v2", "y");
    world.settle();
    assertThat(
            world
                .as(OTHER, ecr -> ecr.describeImages(r -> r.repositoryName("prod/app")))
                .imageDetails())
        .hasSize(1);
  }

  /** A tag that is pushed while its image is copied is copied too. */
  @Test
  void replicatesATagThatComesWhileItCopies() throws IOException {
    world.repository("app");
    world.call(
        ecr ->
            ecr.putReplicationConfiguration(
                r ->
                    r.replicationConfiguration(
                        c ->
                            c.rules(
                                rule ->
                                    rule.destinations(
                                        d -> d.region("eu-west-1").registryId("000000000000"))))));
    byte[] manifest = world.image("app", "content");
    world.pushManifest("app", "v1", manifest, Manifest.OCI_MANIFEST);
    world.beforeNextWrite =
        () -> {
          try {
            world.pushManifest("app", "v2", manifest, Manifest.OCI_MANIFEST);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        };
    world.settle();
    world.settle();
    Scope ireland = new Scope("000000000000", "eu-west-1");
    assertThat(Images.find(world.store.snapshot(), ireland, "app", "v1")).isNotNull();
    assertThat(Images.find(world.store.snapshot(), ireland, "app", "v2")).isNotNull();
    assertThat(
            world
                .call(
                    ecr ->
                        ecr.describeImageReplicationStatus(
                            r -> r.repositoryName("app").imageId(i -> i.imageTag("v2"))))
                .replicationStatuses())
        .allMatch(status -> status.statusAsString().equals("COMPLETE"));
  }
}
