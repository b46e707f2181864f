package gantry.app.bench;

import gantry.app.Folders;
import gantry.traffic.dns.Askers;
import gantry.traffic.dns.DnsServer;
import gantry.traffic.dns.Names;
import gantry.traffic.dns.RecordSet;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.View;
import gantry.traffic.dns.Zone;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * {@code ./gantry bench dns}: questions a second and their 99th percentile, ours beside Debian's
 * dnsmasq and unbound, turn about in one run. Every server has one worker, pinned with everything
 * else of its process to one core; dnsperf asks from the other. The names are the same thousand
 * addresses for all, and one question in ten is for a name that does not exist.
 */
public final class DnsBench {

  private static final int NAMES = 1_000;
  private static final int ROUNDS = 3;
  private static final int SECONDS = 5;
  private static final int WARM_UP_SECONDS = 15;
  private static final int START_SECONDS = 30;

  /** A pace that each of them can hold, for latencies that are not just the length of the queue. */
  private static final int STEADY_RATE = 10_000;

  private static final int FIRST_PORT = 21_790;

  private DnsBench() {}

  /** Without arguments the benchmark; {@code serve PORT} is the child that it measures. */
  public static void main(String[] args) throws Exception {
    if (args.length == 2 && args[0].equals("serve")) {
      serve(Integer.parseInt(args[1]));
      return;
    }
    Path folder = Files.createTempDirectory("dns-bench");
    Map<String, Process> servers = new LinkedHashMap<>();
    try {
      Path questions = folder.resolve("questions");
      Files.write(questions, questions());
      Map<String, Integer> ports = new LinkedHashMap<>();
      for (String name : List.of("gantry", "dnsmasq", "unbound")) {
        int port = FIRST_PORT + ports.size();
        ports.put(name, port);
        servers.put(name, start(command(name, folder, port), folder.resolve(name + ".log")));
      }
      for (int port : ports.values()) {
        awaitAnswer(port);
        measure(questions, port, WARM_UP_SECONDS, 0);
      }
      System.out.printf("load average before: %s%n", loadAverage());
      Map<String, List<Figures>> figures = new LinkedHashMap<>();
      for (int round = 0; round < ROUNDS; round++) {
        for (var one : ports.entrySet()) {
          Process server = Objects.requireNonNull(servers.get(one.getKey()));
          Duration before = cpu(server);
          Figures full = measure(questions, one.getValue(), SECONDS, 0);
          double cpuMicros = (cpu(server).toNanos() - before.toNanos()) / 1e3 / full.completed();
          Figures steady = measure(questions, one.getValue(), SECONDS, STEADY_RATE);
          Figures both =
              new Figures(
                  full.perSecond(),
                  steady.p99Micros(),
                  full.lost() + steady.lost(),
                  full.completed(),
                  cpuMicros);
          figures.computeIfAbsent(one.getKey(), absent -> new ArrayList<>()).add(both);
          System.out.printf(
              Locale.ROOT,
              "round %d %-8s %9.0f questions/s   %6.2f us of CPU each   p99 at %d/s %6.0f us   lost %d%n",
              round + 1,
              one.getKey(),
              both.perSecond(),
              both.cpuMicros(),
              STEADY_RATE,
              both.p99Micros(),
              both.lost());
        }
      }
      System.out.printf("load average after: %s%n", loadAverage());
      figures.forEach(
          (name, rounds) ->
              System.out.printf(
                  Locale.ROOT,
                  "median  %-8s %9.0f questions/s   %6.2f us of CPU each   p99 %6.0f us%n",
                  name,
                  median(rounds.stream().map(Figures::perSecond)),
                  median(rounds.stream().map(Figures::cpuMicros)),
                  median(rounds.stream().map(Figures::p99Micros))));
    } finally {
      for (Process server : servers.values()) {
        server.destroy();
        if (!server.waitFor(5, TimeUnit.SECONDS)) {
          server.destroyForcibly();
        }
      }
      Folders.delete(folder);
    }
  }

  /**
   * One measurement.
   *
   * @param cpuMicros what a question costs the server in processor time: the figure that other work
   *     on the machine disturbs least
   */
  private record Figures(
      double perSecond, double p99Micros, long lost, long completed, double cpuMicros) {}

  private static Duration cpu(Process server) {
    return server.info().totalCpuDuration().orElseThrow();
  }

