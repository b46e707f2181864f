package gantry.node;

import static gantry.node.ControlPlane.container;
import static gantry.node.Payloads.bridge;
import static gantry.node.Payloads.shell;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerDependency;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.HostEntry;
import software.amazon.awssdk.services.ecs.model.HostVolumeProperties;
import software.amazon.awssdk.services.ecs.model.KernelCapabilities;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.MountPoint;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ResourceRequirement;
import software.amazon.awssdk.services.ecs.model.Secret;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SystemControl;
import software.amazon.awssdk.services.ecs.model.Tmpfs;
import software.amazon.awssdk.services.ecs.model.Ulimit;
import software.amazon.awssdk.services.ecs.model.Volume;

/**
 * Tasks with real containers; {@code DOCKER_HOST} names another engine, such as Podman's socket.
 */
@Tag("docker")
class DockerNodeTest {

  /** {@code -Dgantry.node.tasks} makes it bigger. */
  private static final int MANY = Integer.getInteger("gantry.node.tasks", 6);

  @TempDir Path state;
  private ControlPlane ecs = new ControlPlane();
  private final String install = "nodetest-" + UUID.randomUUID().toString().substring(0, 8);
  private Node node;

  private final FakeRoles roles = new FakeRoles();
  private final List<String> health = new CopyOnWriteArrayList<>();
  private final List<String> attached = new CopyOnWriteArrayList<>();

  /** Puts the address on the namespace's own loopback: enough to see who shares it. */
  private final TaskNetwork network =
      new TaskNetwork() {
        @Override
        public void attach(String taskArn, EniPayload eni, long pausePid) throws Unavailable {
          try {
            Process process =
                new ProcessBuilder(
                        "nsenter",
                        "-t",
                        String.valueOf(pausePid),
                        "-n",
                        "ip",
                        "addr",
                        "replace",
                        eni.privateIp() + "/32",
                        "dev",
                        "lo")
                    .redirectErrorStream(true)
                    .start();
            if (process.waitFor() != 0) {
              throw new Unavailable(
                  new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            }
            process =
                new ProcessBuilder(
                        "nsenter",
                        "-t",
                        String.valueOf(pausePid),
                        "-n",
                        "ip",
                        "link",
                        "set",
                        "lo",
                        "up")
                    .start();
            process.waitFor();
            attached.add(eni.eniId());
          } catch (IOException | InterruptedException e) {
            throw new Unavailable("nsenter", e);
          }
        }

        @Override
        public void detach(String eniId) {
          attached.remove(eniId);
        }

        @Override
        public void retainOnly(Set<String> eniIds) {}
      };

  /** Stands for the AWS API. */
  private final com.sun.net.httpserver.HttpServer api = api();

  private static com.sun.net.httpserver.HttpServer api() {
    try {
      var server =
          com.sun.net.httpserver.HttpServer.create(
              new java.net.InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              byte[] said = "the API".getBytes(java.nio.charset.StandardCharsets.UTF_8);
              exchange.sendResponseHeaders(200, said.length);
              exchange.getResponseBody().write(said);
            }
          });
      server.start();
      return server;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  DockerNodeTest() {}

  private Node start() {
    return Node.start(
        NodeConfig.local(
            install,
            state,
            choices ->
                choices
                    .docker(TestImages.ENGINE)
                    .metadataOnHost(false)
                    .apiPort(api.getAddress().getPort())),
        NodeDoors.only(ecs, roles)
            .withNetwork(network, null)
            .withHealth((task, name, status, since, output) -> health.add(name + " " + status))
            .withCredentials(
                (task, role) ->
                    new TaskCredentials.Session(
                        role, "ASIATEST", "secret", "token", Instant.now().plusSeconds(3600))));
  }

  @BeforeEach
  void begin() throws IOException {
    node = start();
    try (DockerEngine docker = new DockerEngine(TestImages.ENGINE)) {
      TestImages.busybox(docker);
    }
  }

  @AfterEach
  void end() {
    api.stop(0);
    node.removeEverything();
    node.close();
  }

  @Test
  void runsATaskAndReportsItsExitCode() {
    TaskPayload task = bridge(shell("main", "echo hello; exit 3"));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "STOPPED");
    assertThat(container(report, "main").exitCode()).isEqualTo(3);
    assertThat(container(report, "main").runtimeId()).hasSize(64);
    assertThat(container(report, "main").reason()).contains("hello");
    assertThat(report.executionStoppedAt()).isNotNull();
    assertThat(report.pullStartedAt()).isNotNull();
  }

