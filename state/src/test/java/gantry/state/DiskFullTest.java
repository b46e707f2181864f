package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No room for the log: reads go on, writes are refused, and all is well once there is room. */
@Timeout(300)
class DiskFullTest {

  private static final Table<String> NOTES = Table.of("test.notes", String.class);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");

  @TempDir Path directory;

  private static void put(Store store, String id, String text) {
    store.write(
        tx -> {
          tx.put(NOTES, HERE.key(id), text);
          return "";
        });
  }

  @Test
  void whatWasBuiltOnARefusedWriteIsRefusedToo() throws Exception {
    MemoryLog log = new MemoryLog();
    try (Store store =
            new TableStore(new Catalog(List.of(NOTES)), new VirtualTime(), log, () -> {});
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      put(store, "kept", "1");
      log.failing = true;
      List<Future<?>> writes = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        String id = "refused-" + i;
        writes.add(threads.submit(() -> put(store, id, "x")));
      }
      for (Future<?> write : writes) {
        assertThatThrownBy(write::get)
            .hasCauseInstanceOf(Store.LogUnavailable.class)
            .hasMessageContaining("No space left on device");
      }
      assertThat(store.snapshot().scan(NOTES, HERE)).hasSize(1);
      assertThat(store.snapshot().revision()).isEqualTo(1);
      log.failing = false;
      put(store, "after", "2");
      assertThat(store.snapshot().revision()).isEqualTo(2);
    }
  }

  @Test
  @Tag("docker") // mounts a file system, which takes root
  void aFullFileSystem() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    run("mount", "-t", "tmpfs", "-o", "size=6m", "gantry-state-test", small.toString());
    try {
      int kept = 0;
      try (Store store = open(small)) {
        String text = "x".repeat(50_000);
        boolean full = false;
        for (int i = 0; i < 200 && !full; i++) {
          try {
            put(store, "n%04d".formatted(i), text);
            kept++;
          } catch (Store.LogUnavailable e) {
            full = true;
          }
        }
        assertThat(full).isTrue();
        assertThat(kept).isGreaterThan(10);
        assertThat(store.snapshot().count(NOTES, HERE)).isEqualTo(kept);
        assertThatThrownBy(() -> put(store, "again", text))
            .isInstanceOf(Store.LogUnavailable.class);

        run("mount", "-o", "remount,size=30m", small.toString());
        put(store, "z", "room again");
        kept++;
      }
      try (Store store = open(small)) {
        assertThat(store.snapshot().count(NOTES, HERE)).isEqualTo(kept);
        assertThat(store.snapshot().get(NOTES, HERE.key("z"))).isEqualTo("room again");
        assertThat(store.snapshot().get(NOTES, HERE.key("again"))).isNull();
      }
    } finally {
      run("umount", "--lazy", small.toString()); // SQLite's library in it stays loaded
    }
  }

  private static Store open(Path directory) {
    return SqliteStore.open(directory, new VirtualTime(), Schema.FIRST, List.of(NOTES));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
