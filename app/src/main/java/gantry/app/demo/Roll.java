package gantry.app.demo;

import java.time.Duration;
import java.util.List;

/** A new version of the page and of the API, rolled out under load. */
final class Roll {

  private static final Duration WITHIN = Duration.ofMinutes(4);

  private final Demo demo;
  private final Cli cli;

  Roll(Demo demo) {
    this.demo = demo;
    this.cli = demo.cli;
  }

  void run() {
    String host = demo.webHost();
    List<String> rolled = List.of("api", "web");
    String version = "v" + (version(image("api")) + 1);
    demo.step("Version " + version + ": built and pushed");
    demo.login();
    demo.push(version, rolled);
    for (String name : rolled) {
      register(name, version);
    }
    demo.step("Rolled out under load from " + Load.CLIENTS + " clients");
    Load load = Load.on(host, demo.webPort, "/api/whoami", "/version.json", "/api/jobs");
    try (load) {
      for (String name : rolled) {
        cli.run(
            "ecs",
            "update-service",
            "--cluster",
            Demo.CLUSTER,
            "--service",
            "demo-" + name,
            "--task-definition",
            "demo-" + name);
      }
      demo.until(
          WITHIN,
          "both deployments complete",
          () -> rolled.stream().allMatch(demo::isStable),
          load::line);
      // The old tasks are gone when the new ones stand alone; requests go on meanwhile.
      demo.until(
          WITHIN,
          "the old tasks are gone",
          () -> running("api") == 2 && running("web") == 2,
          load::line);
    }
    demo.step(load.line());
    load.failures().forEach(demo::say);
    if (load.failed() > 0) {
      throw new DemoFailed(load.failed() + " requests failed during the deployment");
    }
    demo.say("0 failed: " + version + " serves alone.");
  }

  private int running(String name) {
    return cli.ask(
            "taskArns[]",
            "ecs",
            "list-tasks",
            "--cluster",
            Demo.CLUSTER,
            "--service-name",
            "demo-" + name)
        .size();
  }

  private String image(String name) {
    return cli.ask(
            "taskDefinition.containerDefinitions[0].image",
            "ecs",
            "describe-task-definition",
            "--task-definition",
            "demo-" + name)
        .getFirst();
  }

  private static int version(String image) {
    return Integer.parseInt(image.substring(image.lastIndexOf(":v") + 2));
  }

  private void register(String name, String version) {
    String secret =
        cli.ask("ARN", "secretsmanager", "describe-secret", "--secret-id", "demo/redis").getFirst();
    cli.run(
        "ecs",
        "register-task-definition",
        "--cli-input-json",
        demo.definition(
            name,
            java.util.Map.of(
                "registry",
                demo.registry(),
                "version",
                version,
                "account",
                demo.account,
                "region",
                demo.region,
                "secret",
                secret)));
  }
}
