package gantry.app.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/**
 * The example system, and what its commands share: who to ask, where the sources stand, how to
 * wait.
 */
public final class Demo implements AutoCloseable {

  static final String CLUSTER = "demo";
  static final List<String> IMAGES = List.of("web", "api", "worker", "redis");

  /** The services, each after those that it needs. */
  static final List<String> SERVICES = List.of("redis", "api", "worker", "web");

  static final String NAMESPACE = "local";
  private static final Duration LOOK_AGAIN = Duration.ofMillis(250);
  private static final Duration PROGRESS_EVERY = Duration.ofSeconds(5);

  final Cli cli;
  final Shell shell;
  final PrintStream out;
  final Path sources;
  final String account;
  final String region;
  final URI url;
  final int webPort;
  private final long began = System.nanoTime();

  /**
   * Where and as whom.
   *
   * @param url the running program's address
   * @param sources the folder {@code examples/microservices}
   * @param work a folder for what docker is to remember
   * @param webPort where the balancer listens
   */
  public Demo(
      String url,
      String region,
      String accessKeyId,
      String secret,
      Path sources,
      Path work,
      int webPort,
      PrintStream out) {
    this.url = URI.create(url);
    this.region = region;
    this.sources = sources;
    this.webPort = webPort;
    this.out = out;
    this.cli = new Cli(url, region, accessKeyId, secret, out);
    this.shell = new Shell(out, Map.of("DOCKER_CONFIG", work.resolve("docker").toString()));
    this.account = cli.ask("Account", "sts", "get-caller-identity").getFirst();
  }

  /** Runs one of the demo's commands. */
  public static int run(Demo demo, List<String> words) {
    String what = words.isEmpty() ? "up" : words.getFirst();
    try {
      switch (what) {
        case "up" -> new Setup(demo).run();
        case "roll" -> new Roll(demo).run();
        case "kill" -> new Kill(demo).run();
        case "break" -> new Break(demo).run(words.subList(1, words.size()));
        case "clean" -> new Clean(demo).run();
        default -> {
          System.err.println("usage: gantry demo [roll | kill | break [CASE...] | clean]");
          return 2;
        }
      }
      return 0;
    } catch (DemoFailed e) {
      demo.out.println("gantry demo: " + e.getMessage());
      return 1;
    } catch (AwsServiceException e) {
      demo.out.println("gantry demo: " + e.awsErrorDetails().errorMessage());
      return 1;
    }
  }

  /** A heading, with the time so far. */
  void step(String what) {
    out.printf(Locale.ROOT, "%n[%2d s] %s%n", seconds(), what);
  }

  void say(String what) {
    out.println(what);
  }

  long seconds() {
    return Duration.ofNanos(System.nanoTime() - began).toSeconds();
  }

