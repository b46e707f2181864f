package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecr.model.ImageAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageDetail;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageTagAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.ListImagesResponse;
import software.amazon.awssdk.services.ecr.model.PutImageRequest;
import software.amazon.awssdk.services.ecr.model.RepositoryNotEmptyException;
import software.amazon.awssdk.services.ecr.model.TagStatus;
import software.amazon.awssdk.services.ecr.model.TargetStorageClass;

/** Images through the API: put, listed, described, got, archived and deleted. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class ImagesTest extends OpenRegistry {

  @Test
  void imagesAreListedDescribedGotAndDeleted() throws IOException {
    world.repository("app");
    Digest one = world.pushImage("app", "v1", "one");
    world.pushImage("app", "v1.0", "one");
    Digest two = world.pushImage("app", "v2", "two");
    byte[] untagged = world.image("app", "three");
    world.pushManifest("app", Digest.of(untagged).toString(), untagged, Manifest.OCI_MANIFEST);

    ListImagesResponse listed = world.call(ecr -> ecr.listImages(r -> r.repositoryName("app")));
    assertThat(listed.imageIds()).hasSize(4);
    assertThat(
            world
                .call(
                    ecr ->
                        ecr.listImages(
                            r ->
                                r.repositoryName("app")
                                    .filter(f -> f.tagStatus(TagStatus.UNTAGGED))))
                .imageIds())
        .singleElement()
        .satisfies(id -> assertThat(id.imageTag()).isNull());
    // Page by page, the same.
    List<Object> paged = new java.util.ArrayList<>();
    String token = null;
    do {
      String from = token;
      ListImagesResponse page =
          world.call(
              ecr -> ecr.listImages(r -> r.repositoryName("app").maxResults(1).nextToken(from)));
      paged.addAll(page.imageIds());
      token = page.nextToken();
    } while (token != null);
    assertThat(paged).isEqualTo(listed.imageIds());

    ImageDetail detail =
        world
            .call(
                ecr ->
                    ecr.describeImages(
                        r -> r.repositoryName("app").imageIds(i -> i.imageTag("v2"))))
            .imageDetails()
            .getFirst();
    assertThat(detail.imageDigest()).isEqualTo(two.toString());
    assertThat(detail.imageSizeInBytes())
        .isEqualTo(
            "two".length()
                + "{\"architecture\":\"amd64\",\"os\":\"linux\",\"x\":\"two\"}".length());
    assertThat(detail.artifactMediaType()).isEqualTo(Manifests.CONFIG);
    assertThat(detail.lastRecordedPullTime()).isNull();
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.describeImages(
                            r -> r.repositoryName("app").imageIds(i -> i.imageTag("none")))))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("{imageDigest:null, imageTag:'none'}");

    var got =
        world.call(
            ecr ->
                ecr.batchGetImage(
                    r ->
                        r.repositoryName("app")
                            .imageIds(i -> i.imageTag("v1"), i -> i.imageTag("none"), i -> {})));
    assertThat(got.images()).hasSize(1);
    assertThat(Digest.of(got.images().getFirst().imageManifest().getBytes(UTF_8))).isEqualTo(one);
    assertThat(got.failures())
        .extracting(failure -> failure.failureCode())
        .containsExactly(ImageFailureCode.IMAGE_NOT_FOUND, ImageFailureCode.MISSING_DIGEST_AND_TAG);
    assertThat(
            world
                .call(
                    ecr ->
                        ecr.describeImages(
                            r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))))
                .imageDetails()
                .getFirst()
                .lastRecordedPullTime())
        .isEqualTo(world.time.instant());

    // By tag: the tag goes, and the image with its last tag.
    world.call(
        ecr ->
            ecr.batchDeleteImage(r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1.0"))));
    assertThat(Images.find(world.store.snapshot(), World.HOME, "app", one.toString())).isNotNull();
    world.call(
        ecr -> ecr.batchDeleteImage(r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))));
    assertThat(Images.find(world.store.snapshot(), World.HOME, "app", one.toString())).isNull();
    assertThatThrownBy(() -> world.call(ecr -> ecr.deleteRepository(r -> r.repositoryName("app"))))
        .isInstanceOf(RepositoryNotEmptyException.class);
    world.call(ecr -> ecr.deleteRepository(r -> r.repositoryName("app").force(true)));
  }

  @Test
  void imagesArePutAndRetagged() throws IOException {
    world.repository("app");
    String manifest = new String(world.image("app", "x"), UTF_8);
    PutImageRequest request =
        PutImageRequest.builder()
            .repositoryName("app")
            .imageManifest(manifest)
            .imageTag("a")
            .build();
    world.call(ecr -> ecr.putImage(request));
    assertThatThrownBy(() -> world.call(ecr -> ecr.putImage(request)))
        .isInstanceOf(ImageAlreadyExistsException.class);
    world.call(ecr -> ecr.putImage(request.toBuilder().imageTag("b").build()));
    assertThat(
            world
                .call(ecr -> ecr.describeImages(r -> r.repositoryName("app")))
                .imageDetails()
                .getFirst()
                .imageTags())
        .containsExactly("a", "b");
  }

  @Test
  void immutableTagsAndTheirExceptions() throws IOException {
    world.call(
        ecr ->
            ecr.createRepository(
                r ->
                    r.repositoryName("app")
                        .imageTagMutability(ImageTagMutability.IMMUTABLE_WITH_EXCLUSION)
                        .imageTagMutabilityExclusionFilters(
                            f -> f.filterType("WILDCARD").filter("dev-*"))));
    world.pushImage("app", "v1", "one");
    world.pushImage("app", "v1", "one");
    world.pushImage("app", "dev-1", "one");
    world.pushImage("app", "dev-1", "two");
    byte[] other = world.image("app", "two");
    var refused = world.pushManifest("app", "v1", other, Manifest.OCI_MANIFEST);
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(World.code(refused)).isEqualTo("TAG_INVALID");
    assertThat(World.text(refused))
        .contains(
            "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the repository is immutable.");
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.putImage(
                            r ->
                                r.repositoryName("app")
                                    .imageTag("v1")
                                    .imageManifest(new String(other, UTF_8)))))
        .isInstanceOf(ImageTagAlreadyExistsException.class);
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.putImageTagMutability(
                            r ->
                                r.repositoryName("app")
                                    .imageTagMutability(ImageTagMutability.IMMUTABLE)
                                    .imageTagMutabilityExclusionFilters(
                                        f -> f.filterType("WILDCARD").filter("x*")))))
        .isInstanceOf(InvalidParameterException.class);
    world.call(
        ecr ->
            ecr.putImageTagMutability(
                r -> r.repositoryName("app").imageTagMutability(ImageTagMutability.MUTABLE)));
    assertThat(world.pushManifest("app", "v1", other, Manifest.OCI_MANIFEST).statusCode())
        .isEqualTo(201);
  }

  @Test
  void archivedImagesAreNotPulled() throws IOException {
    world.repository("app");
    world.pushImage("app", "v1", "x");
    world.call(
        ecr ->
            ecr.updateImageStorageClass(
                r ->
                    r.repositoryName("app")
                        .imageId(i -> i.imageTag("v1"))
                        .targetStorageClass(TargetStorageClass.ARCHIVE)));
    assertThat(world.get("/v2/app/manifests/v1").statusCode()).isEqualTo(404);
    assertThat(
            world
                .call(ecr -> ecr.describeImages(r -> r.repositoryName("app")))
                .imageDetails()
                .getFirst()
                .imageStatus())
        .isEqualTo(ImageStatus.ARCHIVED);
    world.pushImage("app", "v1", "x");
    assertThat(world.get("/v2/app/manifests/v1").statusCode()).isEqualTo(200);
  }

  /** Only the note of when it was pulled cannot be taken. */
  @Test
  void pullsGoOnWhileTheTablesTakeNoWrites() throws IOException {
    world.repository("app");
    world.pushImage("app", "v1", "content");
    world.time.advance(java.time.Duration.ofDays(3));
    world.logUnavailable = true;
    assertThat(world.get("/v2/app/manifests/v1").statusCode()).isEqualTo(200);
    String layer = "/v2/app/blobs/" + Digest.of("content".getBytes(UTF_8));
    assertThat(world.head(layer).statusCode()).isEqualTo(200);
    assertThat(world.get(layer).statusCode()).isEqualTo(200);
    assertThat(
            world
                .call(
                    ecr ->
                        ecr.batchGetImage(
                            r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))))
                .images())
        .hasSize(1);
    assertThat(world.post("/v2/app/blobs/uploads/").statusCode()).isEqualTo(202);
    assertThat(
            world
                .send(
                    "POST",
                    "/v2/app/blobs/uploads/?digest=" + Digest.of("x".getBytes(UTF_8)),
                    "x".getBytes(UTF_8))
                .statusCode())
        .as("nothing is acknowledged")
        .isEqualTo(503);
  }
}
