package gantry.wire.sigv4;

import static gantry.wire.sigv4.Requests.NOW;
import static gantry.wire.sigv4.Requests.SECRET;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import gantry.wire.sigv4.SigV4Failure.Dialect;
import gantry.wire.sigv4.SigV4Failure.Refused;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.checksums.DefaultChecksumAlgorithm;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;

/** Our verifier against the signer of the SDK for Java, which we did not write. */
class VerifierTest {

  private static final AwsCredentialsIdentity IDENTITY =
      AwsCredentialsIdentity.create("AKIDEXAMPLE", SECRET);
  private static final CredentialLookup<String> KEYS =
      id ->
          switch (id) {
            case "AKIDEXAMPLE" -> new CredentialLookup.Key<>(SECRET, null, null, "ada");
            case "ASIASESSION" ->
                new CredentialLookup.Key<>(SECRET, "the-token", NOW.plusSeconds(60), "session");
            default -> null;
          };
  private static final byte[] BODY = "{\"clusters\":[\"default\"]}".getBytes(UTF_8);
  private static final String ECS = "http://localhost:4566/";

  private static Requests ecs() {
    return Requests.signedBySdk(
        "POST",
        ECS,
        Map.of("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeClusters"),
        BODY,
        IDENTITY,
        "ecs",
        b -> {});
  }

  private static Requests s3(
      String url, byte[] body, Consumer<SignRequest.Builder<AwsCredentialsIdentity>> more) {
    return Requests.signedBySdk("PUT", url, Map.of(), body, IDENTITY, "s3", more);
  }

  @Test
  void takesWhatTheSdkSigned() throws IOException {
    Requests request = ecs();
    var verified = request.verified(KEYS, NOW, "ecs");
    assertThat(verified.principal()).isEqualTo("ada");
    assertThat(verified.claim().credential().region()).isEqualTo("eu-central-1");
    assertThat(request.decoded(verified)).isEqualTo(BODY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost/a%20b/c%2Fd/",
        "http://localhost/a/./b/../c",
        "http://localhost//double//slash",
        "http://localhost/x?b=2&a=1&a=0&empty&e=&sp=a%20b&plus=a%2Bb&uml=%C3%A4",
        "http://localhost:8080/%E6%97%A5%E6%9C%AC?tilde=~&star=*&colon=a:b"
      })
  void canonicalFormsAgree(String url) {
    for (String service : new String[] {"execute-api", "s3"}) {
      Requests request =
          Requests.signedBySdk(
              "GET", url, Map.of("X-Blank", "a   b  c "), BODY, IDENTITY, service, b -> {});
      assertThat(request.verified(KEYS, NOW, service).principal()).isEqualTo("ada");
    }
  }

  @Property(tries = 200)
  void anyPathAndQueryOfTheSdkVerifies(
      @ForAll
          @StringLength(min = 1, max = 20)
          @AlphaChars
          @Chars({' ', '/', '+', 'ä', '~', '$', '(', '='})
          String path,
      @ForAll @StringLength(max = 20) @AlphaChars @Chars({' ', '+', '*', 'ö', '/', '%', '&'})
          String value) {
    String url =
        "http://localhost/"
            + Canonical.encode(path, true)
            + "?key="
            + Canonical.encode(value, false)
            + "&prefix=";
    for (String service : new String[] {"ecs", "s3"}) {
      Requests request =
          Requests.signedBySdk("POST", url, Map.of(), BODY, IDENTITY, service, b -> {});
      assertThat(request.verified(KEYS, NOW, service).principal()).isEqualTo("ada");
    }
  }

  @Test
  void whateverIsTamperedWithIsRefused() {
    Requests good = ecs();
    assertThat(good.header("x-amz-content-sha256")).as("the SDK says the hash").isNotNull();
    assertSignatureRefused(good.withPath("/other"));
    assertSignatureRefused(good.withQuery("x=1"));
    assertSignatureRefused(
        good.with("x-amz-target", "AmazonEC2ContainerServiceV20141113.DeleteCluster"));
    assertSignatureRefused(good.with("host", "evil.example"));
    byte[] other = BODY.clone();
    other[3] ^= 1;
    assertSignatureRefused(good.with("x-amz-content-sha256", null).withBody(other));
    Requests hashSaid = good.withBody(other);
    assertThatThrownBy(() -> hashSaid.decoded(hashSaid.verified(KEYS, NOW, "ecs")))
        .isInstanceOf(Refused.class);
  }

