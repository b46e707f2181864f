package gantry.services.ecr;

import static gantry.services.ecr.World.code;
import static gantry.services.ecr.World.header;
import static gantry.services.ecr.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecr.Digest.Algorithm;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the OCI distribution specification asks of a registry, in its four parts: pull, push,
 * content discovery, content management.
 */
class ConformanceTest {

  private static final String REPO = "conformance/test";
  private static final String BLOBS = "/v2/" + REPO + "/blobs/";
  private static final String UPLOADS = BLOBS + "uploads/";
  private static final String MANIFESTS = "/v2/" + REPO + "/manifests/";
  private static final String MISSING = "sha256:" + "0".repeat(64);
  private static final byte[] EMPTY = new byte[0];

  @TempDir Path folder;
  private World world;

  @BeforeEach
  void start() throws IOException {
    world = new World(folder).repository(REPO).repository("conformance/other");
  }

  @AfterEach
  void stop() {
    world.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] random(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Nested
  class Base {

    @Test
    void answersAtItsRoot() throws IOException {
      HttpResponse<byte[]> response = world.get("/v2/");
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(header(response, "Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
    }

    @Test
    void knowsNothingBesides() throws IOException {
      assertThat(world.get("/v2/" + REPO + "/nothing").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UPPER", "a", "-a/b", "a..b", "a/", "a//b", "a%2F..%2Fb", "_x"})
    void refusesNamesThatAreNone(String name) throws IOException {
      HttpResponse<byte[]> response = world.get("/v2/" + name + "/tags/list");
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(code(response)).isEqualTo("NAME_INVALID");
    }

    @Test
    void takesNamesOfAllGoodForms() throws IOException {
      for (String name : List.of("a1", "a.b", "a_b", "a__b", "a---b", "a/b/c/d-e_f.g")) {
        world.repository(name);
        assertThat(world.get("/v2/" + name + "/tags/list").statusCode()).as(name).isEqualTo(200);
      }
    }

    @Test
    void saysThatARepositoryIsNotThere() throws IOException {
      for (String path : List.of("/tags/list", "/manifests/latest", "/blobs/" + MISSING)) {
        HttpResponse<byte[]> response = world.get("/v2/no/such" + path);
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(code(response)).isEqualTo("NAME_UNKNOWN");
        assertThat(text(response))
            .contains(
                "The repository with name 'no/such' does not exist in the registry with id '000000000000'");
      }
      assertThat(code(world.post("/v2/no/such/blobs/uploads/"))).isEqualTo("NAME_UNKNOWN");
    }
  }

  @Nested
  class Pull {

    @Test
    void blobs() throws IOException {
      byte[] content = random(1_000_000, 1);
      Digest digest = world.pushBlob(REPO, content);
      HttpResponse<byte[]> head = world.head(BLOBS + digest);
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(header(head, "Content-Length")).isEqualTo("1000000");
      assertThat(header(head, "Docker-Content-Digest")).isEqualTo(digest.toString());
      HttpResponse<byte[]> get = world.get(BLOBS + digest);
      assertThat(get.statusCode()).isEqualTo(200);
      assertThat(get.body()).isEqualTo(content);
      assertThat(world.get(BLOBS + digest.toString().replace(":", "%3A")).statusCode())
          .isEqualTo(200);
    }

    @Test
    void blobsInRanges() throws IOException {
      byte[] content = random(1000, 2);
      Digest digest = world.pushBlob(REPO, content);
      HttpResponse<byte[]> middle = world.get(BLOBS + digest, "Range", "bytes=10-19");
      assertThat(middle.statusCode()).isEqualTo(206);
      assertThat(header(middle, "Content-Range")).isEqualTo("bytes 10-19/1000");
      assertThat(middle.body()).isEqualTo(Arrays.copyOfRange(content, 10, 20));
      HttpResponse<byte[]> rest = world.get(BLOBS + digest, "Range", "bytes=990-");
      assertThat(rest.statusCode()).isEqualTo(206);
      assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(content, 990, 1000));
      HttpResponse<byte[]> tail = world.get(BLOBS + digest, "Range", "bytes=-5");
      assertThat(tail.body()).isEqualTo(Arrays.copyOfRange(content, 995, 1000));
      HttpResponse<byte[]> beyond = world.get(BLOBS + digest, "Range", "bytes=1000-");
      assertThat(beyond.statusCode()).isEqualTo(416);
      assertThat(header(beyond, "Content-Range")).isEqualTo("bytes */1000");
      assertThat(header(beyond, "Cache-Control")).as("a refusal is not kept").isEmpty();
      HttpResponse<byte[]> same =
          world.get(BLOBS + digest, "Range", "bytes=0-0", "If-Range", "\"" + digest + "\"");
      assertThat(same.statusCode()).isEqualTo(206);
      HttpResponse<byte[]> other =
          world.get(BLOBS + digest, "Range", "bytes=0-0", "If-Range", "\"other\"");
      assertThat(other.statusCode()).isEqualTo(200);
      // What is not understood is answered whole.
      assertThat(world.get(BLOBS + digest, "Range", "bytes=0-1,5-6").body()).isEqualTo(content);
      assertThat(world.get(BLOBS + digest, "Range", "lines=1-2").statusCode()).isEqualTo(200);
    }

    @Test
    void blobsThatAreNotThere() throws IOException {
      assertThat(world.head(BLOBS + MISSING).statusCode()).isEqualTo(404);
      HttpResponse<byte[]> get = world.get(BLOBS + MISSING);
      assertThat(get.statusCode()).isEqualTo(404);
      assertThat(code(get)).isEqualTo("BLOB_UNKNOWN");
    }

    @Test
    void aBlobOfAnotherRepositoryIsNotThere() throws IOException {
      Digest digest = world.pushBlob("conformance/other", bytes("private"));
      assertThat(world.get(BLOBS + digest).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "sha256:abc",
          "sha256:ZZ",
          "md5:d41d8cd98f00b204e9800998ecf8427e",
          "sha512:abc",
          "nonsense",
          "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "sha256:..%2F..%2Fpasswd"
        })
    void malformedDigestsAreRefused(String digest) throws IOException {
      HttpResponse<byte[]> response = world.get(BLOBS + digest.replace("%2F", "."));
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(code(response)).isEqualTo("DIGEST_INVALID");
      assertThat(world.head(BLOBS + digest.replace("%2F", ".")).statusCode()).isEqualTo(400);
      if (digest.contains(":")) {
        assertThat(world.get(MANIFESTS + digest.replace("%2F", ".")).statusCode()).isEqualTo(400);
      }
    }

    @Test
    void manifestsByTagAndDigest() throws IOException {
      byte[] manifest = world.image(REPO, "x");
      HttpResponse<byte[]> put = world.pushManifest(REPO, "v1", manifest, Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(201);
      Digest digest = Digest.of(manifest);
      assertThat(header(put, "Location")).isEqualTo(MANIFESTS + digest);
      for (String reference : List.of("v1", digest.toString())) {
        HttpResponse<byte[]> head = world.head(MANIFESTS + reference);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(header(head, "Content-Length")).isEqualTo("" + manifest.length);
        assertThat(header(head, "Docker-Content-Digest")).isEqualTo(digest.toString());
        assertThat(header(head, "Content-Type")).isEqualTo(Manifest.OCI_MANIFEST);
        HttpResponse<byte[]> get = world.get(MANIFESTS + reference);
        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(get.body()).isEqualTo(manifest);
        assertThat(header(get, "Docker-Content-Digest")).isEqualTo(digest.toString());
      }
    }

    @Test
    void manifestsThatAreNotThere() throws IOException {
      for (String reference : List.of("nope", MISSING, "-bad")) {
        assertThat(world.head(MANIFESTS + reference).statusCode()).isEqualTo(404);
        HttpResponse<byte[]> get = world.get(MANIFESTS + reference);
        assertThat(get.statusCode()).isEqualTo(404);
        assertThat(code(get)).isEqualTo("MANIFEST_UNKNOWN");
      }
    }
  }

  @Nested
  class Push {

    @Test
    void aBlobInOneRequest() throws IOException {
      byte[] content = bytes("monolith");
      Digest digest = Digest.of(content);
      HttpResponse<byte[]> post =
          world.send(
              "POST",
              UPLOADS + "?digest=" + digest,
              content,
              "Content-Type",
              "application/octet-stream");
      assertThat(post.statusCode()).isEqualTo(201);
      assertThat(header(post, "Location")).isEqualTo(BLOBS + digest);
      assertThat(world.get(BLOBS + digest).body()).isEqualTo(content);
    }

    @Test
    void aBlobInPostAndPut() throws IOException {
      HttpResponse<byte[]> post = world.post(UPLOADS);
      assertThat(post.statusCode()).isEqualTo(202);
      assertThat(header(post, "Range")).isEqualTo("0-0");
      assertThat(header(post, "Docker-Upload-UUID")).hasSize(36);
      byte[] content = bytes("post and put");
      HttpResponse<byte[]> put =
          world.send("PUT", header(post, "Location") + "?digest=" + Digest.of(content), content);
      assertThat(put.statusCode()).isEqualTo(201);
      assertThat(header(put, "Location")).isEqualTo(BLOBS + Digest.of(content));
      assertThat(Disk.uploads(folder.resolve("ecr"))).isZero();
    }

    @Test
    void aBlobStreamedAndThenClosed() throws IOException {
      byte[] content = random(700_000, 3);
      String location = header(world.post(UPLOADS), "Location");
      HttpResponse<byte[]> patch = world.send("PATCH", location, content);
      assertThat(patch.statusCode()).isEqualTo(202);
      assertThat(header(patch, "Range")).isEqualTo("0-699999");
      HttpResponse<byte[]> put =
          world.send("PUT", header(patch, "Location") + "?digest=" + Digest.of(content), EMPTY);
      assertThat(put.statusCode()).isEqualTo(201);
      assertThat(world.get(BLOBS + Digest.of(content)).body()).isEqualTo(content);
    }

    @Test
    void aBlobInChunks() throws IOException {
      byte[] content = random(300, 4);
      String location = header(world.post(UPLOADS), "Location");
      HttpResponse<byte[]> first =
          world.send("PATCH", location, part(content, 0, 100), "Content-Range", "0-99");
      assertThat(first.statusCode()).isEqualTo(202);
      assertThat(header(first, "Range")).isEqualTo("0-99");
      location = header(first, "Location");

      // Out of order: refused, and told where it stands.
      HttpResponse<byte[]> early =
          world.send("PATCH", location, part(content, 200, 300), "Content-Range", "200-299");
      assertThat(early.statusCode()).isEqualTo(416);
      assertThat(header(early, "Range")).isEqualTo("0-99");
      HttpResponse<byte[]> again =
          world.send("PATCH", location, part(content, 0, 100), "Content-Range", "0-99");
      assertThat(again.statusCode()).isEqualTo(416);

      HttpResponse<byte[]> status = world.get(location);
      assertThat(status.statusCode()).isEqualTo(204);
      assertThat(header(status, "Range")).isEqualTo("0-99");
      HttpResponse<byte[]> second =
          world.send("PATCH", location, part(content, 100, 200), "Content-Range", "100-199");
      assertThat(second.statusCode()).isEqualTo(202);
      assertThat(header(second, "Range")).isEqualTo("0-199");
      // The last chunk may come with the closing request.
      HttpResponse<byte[]> put =
          world.send(
              "PUT",
              header(second, "Location") + "?digest=" + Digest.of(content),
              part(content, 200, 300),
              "Content-Range",
              "200-299");
      assertThat(put.statusCode()).isEqualTo(201);
      assertThat(world.get(BLOBS + Digest.of(content)).body()).isEqualTo(content);
    }

    private byte[] part(byte[] content, int from, int to) {
      return Arrays.copyOfRange(content, from, to);
    }

    @Test
    void aChunkThatIsLongerThanItsRange() throws IOException {
      String location = header(world.post(UPLOADS), "Location");
      HttpResponse<byte[]> response =
          world.stream("PATCH", location, random(10, 1), "Content-Range", "0-4");
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(code(response)).isEqualTo("SIZE_INVALID");
      assertThat(header(response, "Range")).as("where to go on").isEqualTo("0-4");
    }

    @Test
    void chunksWhoseHeadersDisagree() throws IOException {
      String location = header(world.post(UPLOADS), "Location");
      HttpResponse<byte[]> sizes =
          world.send("PATCH", location, random(10, 1), "Content-Range", "0-19");
      assertThat(sizes.statusCode()).isEqualTo(400);
      assertThat(code(sizes)).isEqualTo("SIZE_INVALID");
      HttpResponse<byte[]> nonsense =
          world.send("PATCH", location, random(10, 1), "Content-Range", "x");
      assertThat(nonsense.statusCode()).isEqualTo(400);
      assertThat(header(world.get(location), "Range")).isEqualTo("0-0");
    }

    @Test
    void sha512() throws IOException {
      byte[] content = random(400_000, 5);
      Digest digest = Digest.of(Algorithm.SHA512, content);
      String location = header(world.post(UPLOADS), "Location");
      world.send("PATCH", location, content);
      assertThat(world.send("PUT", location + "?digest=" + digest, EMPTY).statusCode())
          .isEqualTo(201);
      assertThat(world.get(BLOBS + digest).body()).isEqualTo(content);
      assertThat(world.head(BLOBS + Digest.of(content)).statusCode()).isEqualTo(404);
      byte[] manifest = world.image(REPO, "with sha512");
      Digest longer = Digest.of(Algorithm.SHA512, manifest);
      HttpResponse<byte[]> put =
          world.pushManifest(REPO, longer.toString(), manifest, Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(201);
      assertThat(header(put, "Docker-Content-Digest")).isEqualTo(longer.toString());
      assertThat(world.get(MANIFESTS + longer).body()).isEqualTo(manifest);
    }

    @Test
    void anEmptyBlob() throws IOException {
      Digest digest = world.pushBlob(REPO, EMPTY);
      HttpResponse<byte[]> get = world.get(BLOBS + digest);
      assertThat(get.statusCode()).isEqualTo(200);
      assertThat(get.body()).isEmpty();
    }

    @Test
    void corruptedBytesAreRefused() throws IOException {
      byte[] content = random(5000, 6);
      Digest digest = Digest.of(content);
      content[4321] ^= 1;
      String location = header(world.post(UPLOADS), "Location");
      HttpResponse<byte[]> put = world.send("PUT", location + "?digest=" + digest, content);
      assertThat(put.statusCode()).isEqualTo(400);
      assertThat(code(put)).isEqualTo("DIGEST_INVALID");
      assertThat(world.head(BLOBS + digest).statusCode()).isEqualTo(404);
      assertThat(world.get(location).statusCode()).isEqualTo(404);
      assertThat(Disk.blobs(world.registry.blobs)).isEmpty();
      assertThat(Disk.uploads(folder.resolve("ecr"))).isZero();
    }

    @Test
    void closingWithoutAGoodDigest() throws IOException {
      String location = header(world.post(UPLOADS), "Location");
      assertThat(code(world.send("PUT", location, bytes("x")))).isEqualTo("DIGEST_INVALID");
      assertThat(world.send("PUT", location + "?digest=sha256:x", bytes("x")).statusCode())
          .isEqualTo(400);
      assertThat(world.send("POST", UPLOADS + "?digest=x", bytes("x")).statusCode()).isEqualTo(400);
    }

    @Test
    void cancelling() throws IOException {
      String location = header(world.post(UPLOADS), "Location");
      world.send("PATCH", location, bytes("some"));
      assertThat(world.delete(location).statusCode()).isEqualTo(204);
      HttpResponse<byte[]> gone = world.get(location);
      assertThat(gone.statusCode()).isEqualTo(404);
      assertThat(code(gone)).isEqualTo("BLOB_UPLOAD_UNKNOWN");
      assertThat(world.delete(location).statusCode()).isEqualTo(404);
      assertThat(world.send("PATCH", location, bytes("more")).statusCode()).isEqualTo(404);
    }

    @Test
    void anUploadIsItsRepositorysOwn() throws IOException {
      String location = header(world.post(UPLOADS), "Location");
      assertThat(world.get(location.replace("/test/", "/other/")).statusCode()).isEqualTo(404);
      assertThat(world.get(UPLOADS + "..%2F..%2F..%2Fetc").statusCode()).isEqualTo(404);
    }

    @Test
    void aBlobTwice() throws IOException {
      assertThat(world.pushBlob(REPO, bytes("same")))
          .isEqualTo(world.pushBlob(REPO, bytes("same")));
      assertThat(Disk.blobs(world.registry.blobs)).hasSize(1);
    }

    @Test
    void mountsAcrossRepositories() throws IOException {
      Digest digest = world.pushBlob("conformance/other", bytes("shared layer"));
      HttpResponse<byte[]> mount =
          world.post(UPLOADS + "?mount=" + digest + "&from=conformance/other");
      assertThat(mount.statusCode()).isEqualTo(201);
      assertThat(header(mount, "Location")).isEqualTo(BLOBS + digest);
      assertThat(world.get(BLOBS + digest).body()).isEqualTo(bytes("shared layer"));
      HttpResponse<byte[]> missing =
          world.post(UPLOADS + "?mount=" + MISSING + "&from=conformance/other");
      assertThat(missing.statusCode()).isEqualTo(202);
      assertThat(header(missing, "Location")).startsWith(UPLOADS);
      assertThat(world.post(UPLOADS + "?mount=bad&from=conformance/other").statusCode())
          .isEqualTo(400);
    }

    @Test
    void mountsFromAnywhereInTheRegistry() throws IOException {
      Digest digest = world.pushBlob("conformance/other", bytes("somewhere"));
      assertThat(world.post(UPLOADS + "?mount=" + digest).statusCode()).isEqualTo(201);
      assertThat(world.head(BLOBS + digest).statusCode()).isEqualTo(200);
      assertThat(world.post(UPLOADS + "?mount=" + MISSING).statusCode()).isEqualTo(202);
    }

    @Test
    void imagesOfDockersTypes() throws IOException {
      world.pushBlob(REPO, bytes("{}"));
      byte[] manifest =
          Json.write(
              Map.of(
                  "schemaVersion",
                  2,
                  "mediaType",
                  Manifest.DOCKER_MANIFEST,
                  "config",
                  Manifests.descriptor(
                      bytes("{}"), "application/vnd.docker.container.image.v1+json"),
                  "layers",
                  List.of()));
      assertThat(
              world.pushManifest(REPO, "docker", manifest, Manifest.DOCKER_MANIFEST).statusCode())
          .isEqualTo(201);
      assertThat(header(world.get(MANIFESTS + "docker"), "Content-Type"))
          .isEqualTo(Manifest.DOCKER_MANIFEST);
    }

    @Test
    void anIndexOfImages() throws IOException {
      byte[] one = world.image(REPO, "one");
      byte[] two = world.image(REPO, "two");
      byte[] index = Manifests.index(one, two);
      HttpResponse<byte[]> early = world.pushManifest(REPO, "multi", index, Manifest.OCI_INDEX);
      assertThat(early.statusCode()).isEqualTo(400);
      assertThat(code(early)).isEqualTo("MANIFEST_BLOB_UNKNOWN");
      world.pushManifest(REPO, Digest.of(one).toString(), one, Manifest.OCI_MANIFEST);
      world.pushManifest(REPO, Digest.of(two).toString(), two, Manifest.OCI_MANIFEST);
      assertThat(world.pushManifest(REPO, "multi", index, Manifest.OCI_INDEX).statusCode())
          .isEqualTo(201);
      assertThat(header(world.get(MANIFESTS + "multi"), "Content-Type"))
          .isEqualTo(Manifest.OCI_INDEX);
    }

    @Test
    void aManifestWhoseLayersAreMissing() throws IOException {
      byte[] manifest = Manifests.image(bytes("never pushed"), bytes("nor this"));
      HttpResponse<byte[]> put = world.pushManifest(REPO, "x", manifest, Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(400);
      assertThat(code(put)).isEqualTo("MANIFEST_BLOB_UNKNOWN");
    }

    @Test
    void layersThatMayNotBePassedOnNeedNotBeThere() throws IOException {
      world.pushBlob(REPO, bytes("{}"));
      Map<String, Object> layer =
          Manifests.descriptor(
              bytes("secret"), "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
      layer.put("urls", List.of("https://example.com/layer"));
      byte[] manifest =
          Json.write(
              Map.of(
                  "schemaVersion",
                  2,
                  "config",
                  Manifests.descriptor(bytes("{}"), Manifests.CONFIG),
                  "layers",
                  List.of(layer)));
      assertThat(world.pushManifest(REPO, "foreign", manifest, Manifest.OCI_MANIFEST).statusCode())
          .isEqualTo(201);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "not json",
          "[]",
          "{}",
          "{\"schemaVersion\":1,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"}",
          "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\"}",
          "{\"schemaVersion\":2}",
          "{\"schemaVersion\":2,\"config\":{\"digest\":\"x\"},\"layers\":[]}",
          "{\"schemaVersion\":2,\"manifests\":[],\"config\":{},\"layers\":[]}",
          "{\"schemaVersion\":2,\"config\":{}} trailing",
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},\"layers\":{}}",
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},\"layers\":[\"sha256:00\"]}",
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},\"layers\":[],\"subject\":\"sha256:00\"}",
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},\"layers\":[],\"annotations\":[\"x\"]}"
        })
    void manifestsThatAreNone(String manifest) throws IOException {
      world.pushBlob(REPO, bytes("{}"));
      HttpResponse<byte[]> put =
          world.pushManifest(REPO, "x", bytes(manifest), Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(400);
      assertThat(code(put)).isEqualTo("MANIFEST_INVALID");
    }

    @Test
    void aManifestThatIsTooLarge() throws IOException {
      HttpResponse<byte[]> put =
          world.pushManifest(REPO, "x", new byte[Manifest.MAX_BYTES + 1], Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(413);
    }

    @Test
    void aManifestUnderADigestThatIsNotIts() throws IOException {
      byte[] manifest = world.image(REPO, "x");
      HttpResponse<byte[]> put = world.pushManifest(REPO, MISSING, manifest, Manifest.OCI_MANIFEST);
      assertThat(put.statusCode()).isEqualTo(400);
      assertThat(code(put)).isEqualTo("DIGEST_INVALID");
    }

    @Test
    void aTagThatIsNone() throws IOException {
      byte[] manifest = world.image(REPO, "x");
      for (String tag : List.of(".dot", "a".repeat(129), "a+b")) {
        HttpResponse<byte[]> put = world.pushManifest(REPO, tag, manifest, Manifest.OCI_MANIFEST);
        assertThat(put.statusCode()).as(tag).isEqualTo(400);
        assertThat(code(put)).isEqualTo("TAG_INVALID");
      }
    }
  }

  @Nested
  class ContentDiscovery {

    @Test
    void tagsInOrderAndInPages() throws IOException {
      byte[] manifest = world.image(REPO, "x");
      for (String tag : List.of("test3", "test0", "Upper", "test1", "test2")) {
        world.pushManifest(REPO, tag, manifest, Manifest.OCI_MANIFEST);
      }
      HttpResponse<byte[]> all = world.get("/v2/" + REPO + "/tags/list");
      assertThat(all.statusCode()).isEqualTo(200);
      assertThat(tags(all)).containsExactly("Upper", "test0", "test1", "test2", "test3");
      assertThat(header(all, "Link")).isEmpty();
      HttpResponse<byte[]> page = world.get("/v2/" + REPO + "/tags/list?n=2");
      assertThat(tags(page)).containsExactly("Upper", "test0");
      assertThat(header(page, "Link"))
          .isEqualTo("</v2/" + REPO + "/tags/list?n=2&last=test0>; rel=\"next\"");
      assertThat(tags(world.get("/v2/" + REPO + "/tags/list?n=2&last=test0")))
          .containsExactly("test1", "test2");
      assertThat(tags(world.get("/v2/" + REPO + "/tags/list?last=test2"))).containsExactly("test3");
      assertThat(tags(world.get("/v2/" + REPO + "/tags/list?n=0"))).isEmpty();
      HttpResponse<byte[]> tooMany = world.get("/v2/" + REPO + "/tags/list?n=1001");
      assertThat(tooMany.statusCode()).isEqualTo(405);
      assertThat(text(tooMany)).contains("Member must have value less than or equal to 1000");
      assertThat(world.get("/v2/" + REPO + "/tags/list?n=x").statusCode()).isEqualTo(400);
    }

    private List<String> tags(HttpResponse<byte[]> response) {
      Map<String, Object> json = Json.object(response.body());
      assertThat(json).isNotNull().containsEntry("name", REPO);
      return Json.texts(json, "tags");
    }

    @Test
    void noTags() throws IOException {
      assertThat(text(world.get("/v2/" + REPO + "/tags/list")))
          .isEqualTo("{\"name\":\"" + REPO + "\",\"tags\":[]}");
    }

    @Test
    void referrers() throws IOException {
      byte[] subject = world.image(REPO, "subject");
      world.pushBlob(REPO, bytes("{}"));
      String referrers = "/v2/" + REPO + "/referrers/" + Digest.of(subject);

      HttpResponse<byte[]> none = world.get(referrers);
      assertThat(none.statusCode()).isEqualTo(200);
      assertThat(header(none, "Content-Type")).isEqualTo(Manifest.OCI_INDEX);
      assertThat(found(none)).isEmpty();

      byte[] signature =
          Manifests.artifact(
              bytes("{}"), "application/vnd.oci.empty.v1+json", "my/signature", subject);
      byte[] sbom = Manifests.artifact(bytes("{}"), "my/sbom-config", null, subject);
      for (byte[] artifact : List.of(signature, sbom)) {
        HttpResponse<byte[]> put =
            world.pushManifest(
                REPO, Digest.of(artifact).toString(), artifact, Manifest.OCI_MANIFEST);
        assertThat(put.statusCode()).isEqualTo(201);
        // Before the subject itself is there.
        assertThat(header(put, "OCI-Subject")).isEqualTo(Digest.of(subject).toString());
      }
      world.pushManifest(REPO, "subject", subject, Manifest.OCI_MANIFEST);

      assertThat(found(world.get(referrers)))
          .extracting(each -> each.get("digest"))
          .containsExactlyInAnyOrder(Digest.of(signature).toString(), Digest.of(sbom).toString());
      HttpResponse<byte[]> filtered = world.get(referrers + "?artifactType=my/signature");
      assertThat(header(filtered, "OCI-Filters-Applied")).isEqualTo("artifactType");
      assertThat(found(filtered))
          .singleElement()
          .satisfies(
              each -> {
                assertThat(each)
                    .containsEntry("artifactType", "my/signature")
                    .containsEntry("mediaType", Manifest.OCI_MANIFEST)
                    .containsEntry("size", (long) signature.length);
                assertThat(Json.child(each, "annotations"))
                    .containsEntry("org.opencontainers.test", "yes");
              });
      // An artifact without a type of its own has its configuration's.
      assertThat(found(world.get(referrers + "?artifactType=my/sbom-config"))).hasSize(1);
      assertThat(found(world.get(referrers + "?artifactType=other"))).isEmpty();
      assertThat(world.delete(MANIFESTS + Digest.of(sbom)).statusCode()).isEqualTo(202);
      assertThat(found(world.get(referrers))).hasSize(1);
    }

    private List<Map<String, Object>> found(HttpResponse<byte[]> response) {
      Map<String, Object> json = Json.object(response.body());
      assertThat(json).isNotNull().containsEntry("mediaType", Manifest.OCI_INDEX);
      return Json.children(json, "manifests");
    }

    @Test
    void referrersOfAMalformedDigest() throws IOException {
      assertThat(world.get("/v2/" + REPO + "/referrers/sha256:x").statusCode()).isEqualTo(400);
      assertThat(found(world.get("/v2/" + REPO + "/referrers/" + MISSING))).isEmpty();
    }

    @Test
    void theCatalog() throws IOException {
      assertThat(text(world.get("/v2/_catalog")))
          .isEqualTo("{\"repositories\":[\"conformance/other\",\"conformance/test\"]}");
      HttpResponse<byte[]> page = world.get("/v2/_catalog?n=1");
      assertThat(header(page, "Link"))
          .isEqualTo("</v2/_catalog?n=1&last=conformance%2Fother>; rel=\"next\"");
      assertThat(text(world.get("/v2/_catalog?n=1&last=conformance%2Fother")))
          .isEqualTo("{\"repositories\":[\"conformance/test\"]}");
    }
  }

  @Nested
  class ContentManagement {

    @Test
    void deletesATagAndKeepsTheImage() throws IOException {
      Digest digest = world.pushImage(REPO, "v1", "x");
      assertThat(world.delete(MANIFESTS + "v1").statusCode()).isEqualTo(202);
      assertThat(world.get(MANIFESTS + "v1").statusCode()).isEqualTo(404);
      assertThat(world.get(MANIFESTS + digest).statusCode()).isEqualTo(200);
      assertThat(world.delete(MANIFESTS + "v1").statusCode()).isEqualTo(404);
    }

    @Test
    void deletesAnImageWithItsTags() throws IOException {
      Digest digest = world.pushImage(REPO, "v1", "x");
      assertThat(world.delete(MANIFESTS + digest).statusCode()).isEqualTo(202);
      assertThat(world.get(MANIFESTS + digest).statusCode()).isEqualTo(404);
      assertThat(world.get(MANIFESTS + "v1").statusCode()).isEqualTo(404);
      assertThat(text(world.get("/v2/" + REPO + "/tags/list"))).contains("[]");
      assertThat(world.delete(MANIFESTS + digest).statusCode()).isEqualTo(404);
    }

    @Test
    void keepsAnImageThatAnIndexNames() throws IOException {
      byte[] child = world.image(REPO, "child");
      world.pushManifest(REPO, Digest.of(child).toString(), child, Manifest.OCI_MANIFEST);
      byte[] index = Manifests.index(child);
      world.pushManifest(REPO, "multi", index, Manifest.OCI_INDEX);
      assertThat(world.delete(MANIFESTS + Digest.of(child)).statusCode()).isEqualTo(405);
      assertThat(world.delete(MANIFESTS + Digest.of(index)).statusCode()).isEqualTo(202);
      assertThat(world.delete(MANIFESTS + Digest.of(child)).statusCode()).isEqualTo(202);
    }

    @Test
    void deletesABlobThatNoImageNeeds() throws IOException {
      Digest digest = world.pushBlob(REPO, bytes("loose"));
      assertThat(world.delete(BLOBS + digest).statusCode()).isEqualTo(202);
      assertThat(world.get(BLOBS + digest).statusCode()).isEqualTo(404);
      assertThat(world.delete(BLOBS + digest).statusCode()).isEqualTo(404);
      Digest image = world.pushImage(REPO, "v1", "needed");
      Digest layer = Digest.of(bytes("needed"));
      assertThat(world.delete(BLOBS + layer).statusCode()).isEqualTo(405);
      world.delete(MANIFESTS + image);
      assertThat(world.delete(BLOBS + layer).statusCode()).isEqualTo(202);
    }
  }
}
