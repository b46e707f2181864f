package gantry.node.docker;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Device;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.InternetProtocol;
import com.github.dockerjava.api.model.Link;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.VolumesFrom;
import gantry.acs.TaskPayload;
import gantry.node.task.TaskMachine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HostEntry;
import software.amazon.awssdk.services.ecs.model.KernelCapabilities;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.MountPoint;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.SystemControl;
import software.amazon.awssdk.services.ecs.model.Tmpfs;
import software.amazon.awssdk.services.ecs.model.VolumeFrom;

/**
 * Turns a container definition into what Docker is asked to create. No effects: the same arguments
 * give the same request.
 */
public final class ContainerSpec {

  private static final long MIB = 1024L * 1024;

  /** Docker keeps this much of a container's output here, whatever becomes of it elsewhere. */
  static final Map<String, String> KEPT_LOG = Map.of("max-size", "10m", "max-file", "2");

  /** And this much for a container that wants none kept: enough for the last lines. */
  static final Map<String, String> HARDLY_ANY_LOG = Map.of("max-size", "64k", "max-file", "1");

  /** CPU shares below this do not exist. */
  static final int MIN_CPU_SHARES = 2;

  private ContainerSpec() {}

  /**
   * What only the node knows.
   *
   * @param environment resolved: the definition's, its secrets', and ours
   * @param volumes name in the task to what Docker mounts: a volume's name or a host's directory
   * @param cgroupParent null where the task has no limits of its own
   * @param pause the name of the pause container; null without one
   * @param memoryCapMib a limit of the task as a whole that could not be had otherwise
   * @param podman Podman takes 0.0.0.0 for one address, where Docker takes it for all
   */
  public record Surroundings(
      String install,
      Images.Local image,
      Map<String, String> environment,
      Map<String, String> volumes,
      PortPlan ports,
      @Nullable String cgroupParent,
      @Nullable String pause,
      @Nullable Integer memoryCapMib,
      @Nullable Double cpuCap,
      boolean storageQuota,
      boolean podman) {}

  public static CreateContainerCmd fill(
      CreateContainerCmd command,
      TaskPayload task,
      ContainerDefinition container,
      Surroundings at) {
    NetworkMode mode = mode(task);
    Map<String, String> labels = new LinkedHashMap<>();
    if (container.hasDockerLabels()) {
      labels.putAll(container.dockerLabels());
    }
    labels.putAll(Labels.of(at.install(), task, container.name()));
    if (!at.ports().bindings().isEmpty()) {
      labels.put(PortPlan.LABEL, at.ports().label());
    }
    if (at.image().digest() != null) {
      labels.put("gantry.digest", at.image().digest());
    }
    command
        .withName(Labels.containerName(at.install(), task, container.name()))
        .withLabels(labels)
        .withEnv(
            at.environment().entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList())
        .withHealthcheck(health(container))
        .withHostConfig(host(task, container, at, mode));
    if (!container.entryPoint().isEmpty()) {
      command.withEntrypoint(container.entryPoint());
    }
    if (!container.command().isEmpty()) {
      command.withCmd(container.command());
    }
    if (has(container.user())) {
      command.withUser(container.user());
    }
    if (has(container.workingDirectory())) {
      command.withWorkingDir(container.workingDirectory());
    }
    if (has(container.hostname()) && mode != NetworkMode.AWSVPC) {
      command.withHostName(container.hostname());
    }
    if (Boolean.TRUE.equals(container.interactive())) {
      command.withStdinOpen(true);
    }
    if (Boolean.TRUE.equals(container.pseudoTerminal())) {
      command.withTty(true);
    }
    if (Boolean.TRUE.equals(container.disableNetworking())) {
      command.withNetworkDisabled(true);
    }
    if (mode == NetworkMode.BRIDGE) {
      List<ExposedPort> exposed = new ArrayList<>();
      for (NetworkBinding each : at.ports().bindings()) {
        PortPlan.Range range = PortPlan.containerPorts(each);
        for (int port = range.first(); port <= range.last(); port++) {
          exposed.add(exposed(port, each));
        }
      }
      command.withExposedPorts(exposed);
    }
    return command;
  }

  /** Bridge is what a Linux task gets that names no mode. */
  public static NetworkMode mode(TaskPayload task) {
    NetworkMode mode = task.definition().networkMode();
    return mode == null || mode == NetworkMode.UNKNOWN_TO_SDK_VERSION ? NetworkMode.BRIDGE : mode;
  }

