package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.iam.IamAuthorizer.Mode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;

/** One registry pulls through from another. */
class PullThroughTest {

  @TempDir Path folder;
  private World upstream;
  private World world;
  private final AtomicInteger requests = new AtomicInteger();

  /** By path, what the upstream answers instead: a status, or bytes. */
  private final Map<String, Integer> refusals = new ConcurrentHashMap<>();

  private final Map<String, byte[]> forged = new ConcurrentHashMap<>();
  private Consumer<String> before = path -> {};

  @BeforeEach
  void start() throws IOException {
    upstream = new World(folder.resolve("upstream")).repository("library/app");
    HttpClient client = HttpClient.newHttpClient();
    Upstream overHttp =
        (url, headers) -> {
          requests.incrementAndGet();
          String wanted = url.substring(url.lastIndexOf("/v2/"));
          before.accept(wanted);
          Integer status = refusals.get(wanted);
          if (status != null) {
            return new Upstream.Answer(status, Map.of(), InputStream.nullInputStream());
          }
          byte[] instead = forged.get(wanted);
          if (instead != null) {
            return new Upstream.Answer(200, Map.of(), new ByteArrayInputStream(instead));
          }
          HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
          headers.forEach(request::header);
          try {
            HttpResponse<InputStream> response =
                client.send(request.build(), BodyHandlers.ofInputStream());
            Map<String, String> found = new LinkedHashMap<>();
            response.headers().map().forEach((name, values) -> found.put(name, values.getFirst()));
            return new Upstream.Answer(response.statusCode(), found, response.body());
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        };
    world =
        new World(
            folder.resolve("cache"),
            new EcrSettings(
                World.HOME,
                true,
                null,
                Mode.AUDIT,
                ImagesInUse.NONE,
                overHttp,
                Set.of(upstream.server.url())));
    world.call(
        ecr ->
            ecr.createPullThroughCacheRule(
                r ->
                    r.ecrRepositoryPrefix("hub")
                        .upstreamRegistryUrl("localhost:" + upstream.server.port())));
  }

  @AfterEach
  void stop() {
    world.close();
    upstream.close();
  }

  @Test
  void fetchesAnIndexWithItsImagesOnceAndThenServesIt() throws IOException {
    byte[] child = upstream.image("library/app", "content");
    upstream.pushManifest("library/app", Digest.of(child).toString(), child, Manifest.OCI_MANIFEST);
    byte[] index = Manifests.index(child);
    upstream.pushManifest("library/app", "v1", index, Manifest.OCI_INDEX);

    String name = "/v2/hub/library/app";
    assertThat(world.get(name + "/manifests/v1").body()).isEqualTo(index);
    int first = requests.get();
    assertThat(world.get(name + "/manifests/" + Digest.of(child)).body()).isEqualTo(child);
    assertThat(world.get(name + "/blobs/" + Digest.of("content".getBytes(UTF_8))).body())
        .isEqualTo("content".getBytes(UTF_8));
    assertThat(world.get(name + "/manifests/v1").statusCode()).isEqualTo(200);
    assertThat(requests).hasValue(first);

    // A day later the tag is looked up again.
    Digest moved = upstream.pushImage("library/app", "v1", "newer");
    assertThat(World.header(world.get(name + "/manifests/v1"), "Docker-Content-Digest"))
        .isEqualTo(Digest.of(index).toString());
    world.time.advance(PullThrough.CHECK_INTERVAL.plus(Duration.ofSeconds(1)));
    assertThat(World.header(world.get(name + "/manifests/v1"), "Docker-Content-Digest"))
        .isEqualTo(moved.toString());

    // And with the upstream gone, the copy is served.
    upstream.server.close();
    world.time.advance(PullThrough.CHECK_INTERVAL.plus(Duration.ofSeconds(1)));
    assertThat(world.get(name + "/manifests/v1").statusCode()).isEqualTo(200);
    assertThat(world.get(name + "/manifests/v2").statusCode()).isEqualTo(404);
  }

  @Test
  void whatTheUpstreamHasNotIsNotThere() throws IOException {
    var answer = world.get("/v2/hub/library/nothing/manifests/v1");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(World.text(answer)).contains("Requested image not found");
    assertThat(
            world
                .store
                .snapshot()
                .get(EcrTables.REPOSITORIES, World.HOME.key("hub/library/nothing")))
        .isNull();
  }

  private static final String APP = "/v2/hub/library/app";
  private static final String UPSTREAM_APP = "/v2/library/app";

  @Test
  void saysWhyTheUpstreamDoesNotGiveAnImage() throws IOException {
    for (var each :
        List.of(
            new Refused(403, 403, "DENIED", ImageFailureCode.UPSTREAM_ACCESS_DENIED),
            new Refused(429, 429, "TOOMANYREQUESTS", ImageFailureCode.UPSTREAM_TOO_MANY_REQUESTS),
            new Refused(502, 404, "MANIFEST_UNKNOWN", ImageFailureCode.UPSTREAM_UNAVAILABLE))) {
      refusals.put(UPSTREAM_APP + "/manifests/v1", each.status);
      var answer = world.get(APP + "/manifests/v1");
      assertThat(answer.statusCode()).isEqualTo(each.answered);
      assertThat(World.code(answer)).isEqualTo(each.code);
      assertThat(World.text(answer)).contains("answers " + each.status + " for manifests/v1");
      var failures =
          world
              .call(
                  ecr ->
                      ecr.batchGetImage(
                          r -> r.repositoryName("hub/library/app").imageIds(i -> i.imageTag("v1"))))
              .failures();
      assertThat(failures).hasSize(1);
      assertThat(failures.getFirst().failureCode()).isEqualTo(each.failure);
      assertThat(failures.getFirst().failureReason()).contains("answers " + each.status);
    }
  }

  private record Refused(int status, int answered, String code, ImageFailureCode failure) {}

  /** The tag has moved upstream, and here it may not. */
  @Test
  void theCopyUnderAnImmutableTagIsServed() throws IOException {
    world.call(
        ecr ->
            ecr.createRepositoryCreationTemplate(
                r ->
                    r.prefix("hub")
                        .appliedForWithStrings("PULL_THROUGH_CACHE")
                        .imageTagMutability(ImageTagMutability.IMMUTABLE)));
    Digest first = upstream.pushImage("library/app", "v1", "first");
    assertThat(world.get(APP + "/manifests/v1").statusCode()).isEqualTo(200);
    upstream.pushImage("library/app", "v1", "second");
    world.time.advance(PullThrough.CHECK_INTERVAL.plus(Duration.ofSeconds(1)));
    var answer = world.get(APP + "/manifests/v1");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(World.header(answer, "Docker-Content-Digest")).isEqualTo(first.toString());
  }

  @Test
  void theCopyIsServedWhileNothingCanBeWritten() throws IOException {
    upstream.pushImage("library/app", "v1", "first");
    world.get(APP + "/manifests/v1");
    upstream.pushImage("library/app", "v1", "second");
    world.time.advance(PullThrough.CHECK_INTERVAL.plus(Duration.ofSeconds(1)));
    world.logUnavailable = true;
    assertThat(world.get(APP + "/manifests/v1").statusCode()).isEqualTo(200);
  }

  @Test
  void anUpstreamThatDoesNotAnswerIsLeftAloneForAWhile() throws IOException {
    upstream.pushImage("library/app", "v1", "first");
    world.get(APP + "/manifests/v1");
    world.time.advance(PullThrough.CHECK_INTERVAL.plus(Duration.ofSeconds(1)));
    refusals.put(UPSTREAM_APP + "/manifests/v1", 503);
    int asked = requests.get();
    for (int i = 0; i < 5; i++) {
      assertThat(world.get(APP + "/manifests/v1").statusCode()).isEqualTo(200);
    }
    assertThat(requests).hasValue(asked + 1);
    world.time.advance(PullThrough.RETRY_INTERVAL);
    world.get(APP + "/manifests/v1");
    assertThat(requests).hasValue(asked + 2);
  }

  /** Twenty tasks start at once. */
  @Test
  void manyWhoWantTheSameImageFetchItOnce() throws Exception {
    upstream.pushImage("library/app", "v1", "content");
    CountDownLatch all = new CountDownLatch(1);
    before =
        path -> {
          if (path.equals(UPSTREAM_APP + "/manifests/v1")) {
            try {
              assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
        };
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> pulls = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        pulls.add(threads.submit(() -> world.get(APP + "/manifests/v1").statusCode()));
      }
      all.countDown();
      for (Future<Integer> pull : pulls) {
        assertThat(pull.get()).isEqualTo(200);
      }
    }
    assertThat(requests).as("a manifest and two blobs").hasValue(3);
  }

  @Test
  void bytesOfAnotherDigestAreNotKeptNorWhatTheyName() throws IOException {
    byte[] child = upstream.image("library/app", "content");
    upstream.pushManifest("library/app", Digest.of(child).toString(), child, Manifest.OCI_MANIFEST);
    byte[] index = Manifests.index(child);
    upstream.pushManifest("library/app", "v1", index, Manifest.OCI_INDEX);
    byte[] other = Manifests.image("other".getBytes(UTF_8), "layer".getBytes(UTF_8));
    forged.put(UPSTREAM_APP + "/manifests/" + Digest.of(child), other);
    var answer = world.get(APP + "/manifests/v1");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(World.text(answer)).contains("it has the digest " + Digest.of(other));
    assertThat(requests).as("no layer was asked for").hasValue(2);
  }

  @Test
  void whatIsNoReferenceIsNotAskedFor() throws IOException {
    for (String reference : List.of("v1%3Fx=y", "..", "a%20b", "sha256:abc", "md5:00")) {
      assertThat(world.get(APP + "/manifests/" + reference).statusCode())
          .as(reference)
          .isIn(400, 404);
    }
    assertThat(requests).hasValue(0);
  }

  @Test
  void rules() {
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.createPullThroughCacheRule(
                            r -> r.ecrRepositoryPrefix("hub").upstreamRegistryUrl("quay.io"))))
        .isInstanceOf(PullThroughCacheRuleAlreadyExistsException.class);
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.createPullThroughCacheRule(
                            r -> r.ecrRepositoryPrefix("x1").upstreamRegistryUrl("not a host"))))
        .isInstanceOf(UnsupportedUpstreamRegistryException.class);
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.createPullThroughCacheRule(
                            r ->
                                r.ecrRepositoryPrefix("x1")
                                    .upstreamRegistryUrl("registry.example.com"))))
        .isInstanceOf(UnsupportedUpstreamRegistryException.class)
        .hasMessageContaining("--upstream");
    assertThatThrownBy(
            () ->
                world.call(
                    ecr ->
                        ecr.createPullThroughCacheRule(
                            r ->
                                r.ecrRepositoryPrefix("x1")
                                    .upstreamRegistry("quay")
                                    .upstreamRegistryUrl("registry.k8s.io"))))
        .isInstanceOf(InvalidParameterException.class);
    assertThat(
            world
                .call(ecr -> ecr.validatePullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub")))
                .isValid())
        .isTrue();
    upstream.server.close();
    assertThat(
            world
                .call(ecr -> ecr.validatePullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub")))
                .isValid())
        .isFalse();
    assertThat(
            Set.copyOf(
                world
                    .call(ecr -> ecr.describePullThroughCacheRules(r -> {}))
                    .pullThroughCacheRules()))
        .hasSize(1);
    world.call(ecr -> ecr.deletePullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub")));
    assertThat(
            world.call(ecr -> ecr.describePullThroughCacheRules(r -> {})).pullThroughCacheRules())
        .isEmpty();
  }
}
