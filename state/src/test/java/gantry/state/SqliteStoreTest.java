package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.model.Cluster;

@Timeout(300)
class SqliteStoreTest {

  private static final Table<Cluster> CLUSTERS = Table.of("test.clusters", Cluster.class);
  private static final Index<Cluster> BY_STATUS = CLUSTERS.index("status", Cluster::status);
  private static final Table<String> NOTES = Table.of("test.notes", String.class);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");

  @TempDir Path directory;

  private Store open() {
    return SqliteStore.open(directory, new VirtualTime(), Schema.FIRST, List.of(CLUSTERS, NOTES));
  }

  private static String put(Store store, String name, String status) {
    return store.write(
        tx -> {
          Cluster cluster = Cluster.builder().clusterName(name).status(status).build();
          tx.put(CLUSTERS, HERE.key(name), cluster);
          return name;
        });
  }

  @Test
  void whatWasWrittenIsThereAfterOpeningAgain() throws Exception {
    try (Store store = open()) {
      put(store, "b", "ACTIVE");
      put(store, "a", "ACTIVE");
      put(store, "c", "ACTIVE");
      put(store, "a", "INACTIVE");
      store.write(
          tx -> {
            tx.delete(CLUSTERS, HERE.key("c"));
            tx.put(NOTES, HERE.key("n"), "note");
            return "";
          });
    }
    try (Store store = open()) {
      View view = store.snapshot();
      assertThat(view.revision()).isEqualTo(5);
      assertThat(view.scan(CLUSTERS, HERE).map(row -> row.key().id())).containsExactly("a", "b");
      assertThat(view.lookup(BY_STATUS, HERE, "ACTIVE").map(row -> row.key().id()))
          .containsExactly("b");
      assertThat(view.get(NOTES, HERE.key("n"))).isEqualTo("note");
      CountDownLatch told = new CountDownLatch(1);
      store.feed().subscribe(5, commit -> told.countDown());
      put(store, "d", "ACTIVE");
      assertThat(view.get(CLUSTERS, HERE.key("d"))).isNull();
      // A write returns when it is durable; the feed tells of it a moment later.
      assertThat(told.await(60, TimeUnit.SECONDS)).isTrue();
      assertThatThrownBy(() -> store.feed().subscribe(4, commit -> {}))
          .isInstanceOf(Feed.TooOld.class);
      List<Long> seen = new ArrayList<>();
      store.feed().subscribe(5, commit -> seen.add(commit.revision())).close();
      assertThat(seen).containsExactly(6L);
    }
  }

  @Test
  void aDataDirectoryHasOneMaster() throws Exception {
    try (Store store = open()) {
      assertThat(store.snapshot().revision()).isZero();
      assertThatThrownBy(this::open)
          .isInstanceOf(DataLock.InUse.class)
          .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
      // The refused attempt must not have cost the first one its lock.
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  LockTaker.class.getName(),
                  directory.toString())
              .redirectErrorStream(true)
              .start();
      String said =
          new String(
              other.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(said).contains("in use by process " + ProcessHandle.current().pid());
      assertThat(other.waitFor()).isEqualTo(3);
    }
    open().close();
  }

  /** Another process that wants the directory. */
  static final class LockTaker {
    public static void main(String[] args) {
      try {
        DataLock.take(Path.of(args[0])).close();
      } catch (DataLock.InUse e) {
        System.out.println(e.getMessage());
        System.exit(3);
      }
    }
  }

