package gantry.app.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** Makes the classic mistakes, one after the other, and shows what {@code gantry why} says. */
final class Break {

  private static final String SERVICE = "demo-broken";
  private static final Duration TOLD_WITHIN = Duration.ofSeconds(90);
  private static final Duration GONE_WITHIN = Duration.ofSeconds(120);
  private static final String EXECUTION_ROLE = "demo-broken-execution";

  private final Demo demo;
  private final Cli cli;

  Break(Demo demo) {
    this.demo = demo;
    this.cli = demo.cli;
  }

  void run(List<String> names) {
    demo.webHost();
    List<Mistake> wanted =
        Mistake.ALL.stream().filter(m -> names.isEmpty() || names.contains(m.name())).toList();
    if (wanted.isEmpty() || (!names.isEmpty() && wanted.size() != names.size())) {
      throw new DemoFailed(
          "the mistakes are "
              + String.join(", ", Mistake.ALL.stream().map(Mistake::name).toList()));
    }
    List<String> untold = new ArrayList<>();
    for (Mistake mistake : wanted) {
      demo.step(mistake.name() + ": " + mistake.about());
      try {
        make(mistake);
        told(mistake, untold);
      } finally {
        undo(mistake);
      }
    }
    if (!untold.isEmpty()) {
      throw new DemoFailed("not explained: " + String.join(", ", untold));
    }
    demo.step(wanted.size() + " mistakes, each explained.");
  }

