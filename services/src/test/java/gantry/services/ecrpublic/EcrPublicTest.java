package gantry.services.ecrpublic;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
  void tokens() {
    assertThat(
            call(ecr -> ecr.getAuthorizationToken(r -> {}))
                .authorizationData()
                .authorizationToken())
        .isNotEmpty();
  }
}
