package gantry.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.iam.IamAuthorizer;
import gantry.state.Scope;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.client.builder.SdkSyncClientBuilder;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudtrail.CloudTrailClient;
import software.amazon.awssdk.services.cloudtrail.model.Event;
import software.amazon.awssdk.services.cloudtrail.model.LookupAttribute;
import software.amazon.awssdk.services.cloudtrail.model.LookupAttributeKey;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.sts.StsClient;

/** The program put together, over its own port, with the SDK's real clients. */
@Timeout(300)
class GantryTest {

  private static Gantry gantry;

  @BeforeAll
  static void start() {
    gantry = Gantry.start(Options.ephemeral());
  }

  @AfterAll
  static void stop() {
    gantry.close();
  }

  private static <B extends AwsClientBuilder<B, C> & SdkSyncClientBuilder<B, C>, C> C client(
      B builder, String url, AwsCredentialsProvider credentials) {
    return builder
        .endpointOverride(URI.create(url))
        .region(Region.EU_CENTRAL_1)
        .credentialsProvider(credentials)
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  private static AwsCredentialsProvider key(String id) {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(id, "any"));
  }

  private static StsClient sts(String key) {
    return client(StsClient.builder(), gantry.url(), key(key));
  }

  @ParameterizedTest
  @CsvSource({
    "test,000000000000",
    "111122223333,111122223333",
    "AKIAIOSFODNN7EXAMPLE,000000000000"
  })
  void onLoopbackAnyKeyIsTakenAndAnAccountsNumberNamesIt(String key, String account) {
    try (StsClient sts = sts(key)) {
      assertThat(sts.getCallerIdentity().account()).isEqualTo(account);
      assertThat(sts.getCallerIdentity().arn()).isEqualTo("arn:aws:iam::" + account + ":root");
    }
  }

  @Test
  void unsignedRequestsAreTheDefaultAccounts() {
    try (StsClient sts =
        client(StsClient.builder(), gantry.url(), AnonymousCredentialsProvider.create())) {
      assertThat(sts.getCallerIdentity().account()).isEqualTo("000000000000");
    }
  }

  @Test
  void ecsOverTheWire() {
    try (EcsClient ecs = client(EcsClient.builder(), gantry.url(), key("test"))) {
      assertThat(ecs.createCluster(r -> r.clusterName("wire")).cluster().clusterArn())
          .isEqualTo("arn:aws:ecs:eu-central-1:000000000000:cluster/wire");
      assertThat(ecs.describeClusters(r -> r.clusters("wire")).clusters()).hasSize(1);
      assertThatThrownBy(() -> ecs.deleteCluster(r -> r.cluster("absent")))
          .isInstanceOf(software.amazon.awssdk.services.ecs.model.ClusterNotFoundException.class)
          .satisfies(e -> assertThat(((AwsServiceException) e).requestId()).isNotBlank());
    }
  }

  @Test
  void whatIsNotBuiltSaysSo() {
    try (CloudTrailClient trail = client(CloudTrailClient.builder(), gantry.url(), key("test"))) {
      assertThatThrownBy(() -> trail.listTrails(r -> {}))
          .isInstanceOf(AwsServiceException.class)
          .hasMessageContaining("ListTrails")
          .satisfies(e -> assertThat(((AwsServiceException) e).statusCode()).isEqualTo(501));
    }
  }

