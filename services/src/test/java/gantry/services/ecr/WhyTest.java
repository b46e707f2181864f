package gantry.services.ecr;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is told of repositories and images: why, and what they are made of. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class WhyTest extends OpenRegistry {

  @Test
  void tellsWhy() throws IOException {
    world.repository("team/app");
    Digest digest = world.pushImage("team/app", "v1", "x");
    String uri = world.registry.addresses.uri(World.HOME, "team/app");
    assertThat(why("team/app"))
        .startsWith("repository " + uri + " in account 000000000000, region us-east-1\n")
        .contains("its newest tags: v1 since ");
    assertThat(why("arn:aws:ecr:us-east-1:000000000000:repository/team/app"))
        .isEqualTo(why("team/app"));
    assertThat(why(uri + ":v1"))
        .startsWith("v1 is " + digest + ", pushed at ")
        .contains("it was not scanned");
    assertThat(why(uri)).startsWith("there is no image latest in team/app");
    assertThat(why("000000000000.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1"))
        .startsWith("there is no repository team/app in account 000000000000, region eu-west-1\n")
        .contains("aws ecr create-repository --region eu-west-1 --repository-name team/app");
    for (String others : List.of("web", "docker.io/library/nginx", "nginx:latest", "a -> b:80")) {
      assertThat(why(others)).isEmpty();
    }
    world.call(
        ecr ->
            ecr.startImageScan(r -> r.repositoryName("team/app").imageId(i -> i.imageTag("v1"))));
    world.settle();
    assertThat(why("team/app:v1"))
        .contains("its scan is FINDINGS_UNAVAILABLE: No vulnerability data");
    world.call(
        ecr ->
            ecr.putReplicationConfiguration(
                r ->
                    r.replicationConfiguration(
                        c ->
                            c.rules(
                                rule ->
                                    rule.destinations(
                                        d -> d.region("us-east-1").registryId("111122223333"))))));
    Digest second = world.pushImage("team/app", "v2", "y");
    world.settle();
    assertThat(why("team/app"))
        .contains(
            second
                + " was not replicated to 111122223333 in us-east-1: AccessDenied: the registry"
                + " policy of 111122223333 does not allow ecr:ReplicateImage");
  }

  @Test
  void tellsWhereAnImageWouldBePulledThroughFrom() throws IOException {
    world.call(
        ecr ->
            ecr.createPullThroughCacheRule(
                r -> r.ecrRepositoryPrefix("mirror").upstreamRegistryUrl("quay.io")));
    String uri = world.registry.addresses.uri(World.HOME, "mirror/app");
    assertThat(why(uri + ":v1"))
        .startsWith("there is no repository mirror/app")
        .contains("the pull through cache rule for mirror makes it with the first image")
        .contains("quay.io")
        .doesNotContain("create-repository");
    world.store.write(
        tx -> {
          Templates.createIfAbsent(
              tx, World.HOME, "mirror/app", null, "mirror", world.time.instant());
          return null;
        });
    assertThat(why(uri + ":v1"))
        .startsWith("there is no image v1 in mirror/app: no pull has fetched it from quay.io");
  }

  private String why(String about) {
    return world.host.explainer().why(about).stream()
        .map(gantry.services.Reason::print)
        .collect(java.util.stream.Collectors.joining());
  }

  @Test
  void inspectsImages() throws IOException {
    world.repository("app");
    byte[] child = world.image("app", "content");
    world.pushManifest("app", Digest.of(child).toString(), child, Manifest.OCI_MANIFEST);
    world.pushManifest("app", "latest", Manifests.index(child), Manifest.OCI_INDEX);
    Digest plain = world.pushImage("app", "plain", "other");
    var multi = world.host.inspection().inspect("app").orElseThrow();
    assertThat(multi.platforms())
        .singleElement()
        .satisfies(
            platform -> {
              assertThat(platform.name()).isEqualTo("linux/arm64");
              assertThat(platform.layers())
                  .extracting(ImageInspection.Layer::sizeInBytes)
                  .containsExactly((long) "content".length());
            });
    assertThat(multi.isCurrent(Digest.of(child).toString())).isTrue();
    assertThat(multi.isCurrent(plain.toString())).isFalse();
    var one =
        world
            .host
            .inspection()
            .inspect("000000000000.dkr.ecr.us-east-1.amazonaws.com/app:plain")
            .orElseThrow();
    assertThat(one.digest()).isEqualTo(plain.toString());
    assertThat(one.platforms().getFirst().name()).isEqualTo("linux/amd64");
    assertThat(one.uri()).isEqualTo("localhost:" + world.server.port() + "/app");
    assertThat(world.host.inspection().inspect("app:none")).isEmpty();
  }
}
