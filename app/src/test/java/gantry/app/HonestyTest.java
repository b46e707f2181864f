package gantry.app;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.bench.Knock;
import gantry.services.iam.IamAuthorizer;
import gantry.wire.coverage.ReadMembers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a request asks for and nobody acts on is said with the answer, or refused, through the real
 * listener. The members are ones that {@code docs/coverage.md} lists; when they come to be read,
 * take others from there.
 */
@Timeout(300)
class HonestyTest {

  private static final String IGNORED = "x-gantry-ignored";

  private static Gantry lenient;
  private static Gantry strict;

  @BeforeAll
  static void start() {
    assertThat(ReadMembers.fromResource())
        .as("the scan that the build makes (CoverageMain, phase process-classes)")
        .isNotNull();
    lenient = Gantry.start(options(false));
    strict = Gantry.start(options(true));
  }

  @AfterAll
  static void stop() {
    lenient.close();
    strict.close();
  }

  private static Options options(boolean strictly) {
    return new Options(
        Options.LOOPBACK,
        0,
        null,
        Options.ACCOUNT,
        Options.REGION,
        strictly,
        Options.Engine.SIMULATED,
        IamAuthorizer.Mode.AUDIT);
  }

  private static HttpResponse<String> acm(Gantry gantry, String body) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(gantry.url()))
              .header("content-type", "application/x-amz-json-1.1")
              .header("x-amz-target", "CertificateManager.ListCertificates")
              .header("x-amz-date", "20260101T000000Z")
              .header("authorization", Knock.authorization("acm"))
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void theAnswerNamesWhatIsNotActedOn() throws Exception {
    HttpResponse<String> answer =
        acm(
            lenient,
            "{\"SortBy\":\"CREATED_AT\",\"MaxItems\":5,\"Includes\":{\"managedBy\":\"CLOUDFRONT\"}}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue(IGNORED)).contains("SortBy, Includes.managedBy");
  }

  @Test
  void thereIsNothingToNameWhereAllIsRead() throws Exception {
    HttpResponse<String> answer = acm(lenient, "{\"MaxItems\":5}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue(IGNORED)).isEmpty();
  }

  @Test
  void strictlyItIsRefusedInTheProtocolsOwnWay() throws Exception {
    HttpResponse<String> answer = acm(strict, "{\"SortBy\":\"CREATED_AT\"}");
    assertThat(answer.statusCode()).isEqualTo(501);
    assertThat(answer.body())
        .contains("\"__type\":\"NotImplemented\"")
        .contains("SortBy of acm:ListCertificates")
        .contains("--strict");
    assertThat(acm(strict, "{\"MaxItems\":5}").statusCode()).isEqualTo(200);
  }
}