  private void make(Mistake mistake) {
    if (mistake.image().equals(Mistake.ARM_IMAGE)) {
      foreignImage();
    }
    if (mistake.secret()) {
      cli.run(
          "iam",
          "create-role",
          "--role-name",
          EXECUTION_ROLE,
          "--assume-role-policy-document",
          Setup.TRUST);
      cli.run(
          "iam",
          "attach-role-policy",
          "--role-name",
          EXECUTION_ROLE,
          "--policy-arn",
          "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
    }
    cli.run("ecs", "register-task-definition", "--cli-input-json", definition(mistake));
    String group =
        cli.ask(
                "SecurityGroups[0].GroupId",
                "ec2",
                "describe-security-groups",
                "--filters",
                "[{\"Name\":\"group-name\",\"Values\":[\"" + mistake.group() + "\"]}]")
            .getFirst();
    List<String> subnets = cli.ask("Subnets[].SubnetId", "ec2", "describe-subnets");
    List<String> words =
        new ArrayList<>(
            List.of(
                "ecs",
                "create-service",
                "--cluster",
                Demo.CLUSTER,
                "--service-name",
                SERVICE,
                "--task-definition",
                SERVICE,
                "--desired-count",
                "1",
                "--launch-type",
                "FARGATE",
                "--network-configuration",
                Setup.networkConfiguration(
                    subnets, group, mistake.publicIp() ? "ENABLED" : "DISABLED")));
    if (!mistake.healthCheck().isEmpty()) {
      words.addAll(List.of("--load-balancers", balanced(mistake)));
    }
    cli.run(words.toArray(String[]::new));
  }

  /** An image that nothing here can run: its configuration says so, and it was never run. */
  private void foreignImage() {
    try {
      Path folder = Files.createTempDirectory("gantry-demo-");
      try {
        Files.writeString(
            folder.resolve("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\nCMD [\"/x\"]\n");
        if (cli.ask("repositories[].repositoryName", "ecr", "describe-repositories").stream()
            .noneMatch(SERVICE::equals)) {
          cli.run("ecr", "create-repository", "--repository-name", SERVICE);
        }
        demo.login();
        String image = demo.registry() + "/" + Mistake.ARM_IMAGE;
        demo.shell.run(
            "docker", "build", "-q", "--platform", "linux/arm64", "-t", image, folder.toString());
        demo.shell.run("docker", "push", "-q", image);
        demo.shell.quiet("docker", "image", "rm", image);
      } finally {
        Files.deleteIfExists(folder.resolve("Dockerfile"));
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String definition(Mistake mistake) {
    String secret =
        mistake.secret()
            ? ",\"secrets\":[{\"name\":\"REDIS_PASSWORD\",\"valueFrom\":\""
                + cli.ask("ARN", "secretsmanager", "describe-secret", "--secret-id", "demo/redis")
                    .getFirst()
                + "\"}]"
            : "";
    return "{\"family\":\""
        + SERVICE
        + "\",\"networkMode\":\"awsvpc\",\"requiresCompatibilities\":[\"FARGATE\"],\"cpu\":\"256\",\"memory\":\"512\",\"executionRoleArn\":\"arn:aws:iam::"
        + demo.account
        + ":role/"
        + (mistake.secret() ? EXECUTION_ROLE : "demo-execution")
        + "\",\"containerDefinitions\":[{\"name\":\"web\",\"image\":\""
        + demo.registry()
        + "/"
        + mistake.image()
        + "\",\"essential\":true,\"portMappings\":[{\"containerPort\":80}]"
        + (mistake.command().isEmpty() ? "" : ",\"command\":" + mistake.command())
        + (mistake.memory() == 0 ? "" : ",\"memory\":" + mistake.memory())
        + secret
        + "}]}";
  }

  private String balanced(Mistake mistake) {
    String vpc = cli.ask("Vpcs[0].VpcId", "ec2", "describe-vpcs").getFirst();
    String group =
        cli.get(
            "TargetGroups[0].TargetGroupArn",
            "elbv2",
            "create-target-group",
            "--name",
            SERVICE,
            "--protocol",
            "HTTP",
            "--port",
            "80",
            "--vpc-id",
            vpc,
            "--target-type",
            "ip",
            "--health-check-path",
            mistake.healthCheck(),
            "--health-check-interval-seconds",
            "5",
            "--health-check-timeout-seconds",
            "2",
            "--unhealthy-threshold-count",
            "2");
    cli.quiet(
        "elbv2",
        "modify-target-group-attributes",
        "--target-group-arn",
        group,
        "--attributes",
        "[{\"Key\":\"deregistration_delay.timeout_seconds\",\"Value\":\"5\"}]");
    cli.run(
        "elbv2",
        "create-rule",
        "--listener-arn",
        listener(),
        "--priority",
        "10",
        "--conditions",
        "[{\"Field\":\"path-pattern\",\"Values\":[\"/broken\"]}]",
        "--actions",
        "[{\"Type\":\"forward\",\"TargetGroupArn\":\"" + group + "\"}]");
    return "[{\"targetGroupArn\":\""
        + group
        + "\",\"containerName\":\"web\",\"containerPort\":80}]";
  }

  private String listener() {
    String balancer =
        cli.ask(
                "LoadBalancers[0].LoadBalancerArn",
                "elbv2",
                "describe-load-balancers",
                "--names",
                "demo")
            .getFirst();
    return cli.ask(
            "Listeners[0].ListenerArn",
            "elbv2",
            "describe-listeners",
            "--load-balancer-arn",
            balancer)
        .getFirst();
  }

  private void told(Mistake mistake, List<String> untold) {
    long deadline = System.nanoTime() + TOLD_WITHIN.toNanos();
    String said = why();
    while (!saysAll(said, mistake) && System.nanoTime() < deadline) {
      try {
        Thread.sleep(Duration.ofMillis(300));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DemoFailed("interrupted");
      }
      said = why();
    }
    demo.say("$ ./gantry why " + SERVICE);
    said.lines().forEach(line -> demo.say("  " + line));
    if (!saysAll(said, mistake)) {
      List<String> missing = new ArrayList<>(mistake.reasons());
      String all = said;
      missing.removeIf(all::contains);
      untold.add(mistake.name() + " (not said: " + missing + ")");
    }
  }

  private static boolean saysAll(String said, Mistake mistake) {
    return mistake.reasons().stream().allMatch(said::contains);
  }

  private String why() {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(
                      URI.create(
                          demo.url
                              + "/_gantry/why?"
                              + URLEncoder.encode(SERVICE, StandardCharsets.UTF_8)))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoFailed("interrupted");
    }
  }

  private void undo(Mistake mistake) {
    try {
      cli.quiet(
          "ecs", "delete-service", "--cluster", Demo.CLUSTER, "--service", SERVICE, "--force");
      demo.until(
          GONE_WITHIN,
          "the broken service is gone",
          () ->
              cli.ask(
                      "services[0].status",
                      "ecs",
                      "describe-services",
                      "--cluster",
                      Demo.CLUSTER,
                      "--services",
                      SERVICE)
                  .equals(List.of("INACTIVE")),
          () -> "its tasks are stopping");
      if (!mistake.healthCheck().isEmpty()) {
        String rule =
            cli.ask("Rules[0].RuleArn", "elbv2", "describe-rules", "--listener-arn", listener())
                .getFirst();
        cli.quiet("elbv2", "delete-rule", "--rule-arn", rule);
        cli.ask(
                "TargetGroups[].TargetGroupArn",
                "elbv2",
                "describe-target-groups",
                "--names",
                SERVICE)
            .forEach(arn -> cli.quiet("elbv2", "delete-target-group", "--target-group-arn", arn));
      }
      if (mistake.secret()) {
        cli.quiet(
            "iam",
            "detach-role-policy",
            "--role-name",
            EXECUTION_ROLE,
            "--policy-arn",
            "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
        cli.quiet("iam", "delete-role", "--role-name", EXECUTION_ROLE);
      }
      if (mistake.image().equals(Mistake.ARM_IMAGE)) {
        cli.quiet("ecr", "delete-repository", "--repository-name", SERVICE, "--force");
      }
    } catch (AwsServiceException e) {
      demo.say("not undone: " + e.awsErrorDetails().errorMessage());
    }
  }
}
