package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecr.Collector.Collected;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is collected and when, and what a push that is under way can rely on. */
class CollectorTest extends OpenRegistry {

  private static final Duration MINUTE = Duration.ofMinutes(1);

  private Collector collector;

  @BeforeEach
  void start() {
    world.repository("app").repository("other");
    collector = new Collector(world.registry);
  }

  private static Digest layer(String content) {
    return Digest.of(content.getBytes(UTF_8));
  }

  @Test
  void whatNobodyNeedsGoesAfterItsGrace() throws IOException {
    Digest shared = world.pushBlob("app", "shared".getBytes(UTF_8));
    world.pushBlob("other", "shared".getBytes(UTF_8));
    Digest image = world.pushImage("app", "v1", "kept");
    collector.collect();
    assertThat(Disk.blobs(world.registry.blobs)).hasSize(4);

    world.time.advance(Layers.GRACE.plus(MINUTE));
    assertThat(collector.collect()).isEqualTo(new Collected(2, 1, 0));
    assertThat(world.registry.blobs.size(shared)).isEqualTo(-1);
    assertThat(world.get("/v2/app/blobs/" + layer("kept")).statusCode()).isEqualTo(200);

    world.delete("/v2/app/manifests/" + image);
    assertThat(collector.collect()).as("its manifest").isEqualTo(new Collected(0, 1, 0));
    world.time.advance(Layers.GRACE.plus(MINUTE));
    assertThat(collector.collect()).as("its layers").isEqualTo(new Collected(2, 2, 0));
    assertThat(Disk.blobs(world.registry.blobs)).isEmpty();
  }

  /** A client asks for the layers first and names them at the end of its push. */
  @Test
  void aLayerStaysForAPushThatSawItBeforeItsLastImageWasDeleted() throws IOException {
    Digest old = world.pushImage("app", "v1", "base");
    byte[] config = "{\"os\":\"linux\"}".getBytes(UTF_8);
    world.time.advance(Duration.ofDays(30));
    world.pushBlob("app", config);
    assertThat(world.head("/v2/app/blobs/" + layer("base")).statusCode()).isEqualTo(200);
    world.delete("/v2/app/manifests/" + old);
    collector.collect();
    assertThat(
            world
                .pushManifest(
                    "app",
                    "v2",
                    Manifests.image(config, "base".getBytes(UTF_8)),
                    Manifest.OCI_MANIFEST)
                .statusCode())
        .isEqualTo(201);
  }

  @Test
  void aLayerWithoutAnImageStaysForAPushThatSawItAtTheEndOfItsGrace() throws IOException {
    byte[] config = "{\"os\":\"linux\"}".getBytes(UTF_8);
    world.pushBlob("app", config);
    world.pushBlob("app", "base".getBytes(UTF_8));
    world.time.advance(Layers.GRACE.minus(MINUTE));
    assertThat(world.head("/v2/app/blobs/" + Digest.of(config)).statusCode()).isEqualTo(200);
    assertThat(
            world
                .call(
                    ecr ->
                        ecr.batchCheckLayerAvailability(
                            r -> r.repositoryName("app").layerDigests(layer("base").toString())))
                .layers())
        .hasSize(1);
    world.time.advance(MINUTE.multipliedBy(2));
    assertThat(collector.collect()).isEqualTo(new Collected(0, 0, 0));
    assertThat(
            world
                .pushManifest(
                    "app",
                    "v1",
                    Manifests.image(config, "base".getBytes(UTF_8)),
                    Manifest.OCI_MANIFEST)
                .statusCode())
        .isEqualTo(201);
  }

  /** Somebody looked at the folder with another program. */
  @Test
  void whatIsNotItsOwnIsLeftAlone() throws IOException {
    Path blobs = folder.resolve("ecr").resolve("blobs");
    Digest layer = world.pushBlob("app", "layer".getBytes(UTF_8));
    Path fan = blobs.resolve("sha256").resolve(layer.hex().substring(0, 2));
    Path uploads = folder.resolve("ecr").resolve("uploads");
    for (Path stray :
        List.of(
            blobs.resolve("sha256").resolve("notes"),
            fan.resolve("notes"),
            uploads.resolve("notes"))) {
      Files.writeString(stray, "x");
      Files.setLastModifiedTime(stray, FileTime.from(Instant.EPOCH));
    }
    world.time.advance(Layers.GRACE.plus(MINUTE));
    assertThat(collector.collect()).isEqualTo(new Collected(1, 1, 0));
    assertThat(uploads.resolve("notes")).exists();
  }

  @Test
  void abandonedUploadsAreCancelled() throws IOException {
    String location = World.header(world.post("/v2/app/blobs/uploads/"), "Location");
    world.send("PATCH", location, new byte[100]);
    assertThat(collector.collect().uploads()).isZero();
    // Files carry the machine's time; this is later than that.
    world.time.advance(
        Duration.between(world.time.instant(), Instant.now())
            .plus(Collector.UPLOAD_GRACE)
            .plusMinutes(5));
    Upload upload = world.registry.blobs.uploads().find(id(location), World.HOME, "app");
    assertThat(upload).isNotNull();
    assertThat(upload.tryLock()).isTrue();
    assertThat(onAnotherThread(collector)).as("somebody writes to it").isZero();
    upload.unlock();
    assertThat(collector.collect().uploads()).isEqualTo(1);
    assertThat(world.get(location).statusCode()).isEqualTo(404);
  }

  private static String id(String location) {
    return location.substring(location.lastIndexOf('/') + 1);
  }

  private static int onAnotherThread(Collector collector) {
    return java.util.concurrent.CompletableFuture.supplyAsync(() -> collector.collect().uploads())
        .join();
  }
}
