package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Gantry;
import gantry.app.Options;
import gantry.state.Scope;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.services.ecr.EcrClient;

/**
 * The four workflows of the OCI distribution specification's conformance tests, in their order,
 * over the program's own port; the registry's package tests each rule by itself.
 */
@Timeout(300)
class DistributionTest {

  private static final byte[] NOTHING = new byte[0];
  private static final String ABSENT = "sha256:" + "0".repeat(64);

  private static Gantry gantry;
  private static Pushes client;

  @BeforeAll
  static void start() {
    gantry = Gantry.start(Options.ephemeral());
    client = new Pushes(gantry.url());
    EcrClient ecr =
        gantry
            .clients()
            .as("test.amazonaws.com", new Scope(Options.ACCOUNT, Options.REGION), EcrClient.class);
    for (String name : List.of("pull", "push", "push/other", "discover", "manage")) {
      ecr.createRepository(r -> r.repositoryName(name));
    }
  }

  @AfterAll
  static void stop() {
    client.close();
    gantry.close();
  }

  private static HttpResponse<byte[]> expect(int status, String method, String path)
      throws IOException {
    return expect(status, method, path, NOTHING);
  }

  private static HttpResponse<byte[]> expect(
      int status, String method, String path, byte[] body, String... headers) throws IOException {
    HttpResponse<byte[]> answer = client.send(method, path, body, headers);
    assertThat(answer.statusCode())
        .as(method + " " + path + ": " + new String(answer.body(), UTF_8))
        .isEqualTo(status);
    if (status >= 400 && !method.equals("HEAD")) {
      assertThat(new String(answer.body(), UTF_8))
          .startsWith("{\"errors\":[{\"code\":\"")
          .contains("\"message\":");
    }
    return answer;
  }

  private static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  private static byte[] bytes(int seed, int count) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static String begin(String repository) throws IOException {
    return header(expect(202, "POST", "/v2/" + repository + "/blobs/uploads/"), "location");
  }

  private static String digestQuery(String location, String digest) {
    // As the conformance tests send it.
    return location + "?digest=" + digest.replace(":", "%3A");
  }

