package gantry.app.demo;

import java.util.List;

/**
 * A classic mistake, as a task definition, a network and a balancer make it.
 *
 * @param name how a person asks for it
 * @param about what is wrong, in one line
 * @param image the tag of the image {@code demo-web}, or a whole other one
 * @param command what the container runs instead of its image's own, as JSON, or nothing
 * @param memory the container's hard limit in MiB, or 0 for none
 * @param secret whether it wants the secret of Redis, with a role that may not read it
 * @param group the security group
 * @param publicIp whether its tasks have a way out
 * @param healthCheck the path that the balancer asks, or nothing for no balancer
 * @param reasons what {@code gantry why} has to say of it
 */
record Mistake(
    String name,
    String about,
    String image,
    String command,
    int memory,
    boolean secret,
    String group,
    boolean publicIp,
    String healthCheck,
    List<String> reasons) {

  static final String ARM_IMAGE = "demo-broken:arm64";

  /** All of them, in the order of a person's first week. */
  static final List<Mistake> ALL =
      List.of(
          new Mistake(
              "closed-group",
              "the balancer's health check does not get through the task's security group",
              "demo-web:v1",
              "",
              0,
              false,
              "demo-worker",
              true,
              "/health",
              List.of("security group", "refused", "tcp/80")),
          new Mistake(
              "health-path",
              "the health check asks for a path that the application does not have",
              "demo-web:v1",
              "",
              0,
              false,
              "demo-web",
              true,
              "/nope",
              List.of("Health checks failed with these codes: [404]")),
          new Mistake(
              "architecture",
              "the image was built for another architecture",
              ARM_IMAGE,
              "",
              0,
              false,
              "demo-web",
              true,
              "",
              List.of("linux/arm64", "linux/amd64")),
          new Mistake(
              "execution-role",
              "the execution role may not read the secret",
              "demo-web:v1",
              "",
              0,
              true,
              "demo-web",
              true,
              "",
              List.of("ResourceInitializationError", "secretsmanager:GetSecretValue")),
          new Mistake(
              "no-route",
              "the task has no way to the registry",
              "demo-web:v1",
              "",
              0,
              false,
              "demo-web",
              false,
              "",
              List.of("no way from subnet", "no public address", "NAT gateway", "no endpoint")),
          new Mistake(
              "memory",
              "the container needs more memory than it may have",
              "demo-web:v1",
              "[\"python3\",\"-c\",\"x = bytearray(200 * 1024 * 1024)\"]",
              32,
              false,
              "demo-web",
              true,
              "",
              List.of("OutOfMemoryError", "137")));
}
