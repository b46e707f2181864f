package gantry.services.ecr;

import static gantry.services.ecr.World.code;
import static gantry.services.ecr.World.header;
import static gantry.services.ecr.World.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the OCI distribution specification says of a registry as a whole, and of pulls. */
class ConformingPullTest extends Conformance {

  @Test
  void answersAtItsRoot() throws IOException {
    HttpResponse<byte[]> response = world.get("/v2/");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(header(response, "Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
  }

  @Test
  void saysWhichMethodsThereAre() throws IOException {
    HttpResponse<byte[]> response = world.post("/v2/" + REPO + "/tags/list");
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(code(response)).isEqualTo("UNSUPPORTED");
    assertThat(header(response, "Allow")).isEqualTo("GET");
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
