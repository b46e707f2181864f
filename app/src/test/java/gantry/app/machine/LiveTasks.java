package gantry.app.machine;

import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.node.vpc.TaskNamespaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.Task;

/**
 * Fargate tasks of a real program, and connections out of them: a socket that is made inside a
 * task's network namespace leaves by the task's interface, as one of its containers' would.
 */
final class LiveTasks implements AutoCloseable {

  /** One repetition of what may be lost, and some more for a machine under load. */
  static final Duration GIVES_UP = Duration.ofMillis(1_500);

  private static final Duration SOON = Duration.ofSeconds(120);

  private final EcsClient ecs;
  private final TaskNamespaces inside = new TaskNamespaces();
  private final AtomicInteger families = new AtomicInteger();

  private final @Nullable String executionRole;

  LiveTasks(EcsClient ecs) {
    this(ecs, null);
  }

  LiveTasks(EcsClient ecs, @Nullable String executionRole) {
    this.ecs = ecs;
    this.executionRole = executionRole;
  }

  /**
   * A task that runs.
   *
   * @param pid of its first container, as the host counts it
   */
  record Live(String arn, String address, String eni, long pid) {}

  /** A container that does nothing. */
  static ContainerDefinition idle() {
    return container("idle", "exec sleep 3600");
  }

  /** A container that says {@code words} to who asks at port 80. */
  static ContainerDefinition web(String words) {
    return container("web", "echo " + words + " > /tmp/index.html; exec httpd -f -p 80 -h /tmp");
  }

  static ContainerDefinition container(String name, String script) {
    return ContainerDefinition.builder()
        .name(name)
        .image(RealProgram.IMAGE)
        .command("sh", "-c", script)
        .stopTimeout(2)
        .build();
  }

  /** Started, not waited for. */
  String begin(String subnet, List<String> groups, ContainerDefinition... containers) {
    String family = "t" + families.incrementAndGet();
    ecs.registerTaskDefinition(
        r ->
            r.family(family)
                .networkMode(NetworkMode.AWSVPC)
                .requiresCompatibilities(Compatibility.FARGATE)
                .cpu("256")
                .memory("512")
                .executionRoleArn(executionRole)
                .containerDefinitions(containers));
    RunTaskResponse run =
        ecs.runTask(
            r ->
                r.taskDefinition(family)
                    .launchType(LaunchType.FARGATE)
                    .networkConfiguration(
                        n -> n.awsvpcConfiguration(v -> v.subnets(subnet).securityGroups(groups))));
    assertThat(run.failures()).isEmpty();
    return run.tasks().getFirst().taskArn();
  }

  Live running(String arn) throws InterruptedException {
    awaitStatus(arn, "RUNNING");
    Task task = task(arn);
    String container = task.containers().getFirst().runtimeId();
    return new Live(
        arn,
        detail(task, "privateIPv4Address"),
        detail(task, "networkInterfaceId"),
        Long.parseLong(
            RealProgram.run("docker", "inspect", "-f", "{{.State.Pid}}", container)
                .getFirst()
                .strip()));
  }

  Live run(String subnet, List<String> groups, ContainerDefinition... containers)
      throws InterruptedException {
    return running(begin(subnet, groups, containers));
  }

  void awaitStatus(String arn, String status) throws InterruptedException {
    until(
        status + " of " + arn,
        SOON,
        () -> {
          Task now = task(arn);
          assertThat(status.equals("RUNNING") && now.lastStatus().equals("STOPPED"))
              .as(now.stoppedReason() + " " + now.containers())
              .isFalse();
          return now.lastStatus().equals(status);
        });
  }

  void stop(Live task) throws InterruptedException {
    inside.forget(task.pid());
    ecs.stopTask(r -> r.task(task.arn()));
    awaitStatus(task.arn(), "STOPPED");
  }

  Task task(String arn) {
    return ecs.describeTasks(r -> r.tasks(arn)).tasks().getFirst();
  }

  private static String detail(Task task, String name) {
    return task.attachments().getFirst().details().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  /** A connection that is on its way. */
  SocketChannel begin(Live from, String address, int port) throws IOException {
    SocketChannel channel =
        inside.in(
            from.pid(),
            () -> {
              SocketChannel made = SocketChannel.open(StandardProtocolFamily.INET);
              made.configureBlocking(false);
              return made;
            });
    try {
      channel.connect(new InetSocketAddress(address, port));
      return channel;
    } catch (IOException refusedAtOnce) {
      channel.close();
      throw refusedAtOnce;
    }
  }

  /** A connection out of a task; null when there is none. */
  @Nullable SocketChannel connect(Live from, String address, int port) {
    try {
      SocketChannel channel = begin(from, address, port);
      long deadline = System.nanoTime() + GIVES_UP.toNanos();
      while (System.nanoTime() < deadline) {
        if (channel.finishConnect()) {
          channel.configureBlocking(true);
          return channel;
        }
        LockSupport.parkNanos(2_000_000);
      }
      channel.close();
    } catch (IOException refused) {
      return null;
    }
    return null;
  }

  boolean reaches(Live from, String address, int port) {
    try (SocketChannel channel = connect(from, address, port)) {
      return channel != null;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What a task's web server says to another task; null when it is not reached. */
  @Nullable String asks(Live from, String address) {
    try (SocketChannel channel = connect(from, address, 80)) {
      return channel == null ? null : get(channel);
    } catch (IOException e) {
      return null;
    }
  }

  /** Over a connection that stands. */
  static String get(SocketChannel channel) throws IOException {
    channel.socket().setSoTimeout(30_000);
    channel.socket().getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
    String answer = new String(channel.socket().getInputStream().readAllBytes());
    return answer.substring(answer.lastIndexOf("\r\n\r\n") + 4).strip();
  }

  void awaitReached(Live from, String address, int port) throws InterruptedException {
    until("reached: " + address + ":" + port, SOON, () -> reaches(from, address, port));
  }

  void awaitNotReached(Live from, String address, int port) throws InterruptedException {
    until("not reached: " + address + ":" + port, SOON, () -> !reaches(from, address, port));
    assertThat(reaches(from, address, port)).isFalse();
  }

  @Override
  public void close() {
    inside.close();
  }
}
