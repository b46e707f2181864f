package gantry.app.bench;

import gantry.app.Folders;
import gantry.app.bench.RegistryRound.Figure;
import gantry.app.http.HttpServer;
import gantry.app.http.Limits;
import gantry.services.FixedClients;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ServiceContext.Endpoint;
import gantry.services.ecr.EcrHost;
import gantry.services.ecr.EcrSettings;
import gantry.state.RandomIds;
import gantry.state.Schema;
import gantry.state.Scope;
import gantry.state.SqliteStore;
import gantry.state.Store;
import gantry.state.SystemTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./gantry bench registry}: layers pushed and pulled over HTTP, ours beside Debian's {@code
 * docker-registry}, turn about in one run. The client is the same plain sockets for both and does
 * what docker does: POST, PATCH, PUT; then GET; one at a time and several at once. Ours is the real
 * program's server and durable store, in a process of its own whose memory is watched.
 */
public final class RegistryBench {

  private static final int ROUNDS = Integer.getInteger("gantry.bench.rounds", 6);
  private static final int HEAP_MEGABYTES = 192;
  private static final Scope HOME = new Scope("000000000000", "us-east-1");
  private static final String REPOSITORY = "bench/app";

  private RegistryBench() {}

  /** Without arguments the benchmark; {@code serve FOLDER} is the child that it measures. */
  public static void main(String[] args) throws Exception {
    if (args.length == 2 && args[0].equals("serve")) {
      serve(Path.of(args[1]));
    } else {
      run();
    }
  }

  // ---- ours