  private static HostConfig host(
      TaskPayload task, ContainerDefinition container, Surroundings at, NetworkMode mode) {
    HostConfig host = HostConfig.newHostConfig();
    String pause = at.pause() == null ? null : "container:" + at.pause();
    host.withNetworkMode(
        switch (mode) {
          case AWSVPC -> String.valueOf(pause);
          case HOST -> "host";
          case NONE -> "none";
          case BRIDGE, UNKNOWN_TO_SDK_VERSION ->
              Boolean.TRUE.equals(container.disableNetworking()) ? "none" : "bridge";
        });
    host.withPidMode(shared(task.definition().pidModeAsString(), pause));
    String ipc = task.definition().ipcModeAsString();
    if (has(ipc)) {
      host.withIpcMode("none".equals(ipc) ? "none" : shared(ipc, pause));
    }
    if (at.cgroupParent() != null) {
      host.withCgroupParent(at.cgroupParent());
    }
    var storage = task.definition().ephemeralStorage();
    if (at.storageQuota() && storage != null && storage.sizeInGiB() != null) {
      host.withStorageOpt(Map.of("size", storage.sizeInGiB() + "G"));
    }
    limits(container, at, host);
    linux(container, host);

    if (mode == NetworkMode.BRIDGE) {
      Ports ports = new Ports();
      for (NetworkBinding each : at.ports().bindings()) {
        PortPlan.Range inside = PortPlan.containerPorts(each);
        PortPlan.Range outside = PortPlan.hostPorts(each);
        for (int i = 0; i < inside.count(); i++) {
          ports.bind(
              exposed(inside.first() + i, each),
              at.podman()
                  ? Ports.Binding.bindPort(outside.first() + i)
                  : Ports.Binding.bindIpAndPort(each.bindIP(), outside.first() + i));
        }
      }
      host.withPortBindings(ports);
      List<Link> links = new ArrayList<>();
      for (String each : container.links()) {
        String[] part = each.split(":", 2);
        links.add(
            new Link(
                Labels.containerName(at.install(), task, part[0]),
                part.length == 2 ? part[1] : part[0]));
      }
      if (!links.isEmpty()) {
        host.withLinks(links);
      }
    }
    if (mode != NetworkMode.AWSVPC) {
      if (!container.dnsServers().isEmpty()) {
        host.withDns(container.dnsServers());
      }
      if (!container.dnsSearchDomains().isEmpty()) {
        host.withDnsSearch(container.dnsSearchDomains());
      }
      if (!container.extraHosts().isEmpty()) {
        host.withExtraHosts(
            container.extraHosts().stream()
                .map((HostEntry each) -> each.hostname() + ":" + each.ipAddress())
                .toArray(String[]::new));
      }
    }
    List<Bind> binds = new ArrayList<>();
    for (MountPoint each : container.mountPoints()) {
      String source = at.volumes().get(each.sourceVolume());
      if (source != null) {
        binds.add(
            new Bind(
                source,
                new com.github.dockerjava.api.model.Volume(each.containerPath()),
                Boolean.TRUE.equals(each.readOnly()) ? AccessMode.ro : AccessMode.rw));
      }
    }
    if (!binds.isEmpty()) {
      host.withBinds(binds);
    }
    List<VolumesFrom> from = new ArrayList<>();
    for (VolumeFrom each : container.volumesFrom()) {
      from.add(
          new VolumesFrom(
              Labels.containerName(at.install(), task, each.sourceContainer()),
              Boolean.TRUE.equals(each.readOnly()) ? AccessMode.ro : AccessMode.rw));
    }
    if (!from.isEmpty()) {
      host.withVolumesFrom(from.toArray(VolumesFrom[]::new));
    }
    if (Boolean.TRUE.equals(container.privileged())) {
      host.withPrivileged(true);
    }
    if (Boolean.TRUE.equals(container.readonlyRootFilesystem())) {
      host.withReadonlyRootfs(true);
    }
    if (!container.dockerSecurityOptions().isEmpty()) {
      // ECS writes `label:user:x`, Docker today `label=user:x`.
      host.withSecurityOpts(
          container.dockerSecurityOptions().stream()
              .map(each -> each.contains("=") ? each : each.replaceFirst(":", "="))
              .toList());
    }
    if (!container.ulimits().isEmpty()) {
      host.withUlimits(
          container.ulimits().stream()
              .map(
                  each ->
                      new Ulimit(
                          each.nameAsString(),
                          each.softLimit().longValue(),
                          each.hardLimit().longValue()))
              .toList());
    } else if (task.launchType() == software.amazon.awssdk.services.ecs.model.LaunchType.FARGATE) {
      host.withUlimits(List.of(new Ulimit("nofile", OpenFiles.LIMIT, OpenFiles.LIMIT)));
    }
    Map<String, String> sysctls = sysctls(task, List.of(container), false);
    if (!sysctls.isEmpty()) {
      host.withSysctls(sysctls);
    }
    host.withLogConfig(log(container));
    return host;
  }

