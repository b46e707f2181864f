package gantry.services.ecr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.state.Scope;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.KmsException;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.SigningConfigurationNotFoundException;

/** Repositories through the API, and how they come into being. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class RepositoriesTest extends OpenRegistry {

  private static final Scope ELSEWHERE = new Scope("000000000000", "eu-west-1");
  private static final Scope OTHER = new Scope("111122223333", "us-east-1");

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
