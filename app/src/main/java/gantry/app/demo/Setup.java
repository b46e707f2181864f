package gantry.app.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Brings the example up, call by call, and shows each. */
final class Setup {

  private static final Duration STABLE_WITHIN = Duration.ofMinutes(3);
  private static final Duration NAMESPACE_WITHIN = Duration.ofSeconds(30);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  static final String TRUST =
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}""";

  private final Demo demo;
  private final Cli cli;
  private final Map<String, String> groups = new HashMap<>();
  private final Map<String, String> registries = new HashMap<>();
  private String vpc = "";
  private List<String> subnets = List.of();
  private String targetGroup = "";
  private String secret = "";

  Setup(Demo demo) {
    this.demo = demo;
    this.cli = demo.cli;
  }

  void run() {
    if (cli.ask("clusters[0].status", "ecs", "describe-clusters", "--clusters", Demo.CLUSTER)
        .equals(List.of("ACTIVE"))) {
      throw new DemoFailed(
          "there is a cluster '"
              + Demo.CLUSTER
              + "' already, at "
              + address()
              + "; ./gantry demo clean removes it");
    }
    demo.step("Images: built with docker, pushed to ECR");
    images();
    demo.step("Network: who may talk to whom");
    network();
    demo.step("Roles, a secret, a parameter, log groups");
    identities();
    demo.step("A load balancer, and names for the services");
    balancer();
    names();
    demo.step("Task definitions and services");
    services();
    demo.step("Waiting until all of it runs");
    demo.until(
        STABLE_WITHIN,
        "all services run (./gantry why demo-web, demo-api, ... tell why not)",
        () -> Demo.SERVICES.stream().allMatch(this::runs),
        demo::standing);
    demo.say(demo.standing());
    demo.until(ANSWER_WITHIN, "the page answers at " + address(), this::answers, () -> "…");
    demo.step("It runs: " + address());
    demo.say(
        """
        Open it, submit jobs, and watch which task answers and which worker does the work. Then:
          ./gantry demo roll      a new version under load
          ./gantry demo kill      tasks killed under load, and replaced
          ./gantry demo break     the classic mistakes, and what ./gantry why says of them
          ./gantry demo clean     remove it\
        """);
  }

  private String address() {
    return "http://" + demo.webHost() + ":" + demo.webPort + "/";
  }

  private void images() {
    for (String name : Demo.IMAGES) {
      cli.run("ecr", "create-repository", "--repository-name", "demo-" + name);
    }
    demo.login();
    demo.push("v1", Demo.IMAGES);
  }

  private void network() {
    vpc =
        cli.get(
            "Vpcs[0].VpcId",
            "ec2",
            "describe-vpcs",
            "--filters",
            "[{\"Name\":\"is-default\",\"Values\":[\"true\"]}]");
    subnets =
        List.of(
            cli.get(
                    "Subnets[].SubnetId",
                    "ec2",
                    "describe-subnets",
                    "--filters",
                    "[{\"Name\":\"vpc-id\",\"Values\":[\"" + vpc + "\"]}]")
                .split(" "));
    for (String name : List.of("lb", "web", "api", "worker", "redis")) {
      groups.put(
          name,
          cli.get(
              "GroupId",
              "ec2",
              "create-security-group",
              "--group-name",
              "demo-" + name,
              "--description",
              "Gantry demo: " + name,
              "--vpc-id",
              vpc));
    }
    allow("lb", demo.webPort, "\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]");
    allow("web", 80, from("lb"));
    allow("api", 5000, from("web"));
    allow("redis", 6379, from("api", "worker"));
  }

  private String from(String... names) {
    List<String> pairs = new ArrayList<>();
    for (String name : names) {
      pairs.add("{\"GroupId\":\"" + groups.get(name) + "\"}");
    }
    return "\"UserIdGroupPairs\":[" + String.join(",", pairs) + "]";
  }

  private void allow(String name, int port, String source) {
    cli.run(
        "ec2",
        "authorize-security-group-ingress",
        "--group-id",
        groups.getOrDefault(name, ""),
        "--ip-permissions",
        "[{\"IpProtocol\":\"tcp\",\"FromPort\":"
            + port
            + ",\"ToPort\":"
            + port
            + ","
            + source
            + "}]");
  }

  private void identities() {
    secret =
        cli.get(
            "ARN",
            "secretsmanager",
            "create-secret",
            "--name",
            "demo/redis",
            "--secret-string",
            cli.ask(
                    "RandomPassword",
                    "secretsmanager",
                    "get-random-password",
                    "--exclude-punctuation",
                    "--password-length",
                    "32")
                .getFirst());
    cli.run(
        "ssm",
        "put-parameter",
        "--name",
        "/demo/greeting",
        "--type",
        "String",
        "--value",
        "Hello from a parameter that only the API's role may read");
    role("demo-execution");
    cli.run(
        "iam",
        "attach-role-policy",
        "--role-name",
        "demo-execution",
        "--policy-arn",
        "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
    policy("demo-execution", "secretsmanager:GetSecretValue", secret);
    for (String name : Demo.SERVICES) {
      role("demo-" + name);
      cli.run("logs", "create-log-group", "--log-group-name", "/demo/" + name);
    }
    policy(
        "demo-api",
        "ssm:GetParameter",
        "arn:aws:ssm:" + demo.region + ":" + demo.account + ":parameter/demo/greeting");
  }

  private void role(String name) {
    cli.run("iam", "create-role", "--role-name", name, "--assume-role-policy-document", TRUST);
  }

  private void policy(String role, String action, String resource) {
    cli.run(
        "iam",
        "put-role-policy",
        "--role-name",
        role,
        "--policy-name",
        "needs",
        "--policy-document",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\""
            + action
            + "\",\"Resource\":\""
            + resource
            + "\"}]}");
  }

  private void balancer() {
    List<String> words =
        new ArrayList<>(List.of("elbv2", "create-load-balancer", "--name", "demo", "--subnets"));
    words.addAll(subnets);
    words.addAll(List.of("--security-groups", groups.getOrDefault("lb", "")));
    String balancer = cli.get("LoadBalancers[0].LoadBalancerArn", words.toArray(String[]::new));
    targetGroup =
        cli.get(
            "TargetGroups[0].TargetGroupArn",
            "elbv2",
            "create-target-group",
            "--name",
            "demo-web",
            "--protocol",
            "HTTP",
            "--port",
            "80",
            "--vpc-id",
            vpc,
            "--target-type",
            "ip",
            "--health-check-path",
            "/health",
            "--health-check-interval-seconds",
            "5",
            "--health-check-timeout-seconds",
            "2",
            "--healthy-threshold-count",
            "2");
    cli.run(
        "elbv2",
        "modify-target-group-attributes",
        "--target-group-arn",
        targetGroup,
        "--attributes",
        "[{\"Key\":\"deregistration_delay.timeout_seconds\",\"Value\":\"5\"}]");
    cli.run(
        "elbv2",
        "create-listener",
        "--load-balancer-arn",
        balancer,
        "--protocol",
        "HTTP",
        "--port",
        String.valueOf(demo.webPort),
        "--default-actions",
        "[{\"Type\":\"forward\",\"TargetGroupArn\":\"" + targetGroup + "\"}]");
  }

  private void names() {
    if (namespace().isEmpty()) {
      cli.run(
          "servicediscovery",
          "create-private-dns-namespace",
          "--name",
          Demo.NAMESPACE,
          "--vpc",
          vpc);
      demo.until(NAMESPACE_WITHIN, "the namespace", () -> !namespace().isEmpty(), () -> "…");
    }
    for (String name : List.of("redis", "api")) {
      registries.put(
          name,
          cli.get(
              "Service.Arn",
              "servicediscovery",
              "create-service",
              "--name",
              name,
              "--namespace-id",
              namespace().getFirst(),
              "--dns-config",
              "{\"DnsRecords\":[{\"Type\":\"A\",\"TTL\":5}]}"));
    }
  }

  private List<String> namespace() {
    return cli.ask(
        "Namespaces[0].Id",
        "servicediscovery",
        "list-namespaces",
        "--filters",
        "[{\"Name\":\"NAME\",\"Values\":[\"" + Demo.NAMESPACE + "\"]}]");
  }

  private void services() {
    cli.run("ecs", "create-cluster", "--cluster-name", Demo.CLUSTER);
    Map<String, Integer> counts = Map.of("redis", 1, "api", 2, "worker", 2, "web", 2);
    for (String name : Demo.SERVICES) {
      cli.run(
          "ecs",
          "register-task-definition",
          "--cli-input-json",
          demo.definition(
              name,
              Map.of(
                  "registry",
                  demo.registry(),
                  "version",
                  "v1",
                  "account",
                  demo.account,
                  "region",
                  demo.region,
                  "secret",
                  secret)));
      List<String> words =
          new ArrayList<>(
              List.of(
                  "ecs",
                  "create-service",
                  "--cluster",
                  Demo.CLUSTER,
                  "--service-name",
                  "demo-" + name,
                  "--task-definition",
                  "demo-" + name,
                  "--desired-count",
                  String.valueOf(counts.get(name)),
                  "--launch-type",
                  "FARGATE",
                  "--network-configuration",
                  networkConfiguration(subnets, groups.getOrDefault(name, ""), "ENABLED")));
      if (registries.containsKey(name)) {
        words.add("--service-registries");
        words.add("[{\"registryArn\":\"" + registries.get(name) + "\"}]");
      }
      if (name.equals("web")) {
        words.add("--load-balancers");
        words.add(
            "[{\"targetGroupArn\":\""
                + targetGroup
                + "\",\"containerName\":\"web\",\"containerPort\":80}]");
      }
      cli.run(words.toArray(String[]::new));
    }
  }

  static String networkConfiguration(List<String> subnets, String group, String publicIp) {
    return "{\"awsvpcConfiguration\":{\"subnets\":[\""
        + String.join("\",\"", subnets)
        + "\"],\"securityGroups\":[\""
        + group
        + "\"],\"assignPublicIp\":\""
        + publicIp
        + "\"}}";
  }

  /** All of its tasks run; a deployment that failed is not waited for. */
  private boolean runs(String service) {
    List<String> it = demo.standing(service);
    if (!it.isEmpty() && it.get(2).equals("FAILED")) {
      throw new DemoFailed("demo-" + service + " does not start: ./gantry why demo-" + service);
    }
    return !it.isEmpty() && it.get(0).equals(it.get(1));
  }

  private boolean answers() {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
              .send(
                  HttpRequest.newBuilder(
                          URI.create("http://127.0.0.1:" + demo.webPort + "/api/jobs"))
                      .timeout(Duration.ofSeconds(5))
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoFailed("interrupted");
    }
  }
}