  @Test
  void callsCanBeLookedUp() {
    String account = "444455556666";
    try (EcsClient ecs = client(EcsClient.builder(), gantry.url(), key(account));
        CloudTrailClient trail = client(CloudTrailClient.builder(), gantry.url(), key(account))) {
      for (int i = 0; i < 7; i++) {
        String name = "audited-" + i;
        ecs.createCluster(r -> r.clusterName(name));
      }
      assertThatThrownBy(() -> ecs.deleteCluster(r -> r.cluster("absent")));
      List<Event> created =
          trail
              .lookupEventsPaginator(
                  r ->
                      r.maxResults(3)
                          .lookupAttributes(
                              LookupAttribute.builder()
                                  .attributeKey(LookupAttributeKey.EVENT_NAME)
                                  .attributeValue("CreateCluster")
                                  .build()))
              .stream()
              .flatMap(page -> page.events().stream())
              .toList();
      assertThat(created)
          .extracting(e -> e.resources().getFirst().resourceName())
          .containsExactly(
              "audited-6",
              "audited-5",
              "audited-4",
              "audited-3",
              "audited-2",
              "audited-1",
              "audited-0");
      Event newest = created.getFirst();
      assertThat(newest.eventSource()).isEqualTo("ecs.amazonaws.com");
      assertThat(newest.username()).isEqualTo("root");
      assertThat(newest.accessKeyId()).isEqualTo(account);
      assertThat(newest.cloudTrailEvent())
          .contains("\"requestParameters\":{\"clusterName\":\"audited-6\"")
          .contains("\"awsRegion\":\"eu-central-1\"")
          .contains("\"type\":\"Root\"");
      Event failed =
          trail
              .lookupEvents(
                  r ->
                      r.lookupAttributes(
                          LookupAttribute.builder()
                              .attributeKey(LookupAttributeKey.RESOURCE_NAME)
                              .attributeValue("absent")
                              .build()))
              .events()
              .getFirst();
      assertThat(failed.cloudTrailEvent()).contains("\"errorCode\":\"ClusterNotFoundException\"");
    }
  }

  @Test
  void servicesCallOneAnotherAsTheirPrincipalThroughTheSameChain() {
    Scope scope = new Scope("777788889999", "us-west-2");
    StsClient inside = gantry.clients().as("ecs.amazonaws.com", scope, StsClient.class);
    assertThat(inside.getCallerIdentity(r -> {}).arn()).isEqualTo("ecs.amazonaws.com");
    assertThat(inside.getCallerIdentity().account()).isEqualTo("777788889999");
    StsClient asRole =
        gantry
            .clients()
            .asRole(
                "ecs-tasks.amazonaws.com",
                "arn:aws:iam::777788889999:role/path/worker",
                "task-1",
                scope,
                StsClient.class);
    assertThat(asRole.getCallerIdentity().arn())
        .isEqualTo("arn:aws:sts::777788889999:assumed-role/worker/task-1");
    CloudTrailClient trail =
        gantry.clients().as("cloudtrail.amazonaws.com", scope, CloudTrailClient.class);
    assertThat(trail.lookupEventsPaginator(r -> r.maxResults(1)).stream().count())
        .isGreaterThanOrEqualTo(3);
  }

