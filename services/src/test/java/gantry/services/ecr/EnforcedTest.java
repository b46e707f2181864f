package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ServiceContext.Endpoint;
import gantry.services.iam.Iam;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.state.Scope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;

/** IAM's policies on both doors of the registry, and images that something runs. */
class EnforcedTest {

  private static final String READ =
      "[\"ecr:BatchGetImage\",\"ecr:BatchCheckLayerAvailability\",\"ecr:GetDownloadUrlForLayer\"]";

  @TempDir Path folder;
  private World world;
  private Map<String, List<String>> users = Map.of();
  private Caller reader;

  @BeforeEach
  void start() throws IOException {
    world =
        new World(
            folder,
            new EcrSettings(
                World.HOME,
                false,
                null,
                Mode.ENFORCE,
                (view, registry, repository) -> users,
                Upstream.NONE,
                Set.of()));
    Iam iam =
        new Iam(
            new ServiceContext(
                world.store,
                world.time,
                world.time,
                world.ids,
                new World.NoClients(),
                folder,
                new Endpoint("127.0.0.1", 1)),
            new AesGcmSecretBox(new byte[AesGcmSecretBox.KEY_BYTES], world.ids));
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    String id = as(root, () -> iam.createUser(r -> r.userName("reader"))).user().userId();
    as(
        root,
        () ->
            iam.putUserPolicy(
                r ->
                    r.userName("reader")
                        .policyName("read")
                        .policyDocument(
                            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                                + READ
                                + ",\"Resource\":\"arn:aws:ecr:us-east-1:000000000000:repository/team/*\"},"
                                + "{\"Effect\":\"Allow\",\"Action\":\"ecr:GetAuthorizationToken\",\"Resource\":\"*\"}]}")));
    reader = caller("arn:aws:iam::000000000000:user/reader", id);
    world.repository("team/app").repository("other");
  }

  @AfterEach
  void stop() {
    world.close();
  }

  private static Caller caller(String arn, String userId) {
    return new Caller(
        "000000000000", "us-east-1", arn, userId, null, Map.of(), "r", "127.0.0.1", null);
  }

  private static <R> R as(Caller caller, Supplier<R> call) {
    return ScopedValue.where(Caller.CURRENT, caller).call(call::get);
  }

  private String token(Caller caller) {
    return "Basic "
        + as(caller, () -> world.ecr.getAuthorizationToken(r -> {}))
            .authorizationData()
            .getFirst()
            .authorizationToken();
  }

  @Test
  void theDataPlaneAsksIamWhoMayDoWhat() throws IOException {
    String basic = token(reader);
    assertThat(world.get("/v2/", "Authorization", basic).statusCode()).isEqualTo(200);
    assertThat(world.get("/v2/team/app/manifests/v1", "Authorization", basic).statusCode())
        .as("allowed, and there is no such image")
        .isEqualTo(404);
    var refused = world.get("/v2/other/manifests/v1", "Authorization", basic);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(World.text(refused))
        .contains(
            "User: arn:aws:iam::000000000000:user/reader is not authorized to perform:"
                + " ecr:BatchGetImage on resource:"
                + " arn:aws:ecr:us-east-1:000000000000:repository/other because no identity-based"
                + " policy allows the ecr:BatchGetImage action");
    assertThat(
            world
                .send("POST", "/v2/team/app/blobs/uploads/", new byte[0], "Authorization", basic)
                .statusCode())
        .as("may not push")
        .isEqualTo(403);
    // The repository's policy alone is enough within the account.
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    as(
        root,
        () ->
            world.ecr.setRepositoryPolicy(
                r ->
                    r.repositoryName("other")
                        .policyText(
                            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::000000000000:user/reader\"},\"Action\":"
                                + READ
                                + ",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"127.0.0.0/8\"}}}}")));
    assertThat(world.get("/v2/other/manifests/v1", "Authorization", basic).statusCode())
        .isEqualTo(404);
    assertThatThrownBy(
            () -> as(reader, () -> world.ecr.batchDeleteImage(r -> r.repositoryName("team/app"))))
        .isInstanceOf(EcrException.class)
        .hasMessageContaining("ecr:BatchDeleteImage");
  }

  @Test
  void aWholeLayerFromWhoMayOnlyBeginLeavesNothing() throws IOException {
    allow("other", "ecr:InitiateLayerUpload");
    byte[] layer = "layer".getBytes(UTF_8);
    var refused =
        world.send(
            "POST",
            "/v2/other/blobs/uploads/?digest=" + Digest.of(layer),
            layer,
            "Authorization",
            token(reader));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(Disk.uploads(folder.resolve("ecr"))).isZero();
  }

