package gantry.app.machine;

import static gantry.app.machine.RealProgram.run;
import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.DesiredStatus;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.Task;

/**
 * Whatever dies, and whenever: afterwards the machine holds exactly what the tables say, and after
 * {@code gantry down} nothing. {@code -Dgantry.chaos.tasks} and {@code -Dgantry.chaos.seconds} make
 * it bigger.
 */
@Tag("docker")
@Tag("long")
class ChaosTest {

  private static final int TASKS = Integer.getInteger("gantry.chaos.tasks", 4);
  private static final int SECONDS = Integer.getInteger("gantry.chaos.seconds", 8);
  private static final Duration SETTLED_WITHIN = Duration.ofSeconds(60 + 4 * TASKS);

  @TempDir Path folder;
  private final Random random = new Random(Long.getLong("gantry.chaos.seed", 7));

  @Test
  void theMachineHoldsWhatTheTablesSayAndInTheEndNothing() throws Exception {
    RealProgram.makeImage();
    Instant start = Instant.now();
    try (RealProgram program = new RealProgram(folder.resolve("data"))) {
      program.start();
      EcsClient ecs = program.client(EcsClient.builder());
      Ec2Client ec2 = program.client(Ec2Client.builder());
      begin(ecs, ec2);
      String install = program.install();
      try {
        until("all run", SETTLED_WITHIN, () -> running(ecs) == TASKS);
        Duration ran = Duration.between(start, Instant.now());
        chaos(program, install);
        Duration over = Duration.between(start, Instant.now());
        until("all run again", SETTLED_WITHIN, () -> running(ecs) == TASKS && settled(ecs));
        System.out.printf(
            "%d tasks ran after %d s, chaos was over after %d s, all ran again after %d s%n",
            TASKS,
            ran.toSeconds(),
            over.toSeconds(),
            Duration.between(start, Instant.now()).toSeconds());
      } catch (AssertionError e) {
        throw new AssertionError(
            program.why("awsvpc")
                + program.why("bridge")
                + java.nio.file.Files.readString(program.log()),
            e);
      }
      // What died a moment ago may not have been noticed yet.
      List<String> wrong = wrong(ecs, ec2, install);
      Instant deadline = Instant.now().plus(SETTLED_WITHIN);
      while (!wrong.isEmpty() && Instant.now().isBefore(deadline)) {
        TimeUnit.SECONDS.sleep(1);
        wrong = wrong(ecs, ec2, install);
      }
      assertThat(wrong).isEmpty();
      assertThat(running(ecs)).isEqualTo(TASKS);
      program.down();
      assertThat(RealProgram.left(install)).isEmpty();
    }
  }

  /** Half of the tasks in a VPC, half on Docker's bridge; all with a volume, two containers. */
  private static void begin(EcsClient ecs, Ec2Client ec2) throws InterruptedException {
    ecs.createCluster();
    until(
        "the machine is in the cluster",
        Duration.ofSeconds(60),
        () -> !ecs.listContainerInstances().containerInstanceArns().isEmpty());
    String subnet = ec2.describeSubnets().subnets().getFirst().subnetId();
    for (NetworkMode mode : List.of(NetworkMode.AWSVPC, NetworkMode.BRIDGE)) {
      boolean vpc = mode == NetworkMode.AWSVPC;
      ecs.registerTaskDefinition(
          task ->
              task.family(mode.toString())
                  .networkMode(mode)
                  .requiresCompatibilities(vpc ? Compatibility.FARGATE : Compatibility.EC2)
                  .cpu(vpc ? "256" : null)
                  .memory(vpc ? "512" : null)
                  .volumes(v -> v.name("shared"))
                  .containerDefinitions(
                      a ->
                          a.name("a")
                              .image(RealProgram.IMAGE)
                              .memory(32)
                              .command("sh", "-c", "echo x > /v/x; exec sleep 3600")
                              .stopTimeout(2)
                              .portMappings(p -> p.containerPort(80))
                              .mountPoints(m -> m.sourceVolume("shared").containerPath("/v")),
                      b ->
                          b.name("b")
                              .image(RealProgram.IMAGE)
                              .memory(32)
                              .command("sleep", "3600")
                              .stopTimeout(2)
                              .mountPoints(m -> m.sourceVolume("shared").containerPath("/v"))));
      ecs.createService(
          service ->
              service
                  .serviceName(mode.toString())
                  .taskDefinition(mode.toString())
                  .desiredCount(vpc ? TASKS - TASKS / 2 : TASKS / 2)
                  .launchType(vpc ? LaunchType.FARGATE : LaunchType.EC2)
                  .networkConfiguration(
                      vpc ? n -> n.awsvpcConfiguration(c -> c.subnets(subnet)) : n -> {}));
    }
  }

  private void chaos(RealProgram program, String install) throws Exception {
    Instant end = Instant.now().plusSeconds(SECONDS);
    while (Instant.now().isBefore(end)) {
      TimeUnit.MILLISECONDS.sleep(300 + random.nextInt(1_000));
      List<String> containers = RealProgram.containers(install);
      String victim = containers.isEmpty() ? "" : containers.get(random.nextInt(containers.size()));
      switch (random.nextInt(5)) {
        case 0 -> {
          program.kill();
          TimeUnit.MILLISECONDS.sleep(random.nextInt(1_500));
          if (!victim.isEmpty()) {
            mayFail("docker", "kill", victim); // somebody dies unseen
          }
          program.start();
        }
        case 1 -> mayFail("docker", "restart", "-t", "0", victim);
        case 2 -> mayFail("docker", "rm", "-f", victim);
        default -> mayFail("docker", "kill", victim);
      }
    }
  }

