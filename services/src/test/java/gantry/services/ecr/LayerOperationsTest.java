package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.ecr.model.EmptyUploadException;
import software.amazon.awssdk.services.ecr.model.InvalidLayerException;
import software.amazon.awssdk.services.ecr.model.InvalidLayerPartException;
import software.amazon.awssdk.services.ecr.model.LayerAvailability;
import software.amazon.awssdk.services.ecr.model.ServerException;

/** Layers through the API. */
class LayerOperationsTest extends OpenRegistry {

  @Test
  void layersThroughTheApi() throws IOException {
    world.repository("app");
    byte[] layer = "a layer".getBytes(UTF_8);
    Digest digest = Digest.of(layer);
    String upload =
        world.call(ecr -> ecr.initiateLayerUpload(r -> r.repositoryName("app"))).uploadId();
    assertThatThrownBy(() -> complete(upload, digest)).isInstanceOf(EmptyUploadException.class);
    assertThatThrownBy(() -> part(upload, 5, layer))
        .isInstanceOfSatisfying(
            InvalidLayerPartException.class,
            e -> assertThat(e.lastValidByteReceived()).isEqualTo(-1));
    part(upload, 0, layer);
    complete(upload, digest);
    var checked =
        world.call(
            ecr ->
                ecr.batchCheckLayerAvailability(
                    r ->
                        r.repositoryName("app")
                            .layerDigests(digest.toString(), "sha256:" + "0".repeat(64), "x")));
    assertThat(checked.layers())
        .extracting(each -> each.layerAvailability())
        .containsExactly(LayerAvailability.AVAILABLE, LayerAvailability.UNAVAILABLE);
    assertThat(checked.failures()).hasSize(1);

    String bad =
        world.call(ecr -> ecr.initiateLayerUpload(r -> r.repositoryName("app"))).uploadId();
    part(bad, 0, "other bytes".getBytes(UTF_8));
    assertThatThrownBy(() -> complete(bad, Digest.of(new byte[1])))
        .isInstanceOf(InvalidLayerException.class);

    world.pushImage("app", "v1", "a layer");
    String url =
        world
            .call(
                ecr ->
                    ecr.getDownloadUrlForLayer(
                        r -> r.repositoryName("app").layerDigest(digest.toString())))
            .downloadUrl();
    assertThat(world.get(url).body()).isEqualTo(layer);
  }

  /**
   * The caller is told that it is not the caller's fault, and the reason goes along for the log.
   */
  @Test
  void aDiskThatCannotBeWrittenIsOurs() throws IOException {
    world.repository("app");
    Path uploads = folder.resolve("ecr").resolve("uploads");
    Files.delete(uploads);
    Files.writeString(uploads, "no folder");
    assertThatThrownBy(
            () -> world.call(ecr -> ecr.initiateLayerUpload(r -> r.repositoryName("app"))))
        .isInstanceOfSatisfying(
            ServerException.class, e -> assertThat(e.statusCode()).isEqualTo(500))
        .hasRootCauseInstanceOf(IOException.class);
  }

  private void part(String upload, long first, byte[] bytes) {
    world.call(
        ecr ->
            ecr.uploadLayerPart(
                r ->
                    r.repositoryName("app")
                        .uploadId(upload)
                        .partFirstByte(first)
                        .partLastByte(first + bytes.length - 1)
                        .layerPartBlob(SdkBytes.fromByteArray(bytes))));
  }

  private void complete(String upload, Digest digest) {
    world.call(
        ecr ->
            ecr.completeLayerUpload(
                r -> r.repositoryName("app").uploadId(upload).layerDigests(digest.toString())));
  }
}