  @Test
  void concurrentWritersAllSucceedAndShareSyncs() throws Exception {
    int writers = 16;
    int each = 50;
    try (Store store = open();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Long> revisions = new ArrayList<>();
      CountDownLatch told = new CountDownLatch(writers * each);
      store
          .feed()
          .subscribe(
              0,
              commit -> {
                revisions.add(commit.revision());
                told.countDown();
              });
      List<Future<?>> done = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        int writer = w;
        done.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    String id = writer + "-" + i;
                    store.write(
                        tx -> {
                          tx.put(NOTES, HERE.key(id), String.valueOf(tx.count(NOTES, HERE)));
                          return "";
                        });
                    assertThat(store.snapshot().get(NOTES, HERE.key(id))).isNotNull();
                  }
                }));
      }
      for (Future<?> one : done) {
        one.get();
      }
      assertThat(told.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(revisions)
          .isEqualTo(LongStream.rangeClosed(1, (long) writers * each).boxed().toList());
    }
    try (Store store = open()) {
      // Each write saw all the ones before it: the counts are 0, 1, 2, … once each.
      assertThat(
              store.snapshot().scan(NOTES, HERE).map(row -> Integer.valueOf(row.value())).sorted())
          .hasSize(writers * each)
          .startsWith(0, 1, 2)
          .doesNotHaveDuplicates();
    }
  }

  record OldService(String name, String family, String revision) {}

  record NewService(String name, String taskDefinition, String status) {}

  @Test
  void aDatabaseOfThePreviousVersionIsUpgraded() {
    Table<OldService> old = Table.of("x.svcs", OldService.class);
    try (Store store = SqliteStore.open(directory, new VirtualTime(), Schema.FIRST, List.of(old))) {
      store.write(
          tx -> {
            tx.put(old, HERE.key("web"), new OldService("web", "app", "3"));
            tx.put(old, HERE.key("dead"), new OldService("dead", "app", "1"));
            return "";
          });
    }

    Schema second =
        new Schema(
            2,
            List.of(
                Upgrade.of(
                    2,
                    rows -> {
                      rows.renameTable("x.svcs", "x.services");
                      rows.replaceAll(
                          "x.services",
                          (key, row) -> {
                            if (key.id().equals("dead")) {
                              return null;
                            }
                            row.put(
                                "taskDefinition", row.get("family") + ":" + row.get("revision"));
                            return row;
                          });
                      rows.put(
                          "x.services",
                          HERE.key("new"),
                          Map.of("name", "new", "taskDefinition", "t:1", "status", "ACTIVE"));
                    })));
    Table<NewService> now = Table.of("x.services", NewService.class);
    for (int i = 0; i < 2; i++) {
      try (Store store = SqliteStore.open(directory, new VirtualTime(), second, List.of(now))) {
        assertThat(store.snapshot().scan(now, HERE).map(Row::value).map(NewService::taskDefinition))
            .containsExactly("t:1", "app:3");
        assertThat(store.snapshot().revision()).isEqualTo(1);
      }
    }
    assertThat(directory.resolve("gantry.db.schema1")).exists();
    assertThatThrownBy(
            () -> SqliteStore.open(directory, new VirtualTime(), Schema.FIRST, List.of(old)))
        .isInstanceOf(Schema.TooNew.class)
        .hasMessageContaining("schema 2; this one knows 1");
  }

  @Test
  void anUpgradeThatFailsChangesNothing() {
    try (Store store = open()) {
      put(store, "a", "ACTIVE");
    }
    Schema failing =
        new Schema(
            2,
            List.of(
                Upgrade.of(
                    2,
                    rows -> {
                      rows.delete("test.clusters", HERE.key("a"));
                      throw new IllegalStateException("halfway");
                    })));
    assertThatThrownBy(
            () -> SqliteStore.open(directory, new VirtualTime(), failing, List.of(CLUSTERS)))
        .hasMessage("halfway");
    try (Store store = open()) {
      assertThat(store.snapshot().find(CLUSTERS, HERE.key("a"))).isPresent();
    }
  }

  @Test
  void anotherProgramsFileIsLeftAlone() throws IOException {
    Files.writeString(directory.resolve(SqliteStore.FILE), "this is no database, but a long text");
    assertThatThrownBy(this::open).hasMessageContaining("cannot be used");
    assertThat(directory.resolve(SqliteStore.FILE))
        .hasContent("this is no database, but a long text");
  }

  @Test
  void aFileThatIsGoneTakesNoWrites() throws IOException {
    Path file = directory.resolve(SqliteStore.FILE);
    Path aside = directory.resolve("aside");
    try (Store store = open()) {
      put(store, "a", "ACTIVE");
      Files.move(file, aside);
      assertThatThrownBy(() -> put(store, "b", "ACTIVE")).isInstanceOf(Store.LogUnavailable.class);
      assertThat(store.snapshot().find(CLUSTERS, HERE.key("a"))).isPresent();
      assertThat(store.snapshot().find(CLUSTERS, HERE.key("b"))).isEmpty();
      Files.move(aside, file);
      put(store, "c", "ACTIVE");
    }
    try (Store store = open()) {
      assertThat(store.snapshot().scan(CLUSTERS, HERE).map(row -> row.key().id()))
          .containsExactly("a", "c");
    }
  }

  @Test
  void spaceThatIsNotNeededIsGivenBackInSteps() {
    String big = "x".repeat(20_000);
    try (Log log = new SqliteLog(directory.resolve("log.db"), Schema.FIRST)) {
      for (int i = 1; i <= 20; i++) {
        List<Log.RowChange> changes = new ArrayList<>();
        for (int n = 0; n < 50; n++) {
          changes.add(
              new Log.RowChange(
                  "t",
                  HERE.key(i + "-" + n),
                  big.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
        log.append(List.of(new Log.Entry(i, VirtualTime.START, changes)));
      }
      assertThat(log.compact()).isFalse();
      List<Log.RowChange> deletes = new ArrayList<>();
      log.load("t", (key, bytes) -> deletes.add(new Log.RowChange("t", key, null)));
      assertThat(deletes).hasSize(1000);
      log.append(List.of(new Log.Entry(21, VirtualTime.START, deletes.subList(0, 990))));
      int steps = 0;
      while (log.compact()) {
        steps++;
      }
      assertThat(steps).isBetween(10, 30);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(directory.resolve("log.db").toFile().length()).isLessThan(8L << 20);
  }
}
