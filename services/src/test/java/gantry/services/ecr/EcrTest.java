package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.state.Scope;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.EmptyUploadException;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageDetail;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageTagAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.InvalidLayerException;
import software.amazon.awssdk.services.ecr.model.InvalidLayerPartException;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.KmsException;
import software.amazon.awssdk.services.ecr.model.LayerAvailability;
import software.amazon.awssdk.services.ecr.model.ListImagesResponse;
import software.amazon.awssdk.services.ecr.model.PutImageRequest;
import software.amazon.awssdk.services.ecr.model.ReplicationStatus;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotEmptyException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.SigningConfigurationNotFoundException;
import software.amazon.awssdk.services.ecr.model.TagStatus;
import software.amazon.awssdk.services.ecr.model.TargetStorageClass;

/** The API, in process. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class EcrTest {

  private static final Scope ELSEWHERE = new Scope("000000000000", "eu-west-1");
  private static final Scope OTHER = new Scope("111122223333", "us-east-1");

  @TempDir Path folder;
  private World world;

  @BeforeEach
  void start() throws IOException {
    world = new World(folder);
  }

  @AfterEach
  void stop() {
    world.close();
  }

  @Test
  void repositories() {
    Repository made =
        world
            .call(
                ecr ->
                    ecr.createRepository(
                        r -> r.repositoryName("team/app").tags(t -> t.key("a").value("b"))))
            .repository();
    assertThat(made.repositoryArn())
        .isEqualTo("arn:aws:ecr:us-east-1:000000000000:repository/team/app");
    assertThat(made.repositoryUri()).isEqualTo("localhost:" + world.server.port() + "/team/app");
    assertThat(made.imageTagMutability()).isEqualTo(ImageTagMutability.MUTABLE);
    assertThat(made.encryptionConfiguration().encryptionType()).isEqualTo(EncryptionType.AES256);
    assertThatThrownBy(
            () -> world.call(ecr -> ecr.createRepository(r -> r.repositoryName("team/app"))))
        .isInstanceOf(RepositoryAlreadyExistsException.class)
        .hasMessageContaining(
            "The repository with name 'team/app' already exists in the registry with id '000000000000'");
    assertThatThrownBy(() -> world.call(ecr -> ecr.createRepository(r -> r.repositoryName("Bad"))))
        .isInstanceOf(InvalidParameterException.class);
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.createRepository(
                            r ->
                                r.repositoryName("kms")
                                    .encryptionConfiguration(
                                        e -> e.encryptionType(EncryptionType.KMS)))))
        .isInstanceOf(KmsException.class);
    for (int i = 0; i < 5; i++) {
      int n = i;
      world.call(ecr -> ecr.createRepository(r -> r.repositoryName("r" + n)));
    }
    var page = world.call(ecr -> ecr.describeRepositories(r -> r.maxResults(4)));
    assertThat(page.repositories()).hasSize(4);
    var rest =
        world.call(
            ecr -> ecr.describeRepositories(r -> r.maxResults(4).nextToken(page.nextToken())));
    assertThat(rest.repositories()).hasSize(2);
    assertThat(rest.nextToken()).isNull();
    assertThat(
            world
                .call(ecr -> ecr.listTagsForResource(r -> r.resourceArn(made.repositoryArn())))
                .tags())
        .singleElement()
        .satisfies(tag -> assertThat(tag.key()).isEqualTo("a"));
    world.call(ecr -> ecr.deleteRepository(r -> r.repositoryName("team/app")));
    assertThatThrownBy(
            () -> world.call(ecr -> ecr.describeRepositories(r -> r.repositoryNames("team/app"))))
        .isInstanceOf(RepositoryNotFoundException.class);
  }

  @Test
  void everyRegistryHasAnAddressThatDockerCanPushTo() throws IOException {
    for (Scope scope : List.of(World.HOME, ELSEWHERE, OTHER)) {
      String uri =
          world
              .as(scope, ecr -> ecr.createRepository(r -> r.repositoryName("app")))
              .repository()
              .repositoryUri();
      String name = uri.substring(uri.indexOf('/') + 1);
      Digest digest = world.pushImage(name, "latest", "of " + scope);
      assertThat(
              world
                  .as(scope, ecr -> ecr.describeImages(r -> r.repositoryName("app")))
                  .imageDetails())
          .singleElement()
          .satisfies(
              image -> {
                assertThat(image.imageDigest()).isEqualTo(digest.toString());
                assertThat(image.imageTags()).containsExactly("latest");
              });
    }
    Addresses addresses = world.registry.addresses;
    assertThat(addresses.resolve("111122223333.dkr.ecr.us-east-1.amazonaws.com:443", "app"))
        .isEqualTo(new Addresses.Address(OTHER, "app"));
    assertThat(addresses.resolve("000000000000.dkr-ecr.eu-west-1.on.aws", "a/b"))
        .isEqualTo(new Addresses.Address(ELSEWHERE, "a/b"));
    assertThat(addresses.reference("000000000000.dkr.ecr.us-east-1.amazonaws.com/app:v1", false))
        .isEqualTo(new Addresses.Reference(new Addresses.Address(World.HOME, "app"), "v1", null));
    assertThat(addresses.reference("app", true))
        .isEqualTo(
            new Addresses.Reference(new Addresses.Address(World.HOME, "app"), "latest", null));
    assertThat(addresses.reference("app", false)).as("Docker Hub's").isNull();
    assertThat(addresses.reference("docker.io/library/nginx", true)).isNull();
  }

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
  void layersThroughTheApi() throws IOException {
    world.repository("app");
    byte[] layer = "a layer".getBytes(UTF_8);
    Digest digest = Digest.of(layer);
    String upload =
        world.call(ecr -> ecr.initiateLayerUpload(r -> r.repositoryName("app"))).uploadId();
    assertThatThrownBy(() -> complete(upload, digest)).isInstanceOf(EmptyUploadException.class);
    assertThatThrownBy(() -> part(upload, 5, layer))
        .isInstanceOfSatisfying(
            InvalidLayerPartException.class,
            e -> assertThat(e.lastValidByteReceived()).isEqualTo(-1));
    part(upload, 0, layer);
    complete(upload, digest);
    var checked =
        world.call(
            ecr ->
                ecr.batchCheckLayerAvailability(
                    r ->
                        r.repositoryName("app")
                            .layerDigests(digest.toString(), "sha256:" + "0".repeat(64), "x")));
    assertThat(checked.layers())
        .extracting(each -> each.layerAvailability())
        .containsExactly(LayerAvailability.AVAILABLE, LayerAvailability.UNAVAILABLE);
    assertThat(checked.failures()).hasSize(1);

    String bad =
        world.call(ecr -> ecr.initiateLayerUpload(r -> r.repositoryName("app"))).uploadId();
    part(bad, 0, "other bytes".getBytes(UTF_8));
    assertThatThrownBy(() -> complete(bad, Digest.of(new byte[1])))
        .isInstanceOf(InvalidLayerException.class);

    world.pushImage("app", "v1", "a layer");
    String url =
        world
            .call(
                ecr ->
                    ecr.getDownloadUrlForLayer(
                        r -> r.repositoryName("app").layerDigest(digest.toString())))
            .downloadUrl();
    assertThat(world.get(url).body()).isEqualTo(layer);
  }

  private void part(String upload, long first, byte[] bytes) {
    world.call(
        ecr ->
            ecr.uploadLayerPart(
                r ->
                    r.repositoryName("app")
                        .uploadId(upload)
                        .partFirstByte(first)
                        .partLastByte(first + bytes.length - 1)
                        .layerPartBlob(SdkBytes.fromByteArray(bytes))));
  }

  private void complete(String upload, Digest digest) {
    world.call(
        ecr ->
            ecr.completeLayerUpload(
                r -> r.repositoryName("app").uploadId(upload).layerDigests(digest.toString())));
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

  @Test
  void repositoryPoliciesLetOthersInAndKeepThemOut() throws IOException {
    world.repository("app");
    world.pushImage("app", "v1", "x");
    assertThatThrownBy(() -> getAs(OTHER))
        .isInstanceOfSatisfying(
            EcrException.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDeniedException");
              assertThat(e.awsErrorDetails().errorMessage())
                  .isEqualTo(
                      "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:000000000000:repository/app because no resource-based policy allows the ecr:BatchGetImage action");
            });
    setPolicy(
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"111122223333\"]},\"Action\":[\"ecr:Batch*\",\"ecr:GetDownloadUrlForLayer\"]}]}");
    assertThat(getAs(OTHER)).isEqualTo(1);
    setPolicy(
        "{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"ecr:BatchGetImage\"}]}");
    assertThatThrownBy(() -> getAs(World.HOME)).isInstanceOf(EcrException.class);
    assertThat(world.get("/v2/app/manifests/v1").statusCode()).isEqualTo(403);
    for (String bad :
        List.of(
            "x",
            "{}",
            "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\"}]}",
            "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:*\",\"Resource\":\"*\"}]}",
            "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:*\",\"Condition\":{\"DateLessThan\":{\"aws:CurrentTime\":\"x\"}}}]}")) {
      assertThatThrownBy(() -> setPolicy(bad)).isInstanceOf(InvalidParameterException.class);
    }
  }

  private int getAs(Scope scope) {
    return world
        .as(
            scope,
            ecr ->
                ecr.batchGetImage(
                    r ->
                        r.registryId("000000000000")
                            .repositoryName("app")
                            .imageIds(i -> i.imageTag("v1"))))
        .images()
        .size();
  }

  private void setPolicy(String text) {
    world.call(ecr -> ecr.setRepositoryPolicy(r -> r.repositoryName("app").policyText(text)));
  }

  @Test
  void tokensOpenAClosedRegistry(@TempDir Path other) throws IOException {
    try (World closed = new World(other, World.closed())) {
      closed.repository("app");
      var refused = closed.get("/v2/");
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(World.header(refused, "WWW-Authenticate"))
          .isEqualTo(
              "Basic realm=\"http://localhost:"
                  + closed.server.port()
                  + "/\",service=\"ecr.amazonaws.com\"");
      var token = closed.call(ecr -> ecr.getAuthorizationToken()).authorizationData().getFirst();
      assertThat(new String(Base64.getDecoder().decode(token.authorizationToken()), UTF_8))
          .startsWith("AWS:");
      assertThat(token.expiresAt()).isEqualTo(closed.time.instant().plus(Duration.ofHours(12)));
      String basic = "Basic " + token.authorizationToken();
      assertThat(closed.get("/v2/", "Authorization", basic).statusCode()).isEqualTo(200);
      assertThat(closed.get("/v2/app/tags/list", "Authorization", basic).statusCode())
          .isEqualTo(200);
      assertThat(closed.get("/v2/app/tags/list", "Authorization", "Basic eDp5").statusCode())
          .isEqualTo(401);
      String bearer =
          Json.text(
              Json.asObject(
                  Json.object(
                      closed
                          .get(
                              "/v2/token?service=x&scope=repository:app:pull",
                              "Authorization",
                              basic)
                          .body())),
              "token");
      assertThat(closed.get("/v2/app/tags/list", "Authorization", "Bearer " + bearer).statusCode())
          .isEqualTo(200);
      String elsewhere = "/v2/000000000000.dkr.ecr.eu-west-1.amazonaws.com/app/tags/list";
      assertThat(closed.get(elsewhere, "Authorization", basic).statusCode()).isEqualTo(401);
      closed.time.advance(Duration.ofHours(13));
      var expired = closed.get("/v2/app/tags/list", "Authorization", basic);
      assertThat(expired.statusCode()).isEqualTo(403);
      assertThat(World.text(expired))
          .contains("Your authorization token has expired. Reauthenticate and try again.");
    }
  }

  @Test
  void repositoriesAreCreatedOnPushWhereATemplateSaysSo() throws IOException {
    assertThat(World.code(world.post("/v2/auto/app/blobs/uploads/"))).isEqualTo("NAME_UNKNOWN");
    world.call(
        ecr ->
            ecr.createRepositoryCreationTemplate(
                r ->
                    r.prefix("auto")
                        .appliedForWithStrings("CREATE_ON_PUSH")
                        .imageTagMutability(ImageTagMutability.IMMUTABLE)));
    world.pushImage("auto/app", "v1", "x");
    assertThat(
            world
                .call(ecr -> ecr.describeRepositories(r -> r.repositoryNames("auto/app")))
                .repositories()
                .getFirst()
                .imageTagMutability())
        .isEqualTo(ImageTagMutability.IMMUTABLE);
  }

  @Test
  void whatIsNotDoneIsRefusedByName() {
    assertThatThrownBy(
            () ->
                world.call(
                    ecr -> ecr.putRegistryScanningConfiguration(r -> r.scanType("ENHANCED"))))
        .hasMessageContaining("Amazon Inspector");
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.putSigningConfiguration(
                            r -> r.signingConfiguration(c -> c.rules(List.of())))))
        .hasMessageContaining("AWS Signer");
    assertThatThrownBy(() -> world.call(ecr -> ecr.getSigningConfiguration(r -> {})))
        .isInstanceOf(SigningConfigurationNotFoundException.class);
  }

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

  @Test
  void accountSettings() {
    assertThat(
            world
                .call(ecr -> ecr.getAccountSetting(r -> r.name("BASIC_SCAN_TYPE_VERSION")))
                .value())
        .isEqualTo("AWS_NATIVE");
    world.call(ecr -> ecr.putAccountSetting(r -> r.name("BLOB_MOUNTING").value("DISABLED")));
    assertThat(AccountSettings.blobMounting(world.store.snapshot(), World.HOME)).isFalse();
    assertThatThrownBy(() -> world.call(ecr -> ecr.putAccountSetting(r -> r.name("X").value("Y"))))
        .isInstanceOf(InvalidParameterException.class);
  }
}
