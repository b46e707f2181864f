package gantry.services.ecr;

import static gantry.services.ecr.World.code;
import static gantry.services.ecr.World.header;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pushes of manifests as the OCI distribution specification has them. */
class ConformingManifestTest extends Conformance {

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
                Manifests.descriptor(bytes("{}"), "application/vnd.docker.container.image.v1+json"),
                "layers",
                List.of()));
    assertThat(world.pushManifest(REPO, "docker", manifest, Manifest.DOCKER_MANIFEST).statusCode())
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
