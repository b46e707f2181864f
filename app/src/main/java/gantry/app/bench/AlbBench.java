package gantry.app.bench;

import gantry.app.bench.AlbPeers.Proxy;
import gantry.app.bench.ProcessorTime.Core;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code gantry bench alb [SECONDS] [ROUNDS] [KIND]}: the application load balancer beside nginx
 * and HAProxy: the same backend in the same run, turn about, each proxy alone on the first core
 * with one worker, load and backend (nginx) on the second; figures are means of the middle half of
 * the rounds.
 *
 * <p>Requests a second and CPU time come from 64 clients that ask as fast as they are answered
 * (wrk; for new TLS connections the load of {@link PacedLoad}, as wrk takes more time for a
 * handshake than the servers); there every latency is but the length of the queue. So the 99th
 * percentile is taken at a pace, the same for all three: a third of what the slowest of them did.
 * Last, what a change of a table of a thousand rules costs while requests flow.
 */
public final class AlbBench {

  /** What the goals allow our 99th percentile to be of a rival's. */
  private static final double P99_MARGIN = 1.2;

  /** A load whose core has less than this to spare is as fast as it can be itself. */
  private static final double LOAD_FULL_PERCENT = 2;

  private static final int FULL_SECONDS = 2;

  /** In runs of nine the rate of 1 kB was 0.98 to 1.11 times nginx's. */
  private static final int FULL_ROUNDS = 30;

  /**
   * Rounds, paced ones above all, are short and many: what others do to the machine for a moment is
   * in some of them, whosever turn it is. A host that takes its cores away for milliseconds decides
   * a second's 99th percentile: drawn from the same seconds, medians of 25 lay 0.63 to 1.56 times
   * each other (nine of ten pairs), means of the middle half of 100 lay 0.84 to 1.18 times.
   */
  private static final int PACED_ROUNDS = 100;

  private static final int PACED_SECONDS = 1;

  /** What the program may take of its core until it is warm, and how long that may take. */
  private static final double WARM_MICROS = 120e6;

  private static final long WARM_NANOS = TimeUnit.SECONDS.toNanos(300);
  private static final int WARM_SECONDS = 2;

  /** The JIT rests when it takes less of what the program takes. */
  private static final double JIT_RESTS = 0.02;

  /** What is asked for. */
  private enum Kind {
    SMALL("1k", "1 kB answers, kept connections", "/1k", false),
    LARGE("64k", "64 kB answers, kept connections", "/64k", false),
    TLS("tls", "new connections with TLS 1.3, 1 kB answers", "/1k", true);

    final String key;
    final String says;
    final String path;
    final boolean fresh;

    Kind(String key, String says, String path, boolean fresh) {
      this.key = key;
      this.says = says;
      this.path = path;
      this.fresh = fresh;
    }

    int port(Proxy proxy) {
      return fresh ? proxy.tlsPort() : proxy.port();
    }
  }

  /** One proxy as fast as it goes. */
  private record Full(double rate, ProcessorTime each, double idle, double loadIdle) {}

  /** What the load did meanwhile; {@code failures} is empty when there were none. */
  private record Asked(long count, double rate, String failures) {}

  private AlbBench() {}

