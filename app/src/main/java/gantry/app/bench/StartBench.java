package gantry.app.bench;

import gantry.app.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * {@code gantry bench start [ROUNDS]}: {@code ./gantry up}, script and all, until its first ECS
 * call is answered; then its memory after it was left alone. Turn about with ministack. Ours has a
 * data directory and its durable log; ministack keeps things in memory.
 */
public final class StartBench {

  private static final int ROUNDS = 15;
  private static final long IDLE_MILLIS = 3_000;

  private StartBench() {}

  /** What was seen of one program. */
  private static final class Seen {
    private final List<Double> seconds = new ArrayList<>();
    private final List<Double> cpu = new ArrayList<>();
    private final List<Double> resident = new ArrayList<>();
    private final List<Double> anonymous = new ArrayList<>();

    void add(Rival one) throws IOException, InterruptedException {
      seconds.add(one.readySeconds());
      cpu.add(one.processorTime().all() / 1e6);
      TimeUnit.MILLISECONDS.sleep(IDLE_MILLIS);
      resident.add(one.residentMegabytes());
      anonymous.add(one.anonymousMegabytes());
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "first answer %.3f s (best %.3f, worst %.3f), %.2f s of CPU; idle %.0f MB resident, %.0f of it its own",
          middle(seconds),
          seconds.stream().min(Comparator.naturalOrder()).orElseThrow(),
          seconds.stream().max(Comparator.naturalOrder()).orElseThrow(),
          middle(cpu),
          middle(resident),
          middle(anonymous));
    }
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length == 0 ? ROUNDS : Integer.parseInt(arguments[0]);
    Seen ours = new Seen();
    Seen theirs = new Seen();
    System.out.println("Cold start, " + rounds + " rounds turn about; " + Rival.load());
    for (int i = 0; i < rounds; i++) {
      Path data = Files.createTempDirectory("gantry-bench-");
      try {
        try (Rival gantry = Rival.ours(data)) {
          ours.add(gantry);
        }
      } finally {
        Folders.delete(data);
      }
      try (Rival ministack = Rival.ministack()) {
        theirs.add(ministack);
      }
    }
    System.out.println("gantry     " + ours.line());
    System.out.println("ministack  " + theirs.line());
    System.out.println("afterwards " + Rival.load());
  }

  private static double middle(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
