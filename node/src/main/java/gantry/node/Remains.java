package gantry.node;

import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Labelled;
import gantry.node.docker.Labels;
import gantry.node.docker.PauseImage;
import gantry.node.docker.TaskCgroups;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that an installation has on this machine beside its networks: containers, volumes,
 * limits, the address on the loopback interface. All of it is found by label or by what stands in
 * the node's own directory, so it can be taken away when the program that made it is dead.
 */
public final class Remains {

  private static final Logger log = LoggerFactory.getLogger(Remains.class);

  /** How long {@link #remove} goes on about containers that do not go. */
  static final Duration REMOVE_ALL = Duration.ofMinutes(2);

  private final DockerEngine docker;
  private final NodeConfig config;
  private final TaskNetwork network;
  private final Clock clock;

  Remains(DockerEngine docker, NodeConfig config, TaskNetwork network, Clock clock) {
    this.docker = docker;
    this.config = config;
    this.network = network;
    this.clock = clock;
  }

  /**
   * Removes what a program left that runs no more; nobody else may work on it meanwhile.
   *
   * @return how many containers there were
   * @throws DockerEngine.Unavailable when nothing could be looked at
   */
  public static int removeOfDead(NodeConfig config, Clock clock) {
    try (DockerEngine docker = new DockerEngine(config.docker())) {
      return new Remains(docker, config, TaskNetwork.none("the program is down"), clock).remove();
    }
  }

  /**
   * Removes containers and volumes of tasks that are not known.
   *
   * @return the interfaces of the containers that stay
   */
  Set<String> removeUnknown(Predicate<String> known) {
    Labelled ours = new Labelled(docker, config.install());
    Set<String> stay = new HashSet<>();
    for (Container each : ours.containers()) {
      String task = Labelled.label(each, Labels.TASK_ARN);
      String eni = Labelled.label(each, Labels.ENI);
      if (task == null || !known.test(task)) {
        log.info("container {} is of no task that is known; it is removed", each.getId());
        if (eni != null) {
          network.detach(eni);
        }
        docker.removeContainer(each.getId());
      } else if (eni != null) {
        stay.add(eni);
      }
    }
    for (InspectVolumeResponse each : ours.volumes()) {
      String task = each.getLabels() == null ? null : each.getLabels().get(Labels.TASK_ARN);
      if (task == null || !known.test(task)) {
        ours.removeVolume(each.getName());
      }
    }
    return stay;
  }

  /** Removes it, whatever state it is in; how many containers there were. */
  int remove() {
    Labelled ours = new Labelled(docker, config.install());
    // Removed by a runner at the same moment, or made by a call that was on its way: until none is.
    Instant deadline = clock.instant().plus(REMOVE_ALL);
    List<Container> left = ours.containers();
    int found = left.size();
    while (!left.isEmpty() && clock.instant().isBefore(deadline)) {
      for (Container each : left) {
        String eni = Labelled.label(each, Labels.ENI);
        if (eni != null) {
          network.detach(eni);
        }
        docker.removeContainer(each.getId());
      }
      left = ours.containers();
    }
    network.retainOnly(Set.of());
    ours.volumes().forEach(each -> ours.removeVolume(each.getName()));
    new TaskCgroups(config.install(), docker.facts()).removeAll();
    HostEndpoint.removeAddress(config.state());
    try {
      docker.call(
          "remove the pause image",
          DockerEngine.LOOK,
          d -> d.removeImageCmd(PauseImage.NAME).exec());
    } catch (NotFoundException e) {
      log.debug("no pause image");
    } catch (DockerException e) {
      log.debug("the pause image stays, somebody else uses it: {}", e.getMessage());
    }
    if (!left.isEmpty()) {
      throw new IllegalStateException(
          left.size() + " containers are still there after " + REMOVE_ALL.toSeconds() + " s");
    }
    return found;
  }
}
