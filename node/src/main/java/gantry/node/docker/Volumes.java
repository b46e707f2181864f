package gantry.node.docker;

import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import gantry.acs.TaskPayload;
import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.services.ecs.model.DockerVolumeConfiguration;
import software.amazon.awssdk.services.ecs.model.Scope;
import software.amazon.awssdk.services.ecs.model.Volume;

/** The volumes of a task: made before its containers, removed with it unless they are shared. */
public final class Volumes {

  private final DockerEngine docker;
  private final String install;

  public Volumes(DockerEngine docker, String install) {
    this.docker = docker;
    this.install = install;
  }

  /** A volume cannot be had; the message is the task's reason. */
  public static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Name in the task to what Docker mounts for it. Making what is there already changes nothing.
   */
  public Map<String, String> ensure(TaskPayload task) throws Failed {
    Map<String, String> sources = new LinkedHashMap<>();
    for (Volume each : task.definition().volumes()) {
      sources.put(each.name(), ensure(task, each));
    }
    return sources;
  }

  private String ensure(TaskPayload task, Volume volume) throws Failed {
    if (volume.host() != null
        && volume.host().sourcePath() != null
        && !volume.host().sourcePath().isEmpty()) {
      return volume.host().sourcePath();
    }
    DockerVolumeConfiguration docker0 = volume.dockerVolumeConfiguration();
    if (docker0 == null || docker0.scope() != Scope.SHARED) {
      String name = Labels.volumeName(install, task, volume.name());
      Map<String, String> labels = new LinkedHashMap<>();
      if (docker0 != null) {
        labels.putAll(docker0.labels());
      }
      labels.put(Labels.INSTALL, install);
      labels.put(Labels.ROLE, "volume");
      labels.put(Labels.TASK_ARN, task.taskArn());
      create(volume, name, docker0, labels);
      return name;
    }
    try {
      docker.call(
          "inspect a volume", DockerEngine.LOOK, d -> d.inspectVolumeCmd(volume.name()).exec());
      return volume.name();
    } catch (NotFoundException e) {
      if (!Boolean.TRUE.equals(docker0.autoprovision())) {
        throw new Failed(
            "CannotCreateVolumeError: there is no volume "
                + volume.name()
                + " on this node, and autoprovision is false: create it with `docker volume create "
                + volume.name()
                + "`, or set autoprovision",
            e);
      }
    }
    // A shared volume outlives its tasks and the installation: it holds somebody's data. So it does
    // not carry the label that everything of ours is removed by.
    create(volume, volume.name(), docker0, new LinkedHashMap<>(docker0.labels()));
    return volume.name();
  }

  private void create(
      Volume volume,
      String name,
      @org.jspecify.annotations.Nullable DockerVolumeConfiguration configuration,
      Map<String, String> labels)
      throws Failed {
    try {
      docker.call(
          "create a volume",
          DockerEngine.CREATE,
          d -> {
            var command = d.createVolumeCmd().withName(name).withLabels(labels);
            if (configuration != null) {
              if (configuration.driver() != null && !configuration.driver().isEmpty()) {
                command.withDriver(configuration.driver());
              }
              if (!configuration.driverOpts().isEmpty()) {
                command.withDriverOpts(configuration.driverOpts());
              }
            }
            return command.exec();
          });
    } catch (DockerException e) {
      throw new Failed(
          "CannotCreateVolumeError: volume " + volume.name() + ": " + Reasons.words(e), e);
    }
  }

  /** Removes the volumes that die with the task; each may be gone already. */
  public void remove(TaskPayload task) {
    for (Volume each : task.definition().volumes()) {
      boolean host =
          each.host() != null
              && each.host().sourcePath() != null
              && !each.host().sourcePath().isEmpty();
      DockerVolumeConfiguration docker0 = each.dockerVolumeConfiguration();
      if (!host && (docker0 == null || docker0.scope() != Scope.SHARED)) {
        removeNamed(Labels.volumeName(install, task, each.name()));
      }
    }
  }

  void removeNamed(String name) {
    try {
      docker.call("remove a volume", DockerEngine.LOOK, d -> d.removeVolumeCmd(name).exec());
    } catch (NotFoundException e) {
      // Gone is what was wanted.
    }
  }
}
