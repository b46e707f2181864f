package gantry.services.ecr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that is killed while it takes layers leaves no layer that is not whole. */
class CrashTest {

  private static final int ROUNDS = 3;
  private static final int MAX_LAYER = 3_000_000;

  @TempDir Path folder;

  @Test
  void everyAcknowledgedLayerIsThereAndEveryLayerIsWhole() throws Exception {
    List<Digest> acknowledged = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Pusher.class.getName(),
                  folder.toString(),
                  Integer.toString(round))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      BufferedReader said =
          new BufferedReader(new InputStreamReader(child.getInputStream(), UTF_8));
      for (int i = 0; i < 10 + round; i++) {
        String line = said.readLine();
        assertThat(line).as("the child takes layers").isNotNull();
        acknowledged.add(Digest.of(line));
      }
      // Not Process.destroyForcibly, which would close what it has said as well.
      child.toHandle().destroyForcibly();
      child.waitFor();
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (Digest.parse(line) != null) {
          acknowledged.add(Digest.of(line));
        }
      }
    }
    BlobStore store = new BlobStore(folder, Clock.systemUTC());
    assertThat(Disk.blobs(store)).containsAll(acknowledged);
    for (Digest digest : Disk.blobs(store)) {
      assertThat(Disk.isIntact(store, digest)).as("%s is whole", digest).isTrue();
    }
    // What was under way can be gone on with.
    assertThat(Disk.uploads(folder)).isLessThanOrEqualTo(ROUNDS * Pusher.THREADS);
  }

  /** The child: takes layers, several at once, and says each that is durable. */
  static final class Pusher {

    static final int THREADS = 3;

    private Pusher() {}

    public static void main(String[] args) throws Exception {
      BlobStore store = new BlobStore(Path.of(args[0]), Clock.systemUTC());
      for (int t = 0; t < THREADS; t++) {
        long seed = Long.parseLong(args[1]) * 1000 + t;
        Thread.ofPlatform().start(() -> push(store, new Random(seed)));
      }
    }

    private static void push(BlobStore store, Random random) {
      try {
        for (int i = 0; i < 10_000; i++) {
          byte[] content = new byte[1 + random.nextInt(MAX_LAYER)];
          random.nextBytes(content);
          Upload upload =
              store
                  .uploads()
                  .begin(new java.util.UUID(random.nextLong(), i).toString(), World.HOME, "app");
          upload.append(new ByteArrayInputStream(content), Long.MAX_VALUE);
          Digest digest = Digest.of(content);
          if (upload.finish(digest)) {
            synchronized (System.out) {
              System.out.println(digest);
              System.out.flush();
            }
          }
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
