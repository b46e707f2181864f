package gantry.node.bench;

import gantry.acs.TaskPayload;
import gantry.node.Node;
import gantry.node.NodeConfig;
import gantry.node.NodeDoors;
import gantry.node.RoleClients;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.PauseImage;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeResponse;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * {@code ./gantry bench node}: fifty tasks from the moment they are assigned until all are reported
 * RUNNING, against fifty {@code docker run -d} of the same container, as many at a time as the node
 * itself starts; then the memory that a task costs the program, and what it uses while a hundred
 * containers run. The container is our own pause program: it does nothing, so that the machine
 * measures the engines and not the load.
 */
public final class NodeBench {

  static final int TASKS = 50;
  static final Duration IDLE_SPAN = Duration.ofSeconds(10);

  /** What came out, for whoever wants to assert it. */
  public record Result(
      String mode, double nodeSeconds, double dockerSeconds, double kilobytesPerTask) {
    public double ratio() {
      return nodeSeconds / dockerSeconds;
    }
  }

  private NodeBench() {}

  /** Runs it all; needs Docker and its command line. */
  public static List<Result> run(PrintStream out) throws IOException, InterruptedException {
    String install = "bench-" + UUID.randomUUID().toString().substring(0, 8);
    Path state = Files.createTempDirectory("gantry-bench");
    Listener listener = new Listener();
    boolean root = "root".equals(System.getProperty("user.name"));
    NodeConfig config = NodeConfig.local(install, state, choices -> choices.metadataOnHost(false));
    List<Result> results = new ArrayList<>();
    BenchVpc vpc = root ? BenchVpc.make(TASKS) : null;
    NodeDoors doors = NodeDoors.only(listener, new NoRoles());
    Node node = Node.start(config, vpc == null ? doors : doors.withNetwork(vpc.network(), null));
    try (DockerEngine docker = new DockerEngine(NodeConfig.DOCKER_SOCKET)) {
      PauseImage.ensure(docker);
      warmUp(node, listener, install);
      List<TaskPayload> kept = new ArrayList<>();
      double bridge = 0;
      for (NetworkMode mode : List.of(NetworkMode.BRIDGE, NetworkMode.HOST, NetworkMode.AWSVPC)) {
        if (mode == NetworkMode.AWSVPC && vpc == null) {
          out.println("bench node: awsvpc mode was left out: it needs root");
          continue;
        }
        // What plain Docker offers for awsvpc is its bridge: one container, where we need two.
        double plain = mode == NetworkMode.AWSVPC ? bridge : plain(mode, install);
        bridge = mode == NetworkMode.BRIDGE ? plain : bridge;
        long before = heap();
        List<TaskPayload> tasks = tasks(mode, TASKS, vpc);
        double ours = start(node, listener, tasks);
        double kilobytes = (heap() - before) / 1024.0 / TASKS;
        Result result = new Result(mode.toString(), ours, plain, kilobytes);
        results.add(result);
        out.printf(
            Locale.ROOT,
            "bench node: %s mode: %d tasks running in %.2f s, docker run in %.2f s: %.2f times as"
                + " long; %.0f kB per task%n",
            mode,
            TASKS,
            ours,
            plain,
            result.ratio(),
            kilobytes);
        kept.addAll(tasks);
      }
      out.printf(
          Locale.ROOT,
          "bench node: with %d containers running it uses %.2f %% of a core%n",
          kept.size(),
          idlePercent());
    } finally {
      node.removeEverything();
      node.close();
      if (vpc != null) {
        vpc.close();
      }
    }
    return results;
  }

