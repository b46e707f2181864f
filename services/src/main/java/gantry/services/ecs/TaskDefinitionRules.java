package gantry.services.ecs;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.IpcMode;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PidMode;
import software.amazon.awssdk.services.ecs.model.ProxyConfigurationType;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraint;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionPlacementConstraintType;

/** What a task definition may say. Every refusal is one of ECS's own texts where it is known. */
final class TaskDefinitionRules {

  static final int MAX_CONTAINERS = 10;
  static final int MAX_BYTES = 65_536;
  private static final int MAX_CONSTRAINTS = 10;
  static final int MIN_MEMORY_MIB = 6;

  static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,255}");
  private static final Pattern ROLE =
      Pattern.compile("arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+|[\\w+=,.@-]{1,64}");
  private static final Pattern VCPU =
      Pattern.compile("\\s*(\\d*\\.?\\d+)\\s*vcpus?\\s*", Pattern.CASE_INSENSITIVE);
  private static final Pattern GB =
      Pattern.compile("\\s*(\\d*\\.?\\d+)\\s*gb\\s*", Pattern.CASE_INSENSITIVE);
  private static final String TROUBLESHOOTING =
      " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

  static final String NO_ACCELERATORS =
      "Inference accelerators are not supported: Amazon Elastic Inference has ended.";

  private static final List<String> PROXY_PROPERTIES =
      List.of(
          "AppPorts",
          "EgressIgnoredIPs",
          "EgressIgnoredPorts",
          "IgnoredGID",
          "IgnoredUID",
          "ProxyEgressPort",
          "ProxyIngressPort");

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
    if (!definition.inferenceAccelerators().isEmpty()) {
      throw EcsErrors.client(NO_ACCELERATORS);
    }
    constraints(definition.placementConstraints());
    containers(definition);
    VolumeRules.check(definition);
    OrderingRules.check(definition);
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

  static void enumerated(String member, @Nullable String value, Set<?> known) {
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
    Set<String> hostPorts = new HashSet<>();
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
      ContainerRules.check(definition, container, portNames, hostPorts);
    }
    if (containers.stream().noneMatch(TaskDefinitionRules::isEssential)) {
      throw EcsErrors.client("At least one container must be essential.");
    }
  }

  static boolean isEssential(ContainerDefinition container) {
    return !Boolean.FALSE.equals(container.essential());
  }

  static Set<String> names(RegisterTaskDefinitionRequest definition) {
    return definition.containerDefinitions().stream()
        .map(ContainerDefinition::name)
        .collect(Collectors.toSet());
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
    enumerated(
        "proxyConfiguration type", proxy.typeAsString(), ProxyConfigurationType.knownValues());
    for (KeyValuePair property : proxy.properties()) {
      if (!PROXY_PROPERTIES.contains(property.name())) {
        throw EcsErrors.client(
            "Invalid proxyConfiguration property '"
                + property.name()
                + "'. Valid names are "
                + PROXY_PROPERTIES
                + ".");
      }
    }
    if (!names(definition).contains(proxy.containerName())) {
      throw EcsErrors.client(
          "The container "
              + proxy.containerName()
              + " of proxyConfiguration does not exist in the"
              + " task definition.");
    }
  }

  static List<Compatibility> compatibilities(RegisterTaskDefinitionRequest definition) {
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      return List.of(Compatibility.EXTERNAL, Compatibility.EC2);
    }
    return FargateRules.refusal(definition) == null
        ? List.of(Compatibility.EC2, Compatibility.FARGATE)
        : List.of(Compatibility.EC2);
  }

  static String text(int number) {
    return String.format(Locale.ROOT, "%d", number);
  }
}
