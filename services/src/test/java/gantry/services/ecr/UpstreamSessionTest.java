package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Clients;
import gantry.services.ecr.Upstream.Answer;
import gantry.services.ecr.UpstreamFailure.Kind;
import gantry.state.Scope;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

/** How an upstream's challenges are answered. */
class UpstreamSessionTest {

  private static final String BASIC = "Basic dXNlcjpzZWNyZXQ="; // user:secret
  private static final String PATH = "https://hub.example/v2/library/app/manifests/v1";

  private final List<String> asked = new ArrayList<>();
  private String challenge =
      "Bearer realm=\"https://auth.example/token\",service=\"hub\",scope=\"s\"";
  private String token = "{\"token\":\"t1\"}";
  private int tokenStatus = 200;

  private Answer answer(String url, Map<String, String> headers) {
    String authorization = headers.get("Authorization");
    asked.add(url + " " + authorization);
    if (!url.startsWith("https://hub.example/")) {
      return new Answer(tokenStatus, Map.of(), new ByteArrayInputStream(token.getBytes(UTF_8)));
    }
    boolean in =
        authorization != null && (authorization.equals("Bearer t1") || authorization.equals(BASIC));
    return new Answer(
        in ? 200 : 401,
        in ? Map.of() : Map.of("www-authenticate", challenge),
        new ByteArrayInputStream(new byte[0]));
  }

  private UpstreamSession session(@Nullable String credentialArn) {
    return new UpstreamSession(
        this::answer,
        new UpstreamCredentials(new Secrets()),
        World.HOME,
        PullThroughCacheRule.builder()
            .ecrRepositoryPrefix("hub")
            .upstreamRegistryUrl("hub.example")
            .credentialArn(credentialArn)
            .build(),
        "https://hub.example",
        "library/app");
  }

  private static final String ARN =
      "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/hub";

  @Test
  void asksTheTokenServiceOfABearerChallenge() throws IOException {
    UpstreamSession session = session(ARN);
    session.get("manifests/v1", "*/*").close();
    session.get("manifests/v1", "*/*").close();
    assertThat(asked)
        .containsExactly(
            PATH + " null",
            "https://auth.example/token?service=hub&scope=s " + BASIC,
            PATH + " Bearer t1",
            PATH + " Bearer t1");
  }

  @Test
  void takesTheOtherNameOfATokenAndARealmWithAQuery() throws IOException {
    challenge = "bearer realm=\"https://auth.example/token?x=1\"";
    token = "{\"access_token\":\"t1\"}";
    session(null).get("manifests/v1", "*/*").close();
    assertThat(asked.get(1)).isEqualTo("https://auth.example/token?x=1 null");
  }

  @Test
  void showsCredentialsToABasicChallenge() throws IOException {
    challenge = "Basic realm=\"hub\"";
    session(ARN).get("manifests/v1", "*/*").close();
    assertThat(asked).containsExactly(PATH + " null", PATH + " " + BASIC);
    refused(session(null), Kind.ACCESS_DENIED, "wants credentials and the rule has none");
  }

  /** Whoever listens on the way would read them. */
  @Test
  void showsNoCredentialsInTheClearForAnUpstreamWithTls() {
    challenge = "Bearer realm=\"http://auth.example/token\"";
    refused(session(ARN), Kind.ACCESS_DENIED, "in the clear");
    assertThat(asked).containsExactly(PATH + " null");
  }

  @Test
  void saysWhyThereIsNoToken() {
    tokenStatus = 429;
    refused(session(null), Kind.TOO_MANY_REQUESTS, "gives no token: 429");
    tokenStatus = 200;
    token = "{}";
    refused(session(null), Kind.UNAVAILABLE, "gives no token");
    token = "{\"token\":\"other\"}";
    refused(session(null), Kind.ACCESS_DENIED, "answers 401 for manifests/v1");
    challenge = "Bearer service=\"hub\"";
    refused(session(null), Kind.UNAVAILABLE, "no realm");
  }

  private static void refused(UpstreamSession session, Kind kind, String message) {
    assertThatThrownBy(() -> session.get("manifests/v1", "*/*"))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            UpstreamFailure.class, failure -> assertThat(failure.kind()).isEqualTo(kind));
  }

  /** Secrets Manager with the one secret. */
  private static final class Secrets implements Clients {

    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      return client.cast(
          new SecretsManagerClient() {
            @Override
            public GetSecretValueResponse getSecretValue(GetSecretValueRequest request) {
              Map<String, Object> secret = new LinkedHashMap<>();
              secret.put("username", "user");
              secret.put("accessToken", "secret");
              return GetSecretValueResponse.builder()
                  .secretString(new String(Json.write(secret), UTF_8))
                  .build();
            }

            @Override
            public String serviceName() {
              return SERVICE_NAME;
            }

            @Override
            public void close() {}
          });
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no " + client);
    }
  }
}