  private static void limits(ContainerDefinition container, Surroundings at, HostConfig host) {
    int cpu = container.cpu() == null ? 0 : container.cpu();
    host.withCpuShares(Math.max(MIN_CPU_SHARES, cpu));
    Integer memory = container.memory();
    Integer cap = at.memoryCapMib();
    if (cap != null && (memory == null || memory > cap)) {
      memory = cap;
    }
    if (memory != null) {
      host.withMemory(memory * MIB);
    }
    if (container.memoryReservation() != null) {
      host.withMemoryReservation(container.memoryReservation() * MIB);
    }
    if (at.cpuCap() != null) {
      host.withCpuPeriod(TaskCgroups.CPU_PERIOD_MICROS);
      host.withCpuQuota((long) (at.cpuCap() * TaskCgroups.CPU_PERIOD_MICROS));
    }
    LinuxParameters linux = container.linuxParameters();
    if (linux != null && linux.maxSwap() != null && memory != null) {
      host.withMemorySwap((memory + (long) linux.maxSwap()) * MIB);
    }
    if (linux != null && linux.swappiness() != null && linux.maxSwap() != null) {
      host.withMemorySwappiness(linux.swappiness().longValue());
    }
  }

  private static void linux(ContainerDefinition container, HostConfig host) {
    LinuxParameters linux = container.linuxParameters();
    if (linux == null) {
      return;
    }
    KernelCapabilities capabilities = linux.capabilities();
    if (capabilities != null) {
      host.withCapAdd(capabilities(capabilities.add()));
      host.withCapDrop(capabilities(capabilities.drop()));
    }
    if (!linux.devices().isEmpty()) {
      host.withDevices(
          linux.devices().stream()
              .map(
                  each -> {
                    StringBuilder rights = new StringBuilder();
                    each.permissionsAsStrings()
                        .forEach(
                            right ->
                                rights.append(
                                    switch (right) {
                                      case "read" -> "r";
                                      case "write" -> "w";
                                      default -> "m";
                                    }));
                    return new Device(
                        rights.isEmpty() ? "rwm" : rights.toString(),
                        each.containerPath() == null ? each.hostPath() : each.containerPath(),
                        each.hostPath());
                  })
              .toList());
    }
    if (Boolean.TRUE.equals(linux.initProcessEnabled())) {
      host.withInit(true);
    }
    if (linux.sharedMemorySize() != null) {
      host.withShmSize(linux.sharedMemorySize() * MIB);
    }
    if (!linux.tmpfs().isEmpty()) {
      Map<String, String> mounts = new LinkedHashMap<>();
      for (Tmpfs each : linux.tmpfs()) {
        List<String> options = new ArrayList<>(each.mountOptions());
        options.add("size=" + each.size() + "m");
        mounts.put(each.containerPath(), String.join(",", options));
      }
      host.withTmpFs(mounts);
    }
  }

  private static Capability[] capabilities(List<String> names) {
    return names.stream().map(Capability::valueOf).toArray(Capability[]::new);
  }

  /**
   * The sysctls of containers, or of the pause container that owns the namespaces they belong to:
   * Docker refuses them to a container that joins another's.
   */
  static Map<String, String> sysctls(
      TaskPayload task, List<ContainerDefinition> containers, boolean ofPause) {
    boolean netIsPauses = mode(task) == NetworkMode.AWSVPC;
    boolean ipcIsPauses = "task".equals(task.definition().ipcModeAsString());
    Map<String, String> sysctls = new LinkedHashMap<>();
    for (ContainerDefinition container : containers) {
      for (SystemControl each : container.systemControls()) {
        if (each.namespace() == null || each.value() == null) {
          continue;
        }
        boolean pauses = each.namespace().startsWith("net.") ? netIsPauses : ipcIsPauses;
        if (pauses == ofPause) {
          sysctls.put(each.namespace(), each.value());
        }
      }
    }
    return sysctls;
  }