  private static void serve(Path folder) throws Exception {
    SystemTime time = new SystemTime();
    EcrHost.Once once = new EcrHost.Once(EcrSettings.open(HOME));
    HostedService<?> service = once.service();
    Store store =
        SqliteStore.open(
            folder.resolve("state"), SystemTime.clock(), Schema.FIRST, service.tables());
    int port = freePort();
    EcrHost host =
        once.host(
            new ServiceContext(
                store,
                SystemTime.clock(),
                time,
                new RandomIds(),
                FixedClients.of(),
                folder,
                new Endpoint("127.0.0.1", port)));
    gantry.services.Caller caller =
        gantry.services.Caller.service("ecr.amazonaws.com", HOME, "bench");
    ScopedValue.where(gantry.services.Caller.CURRENT, caller)
        .run(() -> host.client().createRepository(r -> r.repositoryName(REPOSITORY)));
    HttpServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        host.dataPlane(),
        Limits.USUAL);
    System.out.println(port);
    System.out.flush();
    Thread.currentThread().join();
  }

  private static int freePort() throws IOException {
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  // ---- the run

  /** A registry under test. */
  private record Peer(String name, Process process, int port, Map<Figure, List<Double>> rounds) {

    Peer(String name, Process process, int port) {
      this(name, process, port, new EnumMap<>(Figure.class));
    }

    void round(int round) throws Exception {
      Map<Figure, Double> figures = RegistryRound.run(port, process.pid(), REPOSITORY, round);
      if (round > 0) {
        System.out.printf(
            Locale.ROOT,
            "  round %d %-16s push %4.0f, %d at once %4.0f; pull %4.0f, %d at once %4.0f MB/s%n",
            round,
            name,
            figures.get(Figure.PUSH),
            RegistryRound.CLIENTS,
            figures.get(Figure.PUSH_MANY),
            figures.get(Figure.PULL),
            RegistryRound.CLIENTS,
            figures.get(Figure.PULL_MANY));
        figures.forEach((f, each) -> rounds.computeIfAbsent(f, _ -> new ArrayList<>()).add(each));
      }
      // What this one left to the kernel to write is not to be waited for by the other.
      new ProcessBuilder("sync").start().waitFor();
    }

    double median(Figure figure) {
      double[] sorted =
          rounds.getOrDefault(figure, List.of()).stream().mapToDouble(d -> d).sorted().toArray();
      return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
  }

  private static void run() throws Exception {
    Path folder = Files.createTempDirectory("gantry-bench-registry");
    List<Peer> peers = new ArrayList<>();
    try {
      Peer own = ours(folder.resolve("gantry"));
      peers.add(own);
      Peer debian = debian(folder.resolve("debian"));
      if (debian == null) {
        System.out.println("docker-registry is not installed: no peer to compare with");
      } else {
        peers.add(debian);
      }
      System.out.println(Rival.load());
      for (Peer peer : peers) {
        peer.round(0); // Warm up, and what comes back is right: not counted.
      }
      List<Long> memory = new ArrayList<>(List.of(residentMegabytes(own)));
      for (int round = 1; round <= ROUNDS; round++) {
        // Turn about, each first in every other round.
        for (Peer peer : round % 2 == 0 ? peers.reversed() : peers) {
          peer.round(round);
        }
        memory.add(residentMegabytes(own));
      }
      peers.forEach(RegistryBench::print);
      if (debian != null) {
        print("ratio", figure -> own.median(figure) / debian.median(figure));
      }
      System.out.printf(
          "medians of %d rounds, %d clients; %d MB went in and as many out; memory of ours after each round: %s MB%n",
          ROUNDS, RegistryRound.CLIENTS, ROUNDS * RegistryRound.BYTES / (1024 * 1024), memory);
    } finally {
      for (Peer peer : peers) {
        peer.process.destroyForcibly().waitFor();
      }
      Folders.delete(folder);
    }
  }

  private static void print(Peer peer) {
    print(peer.name, peer::median);
  }

  private static void print(String name, ToDoubleFunction<Figure> figure) {
    boolean ratio = name.equals("ratio");
    System.out.printf(
        Locale.ROOT,
        ratio
            ? "%-16s one client: push %.2f (CPU %.2f), end %.2f, pull %.2f (CPU %.2f)   several: push %.2f (CPU %.2f), pull %.2f (CPU %.2f)   small layers %.2f%n"
            : "%-16s one client: push %.0f MB/s (CPU %.1f s/GB), end %.0f ms, pull %.0f MB/s (%.1f s/GB)   several: push %.0f MB/s (%.1f s/GB), pull %.0f MB/s (%.1f s/GB)   small layers %.0f/s%n",
        name,
        figure.applyAsDouble(Figure.PUSH),
        figure.applyAsDouble(Figure.PUSH_CPU),
        figure.applyAsDouble(Figure.PUSH_END),
        figure.applyAsDouble(Figure.PULL),
        figure.applyAsDouble(Figure.PULL_CPU),
        figure.applyAsDouble(Figure.PUSH_MANY),
        figure.applyAsDouble(Figure.PUSH_MANY_CPU),
        figure.applyAsDouble(Figure.PULL_MANY),
        figure.applyAsDouble(Figure.PULL_MANY_CPU),
        figure.applyAsDouble(Figure.SMALL));
  }

  private static Peer ours(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("state"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + HEAP_MEGABYTES + "m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RegistryBench.class.getName(),
                "serve",
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var said =
        new java.io.BufferedReader(
            new java.io.InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.matches("[0-9]+")) {
        return new Peer("gantry", process, Integer.parseInt(line));
      }
    }
    throw new IOException("the registry did not start");
  }

  private static @Nullable Peer debian(Path folder) throws Exception {
    Path program = Path.of("/usr/bin/docker-registry");
    if (!Files.isExecutable(program)) {
      return null;
    }
    Files.createDirectories(folder);
    int port = freePort();
    Path config = folder.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: true}}
        storage: {cache: {blobdescriptor: inmemory}, filesystem: {rootdirectory: %s}}
        http: {addr: 127.0.0.1:%d}
        """
            .formatted(folder.resolve("data"), port));
    Process process =
        new ProcessBuilder(program.toString(), "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (System.nanoTime() < deadline) {
      try (RegistryConnection connection = new RegistryConnection(port)) {
        connection.send("GET", "/v2/", null, RegistryConnection.NOTHING);
        return new Peer("docker-registry", process, port);
      } catch (java.net.ConnectException e) {
        Thread.onSpinWait();
      }
    }
    process.destroyForcibly();
    throw new IOException("docker-registry did not start");
  }

  private static long residentMegabytes(Peer peer) throws IOException {
    try (Stream<String> lines =
        Files.lines(Path.of("/proc", Long.toString(peer.process.pid()), "status"))) {
      return lines
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
              .findFirst()
              .orElse(0)
          / 1024;
    }
  }
}
