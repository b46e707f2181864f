package gantry.app.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One round against one registry: large layers over one connection, large layers over several at
 * once, small layers. Every layer is new: no registry has it already.
 */
final class RegistryRound {

  static final int LAYER_BYTES = 32 * 1024 * 1024;
  static final int LAYERS = 8;
  static final int CLIENTS = 4;
  private static final int SMALL_LAYERS = 200;
  private static final int SMALL_BYTES = 16 * 1024;

  /** What goes in in one round, and comes out. */
  static final long BYTES = (long) (LAYERS + CLIENTS) * LAYER_BYTES;

  /** What is measured: MB/s, seconds of CPU for a GB, milliseconds, layers a second. */
  enum Figure {
    PUSH,
    PUSH_CPU,
    PUSH_END,
    PULL,
    PULL_CPU,
    PUSH_MANY,
    PUSH_MANY_CPU,
    PULL_MANY,
    PULL_MANY_CPU,
    SMALL
  }

  private final int port;
  private final long pid;
  private final String repository;
  private final Random random;
  private final boolean verify;
  private final Map<Figure, Double> figures = new EnumMap<>(Figure.class);

  private RegistryRound(int port, long pid, String repository, int round) {
    this.port = port;
    this.pid = pid;
    this.repository = repository;
    this.random = new Random(round);
    this.verify = round == 0;
  }

  /** Round 0 also checks what comes back, and so is no measurement. */
  static Map<Figure, Double> run(int port, long pid, String repository, int round)
      throws Exception {
    RegistryRound one = new RegistryRound(port, pid, repository, round);
    one.oneClient();
    one.manyClients();
    one.smallLayers();
    return one.figures;
  }

  private void oneClient() throws Exception {
    ByteBuffer content = content(LAYER_BYTES);
    List<String> digests = new ArrayList<>();
    double pushed = 0;
    double ended = 0;
    double pulled = 0;
    try (RegistryConnection connection = new RegistryConnection(port)) {
      double cpu = cpuSeconds();
      for (int i = 0; i < LAYERS; i++) {
        digests.add(next(content));
        long start = System.nanoTime();
        ended += push(connection, content, digests.getLast());
        pushed += secondsSince(start);
      }
      double cpuPushed = cpuSeconds();
      for (String digest : digests) {
        long start = System.nanoTime();
        pull(connection, digest, LAYER_BYTES);
        pulled += secondsSince(start);
      }
      double megabytes = (double) LAYERS * LAYER_BYTES / 1e6;
      figures.put(Figure.PUSH, megabytes / pushed);
      figures.put(Figure.PUSH_CPU, (cpuPushed - cpu) / (megabytes / 1e3));
      figures.put(Figure.PUSH_END, ended / LAYERS * 1e3);
      figures.put(Figure.PULL, megabytes / pulled);
      figures.put(Figure.PULL_CPU, (cpuSeconds() - cpuPushed) / (megabytes / 1e3));
    }
  }

  private void manyClients() throws Exception {
    // Prepared before: hashing is the client's work and not what is measured.
    List<ByteBuffer> contents = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    for (int client = 0; client < CLIENTS; client++) {
      contents.add(content(LAYER_BYTES));
      digests.add(next(contents.getLast()));
    }
    double megabytes = (double) CLIENTS * LAYER_BYTES / 1e6;
    double cpu = cpuSeconds();
    double pushed =
        atOnce((client, connection) -> push(connection, contents.get(client), digests.get(client)));
    double cpuPushed = cpuSeconds();
    double pulled =
        atOnce((client, connection) -> pull(connection, digests.get(client), LAYER_BYTES));
    figures.put(Figure.PUSH_MANY, megabytes / pushed);
    figures.put(Figure.PUSH_MANY_CPU, (cpuPushed - cpu) / (megabytes / 1e3));
    figures.put(Figure.PULL_MANY, megabytes / pulled);
    figures.put(Figure.PULL_MANY_CPU, (cpuSeconds() - cpuPushed) / (megabytes / 1e3));
  }

  private interface Work {
    void run(int client, RegistryConnection connection) throws Exception;
  }

  /** How long it took until the last was done. */
  private double atOnce(Work work) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      long start = System.nanoTime();
      List<Callable<Void>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int client = i;
        all.add(
            () -> {
              try (RegistryConnection connection = new RegistryConnection(port)) {
                work.run(client, connection);
              }
              return null;
            });
      }
      for (Future<Void> each : threads.invokeAll(all)) {
        each.get();
      }
      return secondsSince(start);
    }
  }

  private void smallLayers() throws Exception {
    ByteBuffer content = content(SMALL_BYTES);
    double pushed = 0;
    try (RegistryConnection connection = new RegistryConnection(port)) {
      for (int i = 0; i < SMALL_LAYERS; i++) {
        String digest = next(content);
        long start = System.nanoTime();
        push(connection, content, digest);
        pushed += secondsSince(start);
      }
    }
    figures.put(Figure.SMALL, SMALL_LAYERS / pushed);
  }

  // ---- a client

  private ByteBuffer content(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return ByteBuffer.allocateDirect(size).put(bytes).flip();
  }

  /** Makes another layer of it; returns its digest. */
  private String next(ByteBuffer content) throws NoSuchAlgorithmException {
    content.putLong(0, random.nextLong());
    MessageDigest hasher = MessageDigest.getInstance("SHA-256");
    hasher.update(content.duplicate());
    return digest(hasher);
  }

  private static String digest(MessageDigest hasher) {
    return "sha256:" + HexFormat.of().formatHex(hasher.digest());
  }

  /** As docker does. Returns how long the last request took, with which the layer is durable. */
  private double push(RegistryConnection connection, ByteBuffer content, String digest)
      throws IOException {
    String location =
        connection.send(
            "POST", "/v2/" + repository + "/blobs/uploads/", null, RegistryConnection.NOTHING);
    location = connection.send("PATCH", location, "application/octet-stream", content);
    long end = System.nanoTime();
    connection.send(
        "PUT",
        location + (location.contains("?") ? "&" : "?") + "digest=" + digest,
        null,
        RegistryConnection.NOTHING);
    return secondsSince(end);
  }

  private void pull(RegistryConnection connection, String digest, long size) throws Exception {
    MessageDigest hasher = verify ? MessageDigest.getInstance("SHA-256") : null;
    connection.get("/v2/" + repository + "/blobs/" + digest, size, hasher);
    if (hasher != null && !digest(hasher).equals(digest)) {
      throw new IOException(digest + " came back as something else");
    }
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private double cpuSeconds() throws IOException {
    return ProcessorTime.of(ProcessHandle.of(pid).orElseThrow()).all() / 1e6;
  }
}
