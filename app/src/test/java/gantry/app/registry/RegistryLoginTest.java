package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Gantry;
import gantry.app.Options;
import gantry.services.iam.IamAuthorizer.Mode;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.AccessKey;

/** Who may push and pull at the program's own port, by how it was started. */
@Timeout(300)
class RegistryLoginTest {

  private static final byte[] NOTHING = new byte[0];

  private Gantry gantry;
  private Pushes client;

  private static Options options(String listen, Mode mode) {
    return new Options(
        listen, 0, null, Options.ACCOUNT, Options.REGION, false, Options.Engine.SIMULATED, mode);
  }

  private void start(String listen, Mode mode) {
    gantry = Gantry.start(options(listen, mode));
    client = new Pushes("http://127.0.0.1:" + gantry.port());
  }

  @AfterEach
  void stop() {
    client.close();
    gantry.close();
  }

  private EcrClient ecr(String keyId, String secret) {
    return EcrClient.builder()
        .endpointOverride(URI.create(gantry.url()))
        .region(Region.of(Options.REGION))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(keyId, secret)))
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  private static String basic(EcrClient ecr) {
    return "Basic "
        + ecr.getAuthorizationToken().authorizationData().getFirst().authorizationToken();
  }

  @Test
  void onPlainLoopbackDockerPushesWithoutALogin() throws Exception {
    start(Options.LOOPBACK, Mode.AUDIT);
    try (EcrClient ecr = ecr("test", "test")) {
      ecr.createRepository(r -> r.repositoryName("app"));
      String digest = client.image("app", "v1", "amd64", "layer".getBytes(UTF_8));
      assertThat(Pushes.digest(client.get("/v2/app/manifests/v1"))).isEqualTo(digest);
    }
  }

  @Test
  void whereIamIsEnforcedATokenSaysWhoItIs() throws Exception {
    start(Options.LOOPBACK, Mode.ENFORCE);
    try (EcrClient root = ecr("test", "test");
        IamClient iam =
            IamClient.builder()
                .endpointOverride(URI.create(gantry.url()))
                .region(Region.of(Options.REGION))
                .credentialsProvider(
                    StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .httpClient(UrlConnectionHttpClient.create())
                .build()) {
      root.createRepository(r -> r.repositoryName("app"));
      for (String path : new String[] {"/v2/", "/v2/app/manifests/v1", "/v2/app/tags/list"}) {
        HttpResponse<byte[]> refused = client.send("GET", path, NOTHING);
        assertThat(refused.statusCode()).as(path).isEqualTo(401);
        assertThat(refused.headers().firstValue("www-authenticate").orElse(""))
            .isEqualTo(
                "Basic realm=\"http://127.0.0.1:"
                    + gantry.port()
                    + "/\",service=\"ecr.amazonaws.com\"");
      }
      assertThat(client.send("POST", "/v2/app/blobs/uploads/", NOTHING).statusCode())
          .isEqualTo(401);
      String forged = "Basic " + Base64.getEncoder().encodeToString("AWS:made.up".getBytes(UTF_8));
      assertThat(
              client
                  .send("POST", "/v2/app/blobs/uploads/", NOTHING, "Authorization", forged)
                  .statusCode())
          .isEqualTo(401);
      assertThat(
              client
                  .send("POST", "/v2/app/blobs/uploads/", NOTHING, "Authorization", basic(root))
                  .statusCode())
          .as("the account's root")
          .isEqualTo(202);

      iam.createUser(r -> r.userName("reader"));
      iam.putUserPolicy(
          r ->
              r.userName("reader")
                  .policyName("read")
                  .policyDocument(
                      """
                      {"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":
                       ["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}}
                      """));
      AccessKey key = iam.createAccessKey(r -> r.userName("reader")).accessKey();
      try (EcrClient reader = ecr(key.accessKeyId(), key.secretAccessKey())) {
        String login = basic(reader);
        assertThat(
                client
                    .send("GET", "/v2/app/manifests/v1", NOTHING, "Authorization", login)
                    .statusCode())
            .as("may, but there is none")
            .isEqualTo(404);
        HttpResponse<byte[]> refused =
            client.send("POST", "/v2/app/blobs/uploads/", NOTHING, "Authorization", login);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(new String(refused.body(), UTF_8))
            .contains("DENIED")
            .contains(
                "User: arn:aws:iam::000000000000:user/reader is not authorized to perform:"
                    + " ecr:InitiateLayerUpload on resource:"
                    + " arn:aws:ecr:us-east-1:000000000000:repository/app because no"
                    + " identity-based policy allows the ecr:InitiateLayerUpload action");
      }
    }
  }

  @Test
  void whatThePlatformItselfPullsWithIsTheAccountsOwn() throws Exception {
    start(Options.LOOPBACK, Mode.ENFORCE);
    EcrClient ours =
        gantry
            .clients()
            .as(
                "ecs.amazonaws.com",
                new gantry.state.Scope(Options.ACCOUNT, Options.REGION),
                EcrClient.class);
    String login = basic(ours);
    try (EcrClient root = ecr("test", "test")) {
      root.createRepository(r -> r.repositoryName("app"));
      assertThat(
              client
                  .send("GET", "/v2/app/manifests/v1", NOTHING, "Authorization", login)
                  .statusCode())
          .isEqualTo(404);
      root.setRepositoryPolicy(
          r ->
              r.repositoryName("app")
                  .force(true)
                  .policyText(
                      """
                      {"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*",
                       "Action":"ecr:BatchGetImage"}}
                      """));
      assertThat(
              client
                  .send("GET", "/v2/app/manifests/v1", NOTHING, "Authorization", login)
                  .statusCode())
          .as("its policies hold for it too")
          .isEqualTo(403);
    }
  }

  @Test
  void beyondLoopbackATokenIsNeededWhateverTheMode() throws Exception {
    start("0.0.0.0", Mode.AUDIT);
    assertThat(client.send("GET", "/v2/", NOTHING).statusCode()).isEqualTo(401);
    assertThat(client.send("POST", "/v2/app/blobs/uploads/", NOTHING).statusCode()).isEqualTo(401);
  }
}
