package gantry.state;

import static gantry.state.StormWriter.BY_WRITER;
import static gantry.state.StormWriter.DROPS;
import static gantry.state.StormWriter.HERE;
import static gantry.state.StormWriter.TOTAL;
import static gantry.state.StormWriter.TOTALS;
import static gantry.state.StormWriter.WRITERS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kill -9 at a random moment of a write storm, again and again on the same database: every
 * acknowledged write is there, each writer's in order and without a gap, and nothing that was
 * refused. {@code -Dgantry.kill.rounds=200} for the long run; a failure prints its seed.
 */
class KillTest {

  private static final int ROUNDS = Integer.getInteger("gantry.kill.rounds", 4);
  private static final long SEED = Long.getLong("gantry.kill.seed", System.nanoTime());

  /** How many acknowledgements a round sees at most before the blow. */
  private static final int MAX_ACKNOWLEDGED = 1500;

  @TempDir Path directory;

  @Test
  void whatWasAcknowledgedIsThereAfterKill9() throws Exception {
    Random random = new Random(SEED);
    Map<String, Integer> acknowledged = new HashMap<>();
    long unacknowledged = 0;
    int beforeTheFirst = 0;
    for (int round = 0; round < ROUNDS; round++) {
      int acks = storm(round, random, acknowledged);
      beforeTheFirst += acks == 0 ? 1 : 0;
      try {
        unacknowledged = check(round, acknowledged);
      } catch (AssertionError e) {
        throw new AssertionError("round " + round + " of seed " + SEED, e);
      }
    }
    long total = acknowledged.values().stream().mapToLong(last -> last + 1).sum();
    System.out.printf(
        "kill -9: %d rounds (%d before the first acknowledgement), %d acknowledged writes all"
            + " there, %d more durable that were not acknowledged in time%n",
        ROUNDS, beforeTheFirst, total, unacknowledged);
    assertThat(total).isPositive();
  }

  private int storm(int round, Random random, Map<String, Integer> acknowledged)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                StormWriter.class.getName(),
                directory.toString(),
                String.valueOf(round))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int acks = 0;
    // One round in eight dies at some moment of its start.
    boolean early = random.nextInt(8) == 0 && round > 0;
    int until = early ? 0 : 1 + random.nextInt(MAX_ACKNOWLEDGED);
    if (early) {
      process.waitFor(200L + random.nextInt(400), TimeUnit.MILLISECONDS);
      process.toHandle().destroyForcibly();
    }
    try (BufferedReader said = process.inputReader()) {
      String line;
      while ((line = said.readLine()) != null) {
        String[] words = line.split(" ", -1);
        if (words.length == 3 && words[0].equals("kept")) {
          acknowledged.put(round + "/" + words[1], Integer.valueOf(words[2]));
        }
        if (++acks == until) {
          // By its handle: Process itself would close the pipe, and what is in it would be lost.
          process.toHandle().destroyForcibly();
        }
      }
    } finally {
      process.toHandle().destroyForcibly();
    }
    assertThat(process.waitFor()).isEqualTo(128 + 9);
    return acks;
  }

  /** Returns how many writes are there that nobody was told of. */
  private long check(int rounds, Map<String, Integer> acknowledged) {
    try (Store store = StormWriter.open(directory)) {
      View view = store.snapshot();
      long drops = 0;
      long unacknowledged = 0;
      for (int round = 0; round <= rounds; round++) {
        for (int writer = 0; writer < WRITERS; writer++) {
          String of = round + "/" + writer;
          List<StormWriter.Drop> there = view.lookup(BY_WRITER, HERE, of).map(Row::value).toList();
          for (int n = 0; n < there.size(); n++) {
            StormWriter.Drop expected =
                new StormWriter.Drop(round, writer, n, StormWriter.filling(round, writer, n));
            assertThat(there.get(n)).isEqualTo(expected);
          }
          int told = acknowledged.getOrDefault(of, -1) + 1;
          // A writer is told before it writes again: at most one write is on its way.
          assertThat(there.size()).isBetween(told, told + 1);
          drops += there.size();
          unacknowledged += there.size() - told;
        }
      }
      assertThat(view.count(DROPS, HERE)).isEqualTo((int) drops);
      assertThat(view.scanAfter(DROPS, HERE, "refused")).isEmpty();
      assertThat(view.revision()).isEqualTo(drops);
      StormWriter.Total total = view.get(TOTALS, TOTAL);
      assertThat(total == null ? 0 : total.drops()).isEqualTo(drops);
      return unacknowledged;
    }
  }
}
