package gantry.app;

import gantry.app.machine.DeadMachine;
import gantry.state.DataLock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** {@code gantry down}: stops the program; {@code --purge} removes its data. */
final class Down {

  private static final Duration STOPS_WITHIN = Duration.ofSeconds(30);

  /** What does not answer may be on its way out. */
  private static final Duration DIES_WITHIN = Duration.ofSeconds(5);

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
    try {
      if (!(running == null ? downOfDead(data) : stop(data, running))) {
        return 1;
      }
      if (read.has("purge")) {
        OURS.forEach(name -> Folders.delete(data.resolve(name)));
        System.out.println("removed the data in " + data);
      }
      return 0;
    } catch (RuntimeException e) {
      // Docker does not answer, a file is somebody else's, the directory is in use: whatever it is,
      // the one line that says so is what a person can act on.
      System.err.println("gantry down: " + (e.getMessage() == null ? e : e.getMessage()));
      LoggerFactory.getLogger(Down.class).debug("it could not be taken away", e);
      return 1;
    }
  }

  private static boolean stop(Path data, Running running) {
    String problem = removeWhatRuns(running.url());
    ProcessHandle process = running.process();
    if (problem != null) {
      if (process == null || ends(process, DIES_WITHIN)) {
        return downOfDead(data); // it died at this very moment
      }
      System.err.println("gantry down: " + problem);
      return false;
    }
    if (process != null) {
      process.destroy();
      if (!ends(process, STOPS_WITHIN)) {
        System.err.println("gantry down: process " + running.pid() + " does not stop");
        return false;
      }
    }
    System.out.println("stopped");
    return true;
  }

  private static boolean ends(ProcessHandle process, Duration limit) {
    try {
      process.onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException | ExecutionException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * A program that was stopped by a signal, or killed, leaves its tasks running.
   *
   * @return what was there and is gone, in words; null when nothing real was
   */
  private static @Nullable String removeRemains(Path data) {
    Running last = Running.last(data);
    String install = last == null ? InstallId.in(data) : last.install();
    if (install == null) {
      return null;
    }
    Path usual = data.resolve("bulk");
    Path folder = last == null ? usual : last.folder();
    DeadMachine left = new DeadMachine(install, folder);
    try (DataLock nobodyStarts = DataLock.take(data)) {
      String removed = left.wasReal() ? left.remove(Clock.systemUTC()) : null;
      if (!folder.equals(usual)) {
        Folders.delete(folder); // of an ephemeral one
      }
      Running.forget(data);
      return removed;
    }
  }

  private static boolean downOfDead(Path data) {
    String removed = removeRemains(data);
    System.out.println(
        removed == null
            ? "nothing was running in " + data
            : "no program was running in " + data + "; removed what it had left: " + removed);
    return true;
  }

  /** What an ephemeral one left that was killed: nobody adopts it. */
  static void removeLostEphemeral(Path data) {
    Running last = Running.last(data);
    if (last != null && last.process() == null && !last.install().equals(InstallId.in(data))) {
      String removed = removeRemains(data);
      if (removed != null) {
        System.err.println(
            "gantry up: an earlier one was killed; removed what it had left: " + removed);
      }
    }
  }

  /**
   * The program itself knows best what is its own: it is asked before it is stopped.
   *
   * @return why not everything went; null when it did
   */
  private static @Nullable String removeWhatRuns(String url) {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(url + "/_gantry/down"))
                  .timeout(REMOVE_WITHIN)
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() == 200
          ? null
          : "not everything could be removed: " + answer.body().strip();
    } catch (IOException e) {
      return "the program does not answer at " + url + ": " + e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }
}
