package gantry.services.ecrpublic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.AesGcmSecretBox;
import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.ServiceContext.Endpoint;
import gantry.services.ecr.EcrHost;
import gantry.services.ecr.EcrSettings;
import gantry.services.iam.Iam;
import gantry.services.sts.Sts;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ecrpublic.EcrPublicClient;
import software.amazon.awssdk.services.ecrpublic.model.EcrPublicException;
import software.amazon.awssdk.services.ecrpublic.model.Repository;

class EcrPublicTest {

  private static final Scope HOME = new Scope("111122223333", "us-east-1");

  @TempDir Path folder;
  private final VirtualTime time = new VirtualTime();
  private Store store = MemoryStore.of(time);
  private EcrPublicClient client =
      new EcrPublicClient() {
        @Override
        public String serviceName() {
          return SERVICE_NAME;
        }

        @Override
        public void close() {}
      };

  private static final class NoClients implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException();
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String role, String session, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException();
    }
  }

  @BeforeEach
  void start() {
    EcrHost.Once once = new EcrHost.Once(EcrSettings.open(HOME));
    List<Table<?>> tables = new ArrayList<>(once.service().tables());
    var hosted = EcrPublic.hosted(once);
    tables.addAll(hosted.tables());
    SecretBox box = new AesGcmSecretBox(new byte[AesGcmSecretBox.KEY_BYTES], new SeededIds(1));
    tables.addAll(Iam.hosted(box).tables());
    tables.addAll(Sts.hosted(box, (issuer, keyId) -> null).tables());
    store = MemoryStore.of(time, tables);
    client =
        hosted
            .create()
            .apply(
                new ServiceContext(
                    store,
                    time,
                    time,
                    new SeededIds(1),
                    new NoClients(),
                    folder,
                    new Endpoint("127.0.0.1", 4566)));
  }

  @AfterEach
  void stop() {
    store.close();
  }

  private <R> R call(Function<EcrPublicClient, R> call) {
    Caller caller =
        new Caller(
            HOME.account(),
            HOME.region(),
            "arn:aws:iam::111122223333:user/dev",
            "AIDA",
            null,
            Map.of(),
            "r",
            null,
            null);
    return ScopedValue.where(Caller.CURRENT, caller).call(() -> call.apply(client));
  }

  @Test
  void repositoriesWithTheirCatalogData() {
    var made =
        call(
            ecr ->
                ecr.createRepository(
                    r ->
                        r.repositoryName("tools/app")
                            .catalogData(
                                c -> c.description("what it is").architectures("ARM 64"))));
    Repository repository = made.repository();
    assertThat(repository.repositoryArn())
        .isEqualTo("arn:aws:ecr-public::111122223333:repository/tools/app");
    assertThat(repository.repositoryUri())
        .startsWith("localhost:4566/public.ecr.aws/g")
        .endsWith("/tools/app");
    assertThat(repository.createdAt()).isEqualTo(time.instant());
    assertThat(
            call(ecr -> ecr.getRepositoryCatalogData(r -> r.repositoryName("tools/app")))
                .catalogData()
                .description())
        .isEqualTo("what it is");
    assertThat(call(ecr -> ecr.describeRepositories(r -> {})).repositories())
        .containsExactly(repository);
    String alias =
        call(ecr -> ecr.describeRegistries(r -> {}))
            .registries()
            .getFirst()
            .aliases()
            .getFirst()
            .name();
    assertThat(repository.repositoryUri()).contains("/" + alias + "/");
    assertThat(
            call(ecr -> ecr.describeImageTags(r -> r.repositoryName("tools/app")))
                .imageTagDetails())
        .isEmpty();
    assertThatThrownBy(() -> call(ecr -> ecr.describeImages(r -> r.repositoryName("none"))))
        .isInstanceOfSatisfying(
            EcrPublicException.class,
            e ->
                assertThat(e.awsErrorDetails().errorCode())
                    .isEqualTo("RepositoryNotFoundException"));
    call(ecr -> ecr.deleteRepository(r -> r.repositoryName("tools/app")));
    assertThat(call(ecr -> ecr.describeRepositories(r -> {})).repositories()).isEmpty();
  }

  @Test
  void imagesAreUploadedDescribedAndDeletedThroughTheApi() {
    call(
        ecr ->
            ecr.createRepository(
                r -> r.repositoryName("app").tags(t -> t.key("team").value("tools"))));
    String alias = alias();
    byte[] config = "{\"architecture\":\"amd64\",\"os\":\"linux\"}".getBytes(UTF_8);
    byte[] layer = "layer".getBytes(UTF_8);
    for (byte[] blob : List.of(config, layer)) {
      // By the registry's alias, which these operations take too.
      String upload =
          call(ecr -> ecr.initiateLayerUpload(r -> r.registryId(alias).repositoryName("app")))
              .uploadId();
      call(
          ecr ->
              ecr.uploadLayerPart(
                  r ->
                      r.repositoryName("app")
                          .uploadId(upload)
                          .partFirstByte(0L)
                          .partLastByte(blob.length - 1L)
                          .layerPartBlob(SdkBytes.fromByteArray(blob))));
      call(
          ecr ->
              ecr.completeLayerUpload(
                  r ->
                      r.registryId(HOME.account())
                          .repositoryName("app")
                          .uploadId(upload)
                          .layerDigests(digest(blob))));
    }
    assertThat(
            call(ecr ->
                    ecr.batchCheckLayerAvailability(
                        r -> r.repositoryName("app").layerDigests(digest(layer))))
                .layers()
                .getFirst()
                .layerSize())
        .isEqualTo(layer.length);
    String manifest =
        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
            + descriptor("application/vnd.oci.image.config.v1+json", config)
            + ",\"layers\":["
            + descriptor("application/vnd.oci.image.layer.v1.tar", layer)
            + "]}";
    String digest = digest(manifest.getBytes(UTF_8));
    assertThatThrownBy(
            () ->
                call(
                    ecr ->
                        ecr.putImage(
                            r ->
                                r.repositoryName("app")
                                    .imageManifest(manifest)
                                    .imageTag("v1")
                                    .imageDigest(digest(layer)))))
        .isInstanceOfSatisfying(
            EcrPublicException.class,
            e ->
                assertThat(e.awsErrorDetails().errorCode())
                    .isEqualTo("ImageDigestDoesNotMatchException"));
    time.advance(Duration.ofMinutes(1));
    Instant now = time.instant();
    assertThat(
            call(ecr ->
                    ecr.putImage(
                        r ->
                            r.repositoryName("app")
                                .imageManifest(manifest)
                                .imageManifestMediaType(
                                    "application/vnd.oci.image.manifest.v1+json")
                                .imageTag("v1")
                                .imageDigest(digest)))
                .image()
                .imageId()
                .imageDigest())
        .isEqualTo(digest);
    assertThat(
            call(ecr ->
                    ecr.describeImages(
                        r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))))
                .imageDetails()
                .getFirst()
                .imageDigest())
        .isEqualTo(digest);
    var tag =
        call(ecr -> ecr.describeImageTags(r -> r.registryId(HOME.account()).repositoryName("app")))
            .imageTagDetails()
            .getFirst();
    assertThat(tag.imageTag()).isEqualTo("v1");
    assertThat(tag.createdAt()).isEqualTo(now);
    assertThat(tag.imageDetail().imageDigest()).isEqualTo(digest);
    assertThatThrownBy(() -> call(ecr -> ecr.deleteRepository(r -> r.repositoryName("app"))))
        .isInstanceOfSatisfying(
            EcrPublicException.class,
            e ->
                assertThat(e.awsErrorDetails().errorCode())
                    .isEqualTo("RepositoryNotEmptyException"));
    assertThat(
            call(ecr ->
                    ecr.batchDeleteImage(
                        r -> r.repositoryName("app").imageIds(i -> i.imageTag("v1"))))
                .imageIds())
        .singleElement()
        .satisfies(deleted -> assertThat(deleted.imageDigest()).isEqualTo(digest));
    call(ecr -> ecr.deleteRepository(r -> r.repositoryName("app").force(true)));
  }

  @Test
  void tagsPoliciesAndPages() {
    for (String name : List.of("aa", "bb", "cc")) {
      call(
          ecr ->
              ecr.createRepository(
                  r -> r.repositoryName(name).tags(t -> t.key("team").value(name))));
    }
    var page = call(ecr -> ecr.describeRepositories(r -> r.maxResults(2)));
    assertThat(page.repositories()).hasSize(2);
    var rest =
        call(ecr -> ecr.describeRepositories(r -> r.maxResults(2).nextToken(page.nextToken())));
    assertThat(rest.repositories()).extracting(Repository::repositoryName).containsExactly("cc");
    assertThat(call(ecr -> ecr.describeRepositories(r -> r.repositoryNames("bb"))).repositories())
        .extracting(Repository::repositoryName)
        .containsExactly("bb");
    String arn = page.repositories().getFirst().repositoryArn();
    call(ecr -> ecr.tagResource(r -> r.resourceArn(arn).tags(t -> t.key("x").value("y"))));
    call(ecr -> ecr.untagResource(r -> r.resourceArn(arn).tagKeys("team")));
    assertThat(call(ecr -> ecr.listTagsForResource(r -> r.resourceArn(arn))).tags())
        .singleElement()
        .satisfies(tag -> assertThat(tag.key() + "=" + tag.value()).isEqualTo("x=y"));
    String policy =
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr-public:DescribeImages\"}}";
    call(ecr -> ecr.setRepositoryPolicy(r -> r.repositoryName("aa").policyText(policy)));
    assertThat(call(ecr -> ecr.getRepositoryPolicy(r -> r.repositoryName("aa"))).policyText())
        .isEqualTo(policy);
    String lockedOut =
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"ecr-public:*\"}}";
    call(ecr -> ecr.deleteRepositoryPolicy(r -> r.repositoryName("aa")));
    call(
        ecr ->
            ecr.setRepositoryPolicy(r -> r.repositoryName("aa").policyText(lockedOut).force(true)));
    assertThatThrownBy(() -> call(ecr -> ecr.describeImages(r -> r.repositoryName("aa"))))
        .isInstanceOfSatisfying(
            EcrPublicException.class,
            e ->
                assertThat(e.awsErrorDetails().errorMessage())
                    .contains("ecr-public:DescribeImages"));
    call(
        ecr ->
            ecr.putRepositoryCatalogData(
                r ->
                    r.registryId(HOME.account())
                        .repositoryName("bb")
                        .catalogData(c -> c.aboutText("about"))));
    assertThat(
            call(ecr ->
                    ecr.getRepositoryCatalogData(
                        r -> r.registryId(HOME.account()).repositoryName("bb")))
                .catalogData()
                .aboutText())
        .isEqualTo("about");
  }

  private String alias() {
    return call(ecr -> ecr.describeRegistries(r -> r.maxResults(1)))
        .registries()
        .getFirst()
        .aliases()
        .getFirst()
        .name();
  }

  private static String descriptor(String type, byte[] content) {
    return "{\"mediaType\":\""
        + type
        + "\",\"digest\":\""
        + digest(content)
        + "\",\"size\":"
        + content.length
        + "}";
  }

  private static String digest(byte[] content) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void tokens() {
    assertThat(
            call(ecr -> ecr.getAuthorizationToken(r -> {}))
                .authorizationData()
                .authorizationToken())
        .isNotEmpty();
  }
}
