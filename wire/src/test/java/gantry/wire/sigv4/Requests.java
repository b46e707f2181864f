package gantry.wire.sigv4;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignRequest;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/** Requests as the SDK's own signer signs them, seen from the other end of the wire. */
record Requests(
    String method,
    String path,
    String query,
    Map<String, List<String>> all,
    @SuppressWarnings("ArrayRecordComponent") byte[] body)
    implements SignedMessage {

  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

  static Requests signedBySdk(
      String method,
      String url,
      Map<String, String> headers,
      byte[] body,
      AwsCredentialsIdentity identity,
      String service,
      Consumer<SignRequest.Builder<AwsCredentialsIdentity>> more) {
    var request =
        SdkHttpFullRequest.builder().method(SdkHttpMethod.fromValue(method)).uri(URI.create(url));
    headers.forEach(request::putHeader);
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    SignedRequest signed =
        AwsV4HttpSigner.create()
            .sign(
                b -> {
                  b.identity(identity)
                      .request(request.build())
                      .payload(ContentStreamProvider.fromByteArray(body))
                      .putProperty(AwsV4FamilyHttpSigner.SERVICE_SIGNING_NAME, service)
                      .putProperty(AwsV4HttpSigner.REGION_NAME, "eu-central-1")
                      .putProperty(HttpSigner.SIGNING_CLOCK, clock);
                  if (service.equals("s3")) {
                    b.putProperty(AwsV4FamilyHttpSigner.DOUBLE_URL_ENCODE, false)
                        .putProperty(AwsV4FamilyHttpSigner.NORMALIZE_PATH, false);
                  }
                  more.accept(b);
                });
    return of(signed);
  }

  static Consumer<SignRequest.Builder<AwsCredentialsIdentity>> presigned(Duration expires) {
    return b ->
        b.putProperty(
                AwsV4FamilyHttpSigner.AUTH_LOCATION,
                AwsV4FamilyHttpSigner.AuthLocation.QUERY_STRING)
            .putProperty(AwsV4FamilyHttpSigner.EXPIRATION_DURATION, expires)
            .putProperty(AwsV4FamilyHttpSigner.PAYLOAD_SIGNING_ENABLED, false);
  }

  private static Requests of(SignedRequest signed) {
    SdkHttpRequest request = signed.request();
    Map<String, List<String>> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    request.forEachHeader((name, values) -> all.put(name, List.copyOf(values)));
    boolean usualPort = request.port() == 80 || request.port() == 443;
    all.putIfAbsent(
        "host", List.of(usualPort ? request.host() : request.host() + ":" + request.port()));
    byte[] body =
        signed
            .payload()
            .map(
                provider -> {
                  try (InputStream in = provider.newStream()) {
                    return in.readAllBytes();
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                })
            .orElse(new byte[0]);
    return new Requests(
        request.method().name(),
        request.encodedPath(),
        request.encodedQueryParameters().orElse(""),
        all,
        body);
  }

  @Override
  public List<String> headers(String name) {
    return all.getOrDefault(name, List.of());
  }

  @Override
  public Collection<String> headerNames() {
    return all.keySet().stream().map(Canonical::lower).toList();
  }

  Requests with(String name, @Nullable String value) {
    Map<String, List<String>> changed = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    changed.putAll(all);
    if (value == null) {
      changed.remove(name);
    } else {
      changed.put(name, List.of(value));
    }
    return new Requests(method, path, query, changed, body);
  }

  Requests withPath(String newPath) {
    return new Requests(method, newPath, query, all, body);
  }

  Requests withQuery(String newQuery) {
    return new Requests(method, path, newQuery, all, body);
  }

  Requests withBody(byte[] newBody) {
    return new Requests(method, path, query, all, newBody);
  }

  Verifier.Verified<String> verified(CredentialLookup<String> keys, Instant now, String service) {
    return new Verifier<>(keys, Clock.fixed(now, ZoneOffset.UTC))
        .verify(this, Claim.of(this), service, () -> body);
  }

  byte[] decoded(Verifier.Verified<String> verified) throws IOException {
    List<byte[]> parts = new ArrayList<>();
    try (InputStream in = verified.payload().decode(new ByteArrayInputStream(body))) {
      parts.add(in.readAllBytes());
    }
    return parts.getFirst();
  }
}
