package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The one thread that writes the log goes on, whatever happens to it beside that. */
class LogThreadTest {

  private static final Table<String> NOTES = Table.of("test.notes", String.class);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final MemoryLog log = new MemoryLog();

  @Test
  void aCompactionThatBreaksDoesNotEndTheWriting() {
    log.compaction = new StackOverflowError("of a compaction");
    try (Store store = store()) {
      // One writer, one write at a time: each is a batch, and the last one follows a compaction
      // whether or not the log thread ever found that nobody writes.
      int writes = TableStore.BATCHES_WITHOUT_COMPACTION + 1;
      assertTimeoutPreemptively(
          LIMIT,
          () -> {
            for (int i = 0; i < writes; i++) {
              note(store, i);
            }
          });
      assertThat(log.compactions).isPositive();
      assertThat(store.snapshot().count(NOTES, HERE)).isEqualTo(writes);
    }
  }

  @Test
  void writersWithoutAPauseDoNotPutOffTheCompactionForEver() {
    int writes = TableStore.BATCHES_WITHOUT_COMPACTION + 10;
    try (Store store = store()) {
      CountDownLatch all = new CountDownLatch(writes);
      // Before a batch ends, the write after it is queued: the log thread never finds a pause.
      store
          .feed()
          .subscribe(
              0,
              commit -> {
                all.countDown();
                if (commit.revision() < writes) {
                  Thread writer = Thread.ofPlatform().start(() -> note(store, commit.revision()));
                  while (writer.isAlive() && writer.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                  }
                }
              });
      note(store, 0);
      assertTimeoutPreemptively(LIMIT, () -> all.await());
    }
    assertThat(log.compactions).isPositive();
    assertThat(log.firstCompaction).isLessThanOrEqualTo(TableStore.BATCHES_WITHOUT_COMPACTION);
  }

  private Store store() {
    return new TableStore(new Catalog(List.of(NOTES)), new VirtualTime(), log, () -> {});
  }

  private static void note(Store store, long number) {
    String id = "n" + number;
    store.write(
        tx -> {
          tx.put(NOTES, HERE.key(id), "x");
          return id;
        });
  }
}