  /** Waits until it is so, and says in between what it looks like. */
  void until(Duration within, String what, BooleanSupplier so, Progress progress) {
    long deadline = System.nanoTime() + within.toNanos();
    long tell = System.nanoTime() + PROGRESS_EVERY.toNanos();
    while (!so.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new DemoFailed(
            "not within " + within.toSeconds() + " s: " + what + "\n" + progress.now());
      }
      if (System.nanoTime() > tell) {
        tell = System.nanoTime() + PROGRESS_EVERY.toNanos();
        out.printf(Locale.ROOT, "[%2d s]   %s%n", seconds(), progress.now());
      }
      try {
        Thread.sleep(LOOK_AGAIN);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DemoFailed("interrupted");
      }
    }
  }

  /** What a person is shown while something is waited for. */
  @FunctionalInterface
  interface Progress {
    String now();
  }

  /** A task definition of the example, with its places filled in. */
  String definition(String name, Map<String, String> places) {
    try {
      String text = Files.readString(sources.resolve("tasks").resolve(name + ".json"));
      for (Map.Entry<String, String> place : places.entrySet()) {
        text = text.replace("${" + place.getKey() + "}", place.getValue());
      }
      return text.lines().map(String::strip).reduce("", (a, b) -> a + b);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where docker pushes to: this program. */
  String registry() {
    return "localhost:" + url.getPort();
  }

  void login() {
    say(
        "$ aws ecr get-login-password | docker login --username AWS --password-stdin "
            + registry());
    String token =
        cli.ask("authorizationData[0].authorizationToken", "ecr", "get-authorization-token")
            .getFirst();
    String password =
        new String(
                java.util.Base64.getDecoder().decode(token),
                java.nio.charset.StandardCharsets.UTF_8)
            .substring("AWS:".length());
    shell.fed(password, "docker", "login", "-u", "AWS", "--password-stdin", registry());
  }

  /** Builds a version of these images and pushes it. */
  void push(String version, List<String> names) {
    String[] build = new String[names.size() + 2];
    build[0] = sources.resolve("build.sh").toString();
    build[1] = version;
    for (int i = 0; i < names.size(); i++) {
      build[i + 2] = names.get(i);
    }
    shell.shown(build);
    for (String name : names) {
      String image = registry() + "/demo-" + name + ":" + version;
      shell.run("docker", "tag", "gantry-demo/" + name + ":" + version, image);
      shell.run("docker", "push", "-q", image);
    }
  }

  /** Each service: how many run of how many, and how its deployment stands. */
  String standing() {
    StringBuilder line = new StringBuilder();
    for (String name : SERVICES) {
      List<String> it = standing(name);
      line.append(line.isEmpty() ? "" : ", ").append(name).append(' ');
      line.append(it.isEmpty() ? "-" : it.get(0) + "/" + it.get(1) + " " + it.get(2));
    }
    return line.toString();
  }

  /** Running, desired, roll-out state and number of deployments; nothing when there is none. */
  List<String> standing(String service) {
    String[] words = {
      "ecs", "describe-services", "--cluster", CLUSTER, "--services", "demo-" + service
    };
    if (!cli.ask("services[0].status", words).equals(List.of("ACTIVE"))) {
      return List.of();
    }
    return List.of(
        cli.ask("services[0].runningCount", words).getFirst(),
        cli.ask("services[0].desiredCount", words).getFirst(),
        cli.ask("services[0].deployments[0].rolloutState", words).getFirst(),
        String.valueOf(cli.ask("services[0].deployments[].id", words).size()));
  }

  boolean isStable(String service) {
    List<String> it = standing(service);
    return !it.isEmpty()
        && it.get(0).equals(it.get(1))
        && it.get(2).equals("COMPLETED")
        && it.get(3).equals("1");
  }

  /** Stable, and every task of it healthy as far as somebody checks: it stands in DNS by then. */
  boolean isWhole(String service) {
    if (!isStable(service)) {
      return false;
    }
    List<String> tasks =
        cli.ask(
            "taskArns[]",
            "ecs",
            "list-tasks",
            "--cluster",
            CLUSTER,
            "--service-name",
            "demo-" + service);
    List<String> words =
        new java.util.ArrayList<>(
            List.of("ecs", "describe-tasks", "--cluster", CLUSTER, "--tasks"));
    words.addAll(tasks);
    boolean checked = service.equals("api") || service.equals("redis");
    List<String> health = cli.ask("tasks[].healthStatus", words.toArray(String[]::new));
    if (checked && !health.stream().allMatch("HEALTHY"::equals)) {
      return false;
    }
    return !service.equals("web") || targetsAreHealthy(tasks.size());
  }

  private boolean targetsAreHealthy(int count) {
    String group =
        cli.ask(
                "TargetGroups[0].TargetGroupArn",
                "elbv2",
                "describe-target-groups",
                "--names",
                "demo-web")
            .getFirst();
    return cli
            .ask(
                "TargetHealthDescriptions[].TargetHealth.State",
                "elbv2",
                "describe-target-health",
                "--target-group-arn",
                group)
            .stream()
            .filter("healthy"::equals)
            .count()
        == count;
  }

  String webHost() {
    List<String> names =
        cli.ask("LoadBalancers[].DNSName", "elbv2", "describe-load-balancers").stream()
            .filter(name -> name.startsWith("demo-"))
            .toList();
    if (names.isEmpty()) {
      throw new DemoFailed("the demo does not run: ./gantry demo brings it up");
    }
    return names.getFirst().replace(".elb.amazonaws.com", ".elb.localhost");
  }

  @Override
  public void close() {
    cli.close();
  }
}
