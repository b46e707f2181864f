package gantry.services.ecr;

import static gantry.services.ecr.World.code;
import static gantry.services.ecr.World.header;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecr.Digest.Algorithm;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Pushes of blobs as the OCI distribution specification has them. */
class ConformingUploadTest extends Conformance {

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
    assertThat(world.pushBlob(REPO, bytes("same"))).isEqualTo(world.pushBlob(REPO, bytes("same")));
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
}
