package gantry.node;

import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import gantry.acs.EniPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.HostPorts;
import gantry.node.docker.Images;
import gantry.node.docker.Labels;
import gantry.node.docker.PauseImage;
import gantry.node.docker.PortPlan;
import gantry.node.docker.Reasons;
import gantry.node.docker.TaskCgroups;
import gantry.node.docker.Volumes;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.Prepared;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen.Network;
import gantry.node.task.TaskMachine;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** What is done to one task: its network, its containers. What Docker answers goes to the facts. */
final class TaskDeeds {

  private static final Logger log = LoggerFactory.getLogger(TaskDeeds.class);

  /** How often a dynamic port that somebody else took is chosen anew. */
  static final int PORT_TRIES = 5;

  static final int PAUSE_TRIES = 3;

  private final Node node;
  private final TaskFacts facts;
  private final TaskLook look;

  /** Everything may have changed: it is looked at before the next step. */
  private final Runnable lookAgain;

  private boolean cgroupAsked;

  /** The network is, or is about to be, taken away: nobody has to hear any more that it stands. */
  private volatile boolean ended;

  private @Nullable String cgroup;

  TaskDeeds(Node node, TaskFacts facts, TaskLook look, Runnable lookAgain) {
    this.node = node;
    this.facts = facts;
    this.look = look;
    this.lookAgain = lookAgain;
  }

  void startPause() {
    String name = Labels.containerName(node.config().install(), facts.task, Labels.PAUSE_NAME);
    try {
      createPause();
      startNamed(name);
      look.lookAtPause(name);
    } catch (DockerException | IllegalStateException e) {
      facts.fail(null, Reasons.create(e));
    }
  }

  private void createPause() {
    EniPayload eni = facts.task.eni();
    List<String> dns = eni == null ? List.of() : TaskAddresses.dnsServers(facts.task, eni);
    List<String> search = eni == null ? List.of() : TaskAddresses.searchDomains(facts.task, eni);
    for (int tries = 1; ; tries++) {
      PauseImage.ensure(node.docker());
      try {
        node.docker()
            .call(
                "created",
                DockerEngine.CREATE,
                d ->
                    ContainerSpec.pause(
                            d.createContainerCmd(PauseImage.NAME),
                            facts.task,
                            node.config().install(),
                            cgroup(),
                            dns,
                            search)
                        .exec());
        return;
      } catch (ConflictException e) {
        log.debug("pause container of task {} is there already", facts.task.taskId());
        return;
      } catch (NotFoundException e) {
        // Another Gantry on this machine went down, and took the image that both use along.
        if (tries == PAUSE_TRIES) {
          throw e;
        }
      }
    }
  }

  void attach() {
    EniPayload eni = facts.task.eni();
    if (facts.task.definition().networkMode() != NetworkMode.AWSVPC) {
      facts.network = Network.READY;
      return;
    }
    if (eni == null) {
      facts.fail(
          null,
          "ContainerNetworkingError: the task is in network mode awsvpc, and the control plane gave"
              + " it no network interface");
      return;
    }
    Long pid = facts.pausePid;
    if (pid == null || pid <= 0) {
      facts.network = Network.LOST;
      return;
    }
    try {
      node.network().attach(facts.task.taskArn(), eni, pid);
      node.endpoints().servedIn(eni.vpcId());
    } catch (TaskNetwork.Unavailable e) {
      facts.fail(null, "ContainerNetworkingError: " + e.getMessage());
      return;
    }
    String noWay = noWayToRegistry(eni);
    if (noWay != null) {
      facts.fail(null, Reasons.resources("unable to pull secrets or registry auth: " + noWay));
      return;
    }
    facts.network = Network.READY;
    attachmentReady(eni);
  }

  /**
   * On Fargate an image comes through the task's own interface, so one without a way out fails. On
   * a container instance the instance pulls it. Asked once the interface stands, since only then
   * the network surely knows it.
   */
  private @Nullable String noWayToRegistry(EniPayload eni) {
    if (facts.task.launchType() != LaunchType.FARGATE) {
      return null;
    }
    for (ContainerDefinition each : facts.task.definition().containerDefinitions()) {
      String registry = node.images().registryOf(each);
      if (registry != null) { // a name without a registry may be an image of this machine
        var noWay = node.network().noWayToRegistry(eni, registry);
        if (noWay.isPresent()) {
          return noWay.get();
        }
      }
    }
    return null;
  }

  private void attachmentReady(EniPayload eni) {
    if (facts.silent) {
      return;
    }
    new AttachmentReport(node.ecs(), facts.task.clusterArn(), eni.attachmentArn(), () -> ended)
        .send();
  }

  void releaseNetwork() {
    ended = true;
    EniPayload eni = facts.task.eni();
    if (eni != null) {
      node.network().detach(eni.eniId());
    }
    removePause();
    facts.network = Network.ABSENT;
    facts.pausePid = null;
  }

  void removePause() {
    node.docker()
        .removeContainer(
            Labels.containerName(node.config().install(), facts.task, Labels.PAUSE_NAME));
  }

  private @Nullable String cgroup() {
    if (!cgroupAsked) {
      cgroupAsked = true;
      TaskCgroups groups = node.cgroups();
      cgroup = groups == null ? null : groups.ensure(facts.task);
    }
    return cgroup;
  }