  @Test
  void publishesADynamicPortAndStopsOnDemand() throws IOException {
    TaskPayload task =
        bridge(
            shell(
                "web",
                "mkdir -p /www; echo hi > /tmp/index.html; exec httpd -f -p 8080 -h /tmp",
                each -> each.portMappings(PortMapping.builder().containerPort(8080).build())));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "RUNNING");
    var binding = container(report, "web").networkBindings().getFirst();
    assertThat(binding.containerPort()).isEqualTo(8080);
    assertThat(binding.hostPort()).isBetween(32768, 60999);
    ControlPlane.until(
        "the port answers",
        () -> {
          try (Socket socket = new Socket()) {
            socket.setSoTimeout(1000);
            socket.connect(
                new InetSocketAddress(
                    java.net.InetAddress.getLoopbackAddress(), binding.hostPort()),
                1000);
            socket
                .getOutputStream()
                .write(
                    "GET / HTTP/1.0\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            return new String(
                    socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                .contains("hi");
          } catch (IOException e) {
            return false;
          }
        });
    node.assign(Payloads.stopped(task));
    SubmitTaskStateChangeRequest stopped = ecs.await(task.taskArn(), "STOPPED");
    assertThat(container(stopped, "web").exitCode()).isIn(137, 143);
    ControlPlane.until("its containers are removed", () -> node.tasks().isEmpty());
    assertThat(leftovers()).isEmpty();
  }

