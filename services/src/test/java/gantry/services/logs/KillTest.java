package gantry.services.logs;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.logs.WriteAhead.Line;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that takes events is killed, again and again; what it acknowledged is there once. */
class KillTest {

  private static final int WRITERS = 4;
  private static final int LINES = 50;
  private static final int SEAL_BYTES = 64 << 10;

  @TempDir Path folder;

  /** Writes batches from several threads and says each one that was acknowledged. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) throws Exception {
      int round = Integer.parseInt(arguments[1]);
      PrintStream out = System.out;
      try (GroupLog log = GroupLog.open(Path.of(arguments[0]), SEAL_BYTES)) {
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < WRITERS; w++) {
          int writer = w;
          threads.add(
              Thread.ofPlatform()
                  .start(
                      () -> {
                        for (int batch = 0; ; batch++) {
                          String name = round + "/" + writer + "/" + batch;
                          List<Line> lines = new ArrayList<>();
                          for (int i = 0; i < LINES; i++) {
                            lines.add(new Line(1_000L * round + batch, name + " " + i));
                          }
                          log.append(writer, 1_000L * round + batch, lines);
                          out.println(name);
                          if (out.checkError()) {
                            System.exit(1); // nobody listens any more
                          }
                        }
                      }));
        }
        for (Thread thread : threads) {
          thread.join();
        }
      }
    }
  }

  @Test
  void whatWasAcknowledgedIsThereOnce() throws Exception {
    int rounds = Integer.getInteger("gantry.logs.kills", 4);
    Random random = new Random(7);
    List<String> acknowledged = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  folder.resolve("group").toString(),
                  Integer.toString(round))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
        int killAfter = 20 + random.nextInt(150);
        for (int i = 0; i < killAfter; i++) {
          String line = in.readLine();
          assertThat(line).as("the writer of round " + round + " runs").isNotNull();
          acknowledged.add(line);
        }
        child.toHandle().destroyForcibly(); // leaves what it has said to be read
        String line;
        while ((line = in.readLine()) != null) {
          if (line.matches("\\d+/\\d+/\\d+")) { // the last may be cut off
            acknowledged.add(line);
          }
        }
        child.waitFor();
      }
      check(acknowledged);
    }
  }

  private void check(List<String> acknowledged) throws Exception {
    Map<String, Integer> found = new HashMap<>();
    Map<String, Integer> lines = new HashMap<>();
    try (GroupLog log = GroupLog.open(folder.resolve("group"), SEAL_BYTES)) {
      Iterator<Event> events = log.events(Wanted.all());
      long before = 0;
      while (events.hasNext()) {
        Event event = events.next();
        assertThat(event.timestamp()).isGreaterThanOrEqualTo(before);
        before = event.timestamp();
        lines.merge(event.message(), 1, Integer::sum);
        found.merge(event.message().split(" ")[0], 1, Integer::sum);
      }
    }
    assertThat(lines.values()).allMatch(times -> times == 1);
    assertThat(found.values()).as("batches are whole").allMatch(count -> count == LINES);
    // A line that the kill cut off can be a shorter number, which is then an older batch.
    assertThat(found.keySet()).containsAll(acknowledged);
  }
}