  private static double median(Stream<Double> values) {
    List<Double> sorted = values.sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static String loadAverage() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).strip();
  }

  private static String host(int number) {
    return "host" + number + ".bench.internal";
  }

  private static String address(int number) {
    return "10.1." + number / 250 + "." + (number % 250 + 1);
  }

  private static List<String> questions() {
    List<String> questions = new ArrayList<>();
    for (int i = 0; i < NAMES; i++) {
      questions.add((i % 10 == 9 ? "nobody" + i + ".bench.internal" : host(i)) + " A");
    }
    return questions;
  }

  private static List<String> command(String name, Path folder, int port) throws IOException {
    Path config = folder.resolve(name + ".conf");
    List<String> lines = new ArrayList<>();
    return switch (name) {
      case "dnsmasq" -> {
        lines.addAll(
            List.of(
                "port=" + port,
                "listen-address=127.0.0.1",
                "bind-interfaces",
                "no-resolv",
                "no-hosts",
                "local=/bench.internal/",
                "local-ttl=60",
                "user=" + System.getProperty("user.name")));
        for (int i = 0; i < NAMES; i++) {
          lines.add("host-record=" + host(i) + "," + address(i));
        }
        Files.write(config, lines);
        yield List.of(tool("dnsmasq"), "--keep-in-foreground", "--conf-file=" + config);
      }
      case "unbound" -> {
        lines.addAll(
            List.of(
                "server:",
                "  num-threads: 1",
                "  interface: 127.0.0.1@" + port,
                "  do-daemonize: no",
                "  use-syslog: no",
                "  chroot: \"\"",
                "  username: \"\"",
                "  pidfile: \"\"",
                "  directory: \"" + folder + "\"",
                "  do-ip6: no",
                "  local-zone: \"bench.internal.\" static",
                "  local-data: \"bench.internal. 60 SOA ns. admin. 1 2 3 4 60\""));
        for (int i = 0; i < NAMES; i++) {
          lines.add("  local-data: \"" + host(i) + ". 60 A " + address(i) + "\"");
        }
        lines.addAll(List.of("remote-control:", "  control-enable: no"));
        Files.write(config, lines);
        yield List.of(tool("unbound"), "-d", "-c", config.toString());
      }
      default ->
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:+UseSerialGC",
              "-Xmx128m",
              "--enable-native-access=ALL-UNNAMED",
              "-Dio.netty.leakDetection.level=disabled", // as Main sets it
              "-cp",
              System.getProperty("java.class.path"),
              DnsBench.class.getName(),
              "serve",
              Integer.toString(port));
    };
  }

  /** Debian keeps servers where a user's path may not lead. */
  private static String tool(String name) {
    for (String place : List.of("/usr/sbin/", "/usr/bin/")) {
      if (Files.isExecutable(Path.of(place + name))) {
        return place + name;
      }
    }
    throw new IllegalStateException(name + " is needed: apt-get install " + name);
  }

  private static Process start(List<String> command, Path log) throws IOException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", "0"));
    pinned.addAll(command);
    return new ProcessBuilder(pinned)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private static void awaitAnswer(int port) throws IOException {
    byte[] name = Names.toWire(host(0));
    ByteBuffer query = ByteBuffer.allocate(16 + name.length);
    query.putInt(0x00010100).putInt(0x00010000).putInt(0).put(name).putInt(0x00010001);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(100);
      while (System.nanoTime() < deadline) {
        socket.send(
            new DatagramPacket(
                query.array(),
                query.position(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
        try {
          socket.receive(new DatagramPacket(new byte[512], 512));
          return;
        } catch (SocketTimeoutException notYet) {
          // It is still starting.
        }
      }
    }
    throw new IllegalStateException("no server answers at port " + port);
  }

  /** One run of dnsperf: as fast as it goes, or at {@code rate} with every latency. */
  private static Figures measure(Path questions, int port, int seconds, int rate)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "taskset",
                "-c",
                "1",
                tool("dnsperf"),
                "-s",
                "127.0.0.1",
                "-p",
                "" + port,
                "-d",
                questions.toString(),
                "-l",
                "" + seconds,
                "-c",
                "8",
                "-T",
                "1",
                "-q",
                "200"));
    if (rate > 0) {
      command.addAll(List.of("-Q", "" + rate, "-v"));
    }
    Process dnsperf = new ProcessBuilder(command).redirectErrorStream(true).start();
    double perSecond = 0;
    long lost = 0;
    long completed = 0;
    List<Double> latencies = new ArrayList<>();
    try (var output = dnsperf.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        String[] words = line.strip().split("\\s+", -1);
        if (line.startsWith("> T ")) {
          continue; // No answer in time: counted as lost at the end.
        }
        if (line.startsWith(">")) {
          latencies.add(Double.parseDouble(words[words.length - 1]) * 1e6);
        } else if (line.contains("Queries per second:")) {
          perSecond = Double.parseDouble(words[words.length - 1]);
        } else if (line.contains("Queries lost:")) {
          lost = Long.parseLong(words[2]);
        } else if (line.contains("Queries completed:")) {
          completed = Long.parseLong(words[2]);
        }
      }
    }
    if (dnsperf.waitFor() != 0 || completed == 0) {
      throw new IllegalStateException("dnsperf measured nothing at port " + port);
    }
    latencies.sort(null);
    double p99 = latencies.isEmpty() ? 0 : latencies.get((int) (latencies.size() * 0.99));
    return new Figures(perSecond, p99, lost, completed, 0);
  }

  private static void serve(int port) throws InterruptedException {
    List<RecordSet> records = new ArrayList<>();
    for (int i = 0; i < NAMES; i++) {
      records.add(RecordSet.simple(host(i) + ".", RecordType.A, 60, address(i)));
    }
    Zone zone = Zone.of("bench.internal.", "ns. admin. 1 2 3 4 60", 60, records);
    View view = View.of(List.of(zone), "us-east-1", false);
    DnsServer server = DnsServer.start(1, List.of());
    server.listen(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        DnsServer.Sockets.HOST,
        () -> view,
        Askers.LOOPBACK);
    new CountDownLatch(1).await(); // until whoever started it ends it
  }
}
