package gantry.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import gantry.services.iam.IamAuthorizer;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.builder.SdkSyncClientBuilder;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.AccessKey;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterType;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Who calls, what he may, and what of it stands on the disk: the program over its own port. */
@Timeout(300)
class IdentityTest {

  private static <B extends AwsClientBuilder<B, C> & SdkSyncClientBuilder<B, C>, C> C client(
      B builder, Gantry gantry, AwsCredentialsProvider credentials) {
    return builder
        .endpointOverride(URI.create(gantry.url()))
        .region(Region.EU_CENTRAL_1)
        .credentialsProvider(credentials)
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  private static AwsCredentialsProvider root() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
  }

  private static AwsCredentialsProvider of(AccessKey key) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(key.accessKeyId(), key.secretAccessKey()));
  }

  private static AwsCredentialsProvider of(Credentials session) {
    return StaticCredentialsProvider.create(
        AwsSessionCredentials.create(
            session.accessKeyId(), session.secretAccessKey(), session.sessionToken()));
  }

  private static Options options(Path data, IamAuthorizer.Mode mode) {
    return new Options(
        Options.LOOPBACK,
        0,
        data,
        Options.ACCOUNT,
        Options.REGION,
        false,
        Options.Engine.SIMULATED,
        mode);
  }

  private static AccessKey userWithKey(IamClient iam, String name) {
    iam.createUser(r -> r.userName(name));
    return iam.createAccessKey(r -> r.userName(name)).accessKey();
  }

  private static String why(Gantry gantry, String about) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(gantry.url() + "/_gantry/why?" + about)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void auditLetsPassMarksTheAnswerAndNamesTheSmallestStatement(@TempDir Path data)
      throws Exception {
    String refused =
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: ecs:CreateCluster"
            + " on resource: arn:aws:ecs:eu-central-1:000000000000:cluster/web because no"
            + " identity-based policy allows the ecs:CreateCluster action";
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.AUDIT));
        IamClient iam = client(IamClient.builder(), gantry, root())) {
      AccessKey key = userWithKey(iam, "ann");
      try (EcsClient ecs = client(EcsClient.builder(), gantry, of(key))) {
        var answer = ecs.createCluster(r -> r.clusterName("web"));
        assertThat(answer.cluster().status()).isEqualTo("ACTIVE");
        assertThat(answer.sdkHttpResponse().firstMatchingHeader("x-gantry-would-be-refused"))
            .contains(refused);
        assertThat(why(gantry, "denied"))
            .contains("would be refused: " + refused)
            .contains(
                "this statement would allow it: {\"Effect\":\"Allow\",\"Action\":"
                    + "\"ecs:CreateCluster\",\"Resource\":"
                    + "\"arn:aws:ecs:eu-central-1:000000000000:cluster/web\"}");
        iam.putUserPolicy(
            r ->
                r.userName("ann")
                    .policyName("own")
                    .policyDocument(
                        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
                            + "\"Action\":\"ecs:CreateCluster\",\"Resource\":"
                            + "\"arn:aws:ecs:eu-central-1:000000000000:cluster/web\"}}"));
        assertThat(
                ecs.createCluster(r -> r.clusterName("web"))
                    .sdkHttpResponse()
                    .firstMatchingHeader("x-gantry-would-be-refused"))
            .isEmpty();
        assertThat(
                ecs.describeClusters(r -> r.clusters("web"))
                    .sdkHttpResponse()
                    .firstMatchingHeader("x-gantry-would-be-refused"))
            .isPresent();
      }
      AccessKey over = iam.createAccessKey(r -> r.userName("ann")).accessKey();
      iam.deleteAccessKey(r -> r.userName("ann").accessKeyId(over.accessKeyId()));
      try (EcsClient ecs = client(EcsClient.builder(), gantry, of(over))) {
        assertThatThrownBy(ecs::listClusters)
            .as("a key that is over is nobody's, though strangers' are taken")
            .isInstanceOfSatisfying(
                AwsServiceException.class,
                e ->
                    assertThat(e.awsErrorDetails().errorCode())
                        .isEqualTo("UnrecognizedClientException"));
      }
      assertThat(iam.getAccessKeyLastUsed(r -> r.accessKeyId(key.accessKeyId())))
          .satisfies(
              used -> {
                assertThat(used.userName()).isEqualTo("ann");
                assertThat(used.accessKeyLastUsed().serviceName()).isEqualTo("ecs");
                assertThat(used.accessKeyLastUsed().region()).isEqualTo("eu-central-1");
              });
    }
  }

  /**
   * Who reads a parameter or a secret under a customer's key needs the key too, through SSM only.
   */
  @Test
  void aServiceUsesAKeyInTheNameOfItsCaller(@TempDir Path data) throws Exception {
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.ENFORCE));
        IamClient iam = client(IamClient.builder(), gantry, root());
        KmsClient kms = client(KmsClient.builder(), gantry, root());
        SsmClient ssm = client(SsmClient.builder(), gantry, root());
        SecretsManagerClient secrets = client(SecretsManagerClient.builder(), gantry, root())) {
      String key = kms.createKey(r -> r.description("theirs")).keyMetadata().arn();
      ssm.putParameter(
          r -> r.name("/app/db").type(ParameterType.SECURE_STRING).keyId(key).value("swordfish"));
      secrets.createSecret(r -> r.name("app/db").kmsKeyId(key).secretString("swordfish"));
      AccessKey bobs = userWithKey(iam, "bob");
      allow(
          iam, "bob", "read", "[\"ssm:GetParameter\",\"secretsmanager:GetSecretValue\"]", "*", "");
      try (SsmClient his = client(SsmClient.builder(), gantry, of(bobs));
          SecretsManagerClient hisToo = client(SecretsManagerClient.builder(), gantry, of(bobs));
          KmsClient hisKms = client(KmsClient.builder(), gantry, of(bobs))) {
        String refused =
            "User: arn:aws:iam::000000000000:user/bob is not authorized to perform: kms:Decrypt on"
                + " resource: "
                + key;
        assertThatThrownBy(() -> his.getParameter(r -> r.name("/app/db").withDecryption(true)))
            .hasMessageContaining(refused);
        // Secrets Manager says no more than this; `why denied` says the rest.
        assertThatThrownBy(() -> hisToo.getSecretValue(r -> r.secretId("app/db")))
            .hasMessageContaining("Access to KMS is not allowed");
        String through =
            ",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":"
                + "\"ssm.eu-central-1.amazonaws.com\"}}";
        allow(iam, "bob", "key", "\"kms:*\"", key, through);
        assertThat(
                his.getParameter(r -> r.name("/app/db").withDecryption(true)).parameter().value())
            .isEqualTo("swordfish");
        assertThatThrownBy(() -> hisToo.getSecretValue(r -> r.secretId("app/db")))
            .as("through another service")
            .hasMessageContaining("Access to KMS is not allowed");
        assertThatThrownBy(() -> hisKms.describeKey(r -> r.keyId(key)))
            .as("by himself")
            .hasMessageContaining("is not authorized to perform: kms:DescribeKey");
        allow(iam, "bob", "key", "\"kms:Decrypt\"", key, "");
        assertThat(hisToo.getSecretValue(r -> r.secretId("app/db")).secretString())
            .isEqualTo("swordfish");
        SdkBytes sealed =
            kms.encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromUtf8String("x"))).ciphertextBlob();
        assertThat(hisKms.decrypt(r -> r.ciphertextBlob(sealed)).plaintext().asUtf8String())
            .as("the ciphertext names the key that the policy names")
            .isEqualTo("x");
      }
      assertThat(why(gantry, "denied"))
          .contains("kms:Decrypt")
          .doesNotContain("amazonaws.com is not authorized");
    }
  }

  @Test
  void inAuditWhatIsAskedInTheCallersNameIsToldToo(@TempDir Path data) throws Exception {
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.AUDIT));
        IamClient iam = client(IamClient.builder(), gantry, root());
        KmsClient kms = client(KmsClient.builder(), gantry, root());
        SsmClient ssm = client(SsmClient.builder(), gantry, root())) {
      String key = kms.createKey(r -> r.description("theirs")).keyMetadata().arn();
      ssm.putParameter(
          r -> r.name("/app/db").type(ParameterType.SECURE_STRING).keyId(key).value("swordfish"));
      AccessKey bobs = userWithKey(iam, "bob");
      allow(iam, "bob", "read", "\"ssm:GetParameter\"", "*", "");
      try (SsmClient his = client(SsmClient.builder(), gantry, of(bobs))) {
        var answer = his.getParameter(r -> r.name("/app/db").withDecryption(true));
        assertThat(answer.parameter().value()).isEqualTo("swordfish");
        assertThat(answer.sdkHttpResponse().firstMatchingHeader("x-gantry-would-be-refused"))
            .hasValueSatisfying(
                said ->
                    assertThat(said)
                        .contains("user/bob is not authorized to perform: kms:Decrypt")
                        .contains(key));
      }
      assertThat(why(gantry, "denied"))
          .contains(
              "{\"Effect\":\"Allow\",\"Action\":\"kms:Decrypt\",\"Resource\":\"" + key + "\"}");
    }
  }

  private static void allow(
      IamClient iam, String user, String name, String actions, String resource, String condition) {
    iam.putUserPolicy(
        r ->
            r.userName(user)
                .policyName(name)
                .policyDocument(
                    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":"
                        + actions
                        + ",\"Resource\":\""
                        + resource
                        + "\""
                        + condition
                        + "}}"));
  }

  @Test
  void enforcementRefusesInAwssWordsAndTheMessageCanBeDecoded(@TempDir Path data) {
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.ENFORCE));
        IamClient iam = client(IamClient.builder(), gantry, root());
        StsClient sts = client(StsClient.builder(), gantry, root())) {
      AccessKey key = userWithKey(iam, "bob");
      try (EcsClient ecs = client(EcsClient.builder(), gantry, of(key));
          Ec2Client ec2 = client(Ec2Client.builder(), gantry, of(key));
          IamClient own = client(IamClient.builder(), gantry, of(key))) {
        assertThatThrownBy(() -> ecs.createCluster(r -> r.clusterName("web")))
            .isInstanceOfSatisfying(
                AwsServiceException.class,
                e -> {
                  assertThat(e.statusCode()).isEqualTo(400);
                  assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDeniedException");
                  assertThat(e.awsErrorDetails().errorMessage())
                      .isEqualTo(
                          "User: arn:aws:iam::000000000000:user/bob is not authorized to perform:"
                              + " ecs:CreateCluster on resource:"
                              + " arn:aws:ecs:eu-central-1:000000000000:cluster/web because no"
                              + " identity-based policy allows the ecs:CreateCluster action");
                });
        assertThatThrownBy(own::listUsers)
            .isInstanceOfSatisfying(
                AwsServiceException.class,
                e -> {
                  assertThat(e.statusCode()).isEqualTo(403);
                  assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDenied");
                });
        assertThatThrownBy(ec2::describeVpcs)
            .isInstanceOfSatisfying(
                AwsServiceException.class,
                e -> {
                  assertThat(e.awsErrorDetails().errorCode()).isEqualTo("UnauthorizedOperation");
                  String said = e.awsErrorDetails().errorMessage();
                  String encoded = said.substring(said.lastIndexOf(' ') + 1);
                  assertThat(
                          sts.decodeAuthorizationMessage(r -> r.encodedMessage(encoded))
                              .decodedMessage())
                      .contains("\"allowed\":false", "\"action\":\"ec2:DescribeVpcs\"");
                });
      }
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String base64(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] unsigned(BigInteger number) {
    byte[] bytes = number.toByteArray();
    return bytes[0] == 0 ? java.util.Arrays.copyOfRange(bytes, 1, bytes.length) : bytes;
  }

  private static String token(KeyPair keys, String issuer, String audience) throws Exception {
    long now = Instant.now().getEpochSecond();
    String signed =
        base64("{\"alg\":\"RS256\",\"kid\":\"one\"}")
            + "."
            + base64(
                String.format(
                    Locale.ROOT,
                    "{\"iss\":\"%s\",\"sub\":\"repo:web\",\"aud\":\"%s\",\"iat\":%d,\"exp\":%d}",
                    issuer,
                    audience,
                    now,
                    now + 300));
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(keys.getPrivate());
    signature.update(signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + base64(signature.sign());
  }

  private static void serve(HttpServer server, String path, String body) {
    server.createContext(
        path,
        exchange -> {
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
  }

  @Test
  void aTokenOfALoopbackIssuerBecomesASessionThatSurvivesARestart(@TempDir Path data)
      throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair keys = generator.generateKeyPair();
    RSAPublicKey key = (RSAPublicKey) keys.getPublic();
    HttpServer issuer =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String url = "http://127.0.0.1:" + issuer.getAddress().getPort();
    serve(
        issuer,
        "/.well-known/openid-configuration",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\",\"x\":[1]}".formatted(url, url));
    serve(
        issuer,
        "/keys",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"no\"},{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"one\",\"n\":\"%s\",\"e\":\"%s\"}]}"
            .formatted(
                base64(unsigned(key.getModulus())), base64(unsigned(key.getPublicExponent()))));
    issuer.start();
    Credentials session;
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.AUDIT));
        IamClient iam = client(IamClient.builder(), gantry, root());
        StsClient sts =
            client(StsClient.builder(), gantry, AnonymousCredentialsProvider.create())) {
      String provider =
          iam.createOpenIDConnectProvider(r -> r.url(url).clientIDList("gantry"))
              .openIDConnectProviderArn();
      String host = url.substring("http://".length());
      String role =
          iam.createRole(
                  r ->
                      r.roleName("ci")
                          .assumeRolePolicyDocument(
                              """
                              {"Version":"2012-10-17","Statement":{"Effect":"Allow",
                               "Principal":{"Federated":"%s"},"Action":"sts:AssumeRoleWithWebIdentity",
                               "Condition":{"StringEquals":{"%s:aud":"gantry"},
                                            "StringLike":{"%s:sub":"repo:*"}}}}
                              """
                                  .formatted(provider, host, host)))
              .role()
              .arn();
      String good = token(keys, url, "gantry");
      session =
          sts.assumeRoleWithWebIdentity(
                  r -> r.roleArn(role).roleSessionName("build").webIdentityToken(good))
              .credentials();
      try (StsClient as = client(StsClient.builder(), gantry, of(session))) {
        assertThat(as.getCallerIdentity().arn())
            .isEqualTo("arn:aws:sts::000000000000:assumed-role/ci/build");
      }
      KeyPair others = generator.generateKeyPair();
      String forged = token(others, url, "gantry");
      assertThatThrownBy(
              () ->
                  sts.assumeRoleWithWebIdentity(
                      r -> r.roleArn(role).roleSessionName("build").webIdentityToken(forged)))
          .isInstanceOfSatisfying(
              AwsServiceException.class,
              e -> assertThat(e.awsErrorDetails().errorCode()).isEqualTo("InvalidIdentityToken"));
    } finally {
      issuer.stop(0);
    }
    try (Gantry again = Gantry.start(options(data, IamAuthorizer.Mode.AUDIT));
        StsClient as = client(StsClient.builder(), again, of(session))) {
      assertThat(as.getCallerIdentity().arn())
          .isEqualTo("arn:aws:sts::000000000000:assumed-role/ci/build");
    }
  }

  @Test
  void noSecretStandsInClearAnywhereInTheDataDirectory(@TempDir Path data) throws Exception {
    List<byte[]> secrets = new ArrayList<>();
    String told = "found-me-if-you-can-";
    try (Gantry gantry = Gantry.start(options(data, IamAuthorizer.Mode.AUDIT));
        IamClient iam = client(IamClient.builder(), gantry, root());
        StsClient sts = client(StsClient.builder(), gantry, root());
        KmsClient kms = client(KmsClient.builder(), gantry, root());
        SsmClient ssm = client(SsmClient.builder(), gantry, root());
        SecretsManagerClient secret = client(SecretsManagerClient.builder(), gantry, root());
        CloudWatchLogsClient logs = client(CloudWatchLogsClient.builder(), gantry, root())) {
      // The one that must be found, or the search is no search.
      logs.createLogGroup(r -> r.logGroupName("g"));
      logs.createLogStream(r -> r.logGroupName("g").logStreamName("s"));
      logs.putLogEvents(
          r ->
              r.logGroupName("g")
                  .logStreamName("s")
                  .logEvents(
                      InputLogEvent.builder()
                          .timestamp(System.currentTimeMillis())
                          .message("in clear: control-of-the-search")
                          .build()));

      AccessKey key = userWithKey(iam, "carl");
      secrets.add(bytes(key.secretAccessKey()));
      assertThatThrownBy(
              () -> iam.createLoginProfile(r -> r.userName("carl").password(told + "Login-1!")))
          .hasMessageContaining("no console");
      try (StsClient own = client(StsClient.builder(), gantry, of(key))) {
        Credentials session = own.getSessionToken().credentials();
        secrets.add(bytes(session.secretAccessKey()));
        secrets.add(bytes(session.sessionToken()));
        try (StsClient as = client(StsClient.builder(), gantry, of(session))) {
          as.getCallerIdentity();
        }
      }
      Credentials federated = sts.getFederationToken(r -> r.name("fed")).credentials();
      secrets.add(bytes(federated.secretAccessKey()));
      secrets.add(bytes(federated.sessionToken()));

      String cmk = kms.createKey(r -> {}).keyMetadata().keyId();
      secret.createSecret(r -> r.name("own").secretString(told + "string"));
      secret.createSecret(
          r -> r.name("bytes").secretBinary(SdkBytes.fromUtf8String(told + "binary")));
      secret.createSecret(r -> r.name("cmk").kmsKeyId(cmk).secretString(told + "under-a-key"));
      secret.putSecretValue(r -> r.secretId("own").secretString(told + "again"));
      secret.updateSecret(r -> r.secretId("own").secretString(told + "updated"));
      assertThat(secret.getSecretValue(r -> r.secretId("own")).secretString())
          .isEqualTo(told + "updated");
      secrets.add(bytes(secret.getRandomPassword(r -> r.passwordLength(40L)).randomPassword()));
      ssm.putParameter(
          r -> r.name("/p").type(ParameterType.SECURE_STRING).value(told + "parameter"));
      ssm.putParameter(
          r ->
              r.name("/q").type(ParameterType.SECURE_STRING).keyId(cmk).value(told + "with-a-key"));
      ssm.getParameter(r -> r.name("/p").withDecryption(true));

      var data32 = kms.generateDataKey(r -> r.keyId(cmk).keySpec(DataKeySpec.AES_256));
      secrets.add(data32.plaintext().asByteArray());
      secrets.add(kms.generateRandom(r -> r.numberOfBytes(32)).plaintext().asByteArray());
      var sealed =
          kms.encrypt(r -> r.keyId(cmk).plaintext(SdkBytes.fromUtf8String(told + "plaintext")));
      kms.decrypt(r -> r.ciphertextBlob(sealed.ciphertextBlob()));
      String mac =
          kms.createKey(r -> r.keySpec(KeySpec.HMAC_256).keyUsage(KeyUsageType.GENERATE_VERIFY_MAC))
              .keyMetadata()
              .keyId();
      kms.generateMac(
          r ->
              r.keyId(mac)
                  .macAlgorithm("HMAC_SHA_256")
                  .message(SdkBytes.fromUtf8String(told + "message")));
      var pair = kms.generateDataKeyPair(r -> r.keyId(cmk).keyPairSpec("ECC_NIST_P256"));
      secrets.add(pair.privateKeyPlaintext().asByteArray());
    }
    secrets.add(bytes(told));
    List<Path> files;
    try (Stream<Path> all = Files.walk(data)) {
      files = all.filter(Files::isRegularFile).toList();
    }
    assertThat(files).hasSizeGreaterThan(3);
    boolean seen = false;
    for (Path file : files) {
      byte[] content = Files.readAllBytes(file);
      seen |= contains(content, bytes("control-of-the-search"));
      for (byte[] one : secrets) {
        assertThat(contains(content, one)).as("%s in %s", new String(one), file).isFalse();
        assertThat(contains(content, Base64.getEncoder().withoutPadding().encode(one)))
            .as("base64 of %s in %s", new String(one), file)
            .isFalse();
      }
    }
    assertThat(seen).as("what is not secret is found").isTrue();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static boolean contains(byte[] hay, byte[] needle) {
    return new String(hay, StandardCharsets.ISO_8859_1)
        .contains(new String(needle, StandardCharsets.ISO_8859_1));
  }
}
