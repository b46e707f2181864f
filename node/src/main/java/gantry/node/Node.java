package gantry.node;

import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Container;
import gantry.acs.EniPayload;
import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.HostPorts;
import gantry.node.docker.Images;
import gantry.node.docker.Labelled;
import gantry.node.docker.Labels;
import gantry.node.docker.Reasons;
import gantry.node.docker.TaskCgroups;
import gantry.node.docker.Volumes;
import gantry.node.logs.Logs;
import gantry.node.metadata.HttpLoop;
import gantry.node.metadata.InstanceMetadata;
import gantry.node.metadata.Subject;
import gantry.node.metadata.TaskEndpoint;
import gantry.node.secrets.SecretValues;
import gantry.node.stats.ControlGroups;
import gantry.node.stats.Sample;
import gantry.node.stats.StatsBook;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * The agent: keeps one {@link TaskRunner} for each task that it was given, and what they share. It
 * keeps no record of its own of what runs: Docker's labels are the record.
 */
public final class Node implements NodeAgent {

  private static final Logger log = LoggerFactory.getLogger(Node.class);

  /** Containers that are being started at one time; Docker gets slower, not faster, beyond. */
  public static final int STARTS_AT_ONCE = 8;

  /** How long a container that asks of itself waits until Docker has told us that it runs. */
  static final Duration SELF_KNOWLEDGE = Duration.ofSeconds(2);

  /** How often it is tried to tell whether Docker answers, a second longer apart each time. */
  static final int TELL_TRIES = 10;

  /** Finished tasks that are remembered, so that a late payload does not start one again. */
  static final int FINISHED_KEPT = 10_000;

  private final NodeConfig config;
  private final NodeDoors doors;
  private final DockerEngine docker;
  private final DockerWatch watch;
  private final HostPorts ports;
  private final Semaphore starts = new Semaphore(STARTS_AT_ONCE, true);
  private final SecretValues secrets;
  private final Images images;
  private final Volumes volumes;
  private final Labelled ours;
  private final Logs logs;
  private final EndpointKeys keys;
  private final TaskEndpoint endpoint;
  private final ControlGroups groups;
  private final StatsBook stats = new StatsBook();
  private final AtomicReference<@Nullable TaskCgroups> cgroups = new AtomicReference<>();

  private final ReentrantLock lock = new ReentrantLock();

  /** A lock of its own: to open an endpoint takes a while, and to assign a task must not. */
  private final ReentrantLock endpointLock = new ReentrantLock();

  private final ReentrantLock tellLock = new ReentrantLock();

