package gantry.services.ecr;

import static gantry.services.ecr.World.header;
import static gantry.services.ecr.World.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Content discovery and management of the OCI distribution specification. */
class ConformingDiscoveryTest extends Conformance {

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
          world.pushManifest(REPO, Digest.of(artifact).toString(), artifact, Manifest.OCI_MANIFEST);
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
