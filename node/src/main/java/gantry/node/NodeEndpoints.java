package gantry.node;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Labels;
import gantry.node.metadata.HttpLoop;
import gantry.node.metadata.InstanceMetadata;
import gantry.node.metadata.Subject;
import gantry.node.metadata.TaskEndpoint;
import gantry.node.stats.StatsBook;
import gantry.node.task.ContainerSeen;
import gantry.node.task.Seen;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/**
 * Where containers ask about themselves: metadata, credentials and the API, on the host and in each
 * VPC that has tasks, and who it is that asks.
 */
final class NodeEndpoints {

  private static final Logger log = LoggerFactory.getLogger(NodeEndpoints.class);

  /** How long a container that asks of itself waits until Docker has told us that it runs. */
  private static final Duration SELF_KNOWLEDGE = Duration.ofSeconds(2);

  private final NodeConfig config;
  private final NodeDoors doors;
  private final DockerEngine docker;
  private final Map<String, TaskRunner> runners;
  private final BiFunction<TaskPayload, ContainerSeen, StatsBook.@Nullable Two> stats;
  private final EndpointKeys keys;
  private final TaskEndpoint endpoint;

  /** A lock of its own: to open an endpoint takes a while, and to assign a task must not. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, Key> byContainerKey = new ConcurrentHashMap<>();
  private final Map<String, String> byCredentialsKey = new ConcurrentHashMap<>();
  private final Map<String, HttpLoop> vpcEndpoints = new ConcurrentHashMap<>();
  private final Map<String, HttpLoop> instanceEndpoints = new ConcurrentHashMap<>();
  private final Map<String, Relay> relays = new ConcurrentHashMap<>();
  private @Nullable HostEndpoint host;
  private boolean hostAsked;
  private boolean closed;

  private record Key(String taskArn, String container) {}

  NodeEndpoints(
      NodeConfig config,
      NodeDoors doors,
      DockerEngine docker,
      Map<String, TaskRunner> runners,
      BiFunction<TaskPayload, ContainerSeen, StatsBook.@Nullable Two> stats) {
    this.config = config;
    this.doors = doors;
    this.docker = docker;
    this.runners = runners;
    this.stats = stats;
    this.keys = EndpointKeys.in(config.state());
    this.endpoint =
        new TaskEndpoint(
            this::subject, this::byCredentials, doors.credentials(), doors.roles(), doors.clock());
  }

  /** A task whose containers will ask. */
  void know(TaskPayload task) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      byContainerKey.put(
          keys.ofContainer(task.taskArn(), each.name()), new Key(task.taskArn(), each.name()));
    }
    byCredentialsKey.put(keys.ofCredentials(task.taskArn()), task.taskArn());
  }

  void forget(TaskPayload task) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      byContainerKey.remove(keys.ofContainer(task.taskArn(), each.name()));
    }
    byCredentialsKey.remove(keys.ofCredentials(task.taskArn()));
    endpoint.forget(task.taskArn());
  }

  void close() {
    closeHost();
    vpcEndpoints.values().forEach(HttpLoop::close);
    instanceEndpoints.values().forEach(HttpLoop::close);
    relays.values().forEach(Relay::close);
  }

  /** Nothing is opened any more, and what is being opened now is waited for. */
  void closeHost() {
    lock.lock();
    try {
      closed = true;
      if (host != null) {
        host.close();
      }
    } finally {
      lock.unlock();
    }
  }

  /** What a container is told of them. */
  TaskEnvironment.Endpoints of(TaskPayload task, String container) {
    String base = null;
    String apiUrl = null;
    boolean wellKnown = true;
    NetworkMode mode = ContainerSpec.mode(task);
    if (mode == NetworkMode.AWSVPC) {
      if (doors.sockets() != null) {
        base = "http://169.254.170.2";
        apiUrl = config.apiPort() == 0 ? null : "http://169.254.170.2:4566";
      }
    } else if (mode != NetworkMode.NONE) {
      HostEndpoint host = host();
      if (host != null) {
        base = host.base();
        apiUrl = host.apiUrl();
        wellKnown = host.wellKnown();
      }
    }
    return new TaskEnvironment.Endpoints(
        base,
        wellKnown,
        keys.ofContainer(task.taskArn(), container),
        task.definition().taskRoleArn() == null ? null : keys.ofCredentials(task.taskArn()),
        apiUrl);
  }

  /** The endpoint of tasks in bridge and host mode, opened when the first one needs it. */
  @Nullable HostEndpoint host() {
    lock.lock();
    try {
      if (!hostAsked && !closed) {
        host =
            HostEndpoint.open(
                config.metadataOnHost(),
                docker.facts().bridgeGateway(),
                config.state(),
                config.apiPort(),
                endpoint::answer);
        hostAsked = true;
      }
      return host;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Serves task and instance metadata and the API inside a VPC, from the first task on that is
   * there.
   */
  void servedIn(String vpcId) {
    NetnsSockets sockets = doors.sockets();
    if (sockets == null) {
      return;
    }
    lock.lock();
    try {
      if (closed) {
        return;
      }
      if (!vpcEndpoints.containsKey(vpcId)) {
        vpcEndpoints.put(
            vpcId,
            new HttpLoop(sockets.listen(vpcId, NetnsSockets.TASK_METADATA), endpoint::answer)
                .start());
      }
      if (!instanceEndpoints.containsKey(vpcId)) {
        InstanceMetadata instance =
            new InstanceMetadata(
                address -> taskAt(vpcId, address), doors.clock(), docker.facts().architecture());
        instanceEndpoints.put(
            vpcId,
            new HttpLoop(sockets.listen(vpcId, NetnsSockets.INSTANCE_METADATA), instance::answer)
                .start());
      }
      if (config.apiPort() != 0 && !relays.containsKey(vpcId)) {
        relays.put(vpcId, Relay.start(sockets.listen(vpcId, NetnsSockets.API), config.apiPort()));
      }
    } catch (IOException e) {
      log.warn("tasks in {} have no metadata, credentials and API: {}", vpcId, e.toString());
    } finally {
      lock.unlock();
    }
  }

  /**
   * VPCs that are gone need no endpoints: a socket would keep the namespace in the kernel. Returns
   * at once.
   */
  void servedOnlyIn(Set<String> vpcIds) {
    if (vpcEndpoints.keySet().stream().allMatch(vpcIds::contains)) {
      return;
    }
    Set<String> stay = Set.copyOf(vpcIds);
    Thread.ofVirtual()
        .name("close endpoints")
        .start(
            () -> {
              lock.lock();
              try {
                for (String vpc : Set.copyOf(vpcEndpoints.keySet())) {
                  if (!stay.contains(vpc)) {
                    HttpLoop endpoint = vpcEndpoints.remove(vpc);
                    if (endpoint != null) {
                      endpoint.close();
                    }
                    HttpLoop instance = instanceEndpoints.remove(vpc);
                    if (instance != null) {
                      instance.close();
                    }
                    Relay relay = relays.remove(vpc);
                    if (relay != null) {
                      relay.close();
                    }
                  }
                }
              } finally {
                lock.unlock();
              }
            });
  }

  private @Nullable Subject subject(String key) {
    Key found = byContainerKey.get(key);
    TaskRunner runner = found == null ? null : runners.get(found.taskArn());
    if (found == null || runner == null) {
      return null;
    }
    runner.awaitStarted(found.container(), SELF_KNOWLEDGE);
    TaskPayload task = runner.task();
    Seen seen = runner.seen();
    Map<String, String> names = new HashMap<>();
    Map<String, Map<String, String>> labels = new HashMap<>();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      names.put(each.name(), Labels.containerName(config.install(), task, each.name()));
      Map<String, String> all = new LinkedHashMap<>();
      if (each.hasDockerLabels()) {
        all.putAll(each.dockerLabels());
      }
      all.putAll(Labels.of(config.install(), task, each.name()));
      labels.put(each.name(), all);
    }
    EniPayload eni = task.eni();
    return new Subject(
        task,
        found.container(),
        seen,
        runner.pulls(),
        name -> stats.apply(task, seen.container(name)),
        names,
        runner::bridgeAddress,
        labels,
        eni == null ? List.of() : TaskAddresses.dnsServers(task, eni),
        eni == null ? List.of() : TaskAddresses.searchDomains(task, eni),
        eni == null ? "" : TaskAddresses.gatewayWithPrefix(eni),
        task.availabilityZone());
  }

  private @Nullable TaskPayload taskAt(String vpcId, String address) {
    for (TaskRunner each : runners.values()) {
      EniPayload eni = each.task().eni();
      if (eni != null && eni.vpcId().equals(vpcId) && eni.privateIp().equals(address)) {
        return each.task();
      }
    }
    return null;
  }

  private @Nullable TaskPayload byCredentials(String key) {
    String task = byCredentialsKey.get(key);
    TaskRunner runner = task == null ? null : runners.get(task);
    return runner == null ? null : runner.task();
  }
}
