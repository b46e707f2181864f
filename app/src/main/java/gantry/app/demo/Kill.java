package gantry.app.demo;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Tasks that end under load, in the polite way and in the other, and their replacements. */
final class Kill {

  private static final Duration WITHIN = Duration.ofMinutes(2);

  private final Demo demo;
  private final Cli cli;

  Kill(Demo demo) {
    this.demo = demo;
    this.cli = demo.cli;
  }

  void run() {
    String host = demo.webHost();
    Load load = Load.on(host, demo.webPort, "/api/whoami", "/version.json", "/api/jobs");
    long polite;
    try (load) {
      demo.step("StopTask on one task of each service but Redis, under load");
      for (String name : List.of("web", "api", "worker")) {
        Set<String> before = tasks(name);
        cli.run(
            "ecs",
            "stop-task",
            "--cluster",
            Demo.CLUSTER,
            "--task",
            before.iterator().next(),
            "--reason",
            "gantry demo kill");
        replaced(name, before, load);
      }
      polite = load.failed();
      demo.step("Signal 9 to one container of the API and one of the page, under load");
      for (String name : List.of("api", "web")) {
        Set<String> before = tasks(name);
        String task = before.iterator().next();
        List<String> containers =
            demo.shell.quiet(
                "docker",
                "ps",
                "-q",
                "--no-trunc",
                "--filter",
                "label=com.amazonaws.ecs.task-arn=" + task,
                "--filter",
                "label=com.amazonaws.ecs.container-name=" + name);
        if (containers.isEmpty()) {
          throw new DemoFailed("docker knows no container of task " + task);
        }
        demo.shell.run("docker", "kill", "--signal", "KILL", containers.getFirst());
        replaced(name, before, load);
      }
    }
    demo.step(load.line());
    demo.say("After StopTask: " + polite + " failed. After signal 9: " + (load.failed() - polite));
    load.failures().forEach(demo::say);
    if (polite > 0) {
      throw new DemoFailed(polite + " requests failed though their tasks were asked to stop");
    }
    demo.say(
        "What fails after signal 9 was in flight on the killed container, or sent to it before"
            + " anybody could know.");
    demo.step("What ECS said of it");
    for (String name : List.of("api", "web")) {
      cli
          .ask(
              "services[0].events[].message",
              "ecs",
              "describe-services",
              "--cluster",
              Demo.CLUSTER,
              "--services",
              "demo-" + name)
          .stream()
          .limit(4)
          .forEach(demo::say);
    }
  }

  private Set<String> tasks(String name) {
    return new HashSet<>(
        cli.ask(
            "taskArns[]",
            "ecs",
            "list-tasks",
            "--cluster",
            Demo.CLUSTER,
            "--service-name",
            "demo-" + name));
  }

  private void replaced(String name, Set<String> before, Load load) {
    demo.until(
        WITHIN,
        "the service replaces its task",
        () -> {
          Set<String> now = tasks(name);
          return demo.isWhole(name) && now.size() == before.size() && !now.equals(before);
        },
        load::line);
    demo.say(name + " is whole again: " + demo.standing());
  }
}
