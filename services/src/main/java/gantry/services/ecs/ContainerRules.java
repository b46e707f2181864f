package gantry.services.ecs;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.EnvironmentFileType;
import software.amazon.awssdk.services.ecs.model.IpcMode;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.LogDriver;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.ResourceType;
import software.amazon.awssdk.services.ecs.model.SystemControl;

/** What one container of a task definition may say. */
final class ContainerRules {

  private static final int MAX_RANGES = 100;
  private static final Pattern PORT_NAME = Pattern.compile("[a-z0-9_][a-z0-9_-]{0,63}");

  private static final Pattern PORT_RANGE = Pattern.compile("(\\d{1,5})-(\\d{1,5})");

  private ContainerRules() {}

  static void check(
      RegisterTaskDefinitionRequest definition,
      ContainerDefinition container,
      Set<String> portNames,
      Set<String> hostPorts) {
    if (!TaskDefinitionRules.given(container.image())) {
      throw EcsErrors.client("Container.image should not be null or empty.");
    }
    String nameOfImage =
        container.image().contains("@")
            ? container.image().substring(0, container.image().indexOf('@'))
            : container.image();
    if (nameOfImage.length() > 255) {
      throw EcsErrors.client("Container.image should not be longer than 255 characters.");
    }
    if (container.image().chars().anyMatch(Character::isWhitespace)) {
      throw EcsErrors.client("Container.image contains invalid characters.");
    }
    container.environment().stream()
        .filter(each -> each.name() == null || each.name().isBlank())
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Environment variable name cannot be null or blank.");
            });
    container.secrets().stream()
        .filter(
            each ->
                !TaskDefinitionRules.given(each.name())
                    || !TaskDefinitionRules.given(each.valueFrom()))
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Secret name and valueFrom cannot be null or blank.");
            });
    container.environmentFiles().stream()
        .filter(each -> !TaskDefinitionRules.given(each.value()) || !each.value().endsWith(".env"))
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Environment file names must end in '.env': " + each.value());
            });
    if (container.environmentFiles().size() > 10) {
      throw EcsErrors.client("Environment files cannot have more than 10 elements.");
    }
    if (TaskDefinitionRules.given(container.hostname())
        && definition.networkMode() == NetworkMode.AWSVPC) {
      throw EcsErrors.client("hostname is not supported on container when networkMode=awsvpc.");
    }
    if (!container.extraHosts().isEmpty() && definition.networkMode() == NetworkMode.AWSVPC) {
      throw EcsErrors.client("Extra hosts are not supported on container when networkMode=awsvpc.");
    }
    systemControls(definition, container);
    container.environmentFiles().stream()
        .filter(each -> each.type() != EnvironmentFileType.S3)
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Environment file type must be 's3': " + each.typeAsString());
            });
    if (container.resourceRequirements().stream()
        .anyMatch(each -> each.type() == ResourceType.INFERENCE_ACCELERATOR)) {
      throw EcsErrors.client(TaskDefinitionRules.NO_ACCELERATORS);
    }
    if (container.credentialSpecs().size() > 1) {
      throw EcsErrors.client("credentialSpecs cannot have more than 1 element.");
    }
    healthCheck(container);
    ports(definition, container, portNames, hostPorts);
    log(container);
    ulimits(container);
    restartPolicy(container);
    if (container.stopTimeout() != null && container.stopTimeout() < 0) {
      throw EcsErrors.client(
          "Invalid 'stopTimeout' setting for container '" + container.name() + "'.");
    }
    if (container.linuxParameters() != null) {
      linux(container, container.linuxParameters());
    }
  }

  private static final List<String> IPC =
      List.of("fs.mqueue.", "kernel.msg", "kernel.sem", "kernel.shm");

  /** What belongs to the host cannot be set for a container. */
  private static void systemControls(
      RegisterTaskDefinitionRequest definition, ContainerDefinition container) {
    for (SystemControl control : container.systemControls()) {
      String name = control.namespace() == null ? "" : control.namespace();
      if (name.startsWith("net.") && definition.networkMode() == NetworkMode.HOST) {
        throw EcsErrors.client(
            "Network system controls are not supported on container when networkMode=host.");
      }
      if (IPC.stream().anyMatch(name::startsWith) && definition.ipcMode() == IpcMode.HOST) {
        throw EcsErrors.client(
            "IPC system controls are not supported on container when ipcMode=host.");
      }
    }
  }

  private static void linux(ContainerDefinition container, LinuxParameters linux) {
    if (linux.swappiness() != null && (linux.swappiness() < 0 || linux.swappiness() > 100)) {
      throw EcsErrors.client(
          "Invalid 'swappiness' setting for container '"
              + container.name()
              + "'. Valid values are whole numbers between 0 and 100.");
    }
    if (linux.maxSwap() != null && linux.maxSwap() < 0) {
      throw EcsErrors.client("Invalid 'maxSwap' setting for container '" + container.name() + "'.");
    }
  }

  private static void restartPolicy(ContainerDefinition container) {
    var policy = container.restartPolicy();
    if (policy == null) {
      return;
    }
    if (policy.enabled() == null) {
      throw EcsErrors.client("restartPolicy.enabled should not be null.");
    }
    Integer period = policy.restartAttemptPeriod();
    if (period != null && (period < 60 || period > 1800)) {
      throw EcsErrors.client("restartPolicy.restartAttemptPeriod must be between 60 and 1800.");
    }
    if (policy.ignoredExitCodes().size() > 50) {
      throw EcsErrors.client("restartPolicy.ignoredExitCodes cannot have more than 50 elements.");
    }
  }

  private static void ulimits(ContainerDefinition container) {
    for (var ulimit : container.ulimits()) {
      if (ulimit.name() == null
          || ulimit.name()
              == software.amazon.awssdk.services.ecs.model.UlimitName.UNKNOWN_TO_SDK_VERSION) {
        throw EcsErrors.client("Invalid ulimit name '" + ulimit.nameAsString() + "'.");
      }
    }
  }

  private static void log(ContainerDefinition container) {
    var log = container.logConfiguration();
    if (log == null) {
      return;
    }
    if (!TaskDefinitionRules.given(log.logDriverAsString())) {
      throw EcsErrors.client("LogConfiguration.logDriver should not be null or empty.");
    }
    TaskDefinitionRules.enumerated("logDriver", log.logDriverAsString(), LogDriver.knownValues());
    if (log.logDriver() == LogDriver.AWSLOGS) {
      List<String> missing = new ArrayList<>();
      for (String option : List.of("awslogs-region", "awslogs-group")) {
        if (!TaskDefinitionRules.given(log.options().get(option))) {
          missing.add(option);
        }
      }
      if (!missing.isEmpty()) {
        throw EcsErrors.client(
            "Log driver awslogs requires options: " + String.join(", ", missing));
      }
      if (log.options().containsKey("awslogs-datetime-format")
          && log.options().containsKey("awslogs-multiline-pattern")) {
        throw EcsErrors.client(
            "Log driver awslogs: awslogs-datetime-format and awslogs-multiline-pattern cannot be"
                + " configured together");
      }
    }
  }

  private static void healthCheck(ContainerDefinition container) {
    var check = container.healthCheck();
    if (check == null) {
      return;
    }
    String invalid = "Invalid 'healthCheck' setting for container '" + container.name() + "'. ";
    if (check.command().isEmpty()) {
      throw EcsErrors.client(invalid + "The command cannot be empty.");
    }
    String first = check.command().getFirst();
    if (!first.equals("CMD") && !first.equals("CMD-SHELL")) {
      throw EcsErrors.client(invalid + "The command must start with CMD or CMD-SHELL.");
    }
    if (check.command().size() < 2) {
      throw EcsErrors.client(invalid + "The command cannot be empty.");
    }
    range(invalid, "interval", check.interval(), 5, 300);
    range(invalid, "timeout", check.timeout(), 2, 60);
    range(invalid, "retries", check.retries(), 1, 10);
    range(invalid, "startPeriod", check.startPeriod(), 0, 300);
  }

  private static void range(
      String invalid, String member, @Nullable Integer value, int least, int most) {
    if (value != null && (value < least || value > most)) {
      throw EcsErrors.client(
          invalid + "The " + member + " must be between " + least + " and " + most + ".");
    }
  }

  /**
   * A container's port can be mapped twice, even for two protocols, whatever the API reference says
   * of that; a host port, of the instance or of the task's own interface, cannot.
   */
  private static void ports(
      RegisterTaskDefinitionRequest definition,
      ContainerDefinition container,
      Set<String> names,
      Set<String> hostPorts) {
    if (definition.networkMode() == NetworkMode.NONE && !container.portMappings().isEmpty()) {
      throw EcsErrors.client("Port mappings are not allowed when networkMode=none.");
    }
    boolean same =
        definition.networkMode() == NetworkMode.AWSVPC
            || definition.networkMode() == NetworkMode.HOST;
    List<int[]> ranges = new ArrayList<>();
    for (PortMapping port : container.portMappings()) {
      String invalid = "Invalid 'containerPort' setting for container '" + container.name() + "'.";
      if (TaskDefinitionRules.given(port.containerPortRange())) {
        portRange(definition, container, port, ranges);
        continue;
      }
      if (port.containerPort() == null
          || port.containerPort() < 1
          || port.containerPort() > 65_535) {
        throw EcsErrors.client(invalid);
      }
      if (port.hostPort() != null && (port.hostPort() < 0 || port.hostPort() > 65_535)) {
        throw EcsErrors.client(
            "Invalid 'hostPort' setting for container '" + container.name() + "'.");
      }
      TaskDefinitionRules.enumerated(
          "protocol",
          port.protocolAsString(),
          software.amazon.awssdk.services.ecs.model.TransportProtocol.knownValues());
      TaskDefinitionRules.enumerated(
          "appProtocol",
          port.appProtocolAsString(),
          software.amazon.awssdk.services.ecs.model.ApplicationProtocol.knownValues());
      if (same
          && port.hostPort() != null
          && port.hostPort() != 0
          && !port.hostPort().equals(port.containerPort())) {
        throw EcsErrors.client(
            "When networkMode="
                + definition.networkModeAsString()
                + ", the host ports and container ports in port mappings must match.");
      }
      if (TaskDefinitionRules.given(port.name())) {
        if (!PORT_NAME.matcher(port.name()).matches()) {
          throw EcsErrors.client("Invalid port mapping name '" + port.name() + "'.");
        }
        if (!names.add(port.name())) {
          throw EcsErrors.client("Port mapping names must be unique: " + port.name());
        }
      }
      Integer host = same ? port.containerPort() : port.hostPort();
      String protocol = "udp".equals(port.protocolAsString()) ? "UDP" : "TCP";
      if (host != null && host != 0 && !hostPorts.add(protocol + host)) {
        throw EcsErrors.client(
            protocol + " host port '" + host + "' is mapped multiple times in task.");
      }
    }
    if (ranges.size() > MAX_RANGES) {
      throw EcsErrors.client("A container cannot have more than " + MAX_RANGES + " port ranges.");
    }
  }

  private static void portRange(
      RegisterTaskDefinitionRequest definition,
      ContainerDefinition container,
      PortMapping port,
      List<int[]> ranges) {
    String invalid =
        "Invalid 'containerPortRange' setting for container '" + container.name() + "'.";
    if (definition.networkMode() == NetworkMode.HOST) {
      throw EcsErrors.client(invalid + " It is supported with networkMode bridge and awsvpc only.");
    }
    if (port.hostPort() != null || port.containerPort() != null) {
      throw EcsErrors.client(invalid + " It cannot be used with containerPort or hostPort.");
    }
    Matcher range = PORT_RANGE.matcher(port.containerPortRange());
    if (!range.matches()) {
      throw EcsErrors.client(invalid);
    }
    int first = Integer.parseInt(range.group(1));
    int last = Integer.parseInt(range.group(2));
    if (first < 1 || first >= last || last > 65_535) {
      throw EcsErrors.client(invalid);
    }
    int udp = "udp".equals(port.protocolAsString()) ? 1 : 0;
    for (int[] other : ranges) {
      if (other[2] == udp && first <= other[1] && other[0] <= last) {
        throw EcsErrors.client(invalid + " The ranges must not overlap.");
      }
    }
    ranges.add(new int[] {first, last, udp});
  }
}
