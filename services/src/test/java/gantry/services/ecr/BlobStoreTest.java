package gantry.services.ecr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecr.Upload.BodyBroken;
import gantry.state.Scope;
import gantry.state.VirtualTime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobStoreTest {

  @TempDir Path folder;
  private final VirtualTime time = new VirtualTime();

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  /** A body that breaks off like a lost connection. */
  private static InputStream broken(byte[] before) {
    return new SequenceInputStream(
        new ByteArrayInputStream(before),
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("connection reset");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        });
  }

  @Test
  void anUploadGoesOnAfterABrokenBodyAndARestart() throws IOException {
    byte[] content = random(1_000_000);
    Digest digest = Digest.of(content);
    String id = "00000000-0000-0000-0000-000000000001";
    BlobStore store = new BlobStore(folder, time);
    Upload upload = store.uploads().begin(id, World.HOME, "app");
    assertThatThrownBy(() -> upload.append(broken(Arrays.copyOf(content, 400_000)), Long.MAX_VALUE))
        .isInstanceOf(BodyBroken.class);
    assertThat(upload.offset()).isEqualTo(400_000);

    BlobStore restarted = new BlobStore(folder, time);
    assertThat(restarted.uploads().find(id, World.HOME, "other")).isNull();
    Upload resumed = restarted.uploads().find(id, World.HOME, "app");
    assertThat(resumed).isNotNull();
    assertThat(resumed.offset()).isEqualTo(400_000);
    resumed.append(
        new ByteArrayInputStream(content, 400_000, content.length - 400_000), Long.MAX_VALUE);
    assertThat(resumed.finish(digest)).isTrue();
    assertThat(restarted.size(digest)).isEqualTo(content.length);
    assertThat(Disk.isIntact(restarted, digest)).isTrue();
    assertThat(Disk.uploads(folder)).isZero();
  }

  @Test
  void manyPushTheSameLayersAtOnce() throws Exception {
    try (World world = new World(folder);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        String name = "app" + i;
        world.repository(name);
        all.add(
            threads.submit(
                () -> {
                  for (int layer = 0; layer < 5; layer++) {
                    world.pushBlob(name, random(50_000 + layer));
                  }
                  return world.pushImage(name, "v1", "shared");
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(Disk.blobs(world.registry.blobs)).hasSize(8);
      for (Digest digest : Disk.blobs(world.registry.blobs)) {
        assertThat(Disk.isIntact(world.registry.blobs, digest)).isTrue();
      }
      assertThat(Disk.uploads(folder.resolve("ecr"))).isZero();
    }
  }

  @Test
  void memoryDoesNotGrowWithWhatPassesThrough() throws Exception {
    BlobStore store = new BlobStore(folder.resolve("flat"), new VirtualTime());
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long[] allocated = new long[2];
    long[] sizes = {8L * 1024 * 1024, 96L * 1024 * 1024};
    for (int i = 0; i < sizes.length; i++) {
      Scope scope = new Scope("000000000000", "us-east-1");
      Upload upload =
          store.uploads().begin("00000000-0000-0000-0000-00000000000" + i, scope, "app");
      upload.tryLock();
      long before = threads.getCurrentThreadAllocatedBytes();
      assertThat(upload.append(zeros(sizes[i]), Long.MAX_VALUE)).isEqualTo(sizes[i]);
      allocated[i] = threads.getCurrentThreadAllocatedBytes() - before;
      upload.cancel();
      upload.unlock();
    }
    // A few buffers, of which a slow disk takes all and a quick one only some; and the first use of
    // classes.
    assertThat(allocated[0]).isLessThan(6L * 1024 * 1024);
    assertThat(allocated[1]).isLessThan(6L * 1024 * 1024);
  }

  private static java.io.InputStream zeros(long count) {
    return new java.io.InputStream() {
      private long left = count;

      @Override
      public int read() {
        return left-- > 0 ? 0 : -1;
      }

      @Override
      public int read(byte[] into, int offset, int length) {
        if (left <= 0) {
          return -1;
        }
        int read = (int) Math.min(left, length);
        left -= read;
        return read;
      }
    };
  }
}
