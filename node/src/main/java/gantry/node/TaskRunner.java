package gantry.node;

import com.github.dockerjava.api.command.HealthState;
import com.github.dockerjava.api.command.HealthStateLog;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Images;
import gantry.node.docker.Labels;
import gantry.node.docker.PauseImage;
import gantry.node.docker.PortPlan;
import gantry.node.docker.Reasons;
import gantry.node.docker.Refusals;
import gantry.node.docker.TaskCgroups;
import gantry.node.docker.Volumes;
import gantry.node.logs.Logs;
import gantry.node.secrets.SecretValues;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.Prepared;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen;
import gantry.node.task.Seen.Network;
import gantry.node.task.Step;
import gantry.node.task.TaskMachine;
import gantry.node.task.TaskReport;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.AttachmentStateChange;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.Secret;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * Carries one task through its life on one virtual thread: asks {@link TaskMachine} for the next
 * step, does it, reports what changed. What it knows comes from Docker, so a runner that begins in
 * the middle of a task's life (after a crash) goes on from there.
 */
final class TaskRunner {

  private static final Logger log = LoggerFactory.getLogger(TaskRunner.class);

  /** How often a dynamic port that somebody else took is chosen anew. */
  static final int PORT_TRIES = 5;

  /** How long a finished container's last output may take to reach the log service. */
  static final Duration LOG_DRAIN = Duration.ofSeconds(10);

  private final Node node;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final Queue<Runnable> results = new ArrayDeque<>();
  private final Set<String> dirty = new HashSet<>();
  private boolean lookAtAll = true;
  private boolean stoppedAcknowledged;
  private boolean ended;
  private boolean silent;
  private volatile TaskPayload task;

  private final Outbox outbox;
  private volatile Map<String, ContainerSeen> containers = new LinkedHashMap<>();
  private volatile Network network = Network.ABSENT;
  private volatile @Nullable String failure;
  private volatile boolean wasRunning;
  private volatile @Nullable Instant pullStarted;
  private volatile @Nullable Instant pullStopped;
  private volatile String waitingFor = "";
  private final Map<String, Images.Local> images = new HashMap<>();
  private final Map<String, Map<String, String>> environments = new HashMap<>();
  private final Map<String, String> stopSignals = new HashMap<>();
  private final Map<String, String> addresses = new ConcurrentHashMap<>();
  private final Map<String, Integer> portTries = new HashMap<>();
  private final Map<String, String> healthOutputs = new HashMap<>();
  private final Map<String, Health> healthTold = new HashMap<>();
  private @Nullable Map<String, String> volumes;
  private boolean cgroupAsked;
  private @Nullable String cgroup;
  private @Nullable Long pausePid;
  private boolean stoppedStep;
  private boolean looked;
  private @Nullable Instant dockerGoneSince;

