package gantry.node;

import com.github.dockerjava.api.exception.DockerException;
import gantry.acs.EniPayload;
import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.HostPorts;
import gantry.node.docker.Images;
import gantry.node.docker.Reasons;
import gantry.node.docker.TaskCgroups;
import gantry.node.docker.Volumes;
import gantry.node.logs.Logs;
import gantry.node.secrets.SecretValues;
import gantry.node.stats.ControlGroups;
import gantry.node.stats.Sample;
import gantry.node.stats.StatsBook;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
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

  /** Finished tasks that are remembered, so that a late payload does not start one again. */
  static final int FINISHED_KEPT = 10_000;

  private final NodeConfig config;
  private final NodeDoors doors;
  private final DockerEngine docker;
  private final DockerWatch watch;
  private final Readiness readiness;
  private final NodeEndpoints endpoints;
  private final HostPorts ports;
  private final Semaphore starts = new Semaphore(STARTS_AT_ONCE, true);
  private final SecretValues secrets;
  private final Images images;
  private final Volumes volumes;
  private final Remains remains;
  private final Logs logs;
  private final ControlGroups groups;
  private final StatsBook stats = new StatsBook();
  private final AtomicReference<@Nullable TaskCgroups> cgroups = new AtomicReference<>();

  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, TaskRunner> runners = new ConcurrentHashMap<>();
  private final Map<String, SubmitTaskStateChangeRequest> finished =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(
            Map.Entry<String, SubmitTaskStateChangeRequest> eldest) {
          return size() > FINISHED_KEPT;
        }
      };
  private @Nullable Set<String> retain;
  private volatile boolean storageQuotas = true;
  private volatile boolean closed;

  private Node(NodeConfig config, NodeDoors doors) {
    this.config = config;
    this.doors = doors;
    this.docker = new DockerEngine(config.docker());
    this.ports = new HostPorts(RandomGenerator.getDefault());
    this.secrets = new SecretValues(doors.roles());
    this.images = new Images(docker, doors.registry(), secrets, config.pullBehavior());
    this.volumes = new Volumes(docker, config.install());
    this.remains = new Remains(docker, config, doors.network(), doors.clock());
    this.logs = new Logs(docker, doors.roles(), config.state());
    this.endpoints = new NodeEndpoints(config, doors, docker, runners, this::stats);
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
                tellReady(true);
              }

              @Override
              public void dockerIsMissed() {
                tellReady(false);
              }
            });
    this.readiness = new Readiness(doors, watch::up, () -> closed);
  }

  private void tellReady(boolean ready) {
    readiness.tell(ready);
  }

  /** Begins to follow Docker; it need not be there yet. */
  public static Node start(NodeConfig config, NodeDoors doors) {
    Node node = new Node(config, doors);
    node.watch.start();
    return node;
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
    endpoints.know(task);
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
    Set<String> retained;
    Set<String> known;
    Set<String> enis = new HashSet<>();
    lock.lock();
    try {
      retained = retain;
      if (retained == null || closed) {
        return;
      }
      known = new HashSet<>(retained);
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
      enis.addAll(remains.removeUnknown(task -> known.contains(task) || runners.containsKey(task)));
      lock.lock();
      try {
        if (retain == retained) { // else there is a newer one, and it is not done
          retain = null; // done; tasks that are assigned later are known by themselves
        }
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
    endpoints.close();
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
    endpoints.closeHost();
    remains.remove();
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

  NodeEndpoints endpoints() {
    return endpoints;
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

  /**
   * VPCs that are gone need no endpoints: a socket would keep the namespace in the kernel. Returns
   * at once.
   */
  public void servedOnlyIn(Set<String> vpcIds) {
    endpoints.servedOnlyIn(vpcIds);
  }

  /** A container was seen to run, or to have run, since it was looked at last. */
  void hasRun(TaskFacts facts, ContainerDefinition container, ContainerSeen seen) {
    String id = seen.id();
    if (id != null) {
      logs.ship(
          facts.task,
          container,
          id,
          () -> facts.seen().container(container.name()).state() == State.RUNNING);
    }
    if (ContainerSpec.mode(facts.task) != NetworkMode.AWSVPC) {
      endpoints.host(); // an adopted container expects it to be served
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
      if (each.id() != null) {
        stats.forget(each.id());
      }
    }
    endpoints.forget(task);
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
}