  private final Map<String, TaskRunner> runners = new ConcurrentHashMap<>();
  private final Map<String, SubmitTaskStateChangeRequest> finished =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(
            Map.Entry<String, SubmitTaskStateChangeRequest> eldest) {
          return size() > FINISHED_KEPT;
        }
      };
  private final Map<String, Key> byContainerKey = new ConcurrentHashMap<>();
  private final Map<String, String> byCredentialsKey = new ConcurrentHashMap<>();
  private final Map<String, HttpLoop> vpcEndpoints = new ConcurrentHashMap<>();
  private final Map<String, HttpLoop> instanceEndpoints = new ConcurrentHashMap<>();
  private final Map<String, Relay> relays = new ConcurrentHashMap<>();
  private @Nullable HostEndpoint hostEndpoint;
  private boolean hostEndpointAsked;
  private @Nullable Set<String> retain;
  private volatile boolean storageQuotas = true;
  private volatile boolean closed;

  private record Key(String taskArn, String container) {}

  private Node(NodeConfig config, NodeDoors doors) {
    this.config = config;
    this.doors = doors;
    this.docker = new DockerEngine(config.docker());
    this.ports = new HostPorts(RandomGenerator.getDefault());
    this.secrets = new SecretValues(doors.roles());
    this.images = new Images(docker, doors.registry(), secrets, config.pullBehavior());
    this.volumes = new Volumes(docker, config.install());
    this.ours = new Labelled(docker, config.install());
    this.logs = new Logs(docker, doors.roles(), config.state());
    this.keys = EndpointKeys.in(config.state());
    this.endpoint =
        new TaskEndpoint(
            this::subject, this::byCredentials, doors.credentials(), doors.roles(), doors.clock());
    this.groups = new ControlGroups(Path.of("/proc"), TaskCgroups.hostRoot(), doors.clock());
    this.watch =
        new DockerWatch(
            docker,
            config.install(),
            new DockerWatch.Listener() {
              @Override
              public void containerChanged(String taskArn, String containerName) {
                TaskRunner runner = runners.get(taskArn);
                if (runner != null) {
                  runner.changed(containerName);
                }
              }

              @Override
              public void dockerIsBack() {
                runners.values().forEach(TaskRunner::everythingMayHaveChanged);
                Thread.ofVirtual().name("remove what is not ours").start(Node.this::sweep);
                tell(true);
              }

              @Override
              public void dockerIsMissed() {
                tell(false);
              }
            });
  }

  /** Begins to follow Docker; it need not be there yet. */
  public static Node start(NodeConfig config, NodeDoors doors) {
    Node node = new Node(config, doors);
    node.watch.start();
    return node;
  }

  private void tell(boolean ready) {
    Thread.ofVirtual().name("tell whether Docker answers").start(() -> tellInOrder(ready));
  }

  /** Until it was heard, or is not true any more: what is said last must be what is true now. */
  private void tellInOrder(boolean ready) {
    for (int tries = 1; ; tries++) {
      tellLock.lock();
      try {
        if (!closed && ready == watch.up()) {
          doors.news().ready(ready);
        }
        return;
      } catch (RuntimeException e) {
        log.warn(
            "that Docker {} could not be told (try {} of {})",
            ready ? "answers" : "does not answer",
            tries,
            TELL_TRIES,
            e);
        if (tries == TELL_TRIES) {
          return;
        }
      } finally {
        tellLock.unlock();
      }
      try {
        TimeUnit.SECONDS.sleep(tries);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  // --- NodeAgent ---

  @Override
  public void assign(TaskPayload task) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      SubmitTaskStateChangeRequest last = finished.get(task.taskArn());
      if (last != null) {
        // It ran and ended here; the control plane has not seen that yet, or has forgotten.
        new Outbox(doors.ecs(), report -> {}).put(last);
        return;
      }
      TaskRunner runner = runners.get(task.taskArn());
      if (runner != null) {
        runner.assign(task);
        return;
      }
      begin(task);
    } finally {
      lock.unlock();
    }
  }

  private void begin(TaskPayload task) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      byContainerKey.put(
          keys.ofContainer(task.taskArn(), each.name()), new Key(task.taskArn(), each.name()));
    }
    byCredentialsKey.put(keys.ofCredentials(task.taskArn()), task.taskArn());
    TaskRunner runner = new TaskRunner(this, task);
    runners.put(task.taskArn(), runner);
    runner.start();
  }

  @Override
  public void retainOnly(Set<String> taskArns) {
    lock.lock();
    try {
      retain = Set.copyOf(taskArns);
      for (TaskRunner each : runners.values()) {
        if (!taskArns.contains(each.task().taskArn())) {
          each.disown();
        }
      }
    } finally {
      lock.unlock();
    }
    Thread.ofVirtual().name("remove what is not ours").start(this::sweep);
  }

  /**
   * Removes containers and volumes of tasks that nobody knows. Does nothing while Docker is away.
   */
  private void sweep() {
    Set<String> known;
    Set<String> enis = new HashSet<>();
    lock.lock();
    try {
      if (retain == null || closed) {
        return;
      }
      known = new HashSet<>(retain);
      for (TaskRunner each : runners.values()) {
        known.add(each.task().taskArn());
        EniPayload eni = each.task().eni();
        if (eni != null) {
          enis.add(eni.eniId());
        }
      }
    } finally {
      lock.unlock();
    }
    try {
      for (Container each : ours.containers()) {
        String task = Labelled.label(each, Labels.TASK_ARN);
        String eni = Labelled.label(each, Labels.ENI);
        if (task == null || !(known.contains(task) || runners.containsKey(task))) {
          log.info("container {} is of no task that is known; it is removed", each.getId());
          if (eni != null) {
            doors.network().detach(eni);
          }
          docker.removeContainer(each.getId());
        } else if (eni != null) {
          enis.add(eni);
        }
      }
      for (InspectVolumeResponse each : ours.volumes()) {
        String task = each.getLabels() == null ? null : each.getLabels().get(Labels.TASK_ARN);
        if (task == null || !(known.contains(task) || runners.containsKey(task))) {
          ours.removeVolume(each.getName());
        }
      }
      lock.lock();
      try {
        retain = null; // done; tasks that are assigned later are known by themselves
      } finally {
        lock.unlock();
      }
      doors.network().retainOnly(enis);
    } catch (DockerEngine.Unavailable e) {
      log.info("what is nobody's is removed when Docker is back: {}", e.getMessage());
    } catch (DockerException e) {
      log.warn("what is nobody's could not all be removed: {}", Reasons.words(e));
    }
  }

  /** Ends the program's part; containers go on, and the next program adopts them. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      runners.values().forEach(TaskRunner::abandon);
    } finally {
      lock.unlock();
    }
    watch.close();
    logs.close();
    vpcEndpoints.values().forEach(HttpLoop::close);
    instanceEndpoints.values().forEach(HttpLoop::close);
    relays.values().forEach(Relay::close);
    HostEndpoint host = hostEndpoint;
    if (host != null) {
      host.close();
    }
    docker.close();
  }

  /**
   * Removes everything that carries this installation's label, whatever state it is in: containers,
   * volumes, limits, interfaces. For {@code ./gantry down}; nothing may be assigned any more.
   */
  public void removeEverything() {
    lock.lock();
    try {
      closed = true;
      runners.values().forEach(TaskRunner::abandon);
      runners.clear();
    } finally {
      lock.unlock();
    }
    HostEndpoint host = hostEndpoint;
    if (host != null) {
      host.close();
    }
    new Remains(docker, config, doors.network(), clock()).remove();
  }

  // --- what people and the console may ask ---

  /** What a task is doing, and what it waits for, in words. */
  public record View(String taskArn, Seen seen, String waitingFor) {}

  public List<View> tasks() {
    return runners.values().stream()
        .map(each -> new View(each.task().taskArn(), each.seen(), each.waitingFor()))
        .toList();
  }

  /** Whether Docker answers. */
  public boolean dockerUp() {
    return watch.up();
  }

  /** What the daemon says of itself: for registering this node. */
  public DockerEngine.Facts dockerFacts() {
    return docker.facts();
  }

  /** What each running container of a task uses now; by container name. */
  public Map<String, StatsBook.Two> stats(String taskArn) {
    TaskRunner runner = runners.get(taskArn);
    if (runner == null) {
      return Map.of();
    }
    Map<String, StatsBook.Two> all = new LinkedHashMap<>();
    for (ContainerSeen each : runner.seen().containers().values()) {
      StatsBook.Two two = stats(runner.task(), each);
      if (two != null) {
        all.put(each.name(), two);
      }
    }
    return all;
  }

  private StatsBook.@Nullable Two stats(TaskPayload task, ContainerSeen it) {
    String id = it.id();
    Long pid = it.pid();
    if (id == null || pid == null || it.state() != State.RUNNING) {
      return null;
    }
    boolean own = ContainerSpec.mode(task) != NetworkMode.HOST;
    return stats.take(
        id,
        () -> {
          Sample sample = groups.sample(pid, own);
          return sample;
        });
  }

  // --- what runners share ---

  NodeConfig config() {
    return config;
  }

  DockerEngine docker() {
    return docker;
  }

  EcsClient ecs() {
    return doors.ecs();
  }

  TaskNetwork network() {
    return doors.network();
  }

  NodeNews news() {
    return doors.news();
  }

  TaskHealth health() {
    return doors.health();
  }

  Clock clock() {
    return doors.clock();
  }

  HostPorts ports() {
    return ports;
  }

  Images images() {
    return images;
  }

  SecretValues secrets() {
    return secrets;
  }

  Volumes volumes() {
    return volumes;
  }

  Logs logs() {
    return logs;
  }

  Semaphore starts() {
    return starts;
  }

  @Nullable TaskCgroups cgroups() {
    TaskCgroups known = cgroups.get();
    if (known == null) {
      known = new TaskCgroups(config.install(), docker.facts());
      cgroups.compareAndSet(null, known);
    }
    return known;
  }

  /** Whether Docker can limit what a container writes to its own layer (ephemeralStorage). */
  boolean storageQuotas() {
    return storageQuotas && docker.facts().storageQuotas();
  }

  void noStorageQuotas() {
    log.warn("Docker's storage knows no quotas here: ephemeralStorage is not limited");
    storageQuotas = false;
  }

  /** Whether something in the task's own group was killed for memory. */
  boolean taskHitItsMemoryLimit(TaskPayload task) {
    TaskCgroups limits = cgroups();
    Path group = limits == null ? null : limits.memoryGroup(task);
    return group != null && groups.outOfMemoryKills(group) > 0;
  }

  TaskEnvironment.Endpoints endpoints(TaskPayload task, String container) {
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
      HostEndpoint host = hostEndpoint();
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

  private @Nullable HostEndpoint hostEndpoint() {
    endpointLock.lock();
    try {
      if (!hostEndpointAsked && !closed) {
        hostEndpoint =
            HostEndpoint.open(
                config.metadataOnHost(),
                docker.facts().bridgeGateway(),
                config.state(),
                config.apiPort(),
                endpoint::answer);
        hostEndpointAsked = true;
      }
      return hostEndpoint;
    } finally {
      endpointLock.unlock();
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
    endpointLock.lock();
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
                address -> taskAt(vpcId, address), clock(), docker.facts().architecture());
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
      endpointLock.unlock();
    }
  }

  /**
   * VPCs that are gone need no endpoints: a socket would keep the namespace in the kernel. Returns
   * at once.
   */
  public void servedOnlyIn(Set<String> vpcIds) {
    if (vpcEndpoints.keySet().stream().allMatch(vpcIds::contains)) {
      return;
    }
    Set<String> stay = Set.copyOf(vpcIds);
    Thread.ofVirtual()
        .name("close endpoints")
        .start(
            () -> {
              endpointLock.lock();
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
                endpointLock.unlock();
              }
            });
  }

  /** A container was seen to run that was not seen running before. */
  void startedRunning(TaskFacts facts, ContainerDefinition container, ContainerSeen seen) {
    String id = seen.id();
    if (id != null) {
      logs.ship(
          facts.task,
          container,
          id,
          () -> facts.seen().container(container.name()).state() == State.RUNNING);
    }
    if (ContainerSpec.mode(facts.task) != NetworkMode.AWSVPC) {
      hostEndpoint(); // an adopted container expects it to be served
    }
  }

  void finished(TaskRunner runner, @Nullable SubmitTaskStateChangeRequest last) {
    TaskPayload task = runner.task();
    lock.lock();
    try {
      runners.remove(task.taskArn(), runner);
      if (last != null && "STOPPED".equals(last.status())) {
        finished.put(task.taskArn(), last);
      }
    } finally {
      lock.unlock();
    }
    for (ContainerSeen each : runner.seen().containers().values()) {
      byContainerKey.remove(keys.ofContainer(task.taskArn(), each.name()));
      if (each.id() != null) {
        stats.forget(each.id());
      }
    }
    byCredentialsKey.remove(keys.ofCredentials(task.taskArn()));
    endpoint.forget(task.taskArn());
  }

  /** A mistake of ours ended a runner: another one looks at Docker and goes on. */
  void restartRunner(TaskRunner runner) {
    runner.abandon();
    Thread.ofVirtual()
        .name("restart task " + runner.task().taskId())
        .start(
            () -> {
              try {
                Thread.sleep(1_000);
              } catch (InterruptedException e) {
                return;
              }
              lock.lock();
              try {
                if (!closed && runners.remove(runner.task().taskArn(), runner)) {
                  begin(runner.task());
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
        name -> stats(task, seen.container(name)),
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
