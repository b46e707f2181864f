package gantry.app.bench;

import gantry.app.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code gantry bench wire [SECONDS]}: DescribeClusters of one cluster in JSON over kept
 * connections, sent by wrk; beside ministack in the same run. What counts is CPU time for each
 * request: the machine may be busy with others, and wrk takes its share.
 */
public final class WireBench {

  private static final int SECONDS = 10;
  private static final int CONNECTIONS = 32;
  private static final String TARGET = "AmazonEC2ContainerServiceV20141113.";
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in ([0-9.]+)(ms|s|m)");
  private static final Pattern ERRORS = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");

  private WireBench() {}

  /** The JIT rests when it takes less of what the program takes. */
  private static final double JIT_RESTS = 0.02;

  private static final int WARM_ROUNDS = 12;
  private static final int WARM_SECONDS = 5;

  /** Enough to tell the machine's moods from the program's. */
  private static final int ROUNDS = 5;

  /** What a request cost, in microseconds. */
  private record Result(double aSecond, ProcessorTime each) {
    String line() {
      return String.format(
          Locale.ROOT,
          "%,.0f requests/s, %.1f us of CPU each, %.1f in the kernel: %,.0f for each busy core",
          aSecond,
          each.all(),
          each.kernel(),
          perCore());
    }

    double perCore() {
      return 1e6 / each.all();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length == 0 ? SECONDS : Integer.parseInt(arguments[0]);
    System.out.println("DescribeClusters, " + CONNECTIONS + " connections; " + Rival.load());
    Path folder = Files.createTempDirectory("gantry-bench-");
    try {
      Result ours;
      try (Rival gantry = Rival.ours(folder.resolve("data"))) {
        warm(folder, gantry);
        ours = median("gantry", folder, gantry, seconds);
      }
      Result theirs;
      try (Rival ministack = Rival.ministack()) {
        measure(folder, ministack, Math.max(1, seconds / 3));
        theirs = median("ministack", folder, ministack, seconds);
      }
      System.out.printf(
          Locale.ROOT,
          "%.1f times its rate, %.1f times for each busy core; %s%n",
          ours.aSecond() / theirs.aSecond(),
          ours.perCore() / theirs.perCore(),
          Rival.load());
    } finally {
      Folders.delete(folder);
    }
  }

  /** The compiler's time is not the program's: until it rests, but for a minute at most. */
  private static void warm(Path folder, Rival rival) throws IOException, InterruptedException {
    for (int i = 0; i < WARM_ROUNDS; i++) {
      Result now = measure(folder, rival, WARM_SECONDS);
      if (now.each.compiler() < JIT_RESTS * now.each.all()) {
        return;
      }
    }
  }

  /**
   * The round of middling cost; said beside it, the one that others on the same processors
   * disturbed least: they only ever add to a cost.
   */
  private static Result median(String name, Path folder, Rival rival, int seconds)
      throws IOException, InterruptedException {
    List<Result> rounds = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      rounds.add(measure(folder, rival, seconds));
    }
    rounds.sort(Comparator.comparingDouble(Result::perCore));
    Result middling = rounds.get(ROUNDS / 2);
    System.out.printf(Locale.ROOT, "%-9s  %s%n", name, middling.line());
    System.out.printf(Locale.ROOT, "%-9s  %s%n", "  at best", rounds.getLast().line());
    return middling;
  }

  private static Result measure(Path folder, Rival rival, int seconds)
      throws IOException, InterruptedException {
    Knock.Answer made =
        Knock.json(rival.port(), "ecs", TARGET + "CreateCluster", "{\"clusterName\":\"bench\"}");
    Knock.Answer described =
        Knock.json(rival.port(), "ecs", TARGET + "DescribeClusters", "{\"clusters\":[\"bench\"]}");
    if (made.status() != 200 || !described.body().contains("cluster/bench")) {
      throw new IOException("the cluster is not described: " + described);
    }
    Path script = folder.resolve("describe.lua");
    Files.writeString(
        script,
        """
        wrk.method = "POST"
        wrk.body = '{"clusters":["bench"]}'
        wrk.headers["content-type"] = "application/x-amz-json-1.1"
        wrk.headers["x-amz-target"] = "%sDescribeClusters"
        wrk.headers["x-amz-date"] = "20260101T000000Z"
        wrk.headers["authorization"] = "%s"
        """
            .formatted(TARGET, Knock.authorization("ecs")));
    ProcessorTime before = rival.processorTime();
    List<String> command = new ArrayList<>(List.of("wrk", "-t1", "-c" + CONNECTIONS));
    command.addAll(
        List.of("-d" + seconds + "s", "-s", script.toString(), "http://127.0.0.1:" + rival.port()));
    Process wrk = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (wrk.waitFor() != 0) {
      throw new IOException("wrk failed: " + said);
    }
    ProcessorTime used = rival.processorTime().since(before);
    Matcher requests = REQUESTS.matcher(said);
    if (!requests.find() || ERRORS.matcher(said).find()) {
      throw new IOException("not every call was answered: " + said);
    }
    double count = Double.parseDouble(requests.group(1));
    double unit = requests.group(3).equals("ms") ? 1e-3 : requests.group(3).equals("m") ? 60 : 1;
    double took = Double.parseDouble(requests.group(2)) * unit;
    return new Result(
        count / took,
        new ProcessorTime(used.user() / count, used.kernel() / count, used.compiler() / count));
  }
}
