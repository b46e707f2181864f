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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;

/** Who is let in, by the policies of repositories and by tokens. */
@SuppressWarnings("unchecked") // the SDK builders take arrays of lambdas
class PoliciesAndTokensTest extends OpenRegistry {

  private static final Scope OTHER = new Scope("111122223333", "us-east-1");

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
}
