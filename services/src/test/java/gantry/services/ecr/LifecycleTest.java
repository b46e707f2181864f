package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lifecycle policies through the API, previewed and applied. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class LifecycleTest extends OpenRegistry {

  @Test
  void lifecyclePoliciesArePreviewedAndApplied() throws IOException {
    world.repository("app");
    for (int i = 0; i < 5; i++) {
      world.pushImage("app", "v" + i, "image " + i);
      world.time.advance(Duration.ofDays(1));
    }
    String policy =
        """
        {"rules":[{"rulePriority":1,"description":"keep two","selection":{"tagStatus":"any",
         "countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}""";
    world.call(
        ecr ->
            ecr.startLifecyclePolicyPreview(
                r -> r.repositoryName("app").lifecyclePolicyText(policy)));
    var preview = world.call(ecr -> ecr.getLifecyclePolicyPreview(r -> r.repositoryName("app")));
    assertThat(preview.statusAsString()).isEqualTo("COMPLETE");
    assertThat(preview.summary().expiringImageTotalCount()).isEqualTo(3);
    assertThat(preview.previewResults())
        .extracting(each -> each.imageTags().getFirst())
        .containsExactly("v2", "v1", "v0");

    world.call(
        ecr -> ecr.putLifecyclePolicy(r -> r.repositoryName("app").lifecyclePolicyText(policy)));
    world.settle();
    assertThat(tags()).hasSize(5);
    world.time.advance(LifecycleController.SETTLE);
    world.settle();
    assertThat(tags()).containsExactly("v3", "v4");
    assertThat(
            world
                .call(ecr -> ecr.getLifecyclePolicy(r -> r.repositoryName("app")))
                .lastEvaluatedAt())
        .isNotNull();
  }

  private List<String> tags() {
    return EcrTables.tags(world.store.snapshot(), World.HOME, "app")
        .map(row -> row.value().tag())
        .toList();
  }

  /** A signature of a signature: all that is about an expired image goes with it. */
  @Test
  void whatRefersToAnExpiredImageGoesWithIt() throws IOException {
    world.repository("app");
    byte[] old = world.image("app", "one");
    world.pushManifest("app", "v1", old, Manifest.OCI_MANIFEST);
    byte[] empty = "{}".getBytes(UTF_8);
    world.pushBlob("app", empty);
    byte[] signature = Manifests.artifact(empty, "application/x.signature", null, old);
    byte[] attestation = Manifests.artifact(empty, "application/x.attestation", null, signature);
    for (byte[] each : List.of(signature, attestation)) {
      assertThat(
              world
                  .pushManifest("app", Digest.of(each).toString(), each, Manifest.OCI_MANIFEST)
                  .statusCode())
          .isEqualTo(201);
    }
    world.time.advance(java.time.Duration.ofDays(1));
    world.pushImage("app", "v2", "two");
    world.call(
        ecr ->
            ecr.putLifecyclePolicy(
                r ->
                    r.repositoryName("app")
                        .lifecyclePolicyText(
                            "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"tagged\",\"tagPatternList\":[\"v*\"],\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]}")));
    assertThat(world.host.lifecycle.apply(World.HOME, "app", ImagesInUse.NONE)).isOne();
    assertThat(
            world.call(ecr -> ecr.listImages(r -> r.repositoryName("app"))).imageIds().stream()
                .map(id -> id.imageTag()))
        .containsExactly("v2");
  }
}
