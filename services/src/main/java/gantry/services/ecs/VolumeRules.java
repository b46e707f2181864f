package gantry.services.ecs;

import java.util.HashSet;
import java.util.Set;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.Volume;

/** What the volumes of a task definition may say. */
final class VolumeRules {

  private VolumeRules() {}

  static void check(RegisterTaskDefinitionRequest definition) {
    Set<String> volumes = new HashSet<>();
    int atLaunch = 0;
    for (Volume volume : definition.volumes()) {
      if (!TaskDefinitionRules.given(volume.name())
          || !TaskDefinitionRules.NAME.matcher(volume.name()).matches()) {
        throw EcsErrors.client("Invalid volume name '" + volume.name() + "'.");
      }
      if (!volumes.add(volume.name())) {
        throw EcsErrors.client("Volume names must be unique: " + volume.name());
      }
      int kinds = 0;
      kinds +=
          volume.host() != null && TaskDefinitionRules.given(volume.host().sourcePath()) ? 1 : 0;
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
      fsx(volume);
      docker(volume);
    }
    if (atLaunch > 1) {
      throw EcsErrors.client("Only one volume can be configured at launch.");
    }
    Set<String> containers = TaskDefinitionRules.names(definition);
    for (ContainerDefinition container : definition.containerDefinitions()) {
      for (var mount : container.mountPoints()) {
        if (TaskDefinitionRules.given(mount.sourceVolume())
            && !volumes.contains(mount.sourceVolume())) {
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
    if (!TaskDefinitionRules.given(efs.fileSystemId())) {
      throw EcsErrors.client("EFS volume '" + volume.name() + "' requires fileSystemId.");
    }
    var authorization = efs.authorizationConfig();
    boolean accessPoint =
        authorization != null && TaskDefinitionRules.given(authorization.accessPointId());
    boolean iam = authorization != null && "ENABLED".equals(authorization.iamAsString());
    if ((accessPoint || iam) && !"ENABLED".equals(efs.transitEncryptionAsString())) {
      throw EcsErrors.client(
          "EFS volume '"
              + volume.name()
              + "' requires transit encryption with an authorization"
              + " configuration.");
    }
    if (accessPoint
        && TaskDefinitionRules.given(efs.rootDirectory())
        && !"/".equals(efs.rootDirectory())) {
      throw EcsErrors.client(
          "EFS volume '"
              + volume.name()
              + "': the root directory must be omitted or / with an"
              + " access point.");
    }
  }

  private static void fsx(Volume volume) {
    var fsx = volume.fsxWindowsFileServerVolumeConfiguration();
    if (fsx != null
        && (!TaskDefinitionRules.given(fsx.fileSystemId())
            || !TaskDefinitionRules.given(fsx.rootDirectory())
            || fsx.authorizationConfig() == null
            || !TaskDefinitionRules.given(fsx.authorizationConfig().credentialsParameter())
            || !TaskDefinitionRules.given(fsx.authorizationConfig().domain()))) {
      throw EcsErrors.client(
          "FSx for Windows File Server volume '"
              + volume.name()
              + "' requires fileSystemId, rootDirectory and authorizationConfig with"
              + " credentialsParameter and domain.");
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
}