  private static void assertSignatureRefused(Requests request) {
    Refused refused = catchThrowableOfType(Refused.class, () -> request.verified(KEYS, NOW, "ecs"));
    assertThat(refused.failure()).isEqualTo(SigV4Failure.SIGNATURE);
    AwsServiceException json = refused.as(Dialect.JSON);
    assertThat(json.statusCode()).isEqualTo(400);
    assertThat(json.awsErrorDetails().errorCode()).isEqualTo("InvalidSignatureException");
    assertThat(json.awsErrorDetails().errorMessage())
        .isEqualTo(
            "The request signature we calculated does not match the signature you provided. Check"
                + " your AWS Secret Access Key and signing method. Consult the service"
                + " documentation for details.");
  }

  @ParameterizedTest
  @CsvSource({"4,true", "6,false", "-4,true", "-6,false"})
  void clocksMayDifferByFiveMinutes(int minutes, boolean fine) {
    Instant now = NOW.plus(Duration.ofMinutes(minutes));
    if (fine) {
      assertThat(ecs().verified(KEYS, now, "ecs").principal()).isEqualTo("ada");
    } else {
      assertThatThrownBy(() -> ecs().verified(KEYS, now, "ecs"))
          .hasMessage(
              minutes > 0
                  ? "Signature expired: 20260301T120000Z is now earlier than 20260301T120100Z"
                      + " (20260301T120600Z - 5 min.)"
                  : "Signature not yet current: 20260301T120000Z is still later than"
                      + " 20260301T115900Z (20260301T115400Z + 5 min.)");
    }
  }

  @Test
  void stsAllowsAQuarterOfAnHour() {
    Requests request = Requests.signedBySdk("POST", ECS, Map.of(), BODY, IDENTITY, "sts", b -> {});
    Instant late = NOW.plus(Duration.ofMinutes(14));
    assertThat(request.verified(KEYS, late, "sts").principal()).isEqualTo("ada");
  }

