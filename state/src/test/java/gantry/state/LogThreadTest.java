package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The one thread that writes the log goes on, whatever happens to it beside that. */
class LogThreadTest {

  private static final Table<String> NOTES = Table.of("test.notes", String.class);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");

  @Test
  void aCompactionThatBreaksDoesNotEndTheWriting() throws Exception {
    MemoryLog log = new MemoryLog();
    log.compaction = new StackOverflowError("of a compaction");
    try (Store store =
        new TableStore(new Catalog(List.of(NOTES)), new VirtualTime(), log, () -> {})) {
      CompletableFuture<Void> all =
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < TableStore.BATCHES_PER_COMPACTION + 10; i++) {
                  String id = "n" + i;
                  store.write(
                      tx -> {
                        tx.put(NOTES, HERE.key(id), "x");
                        return id;
                      });
                }
              });
      all.get(20, TimeUnit.SECONDS);
      assertThat(log.compactions).isPositive();
      assertThat(store.snapshot().count(NOTES, HERE))
          .isEqualTo(TableStore.BATCHES_PER_COMPACTION + 10);
    }
  }
}