  /** An image's STOPSIGNAL is how its program wants to be told: nginx drains on SIGQUIT only. */
  @Test
  void anImageIsStoppedWithTheSignalThatItNames() throws Exception {
    String image = "gantry-test/quit:1";
    Path empty = java.nio.file.Files.createTempDirectory("gantry-quit-");
    java.nio.file.Files.writeString(
        empty.resolve("Dockerfile"), "FROM " + TestImages.BUSYBOX + "\nSTOPSIGNAL SIGQUIT\n");
    Process build =
        new ProcessBuilder("docker", "build", "-q", "-t", image, empty.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(build.waitFor()).isZero();
    try {
      TaskPayload task =
          bridge(
              shell(
                  "main",
                  "trap 'exit 7' QUIT; trap 'exit 8' TERM; echo ready;"
                      + " while true; do sleep 0.1; done",
                  each -> each.image(image).stopTimeout(20).logConfiguration(awslogs(Map.of()))));
      node.assign(task);
      ecs.await(task.taskArn(), "RUNNING");
      // Running is not ready: whoever is the first process hears no signal before its trap.
      ControlPlane.until(
          "it has set its traps",
          () -> roles.messages("p/main/" + task.taskId()).contains("ready"));
      node.assign(Payloads.stopped(task));
      assertThat(container(ecs.await(task.taskArn(), "STOPPED"), "main").exitCode()).isEqualTo(7);
      ControlPlane.until("its containers are removed", () -> node.tasks().isEmpty());
    } finally {
      new ProcessBuilder("docker", "image", "rm", "-f", image)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
      java.nio.file.Files.delete(empty.resolve("Dockerfile"));
      java.nio.file.Files.delete(empty);
    }
  }

  private static LogConfiguration awslogs(Map<String, String> more) {
    Map<String, String> options =
        new HashMap<>(
            Map.of(
                "awslogs-group", "/ecs/test",
                "awslogs-region", "us-east-1",
                "awslogs-stream-prefix", "p",
                "awslogs-create-group", "true"));
    options.putAll(more);
    return LogConfiguration.builder().logDriver("awslogs").options(options).build();
  }

  @Test
  void shipsOutputAsTheExecutionRole() {
    TaskPayload task =
        Payloads.of(
            each -> each.executionRoleArn("arn:aws:iam::123456789012:role/exec"),
            null,
            shell(
                "main",
                "echo one; echo two >&2; echo three",
                // It is essential: whatever does not run when it ends is not started any more.
                each ->
                    each.dependsOn(on("multi", ContainerCondition.SUCCESS))
                        .logConfiguration(awslogs(Map.of()))),
            shell(
                "multi",
                "printf '2026-01-01 first\\n  more\\n2026-01-02 second\\n'; sleep 2",
                each ->
                    each.essential(false)
                        .logConfiguration(awslogs(Map.of("awslogs-datetime-format", "%Y-%m-%d")))));
    node.assign(task);
    ecs.await(task.taskArn(), "STOPPED");
    String stream = "p/main/" + task.taskId();
    ControlPlane.until(
        "all is shipped: " + roles.messages(stream), () -> roles.messages(stream).size() == 3);
    assertThat(roles.messages(stream)).containsExactlyInAnyOrder("one", "two", "three");
    ControlPlane.until(
        "events of several lines", () -> roles.messages("p/multi/" + task.taskId()).size() == 2);
    assertThat(roles.messages("p/multi/" + task.taskId()))
        .containsExactly("2026-01-01 first\n  more", "2026-01-02 second");
    assertThat(roles.callers)
        .contains("arn:aws:iam::123456789012:role/exec us-east-1 CloudWatchLogsClient");
  }

  /** Some have ended before anybody looked at them. */
  @Test
  void shipsTheOutputOfContainersThatEndAtOnce() {
    List<TaskPayload> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      TaskPayload task =
          Payloads.of(
              each -> each.executionRoleArn("arn:aws:iam::123456789012:role/exec"),
              null,
              shell("main", "echo over", each -> each.logConfiguration(awslogs(Map.of()))));
      tasks.add(task);
      node.assign(task);
    }
    for (TaskPayload task : tasks) {
      ecs.await(task.taskArn(), "STOPPED");
      String stream = "p/main/" + task.taskId();
      ControlPlane.until(
          "it is heard: " + stream, () -> roles.messages(stream).equals(List.of("over")));
    }
  }

