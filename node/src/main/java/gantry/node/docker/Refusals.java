package gantry.node.docker;

import gantry.acs.TaskPayload;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.SystemControl;
import software.amazon.awssdk.services.ecs.model.Volume;

/** What this node does not do, said before anything is started: the first reason found. */
public final class Refusals {

  /** Drivers that Docker itself brings and that need nothing of ours. */
  static final Set<String> DOCKER_DRIVERS = Set.of("syslog", "journald", "gelf", "fluentd");

  private Refusals() {}

  public static Optional<String> of(
      TaskPayload task,
      ContainerDefinition container,
      boolean allowPrivileged,
      DockerEngine.Facts engine) {
    if (engine.podman() && task.definition().networkMode() == NetworkMode.AWSVPC) {
      return resources(
          "network mode awsvpc needs Docker on this node: Podman gives containers that share a"
              + " network neither a resolver nor a host name; use bridge or host");
    }
    if (!container.environmentFiles().isEmpty()) {
      return resources(
          "failed to download env files: environmentFiles need Amazon S3, which is not here yet; use"
              + " environment or secrets in container "
              + container.name());
    }
    if (!container.resourceRequirements().isEmpty()) {
      return resources(
          "container "
              + container.name()
              + " asks for "
              + container.resourceRequirements().getFirst().typeAsString()
              + ", and this node has no such device to give");
    }
    if (!container.credentialSpecs().isEmpty()) {
      return resources("credentialSpecs are not supported on this node");
    }
    if (container.firelensConfiguration() != null) {
      return resources(
          "FireLens (firelensConfiguration) is not supported on this node: use the awslogs driver");
    }
    if (task.definition().proxyConfiguration() != null) {
      return resources("proxyConfiguration (App Mesh) is not supported on this node");
    }
    if (Boolean.TRUE.equals(task.definition().enableFaultInjection())) {
      return resources("fault injection (enableFaultInjection) is not supported on this node");
    }
    if (Boolean.TRUE.equals(container.privileged()) && !allowPrivileged) {
      return create(
          "privileged containers are not allowed on this node: start it with --allow-privileged, or"
              + " give the container only the capabilities that it needs (linuxParameters)");
    }
    if (container.linuxParameters() != null
        && !container.linuxParameters().devices().isEmpty()
        && !allowPrivileged) {
      return create(
          "devices of the host are not allowed on this node: start it with --allow-privileged");
    }
    if (("host".equals(task.definition().pidModeAsString())
            || "host".equals(task.definition().ipcModeAsString()))
        && !allowPrivileged) {
      return create(
          "the host's process and IPC namespaces (pidMode, ipcMode host) are not allowed on this"
              + " node: start it with --allow-privileged");
    }
    for (Volume each : task.definition().volumes()) {
      Optional<String> refused = volume(each, allowPrivileged);
      if (refused.isPresent()) {
        return refused;
      }
    }
    if (task.definition().networkMode() == NetworkMode.HOST) {
      for (SystemControl each : container.systemControls()) {
        if (String.valueOf(each.namespace()).startsWith("net.")) {
          return create(
              "systemControls of the network ("
                  + each.namespace()
                  + ") are not allowed in network"
                  + " mode host");
        }
      }
    }
    return log(container, engine.logDrivers());
  }

  private static Optional<String> volume(Volume volume, boolean allowPrivileged) {
    if (volume.efsVolumeConfiguration() != null) {
      return resources(
          "failed to invoke EFS utils commands to set up EFS volumes: there is no EFS here; use a"
              + " Docker volume with scope shared for volume "
              + volume.name());
    }
    if (volume.fsxWindowsFileServerVolumeConfiguration() != null) {
      return resources("FSx for Windows volumes are not supported: volume " + volume.name());
    }
    if (Boolean.TRUE.equals(volume.configuredAtLaunch())) {
      return resources(
          "volumes configured at launch (Amazon EBS) are not supported: volume " + volume.name());
    }
    if (volume.host() != null
        && volume.host().sourcePath() != null
        && !volume.host().sourcePath().isEmpty()
        && !allowPrivileged) {
      return create(
          "mounting the host's directory "
              + volume.host().sourcePath()
              + " (volume "
              + volume.name()
              + ") is not allowed on this node: start it with --allow-privileged, or leave"
              + " sourcePath out");
    }
    return Optional.empty();
  }

  private static Optional<String> log(ContainerDefinition container, Set<String> drivers) {
    LogConfiguration log = container.logConfiguration();
    if (log == null) {
      return Optional.empty();
    }
    String driver = log.logDriverAsString();
    return switch (driver) {
      case "awslogs", "json-file", "none" -> Optional.empty();
      case "awsfirelens" ->
          resources(
              "failed to initialize logging driver: awsfirelens is not supported on this node; use"
                  + " awslogs");
      default ->
          DOCKER_DRIVERS.contains(driver) && drivers.contains(driver)
              ? Optional.empty()
              : resources(
                  "failed to initialize logging driver: the log driver "
                      + driver
                      + " of container "
                      + container.name()
                      + " is not supported on this node; use awslogs, json-file"
                      + (drivers.contains("syslog") ? ", syslog" : "")
                      + (drivers.contains("journald") ? ", journald" : "")
                      + " or none");
    };
  }

  private static Optional<String> resources(String why) {
    return Optional.of(Reasons.resources(why));
  }

  private static Optional<String> create(String why) {
    return Optional.of("CannotCreateContainerError: " + why);
  }
}
