package gantry.node;

import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.Resource;

/** What a node says of itself when it joins a cluster: the machine, and what we can do on it. */
public final class Registration {

  /** Ports that no task gets: ssh, Docker's own, and those of Amazon's agent. */
  static final List<String> RESERVED_PORTS =
      List.of("22", "2375", "2376", "51678", "51679", "51680");

  private static final String OLD = "com.amazonaws.ecs.capability.";
  private static final String NEW = "ecs.capability.";

  private Registration() {}

  /**
   * A request to be completed: cluster, ARN of an earlier registration, tags and further attributes
   * are the caller's.
   *
   * @param vpc whether tasks in network mode awsvpc can run here
   */
  public static RegisterContainerInstanceRequest.Builder of(
      DockerEngine.Facts docker, boolean privileged, boolean vpc) {
    return RegisterContainerInstanceRequest.builder()
        .attributes(attributes(docker, privileged, vpc))
        .totalResources(
            integer("CPU", Runtime.getRuntime().availableProcessors() * 1024),
            integer("MEMORY", memoryMib()),
            ports("PORTS", RESERVED_PORTS),
            ports("PORTS_UDP", List.of()))
        .versionInfo(
            version ->
                version
                    .agentVersion("1.105.1")
                    .agentHash("gantry")
                    .dockerVersion("DockerVersion: " + docker.serverVersion()));
  }

  private static List<Attribute> attributes(
      DockerEngine.Facts docker, boolean privileged, boolean vpc) {
    List<String> names = new ArrayList<>();
    for (int minor = 17; minor <= 44; minor++) {
      names.add(OLD + "docker-remote-api.1." + minor);
    }
    for (String each : List.of("awslogs", "json-file", "none")) {
      names.add(OLD + "logging-driver." + each);
    }
    for (String each : List.of("syslog", "journald", "gelf", "fluentd")) {
      if (docker.logDrivers().contains(each)) {
        names.add(OLD + "logging-driver." + each);
      }
    }
    names.add(OLD + "ecr-auth");
    names.add(OLD + "task-iam-role");
    names.add(OLD + "task-iam-role-network-host");
    if (privileged) {
      names.add(OLD + "privileged-container");
    }
    for (String each :
        List.of(
            "execution-role-ecr-pull",
            "execution-role-awslogs",
            "container-health-check",
            "container-ordering",
            "container-restart-policy",
            "task-cpu-mem-limit",
            "increased-task-cpu-limit",
            "secrets.ssm.environment-variables",
            "secrets.asm.environment-variables",
            "private-registry-authentication.secretsmanager",
            "docker-plugin.local",
            "pid-ipc-namespace-sharing",
            "network.container-port-range",
            "extensible-ephemeral-storage",
            "full-sync")) {
      names.add(NEW + each);
    }
    if (vpc) {
      names.add(NEW + "task-eni");
    }
    List<Attribute> attributes = new ArrayList<>();
    names.forEach(each -> attributes.add(Attribute.builder().name(each).build()));
    attributes.add(attribute("ecs.os-type", docker.os()));
    attributes.add(attribute("ecs.os-family", "LINUX"));
    attributes.add(
        attribute(
            "ecs.cpu-architecture", docker.architecture().equals("arm64") ? "arm64" : "x86_64"));
    return attributes;
  }

  private static Attribute attribute(String name, String value) {
    return Attribute.builder().name(name).value(value).build();
  }

  private static Resource integer(String name, int value) {
    return Resource.builder().name(name).type("INTEGER").integerValue(value).build();
  }

  private static Resource ports(String name, List<String> values) {
    return Resource.builder().name(name).type("STRINGSET").stringSetValue(values).build();
  }

  /** What the kernel says the machine has. */
  static int memoryMib() {
    try {
      for (String line :
          Files.readString(Path.of("/proc/meminfo"), StandardCharsets.UTF_8).lines().toList()) {
        if (line.startsWith("MemTotal:")) {
          return (int) (Long.parseLong(line.replaceAll("\\D", "")) / 1024);
        }
      }
    } catch (IOException e) {
      // Not Linux: the JDK knows it too, though not what is set aside.
    }
    if (java.lang.management.ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean machine) {
      return (int) (machine.getTotalMemorySize() >> 20);
    }
    return 0;
  }
}
