package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * How uploads end: once, for everybody who still has their address, and with nothing left behind.
 */
class UploadEndsTest extends OpenRegistry {

  private static final int ROUNDS = 40;
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final Digest DIGEST = Digest.of(CONTENT);

  @BeforeEach
  void start() {
    world.repository("app");
  }

  private String begin() throws IOException {
    return World.header(world.post("/v2/app/blobs/uploads/"), "Location");
  }

  private Upload find(String location) throws IOException {
    return world
        .registry
        .blobs
        .uploads()
        .find(location.substring(location.lastIndexOf('/') + 1), World.HOME, "app");
  }

  @Test
  void whoComesTooLateIsToldSo() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < ROUNDS; round++) {
        String location = begin();
        List<Callable<Integer>> rivals =
            List.of(
                () -> world.send("PUT", location + "?digest=" + DIGEST, CONTENT).statusCode(),
                () -> world.send("PATCH", location, CONTENT).statusCode(),
                () -> world.delete(location).statusCode(),
                () -> world.send("PUT", location + "?digest=" + DIGEST, CONTENT).statusCode());
        for (Future<Integer> each : threads.invokeAll(rivals)) {
          assertThat(each.get()).isIn(201, 202, 204, 400, 404, 409);
        }
        world.delete(location);
        assertThat(find(location)).isNull();
        assertThat(Disk.uploads(folder.resolve("ecr"))).isZero();
      }
    }
  }

  /** The address of an upload is found, another request ends it, and then the lock is free. */
  @Test
  void anUploadThatEndedBeforeItWasLockedHasEnded() throws IOException {
    String location = begin();
    Upload mine = find(location);
    assertThat(mine.tryLock()).isTrue();
    assertThat(mine.hasEnded()).isFalse();
    mine.cancel();
    assertThat(mine.hasEnded()).isTrue();
    mine.unlock();
    assertThat(world.send("PATCH", location, CONTENT).statusCode()).isEqualTo(404);
  }

  @Test
  void aWholeLayerWhoseBodyBreaksOffLeavesNothing() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), world.server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("POST /v2/app/blobs/uploads/?digest="
                  + DIGEST
                  + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\npart")
              .getBytes(UTF_8));
      out.flush();
      awaitUploads(1);
    }
    awaitUploads(0);
  }

  private void awaitUploads(long count) throws Exception {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (Disk.uploads(folder.resolve("ecr")) != count) {
      assertThat(System.nanoTime()).as("uploads become " + count).isLessThan(deadline);
      Thread.onSpinWait();
      Thread.yield();
    }
  }

  @Test
  void aLayerHasAMostSize() throws IOException {
    String location = begin();
    String id = location.substring(location.lastIndexOf('/') + 1);
    // A file with a hole: nothing is written and nothing read.
    try (FileChannel data =
        FileChannel.open(
            folder.resolve("ecr").resolve("uploads").resolve(id).resolve("data"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE)) {
      data.write(ByteBuffer.wrap(new byte[1]), Upload.MAX_BYTES - 1);
    }
    var refused = world.send("PATCH", location, CONTENT);
    assertThat(refused.statusCode()).isEqualTo(413);
    assertThat(World.code(refused)).isEqualTo("SIZE_INVALID");
    assertThat(World.text(refused)).contains(Long.toString(Upload.MAX_BYTES));
    assertThat(world.delete(location).statusCode()).isEqualTo(204);
  }
}