  /** AWS asks for all that an upload would have needed, and for reading the source. */
  @Test
  void aMountNeedsWhatAnUploadNeeds() throws IOException {
    Digest layer = seed("team/app", "layer");
    String mount = "/v2/other/blobs/uploads/?mount=" + layer + "&from=team/app";
    allow("other", "ecr:InitiateLayerUpload");
    assertThat(world.send("POST", mount, new byte[0], "Authorization", token(reader)).statusCode())
        .as("an upload that it may not finish")
        .isEqualTo(202);
    allow("other", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload");
    assertThat(world.send("POST", mount, new byte[0], "Authorization", token(reader)).statusCode())
        .isEqualTo(201);
  }

  /** As on AWS, whose policies ask for the right to what a request brings into being besides. */
  @Test
  void whatARequestMakesBesidesNeedsItsOwnRight() throws IOException {
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    as(
        root,
        () ->
            world.ecr.createPullThroughCacheRule(
                r -> r.ecrRepositoryPrefix("team/hub").upstreamRegistryUrl("quay.io")));
    String cached = "/v2/team/hub/app/manifests/v1";
    var notMade = world.get(cached, "Authorization", token(reader));
    assertThat(notMade.statusCode()).isEqualTo(404);
    assertThat(World.code(notMade)).isEqualTo("NAME_UNKNOWN");
    assertThat(World.text(notMade)).contains("ecr:CreateRepository");
    assertThat(World.text(world.get(cached, "Authorization", token(root))))
        .contains("this program reaches no upstream registry");

    as(
        root,
        () ->
            world.ecr.createRepositoryCreationTemplate(
                r -> r.prefix("team/new").appliedForWithStrings("CREATE_ON_PUSH")));
    registryPolicy(root, "\"ecr:InitiateLayerUpload\"", "team/new/*");
    var refused =
        world.send(
            "POST", "/v2/team/new/app/blobs/uploads/", new byte[0], "Authorization", token(reader));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(World.text(refused)).contains("ecr:CreateRepository");
    assertThat(
            world
                .send(
                    "POST",
                    "/v2/team/new/app/blobs/uploads/",
                    new byte[0],
                    "Authorization",
                    token(root))
                .statusCode())
        .isEqualTo(202);
  }

  @Test
  void aTokenIsNotRenewedByTheTokenService() throws IOException {
    String basic = token(reader);
    world.time.advance(java.time.Duration.ofHours(11));
    var exchanged = world.get("/v2/token?service=x", "Authorization", basic);
    assertThat(exchanged.statusCode()).isEqualTo(200);
    Map<String, Object> json = Json.object(exchanged.body());
    assertThat(Json.number(json, "expires_in")).isEqualTo(3600);
    String bearer = "Bearer " + Json.text(json, "token");
    assertThat(world.get("/v2/", "Authorization", bearer).statusCode()).isEqualTo(200);
    world.time.advance(java.time.Duration.ofMinutes(61));
    assertThat(world.get("/v2/", "Authorization", bearer).statusCode()).isEqualTo(403);
    assertThat(world.get("/v2/token", "Authorization", bearer).statusCode()).isEqualTo(401);
  }

  /** A repository's policy for the reader. */
  private void allow(String repository, String... actions) {
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    as(
        root,
        () ->
            world.ecr.setRepositoryPolicy(
                r ->
                    r.repositoryName(repository)
                        .policyText(
                            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::000000000000:user/reader\"},\"Action\":[\""
                                + String.join("\",\"", actions)
                                + "\"]}}")));
  }

  /** A layer that is in a repository. */
  private Digest seed(String repository, String content) throws IOException {
    Upload upload = world.registry.layers.begin(World.HOME, repository);
    upload.append(new java.io.ByteArrayInputStream(content.getBytes(UTF_8)), Long.MAX_VALUE);
    Digest digest = Digest.of(content.getBytes(UTF_8));
    assertThat(upload.finish(digest)).isTrue();
    world.registry.layers.link(World.HOME, repository, digest);
    return digest;
  }

  /** What is asked of named repositories is asked of each; a list of all, of all. */
  @Test
  void repositoriesAreDescribedByWhoMaySeeThem() throws IOException {
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    registryPolicy(
        root,
        "[\"ecr:DescribeRepositories\",\"ecr:BatchGetRepositoryScanningConfiguration\"]",
        "team/*");
    assertThat(
            as(reader, () -> world.ecr.describeRepositories(r -> r.repositoryNames("team/app")))
                .repositories())
        .hasSize(1);
    assertThat(
            as(
                    reader,
                    () ->
                        world.ecr.batchGetRepositoryScanningConfiguration(
                            r -> r.repositoryNames("team/app")))
                .scanningConfigurations())
        .hasSize(1);
    assertThatThrownBy(
            () ->
                as(
                    reader,
                    () ->
                        world.ecr.describeRepositories(
                            r -> r.repositoryNames("team/app", "other"))))
        .hasMessageContaining("repository/other");
    assertThatThrownBy(() -> as(reader, () -> world.ecr.describeRepositories()))
        .hasMessageContaining("on resource: arn:aws:ecr:us-east-1:000000000000:repository/*");
    assertThat(world.get("/v2/_catalog", "Authorization", token(reader)).statusCode())
        .isEqualTo(403);
    registryPolicy(root, "\"ecr:DescribeRepositories\"", "*");
    assertThat(as(reader, () -> world.ecr.describeRepositories()).repositories()).hasSize(2);
    assertThat(world.get("/v2/_catalog", "Authorization", token(reader)).statusCode())
        .isEqualTo(200);
  }

  private void registryPolicy(Caller root, String actions, String repositories) {
    as(
        root,
        () ->
            world.ecr.putRegistryPolicy(
                r ->
                    r.policyText(
                        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::000000000000:user/reader\"},\"Action\":"
                            + actions
                            + ",\"Resource\":\"arn:aws:ecr:us-east-1:000000000000:repository/"
                            + repositories
                            + "\"}}")));
  }

  @Test
  void whatRunsKeepsItsImage() throws IOException {
    Caller root = caller("arn:aws:iam::000000000000:root", "000000000000");
    String basic = token(root);
    byte[] config = "{\"architecture\":\"amd64\",\"os\":\"linux\"}".getBytes(UTF_8);
    byte[] layer = "layer".getBytes(UTF_8);
    for (byte[] blob : List.of(config, layer)) {
      String digest = Digest.of(blob).toString();
      assertThat(
              world
                  .send(
                      "POST",
                      "/v2/team/app/blobs/uploads/?digest=" + digest,
                      blob,
                      "Authorization",
                      basic)
                  .statusCode())
          .isEqualTo(201);
    }
    byte[] manifest = Manifests.image(config, layer);
    String digest = Digest.of(manifest).toString();
    assertThat(
            world
                .send(
                    "PUT",
                    "/v2/team/app/manifests/v1",
                    manifest,
                    "Authorization",
                    basic,
                    "Content-Type",
                    Manifest.OCI_MANIFEST)
                .statusCode())
        .isEqualTo(201);
    users = Map.of(digest, List.of("service web in cluster default"));
    for (boolean byTag : new boolean[] {true, false}) {
      BatchDeleteImageResponse refused =
          as(
              root,
              () ->
                  world.ecr.batchDeleteImage(
                      r ->
                          r.repositoryName("team/app")
                              .imageIds(
                                  i -> {
                                    if (byTag) {
                                      i.imageTag("v1");
                                    } else {
                                      i.imageDigest(digest);
                                    }
                                  })));
      assertThat(refused.imageIds()).isEmpty();
      assertThat(refused.failures().getFirst().failureCode())
          .isEqualTo(ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST);
      assertThat(refused.failures().getFirst().failureReason())
          .contains("is in use by service web in cluster default");
    }
    var onDataPlane =
        world.send(
            "DELETE", "/v2/team/app/manifests/" + digest, new byte[0], "Authorization", basic);
    assertThat(onDataPlane.statusCode()).isEqualTo(405);
    assertThat(World.text(onDataPlane)).contains("service web in cluster default");
    users = Map.of();
    assertThat(
            as(
                    root,
                    () ->
                        world.ecr.batchDeleteImage(
                            r -> r.repositoryName("team/app").imageIds(i -> i.imageTag("v1"))))
                .imageIds())
        .hasSize(1);
  }

  @Test
  void expiryPassesOverWhatRuns() throws IOException {
    Scope home = World.HOME;
    try (World open = new World(folder.resolve("open"), lenient())) {
      open.repository("app");
      Digest old = open.pushImage("app", "v1", "one");
      open.pushImage("app", "v2", "two");
      open.call(
          ecr ->
              ecr.putLifecyclePolicy(
                  r ->
                      r.repositoryName("app")
                          .lifecyclePolicyText(
                              "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]}")));
      users = Map.of(old.toString(), List.of("task 1"));
      assertThat(open.host.lifecycle.apply(home, "app", lenient().inUse())).isZero();
      users = Map.of();
      assertThat(open.host.lifecycle.apply(home, "app", lenient().inUse())).isOne();
    }
  }

  /** A deployment pins an image while somebody deletes it: one of the two comes first. */
  @Test
  void whatIsPinnedAtTheLastMomentStays() throws IOException {
    try (World open = new World(folder.resolve("open"), lenient()).repository("app")) {
      Digest image = open.pushImage("app", "v1", "one");
      open.call(
          ecr ->
              ecr.putLifecyclePolicy(
                  r ->
                      r.repositoryName("app")
                          .lifecyclePolicyText(
                              "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":1},\"action\":{\"type\":\"expire\"}}]}")));
      open.time.advance(java.time.Duration.ofDays(2));
      Runnable pin = () -> users = Map.of(image.toString(), List.of("service web"));
      users = Map.of();
      open.beforeNextWrite = pin;
      assertThat(
              open.call(
                      ecr ->
                          ecr.batchDeleteImage(
                              r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))))
                  .failures())
          .hasSize(1);
      users = Map.of();
      open.beforeNextWrite = pin;
      assertThat(open.delete("/v2/app/manifests/" + image).statusCode()).isEqualTo(405);
      users = Map.of();
      open.beforeNextWrite = pin;
      assertThat(open.host.lifecycle.apply(World.HOME, "app", lenient().inUse())).isZero();
      assertThat(open.get("/v2/app/manifests/v1").statusCode()).isEqualTo(200);
    }
  }

  private EcrSettings lenient() {
    return new EcrSettings(
        World.HOME,
        true,
        null,
        Mode.AUDIT,
        (view, registry, repository) -> users,
        Upstream.NONE,
        Set.of());
  }
}
