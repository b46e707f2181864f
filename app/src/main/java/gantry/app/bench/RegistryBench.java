package gantry.app.bench;

import gantry.app.http.HttpServer;
import gantry.app.http.Limits;
import gantry.services.Clients;
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
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/**
 * {@code ./gantry bench registry}: layers pushed and pulled over HTTP, ours beside Debian's {@code
 * docker-registry}, turn about in one run. The client is the same plain sockets for both and does
 * what docker does: POST, PATCH, PUT; then GET. Ours is the real program's server and durable
 * store, in a process of its own whose memory is watched.
 */
public final class RegistryBench {

  private static final int LAYER_BYTES = 64 * 1024 * 1024;
  private static final int LAYERS_PER_ROUND = 8;
  private static final int ROUNDS = Integer.getInteger("gantry.bench.rounds", 4);
  private static final int SMALL_LAYERS = 200;
  private static final int SMALL_BYTES = 16 * 1024;
  private static final int HEAP_MEGABYTES = 192;
  private static final int TICKS_A_SECOND = 100;
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

  private static final class NoClients implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("the benchmark hosts the registry alone");
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String role, String session, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("the benchmark hosts the registry alone");
    }
  }

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
                new NoClients(),
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
  private record Peer(String name, Process process, int port) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Layer(byte[] content, String digest) {}

  private static void run() throws Exception {
    Path folder = Files.createTempDirectory("gantry-bench-registry");
    List<Peer> peers = new ArrayList<>();
    try {
      peers.add(ours(folder.resolve("gantry")));
      Peer debian = debian(folder.resolve("debian"));
      if (debian == null) {
        System.out.println("docker-registry is not installed: no peer to compare with");
      } else {
        peers.add(debian);
      }
      List<List<double[]>> rates = new ArrayList<>();
      for (Peer peer : peers) {
        round(peer, 0); // Warm up: not counted.
        rates.add(new ArrayList<>());
      }
      long memoryBefore = residentMegabytes(peers.getFirst());
      long peak = memoryBefore;
      for (int round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < peers.size(); i++) {
          rates.get(i).add(round(peers.get(i), round));
        }
        peak = Math.max(peak, residentMegabytes(peers.getFirst()));
      }
      long through = (long) ROUNDS * LAYERS_PER_ROUND * LAYER_BYTES / (1024 * 1024);
      for (int i = 0; i < peers.size(); i++) {
        System.out.printf(
            Locale.ROOT,
            "%-16s push %5.0f MB/s   pull %5.0f MB/s   small layers %5.0f/s   CPU per GB: push %.1f s, pull %.1f s   end of a push %.0f ms   (medians of %d rounds)%n",
            peers.get(i).name,
            median(rates.get(i), 0),
            median(rates.get(i), 1),
            median(rates.get(i), 2),
            median(rates.get(i), 3),
            median(rates.get(i), 4),
            median(rates.get(i), 5),
            ROUNDS);
      }
      if (peers.size() == 2) {
        System.out.printf(
            Locale.ROOT,
            "ratio            push %.2f   pull %.2f   small layers %.2f   CPU: push %.2f, pull %.2f%n",
            median(rates.get(0), 0) / median(rates.get(1), 0),
            median(rates.get(0), 1) / median(rates.get(1), 1),
            median(rates.get(0), 2) / median(rates.get(1), 2),
            median(rates.get(0), 3) / median(rates.get(1), 3),
            median(rates.get(0), 4) / median(rates.get(1), 4));
      }
      System.out.printf(
          "memory of ours: %d MB before, at most %d MB while %d MB went in and as many out%n",
          memoryBefore, peak, through);
    } finally {
      for (Peer peer : peers) {
        peer.process.destroyForcibly().waitFor();
      }
      delete(folder);
    }
  }

  private static double median(List<double[]> rounds, int column) {
    double[] sorted = rounds.stream().mapToDouble(each -> each[column]).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
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
      try (Connection connection = new Connection(port)) {
        connection.send("GET", "/v2/", null, new byte[0]);
        return new Peer("docker-registry", process, port);
      } catch (java.net.ConnectException e) {
        Thread.onSpinWait();
      }
    }
    process.destroyForcibly();
    throw new IOException("docker-registry did not start");
  }

  /**
   * Push, pull, small layers, CPU of push and pull, a push's end: MB/s, MB/s, layers/s, s/GB, s/GB,
   * ms.
   */
  private static double[] round(Peer peer, int round) throws Exception {
    List<Layer> layers = new ArrayList<>();
    byte[] content = new byte[LAYER_BYTES];
    new Random(round).nextBytes(content);
    double pushSeconds = 0;
    double endSeconds = 0;
    double pullSeconds = 0;
    byte[] buffer = new byte[256 * 1024];
    try (Connection connection = new Connection(peer.port)) {
      double cpuBefore = cpuSeconds(peer);
      for (int i = 0; i < LAYERS_PER_ROUND; i++) {
        content[i] ^= (byte) 0x55;
        layers.add(new Layer(new byte[0], digest(content)));
        long start = System.nanoTime();
        endSeconds += push(connection, content, layers.getLast().digest);
        pushSeconds += (System.nanoTime() - start) / 1e9;
      }
      double cpuBetween = cpuSeconds(peer);
      for (Layer layer : layers) {
        long start = System.nanoTime();
        connection.get("/v2/" + REPOSITORY + "/blobs/" + layer.digest, LAYER_BYTES, buffer);
        pullSeconds += (System.nanoTime() - start) / 1e9;
      }
      double cpuAfter = cpuSeconds(peer);
      List<Layer> small = new ArrayList<>();
      for (int i = 0; i < SMALL_LAYERS; i++) {
        byte[] bytes = new byte[SMALL_BYTES];
        new Random((long) round * SMALL_LAYERS + i).nextBytes(bytes);
        small.add(new Layer(bytes, digest(bytes)));
      }
      long start = System.nanoTime();
      for (Layer layer : small) {
        push(connection, layer.content, layer.digest);
      }
      double megabytes = (double) LAYERS_PER_ROUND * LAYER_BYTES / 1e6;
      return new double[] {
        megabytes / pushSeconds,
        megabytes / pullSeconds,
        SMALL_LAYERS / ((System.nanoTime() - start) / 1e9),
        (cpuBetween - cpuBefore) / (megabytes / 1000),
        (cpuAfter - cpuBetween) / (megabytes / 1000),
        endSeconds / LAYERS_PER_ROUND * 1000
      };
    }
  }

  private static String digest(byte[] content) throws Exception {
    return "sha256:"
        + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
  }

  /** Returns how long the last request took, with which the layer is whole and durable. */
  private static double push(Connection connection, byte[] content, String digest)
      throws IOException {
    String location =
        connection.send("POST", "/v2/" + REPOSITORY + "/blobs/uploads/", null, new byte[0]);
    location = connection.send("PATCH", location, "application/octet-stream", content);
    long end = System.nanoTime();
    connection.send(
        "PUT",
        location + (location.contains("?") ? "&" : "?") + "digest=" + digest,
        null,
        new byte[0]);
    return (System.nanoTime() - end) / 1e9;
  }

  private static double cpuSeconds(Peer peer) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(peer.process.pid()), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_A_SECOND;
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

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** One connection, kept open. */
  private static final class Connection implements AutoCloseable {

    private static final int TIMEOUT_MILLIS = 60_000;

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;
    private final int port;

    Connection(int port) throws IOException {
      this.port = port;
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.setTcpNoDelay(true);
      out = socket.getOutputStream();
      in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 64 * 1024));
    }

    /** Sends a request, checks that it was done, and returns the Location. */
    String send(String method, String target, @Nullable String type, byte[] body)
        throws IOException {
      String path = target.replaceFirst("^https?://[^/]+", "");
      out.write(
          (method
                  + " "
                  + path
                  + " HTTP/1.1\r\nHost: localhost:"
                  + port
                  + "\r\nContent-Length: "
                  + body.length
                  + "\r\n"
                  + (type == null ? "" : "Content-Type: " + type + "\r\n")
                  + "\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.write(body);
      out.flush();
      Head head = head();
      in.skipNBytes(Math.max(0, head.length));
      if (head.status >= 300) {
        throw new IOException(method + " " + path + " was answered " + head.status);
      }
      return head.location;
    }

    void get(String path, long expected, byte[] buffer) throws IOException {
      out.write(
          ("GET " + path + " HTTP/1.1\r\nHost: localhost:" + port + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();
      Head head = head();
      if (head.status != 200 || head.length != expected) {
        throw new IOException("GET " + path + " was answered " + head);
      }
      InputStream from = in;
      for (long left = head.length; left > 0; ) {
        int read = from.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read < 0) {
          throw new IOException("the layer ended early");
        }
        left -= read;
      }
    }

    private record Head(int status, long length, String location) {}

    private Head head() throws IOException {
      String line = line();
      int status = Integer.parseInt(line.split(" ", 3)[1]);
      long length = -1;
      String location = "";
      for (line = line(); !line.isEmpty(); line = line()) {
        int colon = line.indexOf(':');
        String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
        String value = line.substring(colon + 1).trim();
        if (name.equals("content-length")) {
          length = Long.parseLong(value);
        } else if (name.equals("location")) {
          location = value;
        }
      }
      return new Head(status, length, location);
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new IOException("the connection was closed");
        }
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
