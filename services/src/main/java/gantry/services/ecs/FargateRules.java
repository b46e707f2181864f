package gantry.services.ecs;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.LogDriver;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.OSFamily;
import software.amazon.awssdk.services.ecs.model.PidMode;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.ResourceType;
import software.amazon.awssdk.services.ecs.model.UlimitName;
import software.amazon.awssdk.services.ecs.model.Volume;

/** What Fargate can run of what ECS can. */
final class FargateRules {

  private static final int MAX_OPEN_FILES = 1_048_576;

  private FargateRules() {}

  /** Why Fargate cannot run it; null when it can. */
  static @Nullable String refusal(RegisterTaskDefinitionRequest definition) {
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      return "Fargate only supports network mode ‘awsvpc’.";
    }
    if (!TaskDefinitionRules.given(definition.cpu())) {
      return "Fargate requires that 'cpu' be defined at the task level.";
    }
    if (!TaskDefinitionRules.given(definition.memory())) {
      return "Fargate requires that 'memory' be defined at the task level.";
    }
    boolean windows = isWindows(definition);
    if (!isSize(
        TaskDefinitionRules.cpu(definition.cpu()),
        TaskDefinitionRules.memory(definition.memory()),
        windows)) {
      return "No Fargate configuration exists for given values.";
    }
    if (definition.pidMode() == PidMode.HOST) {
      return "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value"
          + " for pidMode is 'task'.";
    }
    if (TaskDefinitionRules.given(definition.ipcModeAsString())) {
      return "ipcMode is not supported on Fargate.";
    }
    if (!definition.placementConstraints().isEmpty()) {
      return "Placement constraints are not supported on Fargate.";
    }
    for (Volume volume : definition.volumes()) {
      if (volume.dockerVolumeConfiguration() != null) {
        return "dockerVolumeConfiguration is not supported on Fargate.";
      }
      if (volume.host() != null && TaskDefinitionRules.given(volume.host().sourcePath())) {
        return "host.sourcePath should not be set for volumes in Fargate.";
      }
    }
    boolean role = TaskDefinitionRules.given(definition.executionRoleArn());
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!role && RequiredAttributes.isEcr(container.image())) {
        return "Fargate requires task definition to have execution role ARN to support ECR images.";
      }
      String refusal = refusal(container, role);
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

  private static @Nullable String refusal(ContainerDefinition container, boolean role) {
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
    if (container.ulimits().stream()
        .anyMatch(
            each ->
                each.name() == UlimitName.NOFILE
                    && each.hardLimit() != null
                    && each.hardLimit() > MAX_OPEN_FILES)) {
      return "Fargate supports limits of open files up to "
          + MAX_OPEN_FILES
          + " for container '"
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
                && TaskDefinitionRules.given(
                    container.repositoryCredentials().credentialsParameter())))) {
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
        if (!TaskDefinitionRules.given(log.options().get("awslogs-stream-prefix"))) {
          return "Log driver awslogs requires options: awslogs-stream-prefix";
        }
      }
    }
    return null;
  }

  /** The table of CPU and memory that Fargate has. */
  static boolean isSize(int cpu, int memory, boolean windows) {
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
}
