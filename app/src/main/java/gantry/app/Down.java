package gantry.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** {@code gantry down}: stops the program; {@code --purge} removes its data. */
final class Down {

  private static final int STOP_SECONDS = 30;

  /** What the program keeps in its data directory, and all that a purge removes of it. */
  private static final List<String> OURS =
      List.of("gantry.db", "gantry.db-wal", "gantry.db-shm", "gantry.db-journal", "lock", "pid",
          "running", "root-key", "seal-key", "gantry.log", "up.out", "bulk");

  private Down() {}

  static int run(String[] arguments) {
    Arguments read;
    try {
      read = Arguments.read(arguments, Set.of("data"), Set.of("purge"));
    } catch (Arguments.Wrong e) {
      System.err.println("gantry down: " + e.getMessage());
      return 2;
    }
    Path data = Up.data(read);
    Running running = Running.of(data);
    if (running != null) {
      ProcessHandle process = ProcessHandle.of(running.pid()).orElse(null);
      if (process != null) {
        process.destroy();
        try {
          process.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
          System.err.println("gantry down: process " + running.pid() + " does not stop");
          return 1;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return 1;
        }
      }
      System.out.println("stopped");
    } else {
      System.out.println("nothing was running in " + data);
    }
    if (read.has("purge")) {
      try {
        for (String name : OURS) {
          delete(data.resolve(name));
        }
        System.out.println("removed the data in " + data);
      } catch (IOException e) {
        System.err.println("gantry down: " + e.getMessage());
        return 1;
      }
    }
    return 0;
  }

  private static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(one);
      }
    }
  }
}
