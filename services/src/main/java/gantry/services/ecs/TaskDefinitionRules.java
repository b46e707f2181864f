package gantry.services.ecs;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerDependency;
import software.amazon.awssdk.services.ecs.model.IpcMode;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.LogDriver;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.OSFamily;
import software.amazon.awssdk.services.ecs.model.PidMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.ResourceType;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraint;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraintType;
import software.amazon.awssdk.services.ecs.model.Volume;

/** What a task definition may say. Every refusal is one of ECS's own texts where it is known. */
final class TaskDefinitionRules {

  static final int MAX_CONTAINERS = 10;
  static final int MAX_BYTES = 65_536;
  private static final int MAX_CONSTRAINTS = 10;
  private static final int MIN_MEMORY_MIB = 6;
  private static final int MAX_RANGES = 100;

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,255}");
  private static final Pattern PORT_NAME = Pattern.compile("[a-z0-9_][a-z0-9_-]{0,63}");
  private static final Pattern ROLE =
      Pattern.compile("arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+|[\\w+=,.@-]{1,64}");
  private static final Pattern VCPU =
      Pattern.compile("\\s*(\\d*\\.?\\d+)\\s*vcpus?\\s*", Pattern.CASE_INSENSITIVE);
  private static final Pattern GB =
      Pattern.compile("\\s*(\\d*\\.?\\d+)\\s*gb\\s*", Pattern.CASE_INSENSITIVE);
  private static final String TROUBLESHOOTING =
      " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

  private TaskDefinitionRules() {}

  static boolean given(@Nullable String text) {
    return text != null && !text.isEmpty();
  }

  /** CPU units, from units or vCPUs; 0 when there is none. */
  static int cpu(@Nullable String text) {
    if (!given(text)) {
      return 0;
    }
    int units = number(text, VCPU);
    if (units < 128 || units > 196_608) {
      throw EcsErrors.client("Invalid 'cpu' setting for task." + TROUBLESHOOTING);
    }
    return units;
  }

  /** MiB, from MiB or GB; 0 when there is none. */
  static int memory(@Nullable String text) {
    if (!given(text)) {
      return 0;
    }
    int mib = number(text, GB);
    if (mib < MIN_MEMORY_MIB) {
      throw EcsErrors.client("Invalid 'memory' setting for task." + TROUBLESHOOTING);
    }
    return mib;
  }

  private static int number(@Nullable String text, Pattern large) {
    if (text == null) {
      return -1;
    }
    Matcher matcher = large.matcher(text);
    try {
      if (matcher.matches()) {
        return new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1024)).intValueExact();
      }
      return Integer.parseInt(text.strip());
    } catch (ArithmeticException | NumberFormatException notAWholeNumber) {
      return -1;
    }
  }

  /** Refuses what no launch type could run. */
  static void check(RegisterTaskDefinitionRequest definition) {
    if (!given(definition.family())) {
      throw EcsErrors.client("Family should not be null or blank.");
    }
    if (!NAME.matcher(definition.family()).matches()) {
      throw EcsErrors.client("Family contains invalid characters.");
    }
    role(definition.taskRoleArn());
    role(definition.executionRoleArn());
    enumerated("networkMode", definition.networkModeAsString(), NetworkMode.knownValues());
    enumerated("pidMode", definition.pidModeAsString(), PidMode.knownValues());
    enumerated("ipcMode", definition.ipcModeAsString(), IpcMode.knownValues());
    for (String each : definition.requiresCompatibilitiesAsStrings()) {
      enumerated("requiresCompatibilities", each, Compatibility.knownValues());
    }
    constraints(definition.placementConstraints());
    containers(definition);
    volumes(definition);
    ordering(definition);
    sizes(definition);
    proxy(definition);
    if (definition.ephemeralStorage() != null) {
      Integer size = definition.ephemeralStorage().sizeInGiB();
      if (size == null || size < 21 || size > 200) {
        throw EcsErrors.client("EphemeralStorage size must be between 21 and 200 GiB.");
      }
    }
    if (Boolean.TRUE.equals(definition.enableFaultInjection())
        && definition.networkMode() != NetworkMode.AWSVPC
        && definition.networkMode() != NetworkMode.HOST) {
      throw EcsErrors.client(
          "Fault injection is only supported with network mode 'awsvpc' or 'host'.");
    }
  }

  private static void role(@Nullable String role) {
    if (given(role) && !ROLE.matcher(role).matches()) {
      throw EcsErrors.client("Role is not valid");
    }
  }

  private static void enumerated(String member, @Nullable String value, Set<?> known) {
    if (given(value) && known.stream().noneMatch(each -> each.toString().equals(value))) {
      throw EcsErrors.client(
          "Invalid value '"
              + value
              + "' for "
              + member
              + ". Valid values are "
              + sorted(known)
              + ".");
    }
  }

  private static String sorted(Set<?> known) {
    return known.stream()
        .map(Object::toString)
        .sorted()
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static void constraints(List<TaskDefinitionPlacementConstraint> constraints) {
    if (constraints.size() > MAX_CONSTRAINTS) {
      throw EcsErrors.client(
          "The total number of placement constraints cannot exceed " + MAX_CONSTRAINTS + ".");
    }
    for (TaskDefinitionPlacementConstraint constraint : constraints) {
      if (constraint.type() != TaskDefinitionPlacementConstraintType.MEMBER_OF) {
        throw EcsErrors.client(
            "constraint.type '" + constraint.typeAsString() + "' is not supported.");
      }
      PlacementRules.expression(constraint.expression());
    }
  }

  private static void containers(RegisterTaskDefinitionRequest definition) {
    List<ContainerDefinition> containers = definition.containerDefinitions();
    if (containers.isEmpty()) {
      throw EcsErrors.client("Container list cannot be empty.");
    }
    if (containers.size() > MAX_CONTAINERS) {
      throw EcsErrors.client(
          "Container definitions cannot have more than " + MAX_CONTAINERS + " elements.");
    }
    Set<String> names = new HashSet<>();
    Set<String> portNames = new HashSet<>();
    for (ContainerDefinition container : containers) {
      if (!given(container.name())) {
        throw EcsErrors.client("Container.name should not be null or empty.");
      }
      if (!NAME.matcher(container.name()).matches()) {
        throw EcsErrors.client("Container name contains invalid characters: " + container.name());
      }
      if (!names.add(container.name())) {
        throw EcsErrors.client(
            "Container names must be unique in a task definition: " + container.name());
      }
      container(definition, container, portNames);
    }
    if (containers.stream().noneMatch(TaskDefinitionRules::isEssential)) {
      throw EcsErrors.client("At least one container must be essential.");
    }
  }

  static boolean isEssential(ContainerDefinition container) {
    return !Boolean.FALSE.equals(container.essential());
  }

  private static void container(
      RegisterTaskDefinitionRequest definition,
      ContainerDefinition container,
      Set<String> portNames) {
    if (!given(container.image())) {
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
        .filter(each -> !given(each.name()) || !given(each.valueFrom()))
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Secret name and valueFrom cannot be null or blank.");
            });
    container.environmentFiles().stream()
        .filter(each -> !given(each.value()) || !each.value().endsWith(".env"))
        .findAny()
        .ifPresent(
            each -> {
              throw EcsErrors.client("Environment file names must end in '.env': " + each.value());
            });
    if (container.environmentFiles().size() > 10) {
      throw EcsErrors.client("Environment files cannot have more than 10 elements.");
    }
    if (given(container.hostname()) && definition.networkMode() == NetworkMode.AWSVPC) {
      throw EcsErrors.client("hostname is not supported on container when networkMode=awsvpc.");
    }
    if (!container.extraHosts().isEmpty() && definition.networkMode() == NetworkMode.AWSVPC) {
      throw EcsErrors.client("Extra hosts are not supported on container when networkMode=awsvpc.");
    }
    if (!container.systemControls().isEmpty()
        && definition.networkMode() == NetworkMode.HOST
        && container.systemControls().stream()
            .anyMatch(each -> given(each.namespace()) && each.namespace().startsWith("net."))) {
      throw EcsErrors.client(
          "Network system controls are not supported on container when networkMode=host.");
    }
    healthCheck(container);
    ports(definition, container, portNames);
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
    if (!given(log.logDriverAsString())) {
      throw EcsErrors.client("LogConfiguration.logDriver should not be null or empty.");
    }
    enumerated("logDriver", log.logDriverAsString(), LogDriver.knownValues());
    if (log.logDriver() == LogDriver.AWSLOGS) {
      List<String> missing = new ArrayList<>();
      for (String option : List.of("awslogs-region", "awslogs-group")) {
        if (!given(log.options().get(option))) {
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

  private static void ports(
      RegisterTaskDefinitionRequest definition, ContainerDefinition container, Set<String> names) {
    if (definition.networkMode() == NetworkMode.NONE && !container.portMappings().isEmpty()) {
      throw EcsErrors.client("Port mappings are not allowed when networkMode=none.");
    }
    boolean same =
        definition.networkMode() == NetworkMode.AWSVPC
            || definition.networkMode() == NetworkMode.HOST;
    int ranges = 0;
    Set<String> seen = new HashSet<>();
    for (PortMapping port : container.portMappings()) {
      String invalid = "Invalid 'containerPort' setting for container '" + container.name() + "'.";
      if (given(port.containerPortRange())) {
        ranges++;
        portRange(definition, container, port);
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
      enumerated(
          "protocol",
          port.protocolAsString(),
          software.amazon.awssdk.services.ecs.model.TransportProtocol.knownValues());
      enumerated(
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
      if (given(port.name())) {
        if (!PORT_NAME.matcher(port.name()).matches()) {
          throw EcsErrors.client("Invalid port mapping name '" + port.name() + "'.");
        }
        if (!names.add(port.name())) {
          throw EcsErrors.client("Port mapping names must be unique: " + port.name());
        }
      }
      String key =
          port.containerPort()
              + "/"
              + (port.protocolAsString() == null ? "tcp" : port.protocolAsString())
              + "/"
              + port.hostPort();
      if (!seen.add(key)) {
        throw EcsErrors.client(
            "Duplicate port mapping for container '" + container.name() + "': " + key);
      }
    }
    if (ranges > MAX_RANGES) {
      throw EcsErrors.client("A container cannot have more than " + MAX_RANGES + " port ranges.");
    }
  }

  private static void portRange(
      RegisterTaskDefinitionRequest definition, ContainerDefinition container, PortMapping port) {
    String invalid =
        "Invalid 'containerPortRange' setting for container '" + container.name() + "'.";
    if (definition.networkMode() == NetworkMode.HOST) {
      throw EcsErrors.client(invalid + " It is supported with networkMode bridge and awsvpc only.");
    }
    if (port.hostPort() != null || port.containerPort() != null) {
      throw EcsErrors.client(invalid + " It cannot be used with containerPort or hostPort.");
    }
    String[] ends = port.containerPortRange().split("-", -1);
    try {
      if (ends.length == 2) {
        int first = Integer.parseInt(ends[0]);
        int last = Integer.parseInt(ends[1]);
        if (first >= 1 && first < last && last <= 65_535) {
          return;
        }
      }
    } catch (NumberFormatException notPorts) {
      throw EcsErrors.client(invalid);
    }
    throw EcsErrors.client(invalid);
  }

  private static void volumes(RegisterTaskDefinitionRequest definition) {
    Set<String> volumes = new HashSet<>();
    int atLaunch = 0;
    for (Volume volume : definition.volumes()) {
      if (!given(volume.name()) || !NAME.matcher(volume.name()).matches()) {
        throw EcsErrors.client("Invalid volume name '" + volume.name() + "'.");
      }
      if (!volumes.add(volume.name())) {
        throw EcsErrors.client("Volume names must be unique: " + volume.name());
      }
      int kinds = 0;
      kinds += volume.host() != null && given(volume.host().sourcePath()) ? 1 : 0;
      kinds += volume.dockerVolumeConfiguration() != null ? 1 : 0;
      kinds += volume.efsVolumeConfiguration() != null ? 1 : 0;
      kinds += volume.fsxWindowsFileServerVolumeConfiguration() != null ? 1 : 0;
      kinds += Boolean.TRUE.equals(volume.configuredAtLaunch()) ? 1 : 0;
      atLaunch += Boolean.TRUE.equals(volume.configuredAtLaunch()) ? 1 : 0;
      if (kinds > 1) {
        throw EcsErrors.client(
            "Only one volume configuration is allowed for volume '" + volume.name() + "'.");
      }
      efs(volume);
      docker(volume);
    }
    if (atLaunch > 1) {
      throw EcsErrors.client("Only one volume can be configured at launch.");
    }
    Set<String> containers = names(definition);
    for (ContainerDefinition container : definition.containerDefinitions()) {
      for (var mount : container.mountPoints()) {
        if (given(mount.sourceVolume()) && !volumes.contains(mount.sourceVolume())) {
          throw EcsErrors.client("Unknown volume '" + mount.sourceVolume() + "'.");
        }
      }
      for (var from : container.volumesFrom()) {
        if (!containers.contains(from.sourceContainer())) {
          throw EcsErrors.client(
              "Unknown container '" + from.sourceContainer() + "' in volumesFrom.");
        }
      }
    }
  }

  private static void efs(Volume volume) {
    var efs = volume.efsVolumeConfiguration();
    if (efs == null) {
      return;
    }
    if (!given(efs.fileSystemId())) {
      throw EcsErrors.client("EFS volume '" + volume.name() + "' requires fileSystemId.");
    }
    var authorization = efs.authorizationConfig();
    boolean accessPoint = authorization != null && given(authorization.accessPointId());
    boolean iam = authorization != null && "ENABLED".equals(authorization.iamAsString());
    if ((accessPoint || iam) && !"ENABLED".equals(efs.transitEncryptionAsString())) {
      throw EcsErrors.client(
          "EFS volume '"
              + volume.name()
              + "' requires transit encryption with an authorization"
              + " configuration.");
    }
    if (accessPoint && given(efs.rootDirectory()) && !"/".equals(efs.rootDirectory())) {
      throw EcsErrors.client(
          "EFS volume '"
              + volume.name()
              + "': the root directory must be omitted or / with an"
              + " access point.");
    }
  }

  private static void docker(Volume volume) {
    var docker = volume.dockerVolumeConfiguration();
    if (docker != null
        && Boolean.TRUE.equals(docker.autoprovision())
        && !"shared".equals(docker.scopeAsString())) {
      throw EcsErrors.client(
          "Docker volume '"
              + volume.name()
              + "': autoprovision is only supported with scope"
              + " 'shared'.");
    }
  }

  private static Set<String> names(RegisterTaskDefinitionRequest definition) {
    return definition.containerDefinitions().stream()
        .map(ContainerDefinition::name)
        .collect(Collectors.toSet());
  }

  private static void ordering(RegisterTaskDefinitionRequest definition) {
    Map<String, ContainerDefinition> containers = new HashMap<>();
    definition.containerDefinitions().forEach(each -> containers.put(each.name(), each));
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!container.links().isEmpty()
          && definition.networkMode() != null
          && definition.networkMode() != NetworkMode.BRIDGE) {
        throw EcsErrors.client(
            "Links are not supported when networkMode=" + definition.networkModeAsString() + ".");
      }
      for (String link : container.links()) {
        if (!containers.containsKey(linked(link))) {
          throw EcsErrors.client(
              "Link '"
                  + link
                  + "' of container '"
                  + container.name()
                  + "' names no container of the"
                  + " task definition.");
        }
      }
      for (ContainerDependency dependency : container.dependsOn()) {
        ContainerDefinition on = containers.get(dependency.containerName());
        if (on == null) {
          throw EcsErrors.client(
              "Container '"
                  + container.name()
                  + "' depends on '"
                  + dependency.containerName()
                  + "', which the task definition does not have.");
        }
        ContainerCondition condition = dependency.condition();
        if (condition == null || condition == ContainerCondition.UNKNOWN_TO_SDK_VERSION) {
          throw EcsErrors.client(
              "Invalid dependency condition '" + dependency.conditionAsString() + "'.");
        }
        if ((condition == ContainerCondition.SUCCESS || condition == ContainerCondition.COMPLETE)
            && isEssential(on)) {
          throw EcsErrors.client(
              "A dependency container with SUCCESS or COMPLETE condition cannot be an essential"
                  + " container");
        }
        if (condition == ContainerCondition.HEALTHY && on.healthCheck() == null) {
          throw EcsErrors.client(
              "A dependency container with HEALTHY condition must have a health check: "
                  + on.name());
        }
      }
    }
    if (cyclic(
        containers, each -> each.links().stream().map(TaskDefinitionRules::linked).toList())) {
      throw EcsErrors.client("Container links should not have a cycle");
    }
    if (cyclic(
        containers,
        each -> {
          List<String> on = new ArrayList<>();
          each.dependsOn().forEach(dependency -> on.add(dependency.containerName()));
          each.links().forEach(link -> on.add(linked(link)));
          each.volumesFrom().forEach(from -> on.add(from.sourceContainer()));
          return on;
        })) {
      throw EcsErrors.client("Container dependencies should not have a cycle");
    }
  }

  private static String linked(String link) {
    int colon = link.indexOf(':');
    return colon < 0 ? link : link.substring(0, colon);
  }

  private static boolean cyclic(
      Map<String, ContainerDefinition> containers,
      Function<ContainerDefinition, List<String>> edges) {
    Set<String> done = new HashSet<>();
    Set<String> open = new HashSet<>();
    return containers.keySet().stream()
        .anyMatch(name -> visit(name, containers, edges, done, open));
  }

  private static boolean visit(
      String name,
      Map<String, ContainerDefinition> containers,
      Function<ContainerDefinition, List<String>> edges,
      Set<String> done,
      Set<String> open) {
    if (done.contains(name)) {
      return false;
    }
    ContainerDefinition container = containers.get(name);
    if (container == null) {
      return false;
    }
    if (!open.add(name)) {
      return true;
    }
    for (String next : edges.apply(container)) {
      if (visit(next, containers, edges, done, open)) {
        return true;
      }
    }
    open.remove(name);
    done.add(name);
    return false;
  }

  private static void sizes(RegisterTaskDefinitionRequest definition) {
    int taskCpu = cpu(definition.cpu());
    int taskMemory = memory(definition.memory());
    int cpu = 0;
    int memory = 0;
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (container.cpu() != null && container.cpu() < 0) {
        throw EcsErrors.client("Invalid 'cpu' setting for container '" + container.name() + "'.");
      }
      cpu += container.cpu() == null ? 0 : container.cpu();
      Integer hard = container.memory();
      Integer soft = container.memoryReservation();
      if (taskMemory == 0 && hard == null && soft == null) {
        throw EcsErrors.client(
            "Invalid setting for container '"
                + container.name()
                + "'. At least one of 'memory' or 'memoryReservation' must be specified.");
      }
      if ((hard != null && hard < MIN_MEMORY_MIB) || (soft != null && soft < MIN_MEMORY_MIB)) {
        throw EcsErrors.client(
            "Invalid 'memory' setting for container '"
                + container.name()
                + "'. The minimum is "
                + MIN_MEMORY_MIB
                + " MiB.");
      }
      // Equal values occur in what AWS itself answers, though the documentation says greater.
      if (hard != null && soft != null && hard < soft) {
        throw EcsErrors.client(
            "Invalid setting for container '"
                + container.name()
                + "'. 'memory' must be greater than 'memoryReservation'.");
      }
      if (taskMemory > 0 && hard != null && hard > taskMemory) {
        throw EcsErrors.client(
            "Invalid 'memory' setting for container '"
                + container.name()
                + "'. It cannot be greater than the value of the task 'memory'.");
      }
      memory += soft != null ? soft : hard != null ? hard : 0;
    }
    if (taskCpu > 0 && cpu > taskCpu) {
      throw EcsErrors.client(
          "The sum of all container 'cpu' values cannot be greater than the value of the task"
              + " 'cpu'.");
    }
    if (taskMemory > 0 && memory > taskMemory) {
      throw EcsErrors.client(
          "The sum of all container 'memory' values cannot be greater than the value of the task"
              + " 'memory'.");
    }
  }

  private static void proxy(RegisterTaskDefinitionRequest definition) {
    var proxy = definition.proxyConfiguration();
    if (proxy == null) {
      return;
    }
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      throw EcsErrors.client("proxyConfiguration requires networkMode=awsvpc.");
    }
    if (!names(definition).contains(proxy.containerName())) {
      throw EcsErrors.client(
          "The container "
              + proxy.containerName()
              + " of proxyConfiguration does not exist in the"
              + " task definition.");
    }
  }

  /** Why Fargate cannot run it; null when it can. */
  static @Nullable String fargateRefusal(RegisterTaskDefinitionRequest definition) {
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      return "Fargate only supports network mode ‘awsvpc’.";
    }
    if (!given(definition.cpu())) {
      return "Fargate requires that 'cpu' be defined at the task level.";
    }
    if (!given(definition.memory())) {
      return "Fargate requires that 'memory' be defined at the task level.";
    }
    boolean windows = isWindows(definition);
    if (!fargateSize(cpu(definition.cpu()), memory(definition.memory()), windows)) {
      return "No Fargate configuration exists for given values.";
    }
    if (definition.pidMode() == PidMode.HOST) {
      return "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value"
          + " for pidMode is 'task'.";
    }
    if (given(definition.ipcModeAsString())) {
      return "ipcMode is not supported on Fargate.";
    }
    if (!definition.placementConstraints().isEmpty()) {
      return "Placement constraints are not supported on Fargate.";
    }
    for (Volume volume : definition.volumes()) {
      if (volume.dockerVolumeConfiguration() != null) {
        return "dockerVolumeConfiguration is not supported on Fargate.";
      }
      if (volume.host() != null && given(volume.host().sourcePath())) {
        return "host.sourcePath should not be set for volumes in Fargate.";
      }
    }
    boolean role = given(definition.executionRoleArn());
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!role && RequiredAttributes.isEcr(container.image())) {
        return "Fargate requires task definition to have execution role ARN to support ECR images.";
      }
      String refusal = fargateRefusal(container, role);
      if (refusal != null) {
        return refusal;
      }
    }
    return null;
  }

  static boolean isWindows(RegisterTaskDefinitionRequest definition) {
    return definition.runtimePlatform() != null
        && definition.runtimePlatform().operatingSystemFamily() != null
        && definition.runtimePlatform().operatingSystemFamily() != OSFamily.LINUX;
  }

  private static @Nullable String fargateRefusal(ContainerDefinition container, boolean role) {
    String unsupported = null;
    if (Boolean.TRUE.equals(container.disableNetworking())) {
      unsupported = "disableNetworking";
    } else if (!container.dnsSearchDomains().isEmpty()) {
      unsupported = "dnsSearchDomains";
    } else if (!container.dnsServers().isEmpty()) {
      unsupported = "dnsServers";
    } else if (!container.dockerSecurityOptions().isEmpty()) {
      unsupported = "dockerSecurityOptions";
    } else if (!container.extraHosts().isEmpty()) {
      unsupported = "extraHosts";
    } else if (!container.links().isEmpty()) {
      unsupported = "links";
    } else if (Boolean.TRUE.equals(container.privileged())) {
      unsupported = "privileged";
    } else if (container.resourceRequirements().stream()
        .anyMatch(each -> each.type() == ResourceType.GPU)) {
      unsupported = "GPU";
    }
    if (unsupported != null) {
      return "Fargate does not support '"
          + unsupported
          + "' for container '"
          + container.name()
          + "'.";
    }
    LinuxParameters linux = container.linuxParameters();
    if (linux != null) {
      if (!linux.devices().isEmpty()
          || linux.sharedMemorySize() != null
          || !linux.tmpfs().isEmpty()
          || linux.maxSwap() != null
          || linux.swappiness() != null) {
        return "Fargate does not support devices, sharedMemorySize, tmpfs, maxSwap and swappiness for"
            + " container '"
            + container.name()
            + "'.";
      }
      if (linux.capabilities() != null
          && linux.capabilities().add().stream().anyMatch(each -> !each.equals("SYS_PTRACE"))) {
        return "Fargate supports adding only the SYS_PTRACE capability: container '"
            + container.name()
            + "'.";
      }
    }
    if (container.startTimeout() != null
        && (container.startTimeout() < 2 || container.startTimeout() > 120)) {
      return "Fargate requires 'startTimeout' between 2 and 120 for container '"
          + container.name()
          + "'.";
    }
    if (container.stopTimeout() != null
        && (container.stopTimeout() < 2 || container.stopTimeout() > 120)) {
      return "Fargate requires 'stopTimeout' between 2 and 120 for container '"
          + container.name()
          + "'.";
    }
    if (!role
        && (!container.secrets().isEmpty()
            || !container.environmentFiles().isEmpty()
            || (container.repositoryCredentials() != null
                && given(container.repositoryCredentials().credentialsParameter())))) {
      return "Fargate requires task definition to have execution role ARN to support secrets,"
          + " environment files and private registry authentication.";
    }
    var log = container.logConfiguration();
    if (log != null) {
      if (log.logDriver() != LogDriver.AWSLOGS
          && log.logDriver() != LogDriver.SPLUNK
          && log.logDriver() != LogDriver.AWSFIRELENS) {
        return "Fargate supports the log drivers awslogs, splunk and awsfirelens: container '"
            + container.name()
            + "'.";
      }
      if (log.logDriver() == LogDriver.AWSLOGS) {
        if (!role) {
          return "Fargate requires task definition to have execution role ARN to support log driver"
              + " awslogs.";
        }
        if (!given(log.options().get("awslogs-stream-prefix"))) {
          return "Log driver awslogs requires options: awslogs-stream-prefix";
        }
      }
    }
    return null;
  }

  /** The table of CPU and memory that Fargate has. */
  static boolean fargateSize(int cpu, int memory, boolean windows) {
    if (windows && (cpu < 1024 || cpu > 4096)) {
      return false;
    }
    return switch (cpu) {
      case 256 -> memory == 512 || memory == 1024 || memory == 2048;
      case 512 -> steps(memory, 1024, 4096, 1024);
      case 1024 -> steps(memory, 2048, 8192, 1024);
      case 2048 -> steps(memory, 4096, 16_384, 1024);
      case 4096 -> steps(memory, 8192, 30_720, 1024);
      case 8192 -> steps(memory, 16_384, 61_440, 4096);
      case 16_384 -> steps(memory, 32_768, 122_880, 8192);
      case 32_768 -> memory == 61_440 || memory == 122_880 || memory == 249_856;
      default -> false;
    };
  }

  private static boolean steps(int value, int least, int most, int step) {
    return value >= least && value <= most && (value - least) % step == 0;
  }

  static List<Compatibility> compatibilities(RegisterTaskDefinitionRequest definition) {
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      return List.of(Compatibility.EXTERNAL, Compatibility.EC2);
    }
    return fargateRefusal(definition) == null
        ? List.of(Compatibility.EC2, Compatibility.FARGATE)
        : List.of(Compatibility.EC2);
  }

  static String text(int number) {
    return String.format(Locale.ROOT, "%d", number);
  }
}
