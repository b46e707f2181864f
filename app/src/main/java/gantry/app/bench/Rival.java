package gantry.app.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A program that a benchmark starts and measures: ours, or ministack from PyPI. */
final class Rival implements AutoCloseable {

  private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
  private static final String LIST = "AmazonEC2ContainerServiceV20141113.ListClusters";

  private final Process process;
  private final int port;
  private final double readySeconds;

  private Rival(Process process, int port, double readySeconds) {
    this.process = process;
    this.port = port;
    this.readySeconds = readySeconds;
  }

  /** As its users start it: by the script, which asks first whether anything is to be built. */
  static Rival ours(Path data) throws IOException {
    int port = freePort();
    return start(
        List.of(
            root().resolve("gantry").toString(),
            "up",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString()),
        Map.of("GANTRY_ENGINE", "simulated"),
        port);
  }

  /** Installed from PyPI when it is missing, in the version that {@code tools/clients} names. */
  static Rival ministack() throws IOException, InterruptedException {
    Path python = root().resolve(".gantry/clients/python");
    Path wanted = root().resolve("tools/clients/requirements.txt");
    Path installed = python.resolve("installed"); // as the tests' own Clients say it
    if (!Files.exists(installed) || Files.mismatch(installed, wanted) != -1) {
      Files.createDirectories(python.getParent());
      run(List.of("python3", "-m", "venv", python.toString()));
      run(List.of(python + "/bin/pip", "install", "-q", "-r", wanted.toString()));
      Files.copy(wanted, installed, StandardCopyOption.REPLACE_EXISTING);
    }
    int port = freePort();
    return start(
        List.of(python + "/bin/ministack"), Map.of("GATEWAY_PORT", Integer.toString(port)), port);
  }

  private static Path root() throws IOException {
    String root = System.getenv("GANTRY_ROOT");
    if (root == null) {
      throw new IOException("cannot tell where ./gantry is; use ./gantry bench");
    }
    return Path.of(root);
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
  }

  private static Rival start(List<String> command, Map<String, String> environment, int port)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
    builder.environment().putAll(environment);
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    long began = System.nanoTime();
    Process process = builder.start();
    while (System.nanoTime() - began < READY_NANOS && process.isAlive()) {
      try {
        if (Knock.json(port, "ecs", LIST, "{}").status() == 200) {
          return new Rival(process, port, (System.nanoTime() - began) / 1e9);
        }
      } catch (IOException notYet) {
        LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      }
    }
    process.destroy();
    throw new IOException(command.getFirst() + " did not answer");
  }

  int port() {
    return port;
  }

  /** From the start of the process to the first call answered. */
  double readySeconds() {
    return readySeconds;
  }

  /** Resident memory of the process and its children, in MB. */
  double residentMegabytes() throws IOException {
    return kilobytes("VmRSS:") / 1024.0;
  }

  /** What of it is its own and not pages of files, in MB. */
  double anonymousMegabytes() throws IOException {
    return kilobytes("RssAnon:") / 1024.0;
  }

  private long kilobytes(String field) throws IOException {
    long sum = 0;
    for (long pid : pids()) {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
        if (line.startsWith(field)) {
          sum += Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    }
    return sum;
  }

  /** What of the processors it used so far, with its children. */
  ProcessorTime processorTime() throws IOException {
    return ProcessorTime.of(process.toHandle());
  }

  private List<Long> pids() {
    List<Long> pids = new ArrayList<>(List.of(process.pid()));
    process.descendants().filter(ProcessHandle::isAlive).forEach(p -> pids.add(p.pid()));
    return pids;
  }

  /** How busy the machine is with others: a figure without it says little. */
  static String load() throws IOException {
    String[] load = Files.readString(Path.of("/proc/loadavg")).split(" ", -1);
    return String.format(
        Locale.ROOT, "load %s, %d cores", load[0], Runtime.getRuntime().availableProcessors());
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroy);
  }
}