  private static void warmUp(Node node, Listener listener, String install)
      throws InterruptedException, IOException {
    List<TaskPayload> tasks = tasks(NetworkMode.BRIDGE, 5, null);
    start(node, listener, tasks);
    listener.expect(tasks.size(), "STOPPED");
    for (TaskPayload each : tasks) {
      node.assign(stopped(each));
    }
    listener.await();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      names.add(install + "-warm-" + i);
      docker("run", "-d", "--name", names.getLast(), "--entrypoint", "/pause", PauseImage.NAME);
    }
    remove(names);
  }

  private static double start(Node node, Listener listener, List<TaskPayload> tasks)
      throws InterruptedException {
    listener.expect(tasks.size(), "RUNNING");
    long begin = System.nanoTime();
    tasks.forEach(node::assign);
    listener.await();
    return (System.nanoTime() - begin) / 1e9;
  }

  private static double plain(NetworkMode mode, String install)
      throws InterruptedException, IOException {
    List<String> names = new ArrayList<>();
    Semaphore atOnce = new Semaphore(Node.STARTS_AT_ONCE);
    CountDownLatch done = new CountDownLatch(TASKS);
    AtomicReference<@Nullable IOException> failed = new AtomicReference<>();
    long begin = System.nanoTime();
    for (int i = 0; i < TASKS; i++) {
      String name = install + "-plain-" + mode + "-" + i;
      names.add(name);
      atOnce.acquire();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  docker(
                      "run",
                      "-d",
                      "--name",
                      name,
                      "--network",
                      mode == NetworkMode.HOST ? "host" : "bridge",
                      "--entrypoint",
                      "/pause",
                      PauseImage.NAME);
                } catch (IOException e) {
                  failed.set(e);
                } finally {
                  atOnce.release();
                  done.countDown();
                }
              });
    }
    done.await();
    double seconds = (System.nanoTime() - begin) / 1e9;
    remove(names);
    IOException problem = failed.get();
    if (problem != null) {
      throw problem;
    }
    return seconds;
  }

  private static void remove(List<String> names) throws IOException {
    List<String> command = new ArrayList<>(List.of("rm", "-f"));
    command.addAll(names);
    docker(command.toArray(String[]::new));
  }

  private static void docker(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** What is reachable, which a few collections agree on. */
  private static long heap() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      ManagementFactory.getMemoryMXBean().gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }

  private static double idlePercent() throws InterruptedException {
    long begin = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
    TimeUnit.NANOSECONDS.sleep(IDLE_SPAN.toNanos());
    long used = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() - begin;
    return 100.0 * used / IDLE_SPAN.toNanos();
  }

  private static List<TaskPayload> tasks(NetworkMode mode, int count, @Nullable BenchVpc vpc) {
    TaskDefinition definition =
        TaskDefinition.builder()
            .family("bench")
            .revision(1)
            .networkMode(mode)
            .containerDefinitions(
                ContainerDefinition.builder()
                    .name("pause")
                    .image(PauseImage.NAME)
                    .entryPoint("/pause")
                    .stopTimeout(1)
                    .build())
            .build();
    List<TaskPayload> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = UUID.randomUUID().toString().replace("-", "");
      tasks.add(
          new TaskPayload(
              "arn:aws:ecs:us-east-1:123456789012:task/bench/" + id,
              "arn:aws:ecs:us-east-1:123456789012:cluster/bench",
              "arn:aws:ecs:us-east-1:123456789012:container-instance/bench/1",
              1,
              TaskPayload.Desired.RUNNING,
              definition,
              Map.of(),
              mode == NetworkMode.AWSVPC && vpc != null ? vpc.eni(i) : null,
              LaunchType.EC2,
              "us-east-1a",
              "family:bench",
              null,
              false,
              Map.of()));
    }
    return tasks;
  }

  private static TaskPayload stopped(TaskPayload task) {
    return new TaskPayload(
        task.taskArn(),
        task.clusterArn(),
        task.containerInstanceArn(),
        task.generation() + 1,
        TaskPayload.Desired.STOPPED,
        task.definition(),
        task.digests(),
        task.eni(),
        task.launchType(),
        task.availabilityZone(),
        task.group(),
        task.serviceName(),
        task.executeCommandEnabled(),
        task.tags());
  }

  /** A control plane that counts. */
  private static final class Listener implements EcsClient {
    private volatile CountDownLatch latch = new CountDownLatch(0);
    private volatile String status = "";
    private final AtomicReference<@Nullable String> failure = new AtomicReference<>();

    void expect(int count, String newStatus) {
      status = newStatus;
      latch = new CountDownLatch(count);
    }

    void await() throws InterruptedException {
      if (!latch.await(5, TimeUnit.MINUTES)) {
        throw new IllegalStateException("not all tasks were " + status + " in five minutes");
      }
      String why = failure.get();
      if (why != null) {
        throw new IllegalStateException(why);
      }
    }

    @Override
    public SubmitTaskStateChangeResponse submitTaskStateChange(
        SubmitTaskStateChangeRequest report) {
      if (report.status().equals(status)) {
        latch.countDown();
      } else if (report.status().equals("STOPPED")) {
        failure.set("a task stopped: " + report.reason());
        latch.countDown();
      }
      return SubmitTaskStateChangeResponse.builder().build();
    }

    @Override
    public SubmitAttachmentStateChangesResponse submitAttachmentStateChanges(
        SubmitAttachmentStateChangesRequest request) {
      return SubmitAttachmentStateChangesResponse.builder().build();
    }

    @Override
    public String serviceName() {
      return "ecs";
    }

    @Override
    public void close() {}
  }

  private static final class NoRoles implements RoleClients {
    @Override
    public <C extends SdkClient> C as(
        @Nullable String roleArn, String session, String account, String region, Class<C> client) {
      throw new UnsupportedOperationException(client.getSimpleName());
    }
  }
}