  public static void main(String[] args) throws Exception {
    if (args.length > 0 && args[0].equals("serve")) {
      AlbServer.serve(Path.of(args[1]));
      return;
    }
    if (args.length > 0 && args[0].equals("load")) {
      PacedLoad.serve();
      return;
    }
    int seconds = args.length > 0 ? Integer.parseInt(args[0]) : FULL_SECONDS;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : FULL_ROUNDS;
    List<Kind> kinds = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (args.length < 3 || args[2].equals(kind.key)) {
        kinds.add(kind);
      }
    }
    try (AlbPeers peers = new AlbPeers()) {
      warm(peers, kinds);
      System.out.println(Rival.load() + " before");
      for (Kind kind : kinds) {
        compare(peers, kind, seconds, rounds);
      }
      if (kinds.contains(Kind.TLS)) {
        ceiling();
      }
      change(peers);
      System.out.println(Rival.load() + " after");
    }
  }

  private static void compare(AlbPeers peers, Kind kind, int seconds, int rounds)
      throws IOException, InterruptedException {
    System.out.println(kind.says);
    Map<String, List<Full>> full = new LinkedHashMap<>();
    Map<String, List<PacedLoad.Found>> paced = new LinkedHashMap<>();
    for (int i = 0; i < rounds; i++) {
      for (Proxy proxy : peers.proxies) {
        full.computeIfAbsent(proxy.name(), name -> new ArrayList<>())
            .add(full(peers, proxy, kind, seconds));
      }
    }
    double slowest =
        full.values().stream().mapToDouble(of -> middle(of, Full::rate)).min().orElseThrow();
    int pace = (int) (slowest / 3);
    for (int i = 0; i < PACED_ROUNDS; i++) {
      for (Proxy proxy : peers.proxies) {
        PacedLoad.Found found =
            peers.paced(
                new PacedLoad.Run(kind.port(proxy), kind.path, kind.fresh, pace, PACED_SECONDS));
        if (found.failed() > 0) {
          System.out.println(proxy.name() + ": " + found.failed() + " requests failed");
        }
        paced.computeIfAbsent(proxy.name(), name -> new ArrayList<>()).add(found);
      }
    }
    Map<String, double[]> figures = new LinkedHashMap<>();
    full.forEach(
        (name, of) -> {
          List<PacedLoad.Found> at = Objects.requireNonNull(paced.get(name));
          double rate = middle(of, Full::rate);
          double cpu = middle(of, one -> one.each().all());
          double p99 = middle(at, PacedLoad.Found::p99Millis);
          figures.put(name, new double[] {rate, cpu, p99});
          System.out.printf(
              Locale.ROOT,
              "  %-8s %8.0f requests/s  %6.1f us CPU each, %.1f in the kernel, %.1f for the JIT  "
                  + "core idle %.0f %%, the load's %.0f %%  at %d/s p50 %.2f p99 %.2f ms (%.2f-%.2f)%n",
              name,
              rate,
              cpu,
              middle(of, one -> one.each().kernel()),
              middle(of, one -> one.each().compiler()),
              middle(of, Full::idle),
              middle(of, Full::loadIdle),
              pace,
              middle(at, PacedLoad.Found::p50Millis),
              p99,
              quarter(at, PacedLoad.Found::p99Millis, 1),
              quarter(at, PacedLoad.Found::p99Millis, 3));
        });
    boolean loadFull =
        full.values().stream().allMatch(of -> middle(of, Full::loadIdle) < LOAD_FULL_PERCENT);
    judge(figures, loadFull);
  }

  /** A line for each goal: is it met against both? */
  private static void judge(Map<String, double[]> figures, boolean loadFull) {
    String[] goals = {
      "requests/s, at least theirs" + (loadFull ? " (the load had no time left)" : ""),
      "CPU each, at most theirs",
      "p99, at most 1.2"
    };
    for (int goal = 0; goal < goals.length; goal++) {
      double ours = Objects.requireNonNull(figures.get("gantry"))[goal];
      StringBuilder line = new StringBuilder("  goal ").append(goals[goal]).append(':');
      boolean met = true;
      for (String rival : List.of("nginx", "haproxy")) {
        double ratio = ours / Objects.requireNonNull(figures.get(rival))[goal];
        met &= goal == 0 ? ratio >= 1 : goal == 1 ? ratio <= 1 : ratio <= P99_MARGIN;
        line.append(String.format(Locale.ROOT, " %.2f times %s's,", ratio, rival));
      }
      System.out.println(line.append(met ? " met" : " NOT MET"));
    }
  }

  /**
   * The mean of the middle half: as deaf to what is far out as the median, and less moved by which
   * round happens to be the middle one.
   */
  private static <T> double middle(List<T> of, ToDoubleFunction<T> figure) {
    double[] sorted = of.stream().mapToDouble(figure).sorted().toArray();
    int out = sorted.length / 4;
    return Arrays.stream(sorted, out, sorted.length - out).average().orElseThrow();
  }

  private static <T> double quarter(List<T> of, ToDoubleFunction<T> figure, int quarters) {
    double[] sorted = of.stream().mapToDouble(figure).sorted().toArray();
    return sorted[(sorted.length - 1) * quarters / 4];
  }

  /** What the keys alone cost on the proxies' core: no server can shake more hands than that. */
  private static void ceiling() throws IOException, InterruptedException {
    String said =
        run(AlbPeers.PROXIES_CORE, "openssl", "speed", "-seconds", "1", "ecdsap256", "ecdhx25519");
    double signs = Double.parseDouble(find(said, "nistp256\\)\\s+\\S+\\s+\\S+\\s+([0-9.]+)"));
    double exchanges = Double.parseDouble(find(said, "X25519\\)\\s+\\S+\\s+([0-9.]+)"));
    System.out.printf(
        Locale.ROOT,
        "openssl on the proxies' core: %.0f P-256 signatures/s, %.0f X25519 exchanges/s: a handshake"
            + " is one and two of them, %.0f us, so at most %.0f/s without anything else%n",
        signs,
        exchanges,
        1e6 * (1 / signs + 2 / exchanges),
        1 / (1 / signs + 2 / exchanges));
  }

  /** Tells the process that is measured to change its rules, while requests flow. */
  private static void change(AlbPeers peers) throws IOException, InterruptedException {
    peers.change();
    Asked asked = wrk(peers.ours(), Kind.SMALL, 5);
    String said = peers.line();
    System.out.printf(
        "%s; of %d requests meanwhile %s%n",
        said,
        asked.count,
        asked.failures.isEmpty() ? "none failed" : "SOME FAILED\n" + asked.failures);
  }

  private static Full full(AlbPeers peers, Proxy proxy, Kind kind, int seconds)
      throws IOException, InterruptedException {
    ProcessorTime before = ProcessorTime.of(proxy.process().toHandle());
    Core proxies = Core.of(AlbPeers.PROXIES_CORE);
    Core loads = Core.of(AlbPeers.LOADS_CORE);
    Asked asked = kind.fresh ? handshakes(peers, proxy, kind, seconds) : wrk(proxy, kind, seconds);
    ProcessorTime used = ProcessorTime.of(proxy.process().toHandle()).since(before);
    double idle = Core.of(AlbPeers.PROXIES_CORE).idlePercentSince(proxies);
    double loadIdle = Core.of(AlbPeers.LOADS_CORE).idlePercentSince(loads);
    if (!asked.failures.isEmpty()) {
      System.out.println(proxy.name() + ": " + asked.failures);
    }
    double count = Math.max(1, asked.count);
    return new Full(
        asked.rate,
        new ProcessorTime(used.user() / count, used.kernel() / count, used.compiler() / count),
        idle,
        loadIdle);
  }

  /**
   * All kinds in turn, since a kind that comes later makes the JIT think again of the earlier,
   * until it rests. The paced load warms up with it.
   */
  private static void warm(AlbPeers peers, List<Kind> kinds)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + WARM_NANOS;
    boolean busy = true;
    while (busy
        && ProcessorTime.of(peers.ours().process().toHandle()).all() < WARM_MICROS
        && System.nanoTime() < end) {
      busy = false;
      for (Kind kind : kinds) {
        Full now = full(peers, peers.ours(), kind, WARM_SECONDS);
        busy |= now.each().compiler() > JIT_RESTS * now.each().all();
        peers.paced(
            new PacedLoad.Run(
                kind.port(peers.ours()), kind.path, kind.fresh, (int) (now.rate() / 3) + 1, 1));
      }
    }
  }

  private static Asked wrk(Proxy proxy, Kind kind, int seconds)
      throws IOException, InterruptedException {
    String report =
        run(
            AlbPeers.LOADS_CORE,
            "wrk",
            "-t1",
            "-c" + PacedLoad.CONNECTIONS,
            "-d" + seconds + "s",
            "http://127.0.0.1:" + kind.port(proxy) + kind.path);
    boolean clean = !report.contains("Non-2xx") && !report.contains("Socket errors");
    return new Asked(
        Long.parseLong(find(report, "(\\d+) requests in")),
        Double.parseDouble(find(report, "Requests/sec:\\s+([0-9.]+)")),
        clean ? "" : report);
  }

  private static Asked handshakes(AlbPeers peers, Proxy proxy, Kind kind, int seconds)
      throws IOException {
    PacedLoad.Found found =
        peers.paced(new PacedLoad.Run(kind.port(proxy), kind.path, true, 0, seconds));
    return new Asked(
        found.answered(),
        found.answered() / found.seconds(),
        found.failed() == 0 ? "" : found.failed() + " requests failed");
  }

  private static String run(int core, String... command) throws IOException, InterruptedException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
    pinned.addAll(List.of(command));
    Process process = new ProcessBuilder(pinned).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return out;
  }

  private static String find(String text, String pattern) throws IOException {
    Matcher m = Pattern.compile(pattern).matcher(text);
    if (!m.find()) {
      throw new IOException("not in the report: " + pattern + "\n" + text);
    }
    return m.group(1);
  }
}