  TaskRunner(Node node, TaskPayload task) {
    this.node = node;
    this.task = task;
    this.outbox = new Outbox(node.ecs(), this::acknowledged);
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      containers.put(each.name(), ContainerSeen.nothing(each.name()));
    }
  }

  void start() {
    Thread.ofVirtual().name("task " + task.taskId()).start(this::run);
  }

  TaskPayload task() {
    return task;
  }

  Seen seen() {
    return new Seen(containers, network, failure, wasRunning, acknowledgedStop());
  }

  TaskReport.Pulls pulls() {
    return new TaskReport.Pulls(pullStarted, pullStopped);
  }

  /** The address that Docker gave a container on its bridge; null without one. */
  @Nullable String bridgeAddress(String container) {
    return addresses.get(container);
  }

  /**
   * Waits until it is known that a container runs: it may ask of itself before Docker has told us
   * that it was started.
   */
  void awaitStarted(String container, Duration limit) {
    Instant deadline = node.clock().instant().plus(limit);
    while (!seen().container(container).state().started()
        && node.clock().instant().isBefore(deadline)
        && !isEnded()) {
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** In words, what the task waits for now. */
  String waitingFor() {
    return waitingFor;
  }

  // --- what arrives from outside ---

  /** The newest of what is wanted; an older one changes nothing. */
  void assign(TaskPayload newer) {
    lock.lock();
    try {
      if (newer.generation() >= task.generation()) {
        task = newer;
        news.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The control plane does not know the task: stop it, and tell nobody. */
  void disown() {
    lock.lock();
    try {
      silent = true;
      outbox.close();
      failure = "the control plane does not know this task any more";
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void changed(String container) {
    lock.lock();
    try {
      dirty.add(container);
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void everythingMayHaveChanged() {
    lock.lock();
    try {
      lookAtAll = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the runner and leaves the containers as they are: the program is going down. */
  void abandon() {
    lock.lock();
    try {
      ended = true;
      outbox.close();
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void acknowledged(SubmitTaskStateChangeRequest report) {
    if ("STOPPED".equals(report.status())) {
      lock.lock();
      try {
        stoppedAcknowledged = true;
        news.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private boolean acknowledgedStop() {
    lock.lock();
    try {
      return stoppedAcknowledged || (silent && stoppedStep);
    } finally {
      lock.unlock();
    }
  }

  private void post(Runnable result) {
    lock.lock();
    try {
      results.add(result);
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // --- the loop ---

  private void run() {
    try {
      while (true) {
        if (!takeNews()) {
          return;
        }
        if (!looked && !(failure != null && task.knownStatus() == null)) {
          continue; // what is there is not known yet, so nothing can be decided
        }
        Step step = TaskMachine.next(task, seen(), node.clock().instant());
        report();
        if (step instanceof Step.Wait wait) {
          waitingFor = wait.why();
          await(wait.until());
        } else if (step instanceof Step.CleanUp) {
          cleanUp();
          node.finished(this, outbox.newest());
          return;
        } else if (step instanceof Step.Stopped && stoppedStep) {
          waitingFor = "the control plane to take note that the task stopped";
          await(null);
        } else {
          perform(step);
        }
      }
    } catch (InterruptedException e) {
      log.debug("runner of task {} was interrupted", task.taskId());
    } catch (RuntimeException e) {
      if (isEnded()) {
        return; // the connection to Docker is closed, and with it the program's part
      }
      log.error("runner of task {} failed; it begins again by looking at Docker", task.taskId(), e);
      node.restartRunner(this);
    }
  }

  /** Takes in what arrived; false when the runner is to end. */
  private boolean takeNews() throws InterruptedException {
    boolean all;
    Set<String> some;
    List<Runnable> done;
    lock.lock();
    try {
      if (ended) {
        return false;
      }
      all = lookAtAll;
      lookAtAll = false;
      some = Set.copyOf(dirty);
      dirty.clear();
      done = new ArrayList<>(results);
      results.clear();
    } finally {
      lock.unlock();
    }
    done.forEach(Runnable::run);
    try {
      if (all) {
        lookAtAll();
      } else {
        for (String each : some) {
          look(each);
        }
      }
      dockerGoneSince = null;
    } catch (DockerEngine.Unavailable e) {
      dockerGone(e);
    }
    return true;
  }

  private void await(@Nullable Instant until) throws InterruptedException {
    lock.lock();
    try {
      while (!ended && results.isEmpty() && dirty.isEmpty() && !lookAtAll && !changedWish()) {
        if (until == null) {
          news.await();
        } else {
          long nanos = Duration.between(node.clock().instant(), until).toNanos();
          if (nanos <= 0 || news.awaitNanos(nanos) <= 0) {
            return;
          }
        }
      }
      wishSeen = task.generation();
      ackSeen = stoppedAcknowledged || silent;
    } finally {
      lock.unlock();
    }
  }

  private long wishSeen = -1;
  private boolean ackSeen;

  private boolean changedWish() {
    if (wishSeen == -1) {
      wishSeen = task.generation();
    }
    return wishSeen != task.generation() || ackSeen != (stoppedAcknowledged || silent);
  }

  private void dockerGone(DockerEngine.Unavailable e) throws InterruptedException {
    if (isEnded()) {
      return; // it is we who have gone
    }
    Instant now = node.clock().instant();
    Instant since = dockerGoneSince;
    if (since == null) {
      dockerGoneSince = now;
      since = now;
      log.warn("task {}: {}", task.taskId(), e.getMessage());
    }
    waitingFor = String.valueOf(e.getMessage());
    boolean nothingRuns =
        containers.values().stream().noneMatch(each -> each.state() == State.RUNNING);
    if (failure == null
        && nothingRuns
        && !wasRunning
        && Duration.between(since, now).compareTo(node.config().dockerPatience()) >= 0) {
      failure = "CannotCreateContainerError: " + e.getMessage();
    }
    everythingMayHaveChanged();
    TimeUnit.MILLISECONDS.sleep(200);
    report();
  }

  private void perform(Step step) throws InterruptedException {
    try {
      switch (step) {
        case Step.Prepare it -> prepare(it.container());
        case Step.StartPause it -> startPause();
        case Step.AttachNetwork it -> attach();
        case Step.Create it -> create(it.container());
        case Step.Start it -> startContainer(it.container(), false);
        case Step.Restart it -> startContainer(it.container(), true);
        case Step.Fail it -> fail(it.container(), it.reason());
        case Step.Signal it -> signal(it.container());
        case Step.Kill it -> kill(it.container());
        case Step.ReleaseNetwork it -> releaseNetwork();
        case Step.Stopped it -> stoppedStep = true;
        case Step.CleanUp it -> cleanUp();
        case Step.Wait it -> await(it.until());
      }
      dockerGoneSince = null;
    } catch (DockerEngine.Unavailable e) {
      if (String.valueOf(e.getMessage()).startsWith("DockerTimeoutError")
          && !TaskMachine.stopping(task, seen())) {
        fail(null, String.valueOf(e.getMessage()));
        everythingMayHaveChanged();
      } else {
        dockerGone(e);
      }
    }
  }

  private void report() {
    if (silent) {
      return;
    }
    if (!wasRunning && TaskReport.allStarted(containers)) {
      wasRunning = true;
    }
    SubmitTaskStateChangeRequest report =
        TaskReport.of(task, seen(), new TaskReport.Pulls(pullStarted, pullStopped), stoppedStep);
    if (report != null) {
      outbox.put(report);
    }
    for (ContainerSeen each : containers.values()) {
      Health told = healthTold.getOrDefault(each.name(), Health.NONE);
      if (told != each.health() && each.health() != Health.NONE) {
        healthTold.put(each.name(), each.health());
        Instant since = each.healthSince();
        node.health()
            .containerHealth(
                task.taskArn(),
                each.name(),
                switch (each.health()) {
                  case HEALTHY -> HealthStatus.HEALTHY;
                  case UNHEALTHY -> HealthStatus.UNHEALTHY;
                  case NONE, STARTING -> HealthStatus.UNKNOWN;
                },
                since == null ? node.clock().instant() : since,
                healthOutputs.get(each.name()));
      }
    }
  }

  // --- looking ---

  private void lookAtAll() {
    List<Container> found =
        node.docker()
            .call(
                "list a task's containers",
                DockerEngine.LOOK,
                d ->
                    d.listContainersCmd()
                        .withShowAll(true)
                        .withLabelFilter(
                            Map.of(
                                Labels.INSTALL,
                                node.config().install(),
                                Labels.TASK_ARN,
                                task.taskArn()))
                        .exec());
    Map<String, String> ids = new HashMap<>();
    for (Container each : found) {
      String name = each.getLabels() == null ? null : each.getLabels().get(Labels.CONTAINER_NAME);
      if (name != null) {
        ids.put(name, each.getId());
      }
    }
    boolean adopted = !ids.isEmpty();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      lookAt(each.name(), ids.get(each.name()));
    }
    lookAtPause(ids.get(Labels.PAUSE_NAME));
    looked = true;
    if (adopted && !wasRunning && "RUNNING".equals(task.knownStatus())) {
      wasRunning = true;
    }
  }

  private void look(String name) {
    if (name.equals(Labels.PAUSE_NAME)) {
      lookAtPause(Labels.containerName(node.config().install(), task, name));
      return;
    }
    ContainerSeen it = containers.get(name);
    if (it != null) {
      lookAt(
          name,
          it.id() != null ? it.id() : Labels.containerName(node.config().install(), task, name));
    }
  }

  private @Nullable InspectContainerResponse inspect(String idOrName) {
    try {
      return node.docker()
          .call(
              "inspect a container",
              DockerEngine.LOOK,
              d -> d.inspectContainerCmd(idOrName).exec());
    } catch (NotFoundException e) {
      return null;
    }
  }

  private void lookAt(String name, @Nullable String idOrName) {
    ContainerSeen before = seen().container(name);
    InspectContainerResponse now = idOrName == null ? null : inspect(idOrName);
    if (now == null) {
      if (before.state() == State.RUNNING) {
        set(
            before
                .docker(
                    State.EXITED,
                    before.id(),
                    null,
                    null,
                    false,
                    before.createdAt(),
                    before.startedAt(),
                    node.clock().instant(),
                    Health.NONE,
                    node.clock().instant())
                .reason(
                    before.signalledAt() != null
                        ? before.reason()
                        : "ContainerVanishedError: somebody removed the container"));
      } else if (before.state() == State.CREATED) {
        set(
            before.docker(
                State.ABSENT,
                null,
                null,
                null,
                false,
                null,
                null,
                null,
                Health.NONE,
                node.clock().instant()));
      }
      return;
    }
    var state = now.getState();
    Instant started = time(state.getStartedAt());
    Instant finished = time(state.getFinishedAt());
    boolean running = Boolean.TRUE.equals(state.getRunning());
    // Docker shows a container whose start failed as exited as well; it never ran.
    State newState =
        running
            ? State.RUNNING
            : started == null || "created".equals(state.getStatus()) ? State.CREATED : State.EXITED;
    Long code = state.getExitCodeLong();
    ContainerSeen after =
        before.docker(
            newState,
            now.getId(),
            running ? state.getPidLong() : null,
            newState == State.EXITED && code != null ? code.intValue() : null,
            Boolean.TRUE.equals(state.getOOMKilled()) || before.outOfMemory(),
            time(now.getCreated()),
            started,
            newState == State.EXITED ? finished : null,
            health(state.getHealth() == null ? null : state.getHealth().getStatus()),
            node.clock().instant());
    rememberHealthOutput(name, state.getHealth());
    Map<String, String> labels = now.getConfig().getLabels();
    if (before.state() == State.ABSENT) {
      PortPlan ports = PortPlan.parse(labels == null ? null : labels.get(PortPlan.LABEL));
      ports.takeIn(node.ports());
      after =
          after
              .image(now.getImageId(), labels == null ? null : labels.get("gantry.digest"))
              .bound(ports.bindings());
    }
    if (running && now.getNetworkSettings() != null) {
      var bridge = now.getNetworkSettings().getNetworks().get("bridge");
      if (bridge != null && bridge.getIpAddress() != null) {
        addresses.put(name, bridge.getIpAddress());
      }
    }
    // docker-java's class has no such member, and keeps what it does not know at the top only.
    if (now.getRawValues().get("Config") instanceof Map<?, ?> config
        && config.get("StopSignal") instanceof String text
        && !text.isEmpty()) {
      stopSignals.put(name, text);
    }
    if (newState == State.EXITED && before.state() != State.EXITED) {
      after = ended(after);
    }
    set(after);
    if (newState == State.RUNNING && before.state() != State.RUNNING) {
      node.startedRunning(this, definition(name), after);
    }
  }

  /** Words why a container ended, where that needs saying. */
  private ContainerSeen ended(ContainerSeen it) {
    ContainerDefinition definition = definition(it.name());
    boolean oom =
        it.outOfMemory()
            || (Integer.valueOf(137).equals(it.exitCode())
                && it.killedAt() == null
                && node.cgroups() != null
                && node.taskHitItsMemoryLimit(task));
    if (oom) {
      return it.reason(Reasons.outOfMemory(definition.memory(), TaskCgroups.memoryMib(task)));
    }
    Integer code = it.exitCode();
    if (code != null && code != 0 && it.signalledAt() == null && it.id() != null) {
      List<String> last =
          node.logs().lastLines(it.id(), Boolean.TRUE.equals(definition.pseudoTerminal()));
      if (!last.isEmpty()) {
        tellOutput(it.name(), last);
        if (it.reason() == null) {
          return it.reason("Exit code " + code + "; the last it said: " + Logs.joined(last));
        }
      }
    }
    return it;
  }

  private void tellOutput(String container, List<String> lines) {
    if (!silent) {
      String arn = task.taskArn();
      // Beside the task's own reports, which must not wait for it.
      Thread.ofVirtual()
          .name("tell last output of " + task.taskId())
          .start(
              () -> {
                try {
                  node.news().containerOutput(arn, container, lines);
                } catch (RuntimeException e) {
                  log.warn("the last output of {} could not be told: {}", arn, e.toString());
                }
              });
    }
  }

  private void lookAtPause(@Nullable String idOrName) {
    if (!TaskMachine.pauses(task)) {
      return;
    }
    InspectContainerResponse now = idOrName == null ? null : inspect(idOrName);
    boolean running = now != null && Boolean.TRUE.equals(now.getState().getRunning());
    if (running && now != null) {
      pausePid = now.getState().getPidLong();
      if (network == Network.ABSENT || network == Network.LOST) {
        network = Network.PAUSED;
      }
    } else if (network != Network.ABSENT || now != null) {
      boolean never = now != null && time(now.getState().getStartedAt()) == null;
      network = never ? Network.ABSENT : Network.LOST;
    }
  }

  private void rememberHealthOutput(String name, @Nullable HealthState state) {
    List<HealthStateLog> checks = state == null ? null : state.getLog();
    if (checks != null && !checks.isEmpty()) {
      String output = checks.getLast().getOutput();
      if (output != null && !output.isBlank()) {
        healthOutputs.put(name, String.valueOf(TaskReport.cut(output.strip())));
      } else {
        healthOutputs.remove(name);
      }
    }
  }

  private static Health health(@Nullable String status) {
    if (status == null) {
      return Health.NONE;
    }
    return switch (status) {
      case "starting" -> Health.STARTING;
      case "healthy" -> Health.HEALTHY;
      case "unhealthy" -> Health.UNHEALTHY;
      default -> Health.NONE;
    };
  }

  /** Docker's zero time is the year 1. */
  static @Nullable Instant time(@Nullable String text) {
    if (text == null || text.isEmpty() || text.startsWith("0001-")) {
      return null;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      return java.time.OffsetDateTime.parse(text).toInstant();
    }
  }

  private void set(ContainerSeen it) {
    Map<String, ContainerSeen> copy = new LinkedHashMap<>(containers);
    copy.put(it.name(), it);
    containers = copy;
  }

  private ContainerDefinition definition(String name) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      if (name.equals(each.name())) {
        return each;
      }
    }
    throw new IllegalArgumentException("no container " + name + " in " + task.taskArn());
  }

  // --- effects ---

  private void prepare(String name) {
    set(seen().container(name).prepared(Prepared.UNDER_WAY));
    if (pullStarted == null) {
      pullStarted = node.clock().instant();
    }
    TaskPayload now = task;
    ContainerDefinition container = definition(name);
    Thread.ofVirtual()
        .name("prepare " + name + " of " + now.taskId())
        .start(
            () -> {
              try {
                Ready ready = ready(now, container);
                post(() -> prepared(name, ready));
              } catch (Images.Missing | SecretValues.Unavailable | Refused e) {
                post(() -> notPrepared(name, String.valueOf(e.getMessage())));
              } catch (DockerEngine.Unavailable e) {
                // Docker is away: ask again when it is back, or give up with the task.
                post(
                    () -> {
                      set(seen().container(name).prepared(Prepared.NOT_ASKED));
                      gone(e);
                    });
              } catch (RuntimeException e) {
                if (isEnded()) {
                  return;
                }
                log.error("task {}: container {} cannot be prepared", now.taskId(), name, e);
                post(() -> notPrepared(name, Reasons.resources(String.valueOf(e.getMessage()))));
              }
            });
  }

  private void notPrepared(String name, String reason) {
    set(seen().container(name).failed(reason));
    fail(name, reason);
  }

  private void gone(DockerEngine.Unavailable e) {
    Instant now = node.clock().instant();
    Instant since = dockerGoneSince == null ? now : dockerGoneSince;
    dockerGoneSince = since;
    if (failure == null
        && Duration.between(since, now).compareTo(node.config().dockerPatience()) >= 0) {
      failure = "CannotPullContainerError: " + e.getMessage();
    }
  }

  private record Ready(Images.Local image, Map<String, String> environment) {}

  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  private Ready ready(TaskPayload now, ContainerDefinition container)
      throws Images.Missing, SecretValues.Unavailable, Refused {
    var refused =
        Refusals.of(
            now, container, node.config().allowPrivileged(), node.docker().facts().logDrivers());
    if (refused.isPresent()) {
      throw new Refused(refused.get());
    }
    LogConfiguration logging = container.logConfiguration();
    if (logging != null && "awslogs".equals(logging.logDriverAsString())) {
      try {
        node.logs().prepare(now, container);
      } catch (IllegalArgumentException e) {
        throw new Refused(Reasons.resources("failed to validate logger args: " + e.getMessage()));
      } catch (RuntimeException e) {
        throw new Refused(
            Reasons.resources(
                "failed to validate logger args: create stream has been retried 1 times: failed to"
                    + " create Cloudwatch log stream: "
                    + Logs.words(e)
                    + fixOfLog(container)));
      }
    }
    if (logging != null) {
      for (Secret each : logging.secretOptions()) {
        throw new Refused(
            Reasons.resources(
                "failed to initialize logging driver: secretOptions ("
                    + each.name()
                    + ") are not supported for driver "
                    + logging.logDriverAsString()));
      }
    }
    Map<String, String> secrets = new LinkedHashMap<>();
    for (Secret each : container.secrets()) {
      secrets.put(each.name(), node.secrets().value(now, each.valueFrom()));
    }
    Images.Local image = node.images().get(now, container);
    Map<String, String> environment =
        TaskEnvironment.of(now, container, secrets, node.endpoints(now, container.name()));
    return new Ready(image, environment);
  }

  private static String fixOfLog(ContainerDefinition container) {
    String group = container.logConfiguration().options().get("awslogs-group");
    return ". Does the log group "
        + group
        + " exist, and may the execution role write to it? awslogs-create-group makes it";
  }

  private void prepared(String name, Ready ready) {
    images.put(name, ready.image());
    environments.put(name, ready.environment());
    ContainerSeen it = seen().container(name);
    if (it.state() == State.ABSENT) {
      set(it.image(ready.image().id(), ready.image().digest()));
    }
    if (containers.values().stream().allMatch(each -> each.prepared() == Prepared.READY)) {
      pullStopped = node.clock().instant();
    }
  }

  private @Nullable String cgroup() {
    if (!cgroupAsked) {
      cgroupAsked = true;
      TaskCgroups groups = node.cgroups();
      cgroup = groups == null ? null : groups.ensure(task);
    }
    return cgroup;
  }

  private void startPause() {
    String name = Labels.containerName(node.config().install(), task, Labels.PAUSE_NAME);
    try {
      PauseImage.ensure(node.docker());
      EniPayload eni = task.eni();
      List<String> dns = eni == null ? List.of() : TaskAddresses.dnsServers(task, eni);
      List<String> search = eni == null ? List.of() : TaskAddresses.searchDomains(task, eni);
      try {
        node.docker()
            .call(
                "created",
                DockerEngine.CREATE,
                d ->
                    ContainerSpec.pause(
                            d.createContainerCmd(PauseImage.NAME),
                            task,
                            node.config().install(),
                            cgroup(),
                            dns,
                            search)
                        .exec());
      } catch (ConflictException e) {
        log.debug("pause container of task {} is there already", task.taskId());
      }
      startNamed(name);
      lookAtPause(name);
    } catch (DockerException | IllegalStateException e) {
      fail(null, Reasons.create(e));
    }
  }

  private void attach() {
    EniPayload eni = task.eni();
    if (task.definition().networkMode() != NetworkMode.AWSVPC) {
      network = Network.READY;
      return;
    }
    if (eni == null) {
      fail(
          null,
          "ContainerNetworkingError: the task is in network mode awsvpc, and the control plane gave"
              + " it no network interface");
      return;
    }
    Long pid = pausePid;
    if (pid == null || pid <= 0) {
      network = Network.LOST;
      return;
    }
    try {
      node.network().attach(task.taskArn(), eni, pid);
      node.servedIn(eni.vpcId());
    } catch (TaskNetwork.Unavailable e) {
      fail(null, "ContainerNetworkingError: " + e.getMessage());
      return;
    }
    String noWay = noWayToRegistry(eni);
    if (noWay != null) {
      fail(null, Reasons.resources("unable to pull secrets or registry auth: " + noWay));
      return;
    }
    network = Network.READY;
    attachmentReady(eni);
  }

  /**
   * On Fargate an image comes through the task's own interface, so one without a way out fails. On
   * a container instance the instance pulls it. Asked once the interface stands, since only then
   * the network surely knows it.
   */
  private @Nullable String noWayToRegistry(EniPayload eni) {
    if (task.launchType() != LaunchType.FARGATE) {
      return null;
    }
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
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
    if (silent) {
      return;
    }
    // Beside the task's own reports: what comes later does not depend on its being heard.
    Thread.ofVirtual()
        .name("report attachment of " + task.taskId())
        .start(
            () -> {
              try {
                node.ecs()
                    .submitAttachmentStateChanges(
                        SubmitAttachmentStateChangesRequest.builder()
                            .cluster(task.clusterArn())
                            .attachments(
                                AttachmentStateChange.builder()
                                    .attachmentArn(eni.attachmentArn())
                                    .status("ATTACHED")
                                    .build())
                            .build());
              } catch (RuntimeException e) {
                log.warn(
                    "attachment {} could not be reported: {}", eni.attachmentArn(), e.getMessage());
              }
            });
  }

  private void create(String name) {
    ContainerDefinition container = definition(name);
    Images.Local image = images.get(name);
    if (image == null) {
      set(seen().container(name).prepared(Prepared.NOT_ASKED)); // adopted, then lost
      return;
    }
    PortPlan ports;
    try {
      if (volumes == null) {
        volumes = node.volumes().ensure(task);
      }
      ports =
          PortPlan.of(
              ContainerSpec.mode(task), container, node.ports(), node.config().hostPortAddress());
    } catch (Volumes.Failed e) {
      fail(name, String.valueOf(e.getMessage()));
      return;
    } catch (IllegalStateException e) {
      fail(name, "CannotCreateContainerError: " + e.getMessage());
      return;
    }
    String parent = cgroup();
    Integer memoryCap = parent == null ? TaskCgroups.memoryMib(task) : null;
    Double cpuCap = parent == null ? TaskCgroups.cpus(task) : null;
    ContainerSpec.Surroundings at =
        new ContainerSpec.Surroundings(
            node.config().install(),
            image,
            environments.getOrDefault(name, Map.of()),
            volumes,
            ports,
            parent,
            TaskMachine.pauses(task)
                ? Labels.containerName(node.config().install(), task, Labels.PAUSE_NAME)
                : null,
            memoryCap,
            cpuCap,
            node.storageQuotas());
    try {
      String id =
          node.docker()
              .call(
                  "created",
                  DockerEngine.CREATE,
                  d ->
                      ContainerSpec.fill(
                              d.createContainerCmd(image.reference()), task, container, at)
                          .exec()
                          .getId());
      set(
          seen()
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
        lookAt(name, Labels.containerName(node.config().install(), task, name));
      } else {
        fail(name, Reasons.create(e));
      }
    } catch (NotFoundException e) {
      ports.releaseIn(node.ports());
      if (String.valueOf(e.getMessage()).contains("No such image")) {
        images.remove(name); // somebody removed it in between: get it again
        set(seen().container(name).prepared(Prepared.NOT_ASKED));
      } else {
        fail(name, Reasons.create(e));
      }
    } catch (DockerException e) {
      ports.releaseIn(node.ports());
      if (node.storageQuotas() && String.valueOf(e.getMessage()).contains("pquota")) {
        node.noStorageQuotas(); // XFS, but mounted without quotas: the next try asks for none
        return;
      }
      fail(name, Reasons.create(e));
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

  private void startContainer(String name, boolean again) {
    ContainerSeen it = seen().container(name);
    String id = it.id();
    if (id == null) {
      everythingMayHaveChanged();
      return;
    }
    if (again) {
      log.info(
          "task {}: container {} ended with {}; its restart policy starts it again",
          task.taskId(),
          name,
          it.exitCode());
      set(it.restarted());
    }
    try {
      startNamed(id);
      lookAt(name, id);
    } catch (NotFoundException e) {
      lookAt(name, id);
    } catch (DockerException e) {
      String words = Reasons.words(e);
      boolean portTaken =
          words.contains("port is already allocated") || words.contains("address already in use");
      if (portTaken
          && hasDynamicPort(definition(name))
          && portTries.merge(name, 1, Integer::sum) < PORT_TRIES) {
        // Chosen when it was free, and somebody else was quicker: choose again. The ports stay
        // marked as taken, so that they are not chosen again at once.
        remove(id);
        ContainerSeen fresh = seen().container(name);
        set(
            fresh
                .docker(
                    State.ABSENT,
                    null,
                    null,
                    null,
                    false,
                    null,
                    null,
                    null,
                    Health.NONE,
                    node.clock().instant())
                .bound(List.of()));
        return;
      }
      fail(name, Reasons.start(e));
    }
  }

  private boolean hasDynamicPort(ContainerDefinition container) {
    return ContainerSpec.mode(task) == NetworkMode.BRIDGE
        && container.portMappings().stream()
            .anyMatch(each -> each.hostPort() == null || each.hostPort() == 0);
  }

  private void fail(@Nullable String container, String reason) {
    log.info("task {}: {}{}", task.taskId(), container == null ? "" : container + ": ", reason);
    if (failure == null) {
      failure = reason;
    }
    if (container != null && seen().container(container).reason() == null) {
      set(seen().container(container).reason(reason));
    }
  }

  private void signal(String name) {
    ContainerSeen it = seen().container(name);
    set(it.signalled(node.clock().instant()));
    kill(it, stopSignals.getOrDefault(name, "SIGTERM"));
  }

  private void kill(String name) {
    ContainerSeen it = seen().container(name);
    set(it.killed(node.clock().instant()));
    kill(it, "SIGKILL");
  }

  private void kill(ContainerSeen it, String signal) {
    String id = it.id();
    if (id == null) {
      everythingMayHaveChanged();
      return;
    }
    try {
      node.docker()
          .call(
              "stopped", DockerEngine.LOOK, d -> d.killContainerCmd(id).withSignal(signal).exec());
    } catch (NotFoundException | ConflictException e) {
      lookAt(it.name(), id); // it ended by itself in the meantime
    } catch (DockerException e) {
      log.warn(
          "task {}: CannotStopContainerError: {}: {}", task.taskId(), it.name(), Reasons.words(e));
    }
  }

  private void releaseNetwork() {
    EniPayload eni = task.eni();
    if (eni != null) {
      node.network().detach(eni.eniId());
    }
    remove(Labels.containerName(node.config().install(), task, Labels.PAUSE_NAME));
    network = Network.ABSENT;
    pausePid = null;
  }

  private void remove(String idOrName) {
    try {
      node.docker()
          .call(
              "removed",
              DockerEngine.START,
              d -> d.removeContainerCmd(idOrName).withForce(true).withRemoveVolumes(true).exec());
    } catch (NotFoundException e) {
      log.debug("{} is gone already", idOrName);
    } catch (ConflictException e) {
      log.debug("{} is being removed already", idOrName);
    }
  }

  /** Everything of the task leaves the machine. */
  private void cleanUp() throws InterruptedException {
    node.logs().drain(task.taskArn(), LOG_DRAIN);
    while (true) {
      try {
        for (ContainerSeen each : containers.values()) {
          remove(Labels.containerName(node.config().install(), task, each.name()));
          new PortPlan(each.bindings()).releaseIn(node.ports());
        }
        node.volumes().remove(task);
        TaskCgroups groups = node.cgroups();
        if (groups != null) {
          groups.remove(task);
        }
        return;
      } catch (DockerEngine.Unavailable e) {
        dockerGone(e);
        if (isEnded()) {
          return;
        }
      } catch (DockerException e) {
        log.warn("task {}: not everything could be removed: {}", task.taskId(), Reasons.words(e));
        return; // what is left carries our label, and goes with the next retainOnly
      }
    }
  }

  private boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }
}