  /** The victim may have gone by itself. */
  private static void mayFail(String... command) throws Exception {
    new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private static int running(EcsClient ecs) {
    return again(
        () ->
            ecs.describeServices(r -> r.services("awsvpc", "bridge")).services().stream()
                .mapToInt(each -> each.runningCount())
                .sum());
  }

  private static boolean settled(EcsClient ecs) {
    return again(
        () ->
            ecs.describeServices(r -> r.services("awsvpc", "bridge")).services().stream()
                    .allMatch(each -> each.pendingCount() == 0)
                && tasks(ecs, DesiredStatus.STOPPED).stream()
                    .allMatch(each -> each.lastStatus().equals("STOPPED"))
                && tasks(ecs, DesiredStatus.RUNNING).stream()
                    .allMatch(each -> each.lastStatus().equals("RUNNING")));
  }

  /** The program may be on its way up. */
  private static <T> T again(Supplier<T> call) {
    try {
      return call.get();
    } catch (SdkException e) {
      return call.get();
    }
  }

  private static List<Task> tasks(EcsClient ecs, DesiredStatus status) {
    List<String> arns =
        ecs.listTasksPaginator(r -> r.desiredStatus(status)).taskArns().stream().toList();
    List<Task> all = new ArrayList<>();
    for (int i = 0; i < arns.size(); i += 100) {
      List<String> some = arns.subList(i, Math.min(arns.size(), i + 100));
      all.addAll(ecs.describeTasks(r -> r.tasks(some)).tasks());
    }
    return all;
  }

  /** What differs between the tables and the machine. */
  private static List<String> wrong(EcsClient ecs, Ec2Client ec2, String install) {
    List<String> wrong = new ArrayList<>();
    List<Task> tasks = tasks(ecs, DesiredStatus.RUNNING);
    if (tasks.size() != TASKS) {
      wrong.add(tasks.size() + " tasks");
    }
    TreeSet<String> wanted = new TreeSet<>();
    TreeSet<String> volumes = new TreeSet<>();
    TreeSet<String> links = new TreeSet<>();
    for (Task task : tasks) {
      for (Container each : task.containers()) {
        if (each.runtimeId() == null) {
          wrong.add(task.taskArn() + ": " + each.name() + " has no container yet");
        } else {
          wanted.add(each.runtimeId());
        }
      }
      volumes.add(task.taskArn());
      if (!task.lastStatus().equals("RUNNING")) {
        wrong.add(task.taskArn() + " is " + task.lastStatus());
      }
      task.attachments().stream()
          .flatMap(each -> each.details().stream())
          .filter(each -> each.name().equals("networkInterfaceId"))
          .forEach(each -> links.add("e" + each.value().substring("eni-".length())));
    }
    String pauses = "label=gantry.role=pause";
    String ours = "label=gantry.install=" + install;
    TreeSet<String> found = new TreeSet<>(RealProgram.containers(install));
    List<String> pausing =
        run("docker", "ps", "-q", "--no-trunc", "--filter", ours, "--filter", pauses);
    found.removeAll(pausing);
    differ(wrong, "containers", wanted, found);
    if (pausing.size() != links.size()) {
      wrong.add(pausing.size() + " pause containers for " + links.size() + " interfaces");
    }
    // In one question: a volume of a task that has just stopped may go between two.
    TreeSet<String> volumesOf =
        new TreeSet<>(
            run(
                "docker",
                "volume",
                "ls",
                "--filter",
                ours,
                "--format",
                "{{.Label \"com.amazonaws.ecs.task-arn\"}}"));
    differ(wrong, "volumes", volumes, volumesOf);
    TreeSet<String> veths = new TreeSet<>();
    TreeSet<String> vpcs = new TreeSet<>();
    for (String namespace : RealProgram.namespaces(install)) {
      if (namespace.contains("-vpc-")) {
        vpcs.add(namespace.substring(namespace.indexOf("vpc-")));
        for (String line : run("ip", "-n", namespace, "-o", "link", "show", "type", "veth")) {
          String link = line.split(": ", 3)[1].replaceAll("@.*", "");
          if (link.startsWith("e")) {
            veths.add(link);
          }
        }
      }
    }
    TreeSet<String> cut = new TreeSet<>();
    links.forEach(each -> cut.add("e" + each.substring(Math.max(1, each.length() - 14))));
    differ(wrong, "veths", cut, veths);
    TreeSet<String> described = new TreeSet<>();
    ec2.describeVpcs().vpcs().forEach(each -> described.add(each.vpcId()));
    differ(wrong, "namespaces", described, vpcs);
    TreeSet<String> interfaces = new TreeSet<>();
    for (NetworkInterface each : ec2.describeNetworkInterfaces().networkInterfaces()) {
      interfaces.add("e" + each.networkInterfaceId().substring("eni-".length()));
    }
    differ(wrong, "interfaces in EC2", links, interfaces);
    return wrong;
  }

  private static void differ(
      List<String> wrong, String what, TreeSet<String> wanted, TreeSet<String> found) {
    TreeSet<String> missing = new TreeSet<>(wanted);
    missing.removeAll(found);
    TreeSet<String> tooMany = new TreeSet<>(found);
    tooMany.removeAll(wanted);
    if (!missing.isEmpty() || !tooMany.isEmpty()) {
      wrong.add(what + ": missing " + missing + ", too many " + tooMany);
    }
  }
}