  @Test
  void unknownKeysAreRefusedInTheWordsOfEachFamily() {
    Requests request =
        Requests.signedBySdk(
            "POST",
            ECS,
            Map.of(),
            BODY,
            AwsCredentialsIdentity.create("AKIANOBODY", SECRET),
            "ecs",
            b -> {});
    Refused refused = catchThrowableOfType(Refused.class, () -> request.verified(KEYS, NOW, "ecs"));
    assertError(
        refused,
        Dialect.JSON,
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.");
    assertError(
        refused,
        Dialect.QUERY,
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.");
    assertError(
        refused,
        Dialect.EC2,
        401,
        "AuthFailure",
        "AWS was not able to validate the provided access credentials");
    assertError(
        refused,
        Dialect.S3,
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.");
  }

  private static void assertError(
      Refused refused, Dialect dialect, int status, String code, String message) {
    AwsServiceException error = refused.as(dialect);
    assertThat(error.statusCode()).isEqualTo(status);
    assertThat(error.awsErrorDetails().errorCode()).isEqualTo(code);
    assertThat(error.awsErrorDetails().errorMessage()).isEqualTo(message);
  }

  @Test
  void theScopeNamesTheServiceThatIsCalled() {
    Refused refused = catchThrowableOfType(Refused.class, () -> ecs().verified(KEYS, NOW, "ssm"));
    assertError(
        refused,
        Dialect.JSON,
        400,
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'ssm'. ");
  }

  @Test
  void sessionsNeedTheirToken() {
    Requests request =
        Requests.signedBySdk(
            "POST",
            ECS,
            Map.of(),
            BODY,
            AwsSessionCredentialsIdentity.create("ASIASESSION", SECRET, "the-token"),
            "ecs",
            b -> {});
    assertThat(request.verified(KEYS, NOW, "ecs").principal()).isEqualTo("session");
    Requests withoutToken = request.with("x-amz-security-token", null);
    assertThatThrownBy(() -> withoutToken.verified(KEYS, NOW, "ecs"))
        .hasMessage("The security token included in the request is invalid.");
    Refused expired =
        catchThrowableOfType(
            Refused.class, () -> request.verified(KEYS, NOW.plusSeconds(61), "ecs"));
    assertError(
        expired,
        Dialect.JSON,
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired");
    assertError(expired, Dialect.S3, 400, "ExpiredToken", "The provided token has expired.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "Bearer abc|Unsupported AWS 'algorithm': 'Bearer'.",
        "AWS4-HMAC-SHA256 nonsense|'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 nonsense'.",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e|Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a/b/c/d/e",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00|Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c'",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=x-amz-date, Signature=00|'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
      })
  void malformedHeadersSayWhatIsWrong(String header, String message) {
    Requests request = ecs().with("authorization", header);
    assertThatThrownBy(() -> Claim.of(request)).isInstanceOf(Refused.class).hasMessage(message);
  }

  @Test
  void noDateAndAStrangeDate() {
    assertThatThrownBy(() -> Claim.of(ecs().with("x-amz-date", null)))
        .hasMessageStartingWith(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    assertThatThrownBy(() -> Claim.of(ecs().with("x-amz-date", "yesterday")))
        .hasMessage(
            "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See"
                + " http://en.wikipedia.org/wiki/ISO_8601");
  }

  @Test
  void asymmetricSignaturesAreRefusedByName() {
    assertThatThrownBy(
            () -> Claim.of(ecs().with("authorization", "AWS4-ECDSA-P256-SHA256 Credential=x")))
        .hasMessageContaining("SigV4a");
  }

  @Test
  void unsignedIsMissingAToken() {
    Requests request = ecs().with("authorization", null);
    Refused refused = catchThrowableOfType(Refused.class, () -> request.verified(KEYS, NOW, "ecs"));
    assertError(
        refused,
        Dialect.JSON,
        400,
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token");
    assertError(
        refused,
        Dialect.QUERY,
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token");
  }

  @Test
  void presignedRequestsHoldUntilTheyExpire() {
    Requests request =
        Requests.signedBySdk(
            "GET",
            "https://localhost/bucket/a%20key?list-type=2",
            Map.of(),
            new byte[0],
            IDENTITY,
            "s3",
            Requests.presigned(Duration.ofMinutes(20)));
    Requests unhashed = request.with("x-amz-content-sha256", null);
    assertThat(request.query()).contains("X-Amz-Signature=");
    assertThat(unhashed.verified(KEYS, NOW.plusSeconds(1199), "s3").principal()).isEqualTo("ada");
    Refused refused =
        catchThrowableOfType(
            Refused.class, () -> unhashed.verified(KEYS, NOW.plusSeconds(1201), "s3"));
    assertError(refused, Dialect.S3, 403, "AccessDenied", "Request has expired");
    Requests tampered = unhashed.withQuery(request.query().replace("list-type=2", "list-type=1"));
    assertThatThrownBy(() -> tampered.verified(KEYS, NOW, "s3"))
        .hasMessageContaining("does not match");
    Requests longer =
        unhashed.withQuery(request.query().replace("X-Amz-Expires=1200", "X-Amz-Expires=604801"));
    assertThatThrownBy(() -> longer.verified(KEYS, NOW, "s3"))
        .hasMessageStartingWith("X-Amz-Expires must be less than a week (in seconds);");
  }

  @Test
  void presignedQueryCallsHashTheEmptyBody() {
    Requests request =
        Requests.signedBySdk(
            "GET",
            "http://localhost/?Action=GetCallerIdentity&Version=2011-06-15",
            Map.of(),
            new byte[0],
            IDENTITY,
            "sts",
            Requests.presigned(Duration.ofMinutes(1)));
    assertThat(request.verified(KEYS, NOW, "sts").principal()).isEqualTo("ada");
  }

  @Test
  void aHashedBodyMustHaveItsHash() throws IOException {
    Requests request = s3("http://localhost/bucket/key", BODY, b -> {});
    assertThat(request.header("x-amz-content-sha256")).hasSize(64);
    assertThat(request.decoded(request.verified(KEYS, NOW, "s3"))).isEqualTo(BODY);
    Requests other = request.withBody("something else".getBytes(UTF_8));
    Refused refused =
        catchThrowableOfType(Refused.class, () -> other.decoded(other.verified(KEYS, NOW, "s3")));
    assertError(
        refused,
        Dialect.S3,
        400,
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }

  private static Requests chunked(byte[] body, boolean signed, boolean trailer) {
    return s3(
        "http://localhost/bucket/key",
        body,
        b -> {
          b.putProperty(AwsV4FamilyHttpSigner.CHUNK_ENCODING_ENABLED, true)
              .putProperty(AwsV4FamilyHttpSigner.PAYLOAD_SIGNING_ENABLED, signed);
          if (trailer) {
            b.putProperty(AwsV4FamilyHttpSigner.CHECKSUM_ALGORITHM, DefaultChecksumAlgorithm.CRC32);
          }
        });
  }

  @Property(tries = 30)
  void chunkedBodiesOfTheSdkAreUndone(
      @ForAll @IntRange(max = 400_000) int size, @ForAll boolean signed, @ForAll long seed)
      throws IOException {
    byte[] body = new byte[size];
    new Random(seed).nextBytes(body);
    for (boolean trailer : new boolean[] {true, false}) {
      if (!signed && !trailer) {
        continue; // no such form
      }
      Requests request = chunked(body, signed, trailer);
      assertThat(request.header("x-amz-content-sha256")).startsWith("STREAMING-");
      assertThat(request.decoded(request.verified(KEYS, NOW, "s3"))).isEqualTo(body);
    }
  }

  @Property(tries = 60)
  void anyChangedByteOfASignedChunkedBodyIsRefused(
      @ForAll @Size(min = 1, max = 300) byte[] body, @ForAll @IntRange(max = 10_000) int where) {
    Requests request = chunked(body, true, true);
    byte[] framed = request.body().clone();
    int at = where % framed.length;
    framed[at] ^= 0x01;
    Requests changed = request.withBody(framed);
    assertThatThrownBy(() -> changed.decoded(changed.verified(KEYS, NOW, "s3")))
        .as("byte %d of %s", at, new String(request.body(), UTF_8))
        .isInstanceOf(Refused.class);
  }

  /** A vertical tab is white space to Java; to a signature it is a changed byte. */
  @Test
  void aTrailersLineThatEndsOtherwiseIsRefused() {
    Requests request = chunked(new byte[3], true, true);
    byte[] framed = request.body().clone();
    assertThat(framed[framed.length - 3]).isEqualTo((byte) '\n');
    framed[framed.length - 3] = 0x0b;
    Requests changed = request.withBody(framed);
    assertThatThrownBy(() -> changed.decoded(changed.verified(KEYS, NOW, "s3")))
        .isInstanceOf(Refused.class)
        .hasMessageContaining("trailing data that was not well-formed");
  }

  @Test
  void aTruncatedChunkedBodyIsIncomplete() {
    Requests request = chunked(new byte[100_000], true, true);
    for (int length : new int[] {0, 10, 90, 5000, 99_000}) {
      Requests cut = request.withBody(Arrays.copyOf(request.body(), length));
      Refused refused =
          catchThrowableOfType(Refused.class, () -> cut.decoded(cut.verified(KEYS, NOW, "s3")));
      assertError(
          refused, Dialect.S3, 400, "IncompleteBody", "The request body terminated unexpectedly");
    }
  }

  @Test
  void ourOwnSignaturesVerify() {
    Signer signer = new Signer("ASIASESSION", SECRET, "the-token");
    URI uri = URI.create("http://127.0.0.1:4566/a%20b?x=1&a=%2F");
    Map<String, String> headers = Map.of("Content-Type", "application/x-amz-json-1.1");
    var all = new TreeMap<>(headers);
    all.putAll(signer.sign("POST", uri, headers, BODY, "us-east-1", "ecs", NOW));
    Map<String, java.util.List<String>> sent = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    all.forEach((name, value) -> sent.put(name, java.util.List.of(value)));
    sent.put("Host", java.util.List.of("127.0.0.1:4566"));
    Requests request = new Requests("POST", uri.getRawPath(), uri.getRawQuery(), sent, BODY);
    assertThat(request.verified(KEYS, NOW, "ecs").principal()).isEqualTo("session");
  }
}
