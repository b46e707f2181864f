package gantry.app;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

  /** Containers get their stop timeout, so this is longer. */
  private static final Duration REMOVE_WITHIN = Duration.ofMinutes(3);

  /** What the program keeps in its data directory, and all that a purge removes of it. */
  private static final List<String> OURS =
      List.of(
          "gantry.db",
          "gantry.db-wal",
          "gantry.db-shm",
          "gantry.db-journal",
          "lock",
          "pid",
          "running",
          "root-key",
          "seal-key",
          "install",
          "lib",
          "seal-key",
          "gantry.log",
          "up.out",
          "bulk");

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
        if (!removeWhatRuns(running.url())) {
          return 1;
        }
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

  /** The program itself knows best what is its own: it is asked before it is stopped. */
  private static boolean removeWhatRuns(String url) {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(url + "/_gantry/down"))
                  .timeout(REMOVE_WITHIN)
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == 200) {
        return true;
      }
      System.err.println("gantry down: not everything could be removed: " + answer.body().strip());
    } catch (IOException e) {
      System.err.println("gantry down: the program does not answer: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
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