  private static HttpResponse<String> http(String method, String path, Map<String, String> headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(gantry.url() + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    headers.forEach(request::header);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void healthMetricsAndNothing() throws Exception {
    assertThat(http("GET", "/_gantry/health", Map.of()).body()).contains("ready");
    try (StsClient sts = sts("test")) {
      sts.getCallerIdentity();
    }
    assertThat(http("GET", "/metrics", Map.of()).body())
        .contains("operation=\"GetCallerIdentity\",status=\"200\"")
        .contains("jvm_memory_used_bytes");
    assertThat(http("GET", "/_gantry/nothing", Map.of()).statusCode()).isEqualTo(404);
    assertThat(http("GET", "/_gantry/reset", Map.of()).statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "Origin|http://evil.example|403",
        "Origin|null|403",
        "Origin|http://localhost:1|403",
        "Origin|SELF|200",
        "Sec-Fetch-Site|cross-site|403",
        "Sec-Fetch-Site|same-site|403",
        "Sec-Fetch-Site|same-origin|200",
        "Sec-Fetch-Site|none|200",
        "Referer|http://evil.example/page|403",
        "Referer|SELF/_gantry/console/|200",
        "User-Agent|curl|200",
      })
  void pagesOfOtherOriginsAreTurnedAway(String header, String value, int status) throws Exception {
    String sent = value.replace("SELF", gantry.url());
    HttpResponse<String> answer = http("GET", "/_gantry/health", Map.of(header, sent));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().map()).doesNotContainKey("access-control-allow-origin");
    HttpResponse<String> preflight = http("OPTIONS", "/", Map.of(header, sent));
    assertThat(preflight.headers().map()).doesNotContainKey("access-control-allow-origin");
    if (status == 403) {
      assertThat(answer.body().lines()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "localhost,200", "127.0.0.1:4566,200", "[::1]:80,200", "ecs.us-east-1.amazonaws.com,200",
    "api.localhost:4566,200", "gantry,200", "evil.example,403", "localhost.evil.example,403",
    "127.0.0.1.nip.io,403", "evil.example:4566,403", "notlocalhost.com,403"
  })
  void namesThatAPageCouldPointHereAreTurnedAway(String host, int status) throws Exception {
    try (java.net.Socket socket =
        new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), gantry.port())) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write(
              ("GET /_gantry/health HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(answer).startsWith("HTTP/1.1 " + status);
    }
  }

  @Test
  void beyondLoopbackOnlySignedRequestsOfTheRootKeyAreServed(@TempDir Path data) throws Exception {
    Options open =
        new Options(
            "0.0.0.0",
            0,
            data,
            Options.ACCOUNT,
            Options.REGION,
            false,
            Options.Engine.SIMULATED,
            IamAuthorizer.Mode.AUDIT);
    Gantry.RootKeyShown root;
    try (Gantry listening = Gantry.start(open)) {
      root = java.util.Objects.requireNonNull(listening.newRootKey());
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(data.resolve("root-key"))))
          .isEqualTo("rw-------");
      AwsCredentialsProvider right =
          StaticCredentialsProvider.create(
              AwsBasicCredentials.create(root.accessKeyId(), root.secret()));
      AwsCredentialsProvider wrong =
          StaticCredentialsProvider.create(AwsBasicCredentials.create(root.accessKeyId(), "no"));
      try (StsClient good = client(StsClient.builder(), listening.url(), right);
          StsClient bad = client(StsClient.builder(), listening.url(), wrong);
          StsClient stranger = client(StsClient.builder(), listening.url(), key("AKIASTRANGER"));
          StsClient nobody =
              client(StsClient.builder(), listening.url(), AnonymousCredentialsProvider.create());
          EcsClient ecs = client(EcsClient.builder(), listening.url(), key("AKIASTRANGER"))) {
        assertThat(good.getCallerIdentity().account()).isEqualTo(Options.ACCOUNT);
        assertRefused(bad::getCallerIdentity, 403, "SignatureDoesNotMatch");
        assertRefused(stranger::getCallerIdentity, 403, "InvalidClientTokenId");
        assertRefused(nobody::getCallerIdentity, 403, "MissingAuthenticationToken");
        assertRefused(ecs::listClusters, 400, "UnrecognizedClientException");
      }
    }
    try (Gantry again = Gantry.start(open)) {
      assertThat(again.newRootKey()).as("shown once").isNull();
      try (StsClient good =
          client(
              StsClient.builder(),
              again.url(),
              StaticCredentialsProvider.create(
                  AwsBasicCredentials.create(root.accessKeyId(), root.secret())))) {
        assertThat(good.getCallerIdentity().account()).isEqualTo(Options.ACCOUNT);
      }
    }
  }

  private static void assertRefused(Runnable call, int status, String code) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            AwsServiceException.class,
            e -> {
              assertThat(e.awsErrorDetails().errorCode()).isEqualTo(code);
              assertThat(e.statusCode()).isEqualTo(status);
            });
  }

  @Test
  void stateOutlivesTheProgramAndAResetDropsIt(@TempDir Path data) throws Exception {
    Options durable =
        new Options(
            Options.LOOPBACK,
            0,
            data,
            Options.ACCOUNT,
            Options.REGION,
            false,
            Options.Engine.SIMULATED,
            IamAuthorizer.Mode.AUDIT);
    try (Gantry first = Gantry.start(durable);
        EcsClient ecs = client(EcsClient.builder(), first.url(), key("test"))) {
      ecs.createCluster(r -> r.clusterName("kept"));
      assertThatThrownBy(() -> Gantry.start(durable)).hasMessageContaining("is in use by");
    }
    try (Gantry second = Gantry.start(durable);
        EcsClient ecs = client(EcsClient.builder(), second.url(), key("test"))) {
      assertThat(ecs.listClusters().clusterArns()).hasSize(1);
      second.reset();
      assertThat(ecs.listClusters().clusterArns()).isEmpty();
    }
  }
}