  private static @Nullable String shared(@Nullable String mode, @Nullable String pause) {
    if (mode == null) {
      return null;
    }
    return switch (mode) {
      case "host" -> "host";
      case "task" -> pause;
      default -> null;
    };
  }

  private static HealthCheck health(ContainerDefinition container) {
    var check = container.healthCheck();
    if (check == null || check.command().isEmpty()) {
      // A check in the image does not count in ECS.
      return new HealthCheck().withTest(List.of("NONE"));
    }
    return new HealthCheck()
        .withTest(check.command())
        .withInterval(TimeUnit.SECONDS.toNanos(orElse(check.interval(), 30)))
        .withTimeout(TimeUnit.SECONDS.toNanos(orElse(check.timeout(), 5)))
        .withRetries(orElse(check.retries(), 3))
        .withStartPeriod(TimeUnit.SECONDS.toNanos(orElse(check.startPeriod(), 0)));
  }

  private static int orElse(@Nullable Integer value, int other) {
    return value == null ? other : value;
  }

  /** Where Docker itself puts the output; awslogs is read from there and shipped by the node. */
  static LogConfig log(ContainerDefinition container) {
    LogConfiguration log = container.logConfiguration();
    if (log == null) {
      return new LogConfig(LogConfig.LoggingType.JSON_FILE, KEPT_LOG);
    }
    Map<String, String> options = new LinkedHashMap<>(log.options());
    return switch (log.logDriverAsString()) {
      case "awslogs" -> new LogConfig(LogConfig.LoggingType.JSON_FILE, KEPT_LOG);
      case "none" -> new LogConfig(LogConfig.LoggingType.JSON_FILE, HARDLY_ANY_LOG);
      case "json-file" -> {
        KEPT_LOG.forEach(options::putIfAbsent);
        yield new LogConfig(LogConfig.LoggingType.JSON_FILE, options);
      }
      default -> new LogConfig(LogConfig.LoggingType.fromValue(log.logDriverAsString()), options);
    };
  }

  private static ExposedPort exposed(int port, NetworkBinding binding) {
    return new ExposedPort(
        port,
        "udp".equals(binding.protocolAsString()) ? InternetProtocol.UDP : InternetProtocol.TCP);
  }

  private static boolean has(@Nullable String text) {
    return text != null && !text.isEmpty();
  }

  /** The pause container: it owns the namespaces that the containers of a task share. */
  public static CreateContainerCmd pause(
      CreateContainerCmd command,
      TaskPayload task,
      String install,
      @Nullable String cgroupParent,
      List<String> dns,
      List<String> search) {
    Map<String, String> labels = Labels.of(install, task, Labels.PAUSE_NAME);
    HostConfig host =
        HostConfig.newHostConfig()
            .withNetworkMode("none")
            // Not read-only: the task's hosts file is then read-only too, and names are added to
            // it.
            .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE, Map.of()));
    if ("task".equals(task.definition().ipcModeAsString())) {
      host.withIpcMode("shareable");
    }
    if (cgroupParent != null) {
      host.withCgroupParent(cgroupParent);
    }
    var eni = task.eni();
    if (eni != null && TaskMachine.pauses(task)) {
      labels.put(Labels.ENI, eni.eniId());
      host.withDns(dns).withDnsSearch(search);
      if (!eni.privateDnsName().isEmpty()) { // a VPC without DNS host names gives it none
        host.withExtraHosts(eni.privateDnsName() + ":" + eni.privateIp());
        command.withHostName(eni.privateDnsName());
      }
    }
    Map<String, String> sysctls = sysctls(task, task.definition().containerDefinitions(), true);
    if (!sysctls.isEmpty()) {
      host.withSysctls(sysctls);
    }
    return command
        .withName(Labels.containerName(install, task, Labels.PAUSE_NAME))
        .withLabels(labels)
        .withEntrypoint(PauseImage.PROGRAM)
        .withHostConfig(host);
  }
}
