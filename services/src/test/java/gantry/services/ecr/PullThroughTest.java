package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.iam.IamAuthorizer.Mode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;

/** One registry pulls through from another. */
class PullThroughTest {

  @TempDir Path folder;
  private World upstream;
  private World world;
  private int requests;

  @BeforeEach
  void start() throws IOException {
    upstream = new World(folder.resolve("upstream")).repository("library/app");
    HttpClient client = HttpClient.newHttpClient();
    Upstream overHttp =
        (url, headers) -> {
          requests++;
          HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
          headers.forEach(request::header);
          try {
            HttpResponse<java.io.InputStream> response =
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
    int first = requests;
    assertThat(world.get(name + "/manifests/" + Digest.of(child)).body()).isEqualTo(child);
    assertThat(world.get(name + "/blobs/" + Digest.of("content".getBytes(UTF_8))).body())
        .isEqualTo("content".getBytes(UTF_8));
    assertThat(world.get(name + "/manifests/v1").statusCode()).isEqualTo(200);
    assertThat(requests).isEqualTo(first);

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
