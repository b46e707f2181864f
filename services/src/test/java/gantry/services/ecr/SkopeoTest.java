package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** skopeo, unmodified, against a registry that wants credentials. */
@Tag("client")
class SkopeoTest {

  @TempDir Path folder;

  @Test
  void copiesAnImageOfManyLayersInAndOut() throws Exception {
    try (World source = new World(folder.resolve("a"));
        World target = new World(folder.resolve("b"), World.closed());
        PlainPort from = new PlainPort(source.server.port());
        PlainPort into = new PlainPort(target.server.port())) {
      source.repository("app");
      target.repository("copy");
      byte[] config =
          "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
              .getBytes(UTF_8);
      source.pushBlob("app", config);
      byte[][] layers = new byte[30][];
      for (int i = 0; i < layers.length; i++) {
        java.io.ByteArrayOutputStream packed = new java.io.ByteArrayOutputStream();
        try (var gzip = new java.util.zip.GZIPOutputStream(packed)) {
          gzip.write(("layer " + i).repeat(1000).getBytes(UTF_8));
        }
        layers[i] = packed.toByteArray();
        source.pushBlob("app", layers[i]);
      }
      byte[] manifest = Manifests.image(config, layers);
      source.pushManifest("app", "v1", manifest, Manifest.OCI_MANIFEST);

      String password =
          new String(
              Base64.getDecoder()
                  .decode(
                      target
                          .call(ecr -> ecr.getAuthorizationToken())
                          .authorizationData()
                          .getFirst()
                          .authorizationToken()),
              UTF_8);
      String to = "docker://localhost:" + into.port() + "/copy:v1";
      DockerPushPullTest.run(
          "skopeo",
          "copy",
          "--preserve-digests",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
          "--dest-creds",
          password,
          "docker://localhost:" + from.port() + "/app:v1",
          to);
      assertThat(
              Images.find(
                  target.store.snapshot(), World.HOME, "copy", Digest.of(manifest).toString()))
          .isNotNull();
      String inspected =
          DockerPushPullTest.run(
              "skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", password, to);
      assertThat(Digest.of(inspected.getBytes(UTF_8))).isEqualTo(Digest.of(manifest));
    }
  }
}