  void create(String name) {
    ContainerDefinition container = facts.definition(name);
    Images.Local image = facts.images.get(name);
    if (image == null) {
      facts.set(facts.seen().container(name).prepared(Prepared.NOT_ASKED)); // adopted, then lost
      return;
    }
    try {
      if (facts.volumes == null) {
        facts.volumes = node.volumes().ensure(facts.task);
      }
    } catch (Volumes.Failed e) {
      facts.fail(name, String.valueOf(e.getMessage()));
      return;
    }
    PortPlan ports;
    try {
      ports =
          PortPlan.of(
              ContainerSpec.mode(facts.task),
              container,
              node.ports(),
              node.config().hostPortAddress());
    } catch (HostPorts.NoneFree e) {
      facts.fail(name, "CannotCreateContainerError: " + e.getMessage());
      return;
    }
    String parent = cgroup();
    Integer memoryCap = parent == null ? TaskCgroups.memoryMib(facts.task) : null;
    Double cpuCap = parent == null ? TaskCgroups.cpus(facts.task) : null;
    ContainerSpec.Surroundings at =
        new ContainerSpec.Surroundings(
            node.config().install(),
            image,
            facts.environments.getOrDefault(name, Map.of()),
            facts.volumes,
            ports,
            parent,
            TaskMachine.pauses(facts.task)
                ? Labels.containerName(node.config().install(), facts.task, Labels.PAUSE_NAME)
                : null,
            memoryCap,
            cpuCap,
            node.storageQuotas(),
            node.docker().facts().podman());
    try {
      String id =
          node.docker()
              .call(
                  "created",
                  DockerEngine.CREATE,
                  d ->
                      ContainerSpec.fill(
                              d.createContainerCmd(image.reference()), facts.task, container, at)
                          .exec()
                          .getId());
      facts.set(
          facts
              .seen()
              .container(name)
              .docker(
                  State.CREATED,
                  id,
                  null,
                  null,
                  false,
                  node.clock().instant(),
                  null,
                  null,
                  Health.NONE,
                  node.clock().instant())
              .image(image.id(), image.digest())
              .bound(ports.bindings()));
    } catch (ConflictException e) {
      ports.releaseIn(node.ports());
      if (e.getMessage() != null && e.getMessage().contains("already in use")) {
        // The name is computed from the task: whoever made it was us, before a crash.
        look.lookAt(name, Labels.containerName(node.config().install(), facts.task, name));
      } else {
        facts.fail(name, Reasons.create(e));
      }
    } catch (NotFoundException e) {
      ports.releaseIn(node.ports());
      if (String.valueOf(e.getMessage()).contains("No such image")) {
        facts.images.remove(name); // somebody removed it in between: get it again
        facts.set(facts.seen().container(name).prepared(Prepared.NOT_ASKED));
      } else {
        facts.fail(name, Reasons.create(e));
      }
    } catch (DockerException e) {
      ports.releaseIn(node.ports());
      if (node.storageQuotas() && String.valueOf(e.getMessage()).contains("pquota")) {
        node.noStorageQuotas(); // XFS, but mounted without quotas: the next try asks for none
        return;
      }
      facts.fail(name, Reasons.create(e));
    }
  }

  void startContainer(String name, boolean again) {
    ContainerSeen it = facts.seen().container(name);
    String id = it.id();
    if (id == null) {
      lookAgain.run();
      return;
    }
    if (again) {
      log.info(
          "task {}: container {} ended with {}; its restart policy starts it again",
          facts.task.taskId(),
          name,
          it.exitCode());
      facts.set(it.restarted());
    }
    try {
      startNamed(id);
      look.lookAt(name, id);
    } catch (NotFoundException e) {
      look.lookAt(name, id);
    } catch (DockerException e) {
      String words = Reasons.words(e);
      boolean portTaken =
          words.contains("port is already allocated") || words.contains("address already in use");
      if (portTaken
          && hasDynamicPort(facts.definition(name))
          && facts.portTries.merge(name, 1, Integer::sum) < PORT_TRIES) {
        // Chosen when it was free, and somebody else was quicker: choose again. The ports stay
        // marked as taken, so that they are not chosen again at once.
        node.docker().removeContainer(id);
        facts.set(facts.seen().container(name).absent(node.clock().instant()).bound(List.of()));
        return;
      }
      facts.fail(name, Reasons.start(e));
    }
  }

  private void startNamed(String idOrName) {
    try {
      node.starts().acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    try {
      node.docker().call("running", DockerEngine.START, d -> d.startContainerCmd(idOrName).exec());
    } catch (NotModifiedException e) {
      log.debug("{} runs already", idOrName);
    } finally {
      node.starts().release();
    }
  }

  private boolean hasDynamicPort(ContainerDefinition container) {
    return ContainerSpec.mode(facts.task) == NetworkMode.BRIDGE
        && container.portMappings().stream()
            .anyMatch(each -> each.hostPort() == null || each.hostPort() == 0);
  }

  void signal(String name) {
    ContainerSeen it = facts.seen().container(name);
    facts.set(it.signalled(node.clock().instant()));
    kill(it, facts.stopSignals.getOrDefault(name, "SIGTERM"));
  }

  void kill(String name) {
    ContainerSeen it = facts.seen().container(name);
    facts.set(it.killed(node.clock().instant()));
    kill(it, "SIGKILL");
  }

  private void kill(ContainerSeen it, String signal) {
    String id = it.id();
    if (id == null) {
      lookAgain.run();
      return;
    }
    try {
      node.docker()
          .call(
              "stopped", DockerEngine.LOOK, d -> d.killContainerCmd(id).withSignal(signal).exec());
    } catch (NotFoundException | ConflictException e) {
      look.lookAt(it.name(), id); // it ended by itself in the meantime
    } catch (DockerException e) {
      log.warn(
          "task {}: CannotStopContainerError: {}: {}",
          facts.task.taskId(),
          it.name(),
          Reasons.words(e));
    }
  }
}