  @Test
  void pull() throws IOException {
    byte[] layer = bytes(1, 100_000);
    String digest = client.image("pull", "tagtest0", "amd64", layer);
    String blob = Pushes.digest(layer);
    for (String method : List.of("HEAD", "GET")) {
      expect(404, method, "/v2/pull/blobs/" + ABSENT);
      expect(404, method, "/v2/pull/manifests/nowhere");
      var found = expect(200, method, "/v2/pull/blobs/" + blob);
      assertThat(header(found, "docker-content-digest")).isEqualTo(blob);
      assertThat(header(found, "content-length")).isEqualTo("100000");
      for (String reference : List.of("tagtest0", digest)) {
        var manifest =
            expect(
                200, method, "/v2/pull/manifests/" + reference, NOTHING, "Accept", Pushes.MANIFEST);
        assertThat(header(manifest, "docker-content-digest")).isEqualTo(digest);
        assertThat(header(manifest, "content-type")).isEqualTo(Pushes.MANIFEST);
      }
    }
    assertThat(client.get("/v2/pull/blobs/" + blob)).isEqualTo(layer);
    var part = expect(206, "GET", "/v2/pull/blobs/" + blob, NOTHING, "Range", "bytes=10-19");
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(layer, 10, 20));
    assertThat(header(part, "content-range")).isEqualTo("bytes 10-19/100000");
    expect(416, "GET", "/v2/pull/blobs/" + blob, NOTHING, "Range", "bytes=100000-");
    expect(400, "GET", "/v2/pull/blobs/sha256:totallywrong");
    expect(400, "PUT", "/v2/pull/manifests/sha256:totallywrong", "blablabla".getBytes(UTF_8));
  }

  @Test
  void push() throws Exception {
    byte[] blob = bytes(2, 50_000);
    String digest = Pushes.digest(blob);

    // Streamed: a PATCH of unknown length, then PUT.
    String location = begin("push");
    try (HttpClient streaming = HttpClient.newHttpClient()) {
      var patched =
          streaming.send(
              HttpRequest.newBuilder(URI.create(gantry.url() + location))
                  .method(
                      "PATCH", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(blob)))
                  .header("Content-Type", "application/octet-stream")
                  .build(),
              BodyHandlers.ofByteArray());
      assertThat(patched.statusCode()).isEqualTo(202);
      location = header(patched, "location");
    }
    var done = expect(201, "PUT", digestQuery(location, digest));
    assertThat(client.get(header(done, "location"))).isEqualTo(blob);

    // In one request, and in two.
    byte[] other = bytes(3, 20_000);
    expect(404, "GET", "/v2/push/blobs/" + Pushes.digest(other));
    expect(
        201,
        "POST",
        digestQuery("/v2/push/blobs/uploads/", Pushes.digest(other)),
        other,
        "Content-Type",
        "application/octet-stream");
    byte[] config = Pushes.config("amd64");
    done = expect(201, "PUT", digestQuery(begin("push"), Pushes.digest(config)), config);
    assertThat(header(done, "location")).isNotEmpty();
    assertThat(client.get("/v2/push/blobs/" + Pushes.digest(config))).isEqualTo(config);

    // In chunks: out of order, the first, that again, where it stands, the second, the end.
    byte[] chunked = bytes(4, 30_000);
    location = begin("push");
    byte[] first = Arrays.copyOf(chunked, 12_000);
    byte[] second = Arrays.copyOfRange(chunked, 12_000, chunked.length);
    expect(416, "PATCH", location, second, "Content-Range", "12000-29999");
    var at = expect(202, "PATCH", location, first, "Content-Range", "0-11999");
    assertThat(header(at, "range")).isEqualTo("0-11999");
    expect(416, "PATCH", header(at, "location"), first, "Content-Range", "0-11999");
    at = expect(204, "GET", location);
    assertThat(header(at, "range")).isEqualTo("0-11999");
    at = expect(202, "PATCH", header(at, "location"), second, "Content-Range", "12000-29999");
    done = expect(201, "PUT", digestQuery(header(at, "location"), Pushes.digest(chunked)));
    assertThat(client.get(header(done, "location"))).isEqualTo(chunked);

    // Mounted from another repository, and from wherever it is.
    for (String query : List.of("?mount=" + digest + "&from=push", "?mount=" + digest)) {
      done = expect(201, "POST", "/v2/push/other/blobs/uploads/" + query);
      assertThat(client.get(header(done, "location"))).isEqualTo(blob);
    }
    expect(202, "POST", "/v2/push/other/blobs/uploads/?mount=" + ABSENT + "&from=push");

    // Cancelled.
    location = begin("push");
    expect(204, "DELETE", location);
    expect(404, "GET", location);

    // Manifests, also one without layers.
    expect(404, "GET", "/v2/push/manifests/v1");
    byte[] manifest = Pushes.manifest(config, List.of(blob, other));
    done = expect(201, "PUT", "/v2/push/manifests/v1", manifest, "Content-Type", Pushes.MANIFEST);
    assertThat(client.get(header(done, "location"))).isEqualTo(manifest);
    expect(
        201,
        "PUT",
        "/v2/push/manifests/empty",
        Pushes.manifest(config, List.of()),
        "Content-Type",
        Pushes.MANIFEST);
  }

  @Test
  void discovery() throws IOException {
    String subject = client.image("discover", "test0", "amd64", bytes(5, 10));
    byte[] config = Pushes.config("amd64");
    byte[] manifest = client.get("/v2/discover/manifests/test0");
    for (int i = 1; i < 4; i++) {
      client.put("discover", "test" + i, Pushes.MANIFEST, manifest);
    }
    assertThat(new String(client.get("/v2/discover/tags/list"), UTF_8))
        .isEqualTo("{\"name\":\"discover\",\"tags\":[\"test0\",\"test1\",\"test2\",\"test3\"]}");
    var page = expect(200, "GET", "/v2/discover/tags/list?n=2");
    assertThat(new String(page.body(), UTF_8)).contains("[\"test0\",\"test1\"]");
    assertThat(header(page, "link")).contains("n=2").contains("rel=\"next\"");
    assertThat(new String(client.get("/v2/discover/tags/list?n=2&last=test1"), UTF_8))
        .contains("[\"test2\",\"test3\"]");

    var none = expect(200, "GET", "/v2/discover/referrers/" + ABSENT);
    assertThat(new String(none.body(), UTF_8)).contains("\"manifests\":[]");
    assertThat(header(none, "content-type")).isEqualTo(Pushes.INDEX);
    for (String type : List.of("application/vnd.one", "application/vnd.two")) {
      byte[] referrer = referrer(subject, manifest.length, type, config);
      var pushed =
          expect(
              201,
              "PUT",
              "/v2/discover/manifests/" + Pushes.digest(referrer),
              referrer,
              "Content-Type",
              Pushes.MANIFEST);
      assertThat(header(pushed, "oci-subject")).isEqualTo(subject);
    }
    var all = expect(200, "GET", "/v2/discover/referrers/" + subject);
    assertThat(new String(all.body(), UTF_8))
        .contains("application/vnd.one", "application/vnd.two");
    var some =
        expect(
            200,
            "GET",
            "/v2/discover/referrers/" + subject + "?artifactType=application%2Fvnd.one");
    assertThat(header(some, "oci-filters-applied")).isEqualTo("artifactType");
    assertThat(new String(some.body(), UTF_8))
        .contains("application/vnd.one")
        .doesNotContain("application/vnd.two");
    // A referrer may come before its subject.
    byte[] early = referrer(ABSENT, 1, "application/vnd.early", config);
    var pushed =
        expect(
            201,
            "PUT",
            "/v2/discover/manifests/" + Pushes.digest(early),
            early,
            "Content-Type",
            Pushes.MANIFEST);
    assertThat(header(pushed, "oci-subject")).isEqualTo(ABSENT);
  }

  private static byte[] referrer(String subject, int size, String type, byte[] config) {
    String plain = new String(Pushes.manifest(config, List.of()), UTF_8);
    return (plain.substring(0, plain.length() - 1)
            + ",\"artifactType\":\""
            + type
            + "\",\"subject\":{\"mediaType\":\""
            + Pushes.MANIFEST
            + "\",\"digest\":\""
            + subject
            + "\",\"size\":"
            + size
            + "}}")
        .getBytes(UTF_8);
  }

  @Test
  void management() throws IOException {
    byte[] layer = bytes(6, 1_000);
    String digest = client.image("manage", "v1", "amd64", layer);
    client.image("manage", "v2", "arm64", layer);
    expect(202, "DELETE", "/v2/manage/manifests/v1");
    expect(404, "GET", "/v2/manage/manifests/v1");
    expect(200, "GET", "/v2/manage/manifests/" + digest);
    expect(202, "DELETE", "/v2/manage/manifests/" + digest);
    expect(404, "GET", "/v2/manage/manifests/" + digest);
    expect(404, "DELETE", "/v2/manage/manifests/" + digest);
    assertThat(new String(client.get("/v2/manage/tags/list"), UTF_8)).contains("[\"v2\"]");
    // The layer is still v2's.
    expect(405, "DELETE", "/v2/manage/blobs/" + Pushes.digest(layer));
    expect(202, "DELETE", "/v2/manage/manifests/v2");
    expect(404, "DELETE", "/v2/manage/blobs/" + ABSENT);
    byte[] loose = bytes(7, 100);
    client.blob("manage", loose);
    expect(202, "DELETE", "/v2/manage/blobs/" + Pushes.digest(loose));
    expect(404, "GET", "/v2/manage/blobs/" + Pushes.digest(loose));
  }
}
