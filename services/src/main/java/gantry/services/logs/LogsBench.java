package gantry.services.logs;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

/**
 * How fast log events come in and are found: {@code ./gantry bench logs [LINES]}. Lines look like
 * an access log's, so that they compress as such lines do.
 */
public final class LogsBench {

  private static final int BATCH = 1000;
  private static final String NEEDLE = "needle-in-the-haystack";
  private static final String[] PATHS = {
    "/", "/cart", "/api/orders", "/api/users", "/static/app.js"
  };

  private LogsBench() {}

  public static void main(String[] arguments) throws IOException {
    int lines = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
    Path folder = Files.createTempDirectory("gantry-bench-logs");
    PrintStream out = System.out;
    try {
      run(folder.resolve("group"), lines, out);
    } finally {
      Durable.deleteFolder(folder.resolve("group"));
      Files.delete(folder);
    }
  }

  private static void run(Path folder, int lines, PrintStream out) throws IOException {
    Random random = new Random(1);
    long cpuBefore = cpu();
    long spentOnLines = 0;
    long start = System.nanoTime();
    long bytes;
    long stored;
    try (GroupLog log = GroupLog.open(folder, GroupLog.SEAL_BYTES)) {
      for (int at = 0; at < lines; at += BATCH) {
        long made = System.nanoTime();
        List<WriteAhead.Line> batch = batch(random, at, lines);
        spentOnLines += System.nanoTime() - made;
        log.append(at / BATCH % 20, 1_700_000_000_000L + at, batch);
      }
      double seconds = (System.nanoTime() - start - spentOnLines) / 1e9;
      double cpu = (cpu() - cpuBefore - spentOnLines) / 1e9;
      bytes = log.messageBytes();
      stored = log.storedBytes();
      out.printf(
          "ingest: %,d lines in batches of %,d, each forced to the disk: %.2f s, %,.0f lines/s;"
              + " %.2f s of CPU, %,.0f lines/s per core%n",
          lines, BATCH, seconds, lines / seconds, cpu, lines / cpu);
      out.printf("stored: %,d MB of messages in %,d MB of files%n", bytes >> 20, stored >> 20);
    }
    long opened = System.nanoTime();
    try (GroupLog log = GroupLog.open(folder, GroupLog.SEAL_BYTES)) {
      out.printf("open again: %.0f ms%n", (System.nanoTime() - opened) / 1e6);
      for (String pattern :
          new String[] {
            "\"" + NEEDLE + "\"", // in ten lines of ten million: most segments are skipped
            "\"" + NEEDLE + "\"",
            "\" 200 31415\"", // in some line of nearly every segment: none is skipped
            "\"cart?id=99999\"",
            "\"HTTP/1.1\"", // in every line
            "?31415 ?27182", // no literal that all have in common: every line is looked at
          }) {
        search(log, pattern, lines, out);
      }
    }
    json(folder.resolveSibling("json"), Math.max(1, lines / 10), random, out);
    out.printf(
        "load average %.1f on %d cores%n",
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        Runtime.getRuntime().availableProcessors());
  }

  private static void search(GroupLog log, String text, int lines, PrintStream out) {
    FilterPattern pattern = FilterPattern.parse(text);
    String literal = pattern.literal();
    long cpu = cpu();
    long from = System.nanoTime();
    Iterator<Event> events =
        log.events(
            new Wanted(0, Long.MAX_VALUE, s -> true, null, null, Literal.of(literal), false));
    int found = 0;
    while (events.hasNext()) {
      if (pattern.matches(events.next().message())) {
        found++;
      }
    }
    out.printf(
        "search for %s in %,d lines, %,d found: %.2f s, %.2f s of CPU%n",
        text, lines, found, (System.nanoTime() - from) / 1e9, (cpu() - cpu) / 1e9);
  }

  /** Lines that are JSON, and a pattern that looks into them. */
  private static void json(Path folder, int lines, Random random, PrintStream out)
      throws IOException {
    try (GroupLog log = GroupLog.open(folder, GroupLog.SEAL_BYTES)) {
      List<WriteAhead.Line> batch = new ArrayList<>(BATCH);
      for (int i = 0; i < lines; i++) {
        batch.add(
            new WriteAhead.Line(
                1_700_000_000_000L + i,
                "{\"level\":\""
                    + (random.nextInt(100) == 0 ? "error" : "info")
                    + "\",\"status\":"
                    + (200 + random.nextInt(400))
                    + ",\"request\":{\"path\":\""
                    + PATHS[random.nextInt(PATHS.length)]
                    + "\",\"ms\":"
                    + random.nextInt(1000)
                    + "}}"));
        if (batch.size() == BATCH || i == lines - 1) {
          log.append(1, 1_700_000_000_000L + i, batch);
          batch = new ArrayList<>(BATCH);
        }
      }
      search(log, "{ $.level = \"error\" && $.request.ms > 900 }", lines, out);
      search(log, "{ $.request.ms > 995 }", lines, out);
    } finally {
      Durable.deleteFolder(folder);
    }
  }

  private static List<WriteAhead.Line> batch(Random random, int at, int lines) {
    List<WriteAhead.Line> batch = new ArrayList<>(BATCH);
    for (int i = at; i < Math.min(lines, at + BATCH); i++) {
      String message =
          "10.0."
              + random.nextInt(256)
              + "."
              + random.nextInt(256)
              + " - - [21/Nov/2026:13:00:00 +0000] \"GET "
              + PATHS[random.nextInt(PATHS.length)]
              + "?id="
              + random.nextInt(1_000_000)
              + " HTTP/1.1\" 200 "
              + random.nextInt(100_000)
              + (i % 1_000_000 == 123 ? " " + NEEDLE : "");
      batch.add(new WriteAhead.Line(1_700_000_000_000L + i, message));
    }
    return batch;
  }

  /** The CPU time of this process: all of its threads, the collector's too. */
  private static long cpu() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : System.nanoTime();
  }
}