  @Test
  void aMissingLogGroupFailsTheTaskInAwssWords() {
    TaskPayload task =
        bridge(
            shell(
                "main",
                "true",
                each -> each.logConfiguration(awslogs(Map.of("awslogs-create-group", "false")))));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "STOPPED");
    assertThat(report.reason())
        .startsWith("ResourceInitializationError: failed to validate logger args")
        .contains("The specified log group does not exist.")
        .contains("awslogs-create-group");
    assertThat(container(report, "main").exitCode()).isNull();
  }

  @Test
  void servesMetadataCredentialsStatsAndProtection() {
    roles.parameters.put("/db/host", "db.internal");
    roles.secrets.put(
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf", "{\"pw\":\"s3cret\"}");
    TaskPayload task =
        Payloads.of(
            each ->
                each.taskRoleArn("arn:aws:iam::123456789012:role/app")
                    .executionRoleArn("arn:aws:iam::123456789012:role/exec")
                    .cpu("256")
                    .memory("128"),
            null,
            shell(
                "main",
                "wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task; echo;"
                    + " wget -q -O - $ECS_CONTAINER_METADATA_URI; echo;"
                    + " wget -q -O - $AWS_CONTAINER_CREDENTIALS_FULL_URI; echo;"
                    + " wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task/stats; echo;"
                    + " wget -q -O - $ECS_AGENT_URI/task-protection/v1/state; echo;"
                    + " echo $DB_HOST $DB_PW $AWS_REGION $(wget -q -O - $AWS_ENDPOINT_URL/) $MINE;"
                    + " sleep 60",
                each ->
                    each.logConfiguration(awslogs(Map.of()))
                        .environment(
                            KeyValuePair.builder().name("MINE").value("own").build(),
                            KeyValuePair.builder().name("AWS_REGION").value("eu-west-1").build())
                        .secrets(
                            Secret.builder().name("DB_HOST").valueFrom("/db/host").build(),
                            Secret.builder()
                                .name("DB_PW")
                                .valueFrom(
                                    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:pw::")
                                .build())));
    node.assign(task);
    ecs.await(task.taskArn(), "RUNNING");
    String stream = "p/main/" + task.taskId();
    ControlPlane.until("six lines", () -> roles.messages(stream).size() >= 6);
    List<String> said = roles.messages(stream);
    assertThat(said.get(0))
        .contains("\"TaskARN\":\"" + task.taskArn() + "\"")
        .contains("\"Limits\":{\"CPU\":0.25,\"Memory\":128}")
        .contains("\"KnownStatus\":");
    assertThat(said.get(1)).contains("\"Name\":\"main\"").contains("\"IPv4Addresses\":[\"172.");
    assertThat(said.get(2))
        .contains("\"AccessKeyId\":\"ASIATEST\"")
        .contains("\"RoleArn\":\"arn:aws:iam::123456789012:role/app\"");
    assertThat(said.get(3)).contains("\"memory_stats\":{\"usage\":").contains("\"eth0\"");
    assertThat(said.get(4)).contains("\"ProtectionEnabled\":false");
    assertThat(said.get(5)).isEqualTo("db.internal s3cret eu-west-1 the API own");
    assertThat(node.stats(task.taskArn()).get("main")).isNotNull();
    node.assign(Payloads.stopped(task));
    ecs.await(task.taskArn(), "STOPPED");
  }

  @Test
  void aMissingSecretNamesItself() {
    TaskPayload task =
        bridge(
            shell(
                "main",
                "true",
                each ->
                    each.secrets(
                        Secret.builder()
                            .name("A")
                            .valueFrom(
                                "arn:aws:secretsmanager:us-east-1:123456789012:secret:nix-AbCdEf")
                            .build())));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "STOPPED");
    assertThat(report.reason())
        .startsWith("ResourceInitializationError: unable to pull secrets or registry auth")
        .contains("can't find the specified secret");
  }

  private static final EniPayload ENI =
      new EniPayload(
          "arn:aws:ecs:us-east-1:123456789012:attachment/1",
          "eni-0123456789abcdef0",
          "vpc-1",
          "subnet-1",
          "0a:00:00:00:00:01",
          "10.0.7.9",
          "10.0.7.0/24",
          "ip-10-0-7-9.ec2.internal",
          null);

  @Test
  void containersOfAnAwsvpcTaskShareItsNetwork() {
    TaskPayload task =
        Payloads.of(
            each -> each.networkMode(NetworkMode.AWSVPC),
            ENI,
            shell("server", "echo from-server > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"),
            shell(
                "client",
                "until wget -q -O - http://localhost:8080/; do sleep 0.1; done;"
                    + " wget -q -O - http://10.0.7.9:8080/; cat /etc/resolv.conf; hostname; sleep 60",
                each -> each.logConfiguration(awslogs(Map.of()))));
    node.assign(task);
    SubmitTaskStateChangeRequest running = ecs.await(task.taskArn(), "RUNNING");
    assertThat(container(running, "server").networkBindings()).isEmpty();
    assertThat(attached).containsExactly(ENI.eniId());
    String stream = "p/client/" + task.taskId();
    ControlPlane.until(
        "the client has said it all",
        () -> roles.messages(stream).contains("ip-10-0-7-9.ec2.internal"));
    assertThat(roles.messages(stream).stream().filter("from-server"::equals)).hasSize(2);
    assertThat(roles.messages(stream)).contains("nameserver 10.0.7.2", "search ec2.internal");
    ControlPlane.until("the attachment is reported", () -> !ecs.attachments().isEmpty());
    node.assign(Payloads.stopped(task));
    ecs.await(task.taskArn(), "STOPPED");
    assertThat(attached).isEmpty();
    ControlPlane.until("nothing is left", () -> leftovers().isEmpty());
  }

  @Test
  void waitsForHealthAndForAnInitContainer() {
    TaskPayload task =
        bridge(
            shell(
                "app",
                "sleep 60",
                each ->
                    each.dependsOn(
                        on("db", ContainerCondition.HEALTHY),
                        on("init", ContainerCondition.SUCCESS))),
            shell(
                "init",
                "echo made > /work/file",
                each ->
                    each.essential(false)
                        .mountPoints(
                            MountPoint.builder().sourceVolume("v").containerPath("/work").build())),
            shell(
                "db",
                "sleep 2; touch /tmp/ok; sleep 60",
                each ->
                    each.healthCheck(
                        HealthCheck.builder()
                            .command("CMD-SHELL", "test -f /tmp/ok || ls /tmp/ok")
                            .interval(1)
                            .timeout(20)
                            .retries(10)
                            .build())));
    task = withVolume(task);
    node.assign(task);
    ecs.await(task.taskArn(), "RUNNING");
    assertThat(health).contains("db HEALTHY");
    node.assign(Payloads.stopped(task));
    SubmitTaskStateChangeRequest stopped = ecs.await(task.taskArn(), "STOPPED");
    assertThat(container(stopped, "init").exitCode()).isZero();
  }

  private static ContainerDependency on(String name, ContainerCondition condition) {
    return ContainerDependency.builder().containerName(name).condition(condition).build();
  }

  private static TaskPayload withVolume(TaskPayload task) {
    return Payloads.of(
        each ->
            each.volumes(
                Volume.builder().name("v").host(HostVolumeProperties.builder().build()).build()),
        null,
        task.definition().containerDefinitions().toArray(ContainerDefinition[]::new));
  }

  @Test
  void adoptsWhatRunsAfterACrashAndStartsNothingTwice() {
    TaskPayload task =
        bridge(
            shell(
                "main",
                "for i in $(seq 1 6000); do echo line $i; sleep 0.1; done",
                each ->
                    each.logConfiguration(awslogs(Map.of()))
                        .portMappings(PortMapping.builder().containerPort(80).build())));
    node.assign(task);
    SubmitTaskStateChangeRequest first = ecs.await(task.taskArn(), "RUNNING");
    node.close(); // as kill -9 leaves it: containers go on, nothing is told
    ControlPlane second = new ControlPlane();
    ecs = second;
    node = start();
    node.retainOnly(Set.of(task.taskArn()));
    node.assign(Payloads.with(task, TaskPayload.Desired.RUNNING, "RUNNING"));
    SubmitTaskStateChangeRequest again = second.await(task.taskArn(), "RUNNING");
    assertThat(container(again, "main").runtimeId())
        .isEqualTo(container(first, "main").runtimeId());
    assertThat(container(again, "main").networkBindings())
        .isEqualTo(container(first, "main").networkBindings());
    assertThat(leftovers()).hasSize(1);
    String stream = "p/main/" + task.taskId();
    int before = roles.messages(stream).size();
    ControlPlane.until("output goes on", () -> roles.messages(stream).size() > before + 5);
    assertThat(roles.messages(stream)).doesNotHaveDuplicates();
    // A task that the control plane does not know any more goes away.
    node.retainOnly(Set.of());
    ControlPlane.until("it is removed", () -> leftovers().isEmpty());
  }

  @Test
  void aKilledContainerAndARemovedOneAreTold() throws IOException {
    TaskPayload task =
        bridge(shell("a", "sleep 100"), shell("b", "sleep 100", each -> each.essential(false)));
    node.assign(task);
    SubmitTaskStateChangeRequest running = ecs.await(task.taskArn(), "RUNNING");
    try (DockerEngine docker = new DockerEngine(TestImages.ENGINE)) {
      String b = container(running, "b").runtimeId();
      docker.client().removeContainerCmd(b).withForce(true).exec();
      SubmitTaskStateChangeRequest changed =
          ecs.await(
              task.taskArn(), "RUNNING", each -> "STOPPED".equals(container(each, "b").status()));
      assertThat(container(changed, "a").status()).isEqualTo("RUNNING");
      docker.client().killContainerCmd(container(running, "a").runtimeId()).exec();
    }
    SubmitTaskStateChangeRequest stopped = ecs.await(task.taskArn(), "STOPPED");
    assertThat(container(stopped, "a").exitCode()).isEqualTo(137);
  }

  @Test
  void anImageThatIsNowhereSaysSo() {
    TaskPayload task = bridge(shell("main", "true", each -> each.image("127.0.0.1:9/none/such:1")));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "STOPPED");
    assertThat(report.reason())
        .startsWith("CannotPullContainerError: ")
        .contains("cannot be reached from this machine");
    assertThat(container(report, "main").exitCode()).isNull();
  }

  @Test
  void anImageForAnotherProcessorIsToldBeforeTheStart() throws IOException {
    String image = "gantry-test/other:1";
    try (DockerEngine docker = new DockerEngine(TestImages.ENGINE)) {
      TestImages.foreign(docker, image, "arm64");
      TaskPayload task = bridge(shell("main", "true", each -> each.image(image)));
      node.assign(task);
      assertThat(ecs.await(task.taskArn(), "STOPPED").reason())
          .contains("image is linux/arm64, this node is linux/amd64");
      docker.client().removeImageCmd(image).exec();
    }
  }

  @Test
  void hostModeAndSharedNamespacesAndSharedVolumes() {
    TaskPayload task =
        Payloads.of(
            each ->
                each.networkMode(NetworkMode.HOST)
                    .pidMode("task")
                    .volumes(
                        Volume.builder()
                            .name("scratch")
                            .dockerVolumeConfiguration(
                                config -> config.scope("task").driver("local"))
                            .build()),
            null,
            shell(
                "writer",
                "echo shared > /w/f; sleep 60",
                each -> each.mountPoints(m -> m.sourceVolume("scratch").containerPath("/w"))),
            shell(
                "reader",
                "until cat /w/f; do sleep 0.1; done; ps | grep -c '[s]leep 60'; ps | head -2 | grep -c pause; sleep 60",
                each ->
                    each.logConfiguration(awslogs(Map.of()))
                        .volumesFrom(from -> from.sourceContainer("writer").readOnly(true))));
    node.assign(task);
    ecs.await(task.taskArn(), "RUNNING");
    String stream = "p/reader/" + task.taskId();
    ControlPlane.until(
        "the reader has read: " + roles.messages(stream),
        () -> roles.messages(stream).contains("shared") && roles.messages(stream).contains("1"));
    node.assign(Payloads.stopped(task));
    ecs.await(task.taskArn(), "STOPPED");
    ControlPlane.until("nothing is left", () -> leftovers().isEmpty());
  }

  @Test
  void manyTasksWhileContainersAreKilledAtRandomLeaveWhatTheyShould() {
    java.util.Random chance = new java.util.Random(5);
    List<TaskPayload> tasks = new java.util.ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      tasks.add(bridge(shell("a", "sleep 300"), shell("b", "sleep 300")));
      node.assign(tasks.getLast());
    }
    try (DockerEngine docker = new DockerEngine(TestImages.ENGINE)) {
      int kills = MANY * 2 / 3; // each ends a task, and some must be left to be killed
      for (int round = 0; round < kills; round++) {
        if (round == kills / 2) {
          node.close();
          node = start();
          node.retainOnly(
              tasks.stream()
                  .map(TaskPayload::taskArn)
                  .collect(java.util.stream.Collectors.toSet()));
          for (TaskPayload each : tasks) {
            boolean ran =
                ecs.reports(each.taskArn()).stream().anyMatch(r -> r.status().equals("RUNNING"));
            boolean over =
                ecs.reports(each.taskArn()).stream().anyMatch(r -> r.status().equals("STOPPED"));
            if (!over) {
              node.assign(Payloads.with(each, TaskPayload.Desired.RUNNING, ran ? "RUNNING" : null));
            }
          }
        }
        List<com.github.dockerjava.api.model.Container> running = new java.util.ArrayList<>();
        ControlPlane.until(
            "some run",
            () -> {
              running.clear();
              running.addAll(
                  docker
                      .client()
                      .listContainersCmd()
                      .withLabelFilter(Map.of("gantry.install", install))
                      .exec());
              return running.size() >= 3;
            });
        if (!running.isEmpty()) {
          try {
            docker
                .client()
                .killContainerCmd(running.get(chance.nextInt(running.size())).getId())
                .exec();
          } catch (com.github.dockerjava.api.exception.DockerException e) {
            // It ended at the same moment: all the better.
          }
        }
      }
    }
    try {
      ControlPlane.until(
          "every task is either whole or gone",
          () -> {
            int alive = 0;
            for (TaskPayload each : tasks) {
              String status = ecs.newest(each.taskArn()).map(r -> r.status()).orElse("");
              if (status.equals("RUNNING")) {
                alive++;
              } else if (!status.equals("STOPPED")) {
                return false;
              }
            }
            return leftovers().size() == 2 * alive && alive < tasks.size();
          });
    } catch (AssertionError e) {
      throw new AssertionError(
          node.tasks()
              + "\n"
              + tasks.stream()
                  .map(each -> each.taskId() + ecs.newest(each.taskArn()).map(r -> r.status()))
                  .toList()
              + leftovers(),
          e);
    }
  }

  @Test
  void aProgramThatIsNotThereSaysSo() {
    TaskPayload task = bridge(shell("main", "true", each -> each.command("/no/such/program")));
    node.assign(task);
    assertThat(ecs.await(task.taskArn(), "STOPPED").reason())
        .startsWith("CannotStartContainerError: ")
        .contains("check command and entryPoint");
  }

  @Test
  void tooMuchMemoryIsToldApart() {
    TaskPayload task =
        bridge(shell("main", "x=0123456789; while true; do x=$x$x; done", each -> each.memory(16)));
    node.assign(task);
    SubmitTaskStateChangeRequest report = ecs.await(task.taskArn(), "STOPPED");
    assertThat(container(report, "main").reason())
        .startsWith("OutOfMemoryError: Container killed due to memory usage");
    TaskPayload whole =
        Payloads.of(
            each -> each.memory("24").cpu("256"),
            null,
            shell("main", "x=0123456789; while true; do x=$x$x; done"));
    node.assign(whole);
    SubmitTaskStateChangeRequest limited = ecs.await(whole.taskArn(), "STOPPED");
    assertThat(container(limited, "main").reason())
        .startsWith("OutOfMemoryError")
        .contains("the task's limit is 24 MiB");
  }

  @Test
  void theTaskAsAWholeGetsNoMoreCpuThanItsLimit() {
    TaskPayload task =
        Payloads.of(
            each -> each.cpu("256").memory("64"),
            null,
            shell("a", "while true; do :; done"),
            shell("b", "while true; do :; done"));
    node.assign(task);
    ecs.await(task.taskArn(), "RUNNING");
    node.stats(task.taskArn());
    long begin = System.nanoTime();
    double[] cpus = new double[1];
    ControlPlane.until(
        "two samples, three seconds apart",
        () -> {
          if (System.nanoTime() - begin < 3_000_000_000L) {
            return false;
          }
          cpus[0] =
              node.stats(task.taskArn()).values().stream()
                  .mapToDouble(
                      two -> {
                        Double used = two.now().cpus(two.before());
                        return used == null ? 0 : used;
                      })
                  .sum();
          return true;
        });
    // Unlimited it would be two, or all that the machine has to spare.
    assertThat(cpus[0]).isPositive().isLessThan(0.5);
  }

  @Test
  void handsOnWhatTheDefinitionAsksOfLinux() {
    TaskPayload task =
        bridge(
            shell(
                "main",
                "id -u; pwd; ulimit -n; touch /x 2>&1; df -m /shm | grep -c shm;"
                    + " cat /proc/sys/net/core/somaxconn; cat /etc/hosts | grep special;"
                    + " cat /etc/resolv.conf | grep 9.9.9.9; hostname; grep -c NoNewPrivs:.1 /proc/self/status;"
                    + " ps | grep -c init",
                each ->
                    each.user("1000:1000")
                        .workingDirectory("/tmp")
                        .readonlyRootFilesystem(true)
                        .hostname("myname")
                        .dnsServers("9.9.9.9")
                        .extraHosts(
                            HostEntry.builder().hostname("special").ipAddress("10.9.8.7").build())
                        .ulimits(
                            Ulimit.builder().name("nofile").softLimit(123).hardLimit(456).build())
                        .systemControls(
                            SystemControl.builder()
                                .namespace("net.core.somaxconn")
                                .value("77")
                                .build())
                        .dockerSecurityOptions("no-new-privileges")
                        .dockerLabels(Map.of("mine", "yes"))
                        .linuxParameters(
                            LinuxParameters.builder()
                                .initProcessEnabled(true)
                                .capabilities(KernelCapabilities.builder().drop("NET_RAW").build())
                                .tmpfs(Tmpfs.builder().containerPath("/shm").size(5).build())
                                .build())
                        .logConfiguration(awslogs(Map.of()))));
    node.assign(task);
    ecs.await(task.taskArn(), "STOPPED");
    String stream = "p/main/" + task.taskId();
    ControlPlane.until(
        "its words: " + roles.messages(stream), () -> roles.messages(stream).size() >= 10);
    assertThat(roles.messages(stream))
        .contains("1000", "/tmp", "123", "77", "myname", "nameserver 9.9.9.9")
        .anyMatch(each -> each.contains("Read-only file system"))
        .anyMatch(each -> each.contains("10.9.8.7"));
  }

  @Test
  void refusesWhatItDoesNotDoAndSaysWhatInstead() {
    TaskPayload gpu =
        bridge(
            shell(
                "main",
                "true",
                each ->
                    each.resourceRequirements(
                        ResourceRequirement.builder().type("GPU").value("1").build())));
    node.assign(gpu);
    assertThat(ecs.await(gpu.taskArn(), "STOPPED").reason()).contains("GPU");
    TaskPayload splunk =
        bridge(
            shell(
                "main",
                "true",
                each ->
                    each.logConfiguration(LogConfiguration.builder().logDriver("splunk").build())));
    node.assign(splunk);
    assertThat(ecs.await(splunk.taskArn(), "STOPPED").reason())
        .startsWith("ResourceInitializationError: failed to initialize logging driver")
        .contains("use awslogs");
  }

  @Test
  void aControlPlaneThatWasAwayHearsItAllLater() {
    ecs.away(true);
    TaskPayload task = bridge(shell("main", "exit 4"));
    node.assign(task);
    ControlPlane.until(
        "it ended",
        () ->
            node.tasks().stream()
                .anyMatch(each -> each.waitingFor().startsWith("the control plane")));
    ecs.away(false);
    assertThat(container(ecs.await(task.taskArn(), "STOPPED"), "main").exitCode()).isEqualTo(4);
  }

  private java.util.List<?> leftovers() {
    try (var docker = new DockerEngine(TestImages.ENGINE)) {
      return docker.call(
          "list",
          Duration.ofSeconds(10),
          d ->
              d.listContainersCmd()
                  .withShowAll(true)
                  .withLabelFilter(Map.of("gantry.install", install))
                  .exec());
    }
  }
}
