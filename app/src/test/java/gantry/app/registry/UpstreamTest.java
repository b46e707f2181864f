package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import gantry.app.Gantry;
import gantry.app.Options;
import gantry.app.ReservedPort;
import gantry.services.iam.IamAuthorizer;
import gantry.state.Scope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Debian's docker-registry as the upstream of the pull-through cache: open, with Basic and with
 * bearer tokens of a token service.
 */
@Tag("client")
@Timeout(120)
class UpstreamTest {

  private static final Scope HOME = new Scope(Options.ACCOUNT, Options.REGION);
  private static final String USER = "puller";
  private static final String PASSWORD = "pull-secret";

  /** The password by bcrypt, which a registry's file has to have, and few tools make. */
  private static final String HASH = "$2b$04$2pZQpG9nkTT.HMRfPJ5Z2uEgjHJyRTR9agsHFDK.pBAEXHepkhRKm";

  @TempDir Path folder;
  private final ReservedPort reserved = new ReservedPort();
  private Process upstream;
  private HttpServer tokens;
  private final AtomicInteger tokensGiven = new AtomicInteger();

  @AfterEach
  void stop() throws InterruptedException {
    if (upstream != null) {
      upstream.destroyForcibly().waitFor();
    }
    if (tokens != null) {
      tokens.stop(0);
    }
    reserved.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"open", "basic", "bearer"})
  void pullsThroughOnceAndServesTheCopy(String kind) throws Exception {
    int port = reserved.number();
    // Filled while it is open: what it asks of those who pull is not what is tested of pushing.
    startUpstream(port, "");
    byte[] layer = "layer of upstream".getBytes(UTF_8);
    String digest;
    try (Pushes push = new Pushes("http://localhost:" + port)) {
      digest = push.image("library/app", "v1", "amd64", layer);
    }
    upstream.destroyForcibly().waitFor();
    startUpstream(
        port,
        switch (kind) {
          case "basic" -> basic();
          case "bearer" -> bearer();
          default -> "";
        });
    Options options = pullingFrom(port);
    try (Gantry gantry = Gantry.start(options);
        Pushes client = new Pushes(gantry.url())) {
      EcrClient ecr = gantry.clients().as("test.amazonaws.com", HOME, EcrClient.class);
      assertThatThrownBy(
              () ->
                  ecr.createPullThroughCacheRule(
                      r -> r.ecrRepositoryPrefix("other").upstreamRegistryUrl("localhost:1")))
          .isInstanceOf(UnsupportedUpstreamRegistryException.class);
      String secret =
          kind.equals("open")
              ? null
              : gantry
                  .clients()
                  .as("test.amazonaws.com", HOME, SecretsManagerClient.class)
                  .createSecret(
                      r ->
                          r.name("ecr-pullthroughcache/upstream")
                              .clientRequestToken("00000000-0000-0000-0000-000000000001")
                              .secretString(
                                  "{\"username\":\""
                                      + USER
                                      + "\",\"accessToken\":\""
                                      + PASSWORD
                                      + "\"}"))
                  .arn();
      ecr.createPullThroughCacheRule(
          r ->
              r.ecrRepositoryPrefix("hub")
                  .upstreamRegistryUrl("localhost:" + port)
                  .credentialArn(secret));
      assertThat(ecr.validatePullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub")).isValid())
          .isTrue();
      Path dir = folder.resolve("dir");
      String image = "docker://localhost:" + gantry.port() + "/hub/library/app:v1";
      RegistryClientsTest.run(
          "skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", image, "dir:" + dir);
      assertThat(Pushes.digest(Files.readAllBytes(dir.resolve("manifest.json")))).isEqualTo(digest);
      assertThat(tokensGiven.get())
          .as("one to validate the rule, one to pull")
          .isEqualTo(kind.equals("bearer") ? 2 : 0);

      // The upstream is gone; the copy is served.
      upstream.destroyForcibly().waitFor();
      assertThat(Pushes.digest(client.get("/v2/hub/library/app/manifests/v1"))).isEqualTo(digest);
      assertThat(client.get("/v2/hub/library/app/blobs/" + Pushes.digest(layer))).isEqualTo(layer);
      assertThat(client.send("GET", "/v2/hub/library/app/manifests/v2", new byte[0]).statusCode())
          .isEqualTo(404);
    }
  }

  @Test
  void wrongCredentialsAreToldByValidation() throws Exception {
    int port = reserved.number();
    startUpstream(port, basic());
    Options options = pullingFrom(port);
    try (Gantry gantry = Gantry.start(options)) {
      EcrClient ecr = gantry.clients().as("test.amazonaws.com", HOME, EcrClient.class);
      String secret =
          gantry
              .clients()
              .as("test.amazonaws.com", HOME, SecretsManagerClient.class)
              .createSecret(
                  r ->
                      r.name("ecr-pullthroughcache/wrong")
                          .clientRequestToken("00000000-0000-0000-0000-000000000001")
                          .secretString("{\"username\":\"x\",\"accessToken\":\"y\"}"))
              .arn();
      ecr.createPullThroughCacheRule(
          r ->
              r.ecrRepositoryPrefix("hub")
                  .upstreamRegistryUrl("localhost:" + port)
                  .credentialArn(secret));
      var validated = ecr.validatePullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub"));
      assertThat(validated.isValid()).isFalse();
      assertThat(validated.failure()).contains("401");
    }
  }

  private static Options pullingFrom(int port) {
    return new Options(
        Options.LOOPBACK,
        0,
        null,
        Options.ACCOUNT,
        Options.REGION,
        false,
        Options.Engine.SIMULATED,
        List.of(),
        Options.Network.USUAL,
        true,
        IamAuthorizer.Mode.AUDIT,
        new Options.Images(null, Set.of("http://localhost:" + port)));
  }

  // ---- the upstream

  private void startUpstream(int port, String auth) throws Exception {
    Path config = folder.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: %s}}
        http: {addr: 127.0.0.1:%d}
        %s
        """
            .formatted(folder.resolve("data"), port, auth));
    upstream =
        new ProcessBuilder("/usr/bin/docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("upstream.log").toFile())
            .start();
    long deadline = System.nanoTime() + 60_000_000_000L;
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      while (true) {
        try {
          client.send("GET", "/v2/", new byte[0]);
          return;
        } catch (IOException notYet) {
          assertThat(System.nanoTime())
              .as(Files.readString(folder.resolve("upstream.log")))
              .isLessThan(deadline);
          LockSupport.parkNanos(20_000_000);
        }
      }
    }
  }

  private String basic() throws Exception {
    Path file = folder.resolve("htpasswd");
    Files.writeString(file, USER + ":" + HASH + "\n");
    return "auth: {htpasswd: {realm: upstream, path: " + file + "}}";
  }

  /** A token service as public registries have one: Basic in, a signed token out. */
  private String bearer() throws Exception {
    Path key = folder.resolve("key.der");
    Path pem = folder.resolve("key.pem");
    Path certificate = folder.resolve("certificate.pem");
    RegistryClientsTest.run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=tokens",
        "-days",
        "2",
        "-keyout",
        pem.toString(),
        "-out",
        certificate.toString());
    RegistryClientsTest.run(
        "openssl",
        "pkcs8",
        "-topk8",
        "-nocrypt",
        "-in",
        pem.toString(),
        "-outform",
        "DER",
        "-out",
        key.toString());
    PrivateKey signer =
        KeyFactory.getInstance("RSA")
            .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(key)));
    String chain =
        Files.readString(certificate).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
    tokens = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String good =
        "Basic " + Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes(UTF_8));
    tokens.createContext(
        "/token",
        exchange -> {
          try (exchange) {
            String query = exchange.getRequestURI().getQuery();
            if (!good.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
              exchange.sendResponseHeaders(401, -1);
              return;
            }
            byte[] answer =
                ("{\"token\":\""
                        + token(signer, chain, query.contains("scope=repository:library/app:pull"))
                        + "\"}")
                    .getBytes(UTF_8);
            tokensGiven.incrementAndGet();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
          }
        });
    tokens.start();
    return """
    auth:
      token:
        realm: http://localhost:%d/token
        service: upstream
        issuer: tokens
        rootcertbundle: %s
    """
        .formatted(tokens.getAddress().getPort(), certificate);
  }

  private static String token(PrivateKey signer, String chain, boolean mayPull) {
    long now = System.currentTimeMillis() / 1000;
    String head = "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"" + chain + "\"]}";
    String claims =
        "{\"iss\":\"tokens\",\"sub\":\""
            + USER
            + "\",\"aud\":\"upstream\",\"exp\":"
            + (now + 300)
            + ",\"nbf\":"
            + (now - 10)
            + ",\"iat\":"
            + now
            + ",\"jti\":\"1\",\"access\":["
            + (mayPull
                ? "{\"type\":\"repository\",\"name\":\"library/app\",\"actions\":[\"pull\"]}"
                : "")
            + "]}";
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    String text =
        encoder.encodeToString(head.getBytes(UTF_8))
            + "."
            + encoder.encodeToString(claims.getBytes(UTF_8));
    try {
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(signer);
      signature.update(text.getBytes(UTF_8));
      return text + "." + encoder.encodeToString(signature.sign());
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
