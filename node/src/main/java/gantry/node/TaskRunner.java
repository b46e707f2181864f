package gantry.node;

import com.github.dockerjava.api.exception.DockerException;
import gantry.acs.TaskPayload;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Images;
import gantry.node.docker.Labels;
import gantry.node.docker.PortPlan;
import gantry.node.docker.Reasons;
import gantry.node.docker.TaskCgroups;
import gantry.node.secrets.SecretValues;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.Prepared;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen;
import gantry.node.task.Step;
import gantry.node.task.TaskMachine;
import gantry.node.task.TaskReport;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * Carries one task through its life on one virtual thread: asks {@link TaskMachine} for the next
 * step, does it, reports what changed. What it knows comes from Docker, so a runner that begins in
 * the middle of a task's life (after a crash) goes on from there.
 */
final class TaskRunner {

  private static final Logger log = LoggerFactory.getLogger(TaskRunner.class);

  /** How long a finished container's last output may take to reach the log service. */
  static final Duration LOG_DRAIN = Duration.ofSeconds(10);

  /** Docker may still be busy with a container that just ended. */
  static final int CLEANUP_TRIES = 10;

  static final Duration CLEANUP_PAUSE = Duration.ofSeconds(2);

  private final Node node;
  private final TaskFacts facts;
  private final TaskLook look;
  private final TaskDeeds deeds;
  private final Preparation preparation;
  private final Inbox inbox;
  private final Outbox outbox;
  private volatile String waitingFor = "";
  private final Map<String, Health> healthTold = new HashMap<>();
  private @Nullable Instant dockerGoneSince;

  TaskRunner(Node node, TaskPayload task) {
    this.node = node;
    this.inbox = new Inbox(node.clock());
    this.facts = new TaskFacts(task);
    this.look = new TaskLook(node, facts);
    this.deeds = new TaskDeeds(node, facts, look, inbox::everythingMayHaveChanged);
    this.preparation = new Preparation(node);
    this.outbox = new Outbox(node.ecs(), this::acknowledged);
  }

  void start() {
    Thread.ofVirtual().name("task " + facts.task.taskId()).start(this::run);
  }

  TaskPayload task() {
    return facts.task;
  }

  Seen seen() {
    return facts.seen();
  }

  TaskReport.Pulls pulls() {
    return new TaskReport.Pulls(facts.pullStarted, facts.pullStopped);
  }

  /** The address that Docker gave a container on its bridge; null without one. */
  @Nullable String bridgeAddress(String container) {
    return facts.addresses.get(container);
  }

  /**
   * Waits until it is known that a container runs: it may ask of itself before Docker has told us
   * that it was started.
   */
  void awaitStarted(String container, Duration limit) {
    Instant deadline = node.clock().instant().plus(limit);
    while (!facts.seen().container(container).state().started()
        && node.clock().instant().isBefore(deadline)
        && !inbox.isEnded()) {
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
    inbox.tell(
        () -> {
          if (newer.generation() >= facts.task.generation()) {
            facts.task = newer;
          }
        });
  }

  /** The control plane does not know the task: stop it, and tell nobody. */
  void disown() {
    inbox.tell(
        () -> {
          facts.silent = true;
          outbox.close();
          facts.failure = "the control plane does not know this task any more";
        });
  }

  void changed(String container) {
    inbox.changed(container);
  }

  void everythingMayHaveChanged() {
    inbox.everythingMayHaveChanged();
  }

  /** Ends the runner and leaves the containers as they are: the program is going down. */
  void abandon() {
    inbox.end();
    outbox.close();
  }

  private void acknowledged(SubmitTaskStateChangeRequest report) {
    if ("STOPPED".equals(report.status())) {
      inbox.tell(() -> facts.stoppedAcknowledged = true);
    }
  }

  // --- the loop ---

  private void run() {
    try {
      while (true) {
        if (!takeNews()) {
          return;
        }
        if (!facts.looked && !(facts.failure != null && facts.task.knownStatus() == null)) {
          continue; // what is there is not known yet, so nothing can be decided
        }
        Step step = TaskMachine.next(facts.task, facts.seen(), node.clock().instant());
        report();
        if (step instanceof Step.Wait wait) {
          waitingFor = wait.why();
          inbox.await(wait.until());
        } else if (step instanceof Step.CleanUp) {
          cleanUp();
          node.finished(this, outbox.newest());
          return;
        } else if (step instanceof Step.Stopped && facts.stoppedStep) {
          waitingFor = "the control plane to take note that the task stopped";
          inbox.await(null);
        } else {
          perform(step);
        }
      }
    } catch (InterruptedException e) {
      log.debug("runner of task {} was interrupted", facts.task.taskId());
    } catch (RuntimeException e) {
      if (inbox.isEnded()) {
        return; // the connection to Docker is closed, and with it the program's part
      }
      log.error(
          "runner of task {} failed; it begins again by looking at Docker", facts.task.taskId(), e);
      node.restartRunner(this);
    }
  }

  /** Takes in what arrived; false when the runner is to end. */
  private boolean takeNews() throws InterruptedException {
    Inbox.News news = inbox.take();
    if (news == null) {
      return false;
    }
    news.results().forEach(Runnable::run);
    try {
      if (news.everything()) {
        look.all();
      } else {
        for (String each : news.containers()) {
          look.at(each);
        }
      }
      dockerGoneSince = null;
    } catch (DockerEngine.Unavailable e) {
      dockerGone(e);
    }
    return true;
  }

  private void dockerGone(DockerEngine.Unavailable e) throws InterruptedException {
    if (inbox.isEnded()) {
      return; // it is we who have gone
    }
    Instant now = node.clock().instant();
    Instant since = dockerGoneSince;
    if (since == null) {
      dockerGoneSince = now;
      since = now;
      log.warn("task {}: {}", facts.task.taskId(), e.getMessage());
    }
    waitingFor = String.valueOf(e.getMessage());
    boolean nothingRuns =
        facts.containers.values().stream().noneMatch(each -> each.state() == State.RUNNING);
    if (facts.failure == null
        && nothingRuns
        && !facts.wasRunning
        && Duration.between(since, now).compareTo(node.config().dockerPatience()) >= 0) {
      facts.failure = "CannotCreateContainerError: " + e.getMessage();
    }
    inbox.everythingMayHaveChanged();
    TimeUnit.MILLISECONDS.sleep(200);
    report();
  }

  private void perform(Step step) throws InterruptedException {
    try {
      switch (step) {
        case Step.Prepare it -> prepare(it.container());
        case Step.StartPause it -> deeds.startPause();
        case Step.AttachNetwork it -> deeds.attach();
        case Step.Create it -> deeds.create(it.container());
        case Step.Start it -> deeds.startContainer(it.container(), false);
        case Step.Restart it -> deeds.startContainer(it.container(), true);
        case Step.Fail it -> facts.fail(it.container(), it.reason());
        case Step.Signal it -> deeds.signal(it.container());
        case Step.Kill it -> deeds.kill(it.container());
        case Step.ReleaseNetwork it -> deeds.releaseNetwork();
        case Step.Stopped it -> facts.stoppedStep = true;
        case Step.CleanUp it -> cleanUp();
        case Step.Wait it -> inbox.await(it.until());
      }
      dockerGoneSince = null;
    } catch (DockerEngine.Unavailable e) {
      if (String.valueOf(e.getMessage()).startsWith("DockerTimeoutError")
          && !TaskMachine.stopping(facts.task, facts.seen())) {
        facts.fail(null, String.valueOf(e.getMessage()));
        inbox.everythingMayHaveChanged();
      } else {
        dockerGone(e);
      }
    }
  }

  private void report() {
    if (facts.silent) {
      return;
    }
    if (!facts.wasRunning && TaskReport.allStarted(facts.containers)) {
      facts.wasRunning = true;
    }
    SubmitTaskStateChangeRequest report =
        TaskReport.of(
            facts.task,
            facts.seen(),
            new TaskReport.Pulls(facts.pullStarted, facts.pullStopped),
            facts.stoppedStep);
    if (report != null) {
      outbox.put(report);
    }
    for (ContainerSeen each : facts.containers.values()) {
      Health told = healthTold.getOrDefault(each.name(), Health.NONE);
      if (told != each.health() && each.health() != Health.NONE) {
        healthTold.put(each.name(), each.health());
        Instant since = each.healthSince();
        node.health()
            .containerHealth(
                facts.task.taskArn(),
                each.name(),
                switch (each.health()) {
                  case HEALTHY -> HealthStatus.HEALTHY;
                  case UNHEALTHY -> HealthStatus.UNHEALTHY;
                  case NONE, STARTING -> HealthStatus.UNKNOWN;
                },
                since == null ? node.clock().instant() : since,
                facts.healthOutputs.get(each.name()));
      }
    }
  }

  // --- effects ---

  private void prepare(String name) {
    facts.set(facts.seen().container(name).prepared(Prepared.UNDER_WAY));
    if (facts.pullStarted == null) {
      facts.pullStarted = node.clock().instant();
    }
    TaskPayload now = facts.task;
    ContainerDefinition container = facts.definition(name);
    Thread.ofVirtual()
        .name("prepare " + name + " of " + now.taskId())
        .start(
            () -> {
              try {
                Preparation.Ready ready = preparation.ready(now, container);
                inbox.post(() -> prepared(name, ready));
              } catch (Images.Missing | SecretValues.Unavailable | Preparation.Refused e) {
                inbox.post(() -> notPrepared(name, String.valueOf(e.getMessage())));
              } catch (DockerEngine.Unavailable e) {
                // Docker is away: ask again when it is back, or give up with the task.
                inbox.post(
                    () -> {
                      facts.set(facts.seen().container(name).prepared(Prepared.NOT_ASKED));
                      gone(e);
                    });
              } catch (RuntimeException e) {
                if (inbox.isEnded()) {
                  return;
                }
                log.error("task {}: container {} cannot be prepared", now.taskId(), name, e);
                inbox.post(
                    () -> notPrepared(name, Reasons.resources(String.valueOf(e.getMessage()))));
              }
            });
  }

  private void notPrepared(String name, String reason) {
    facts.set(facts.seen().container(name).failed(reason));
    facts.fail(name, reason);
  }

  private void gone(DockerEngine.Unavailable e) {
    Instant now = node.clock().instant();
    Instant since = dockerGoneSince == null ? now : dockerGoneSince;
    dockerGoneSince = since;
    if (facts.failure == null
        && Duration.between(since, now).compareTo(node.config().dockerPatience()) >= 0) {
      facts.failure = "CannotPullContainerError: " + e.getMessage();
    }
  }

  private void prepared(String name, Preparation.Ready ready) {
    facts.images.put(name, ready.image());
    facts.environments.put(name, ready.environment());
    ContainerSeen it = facts.seen().container(name);
    if (it.state() == State.ABSENT) {
      facts.set(it.image(ready.image().id(), ready.image().digest()));
    }
    if (facts.containers.values().stream().allMatch(each -> each.prepared() == Prepared.READY)) {
      facts.pullStopped = node.clock().instant();
    }
  }

  /** Everything of the task leaves the machine. */
  private void cleanUp() throws InterruptedException {
    node.logs().drain(facts.task.taskArn(), LOG_DRAIN);
    for (int tries = 1; ; tries++) {
      try {
        for (ContainerSeen each : facts.containers.values()) {
          node.docker()
              .removeContainer(
                  Labels.containerName(node.config().install(), facts.task, each.name()));
          new PortPlan(each.bindings()).releaseIn(node.ports());
        }
        deeds.removePause();
        node.volumes().remove(facts.task);
        TaskCgroups groups = node.cgroups();
        if (groups != null) {
          groups.remove(facts.task);
        }
        return;
      } catch (DockerEngine.Unavailable e) {
        dockerGone(e);
        if (inbox.isEnded()) {
          return;
        }
      } catch (DockerException e) {
        log.warn(
            "task {}: not everything could be removed (try {} of {}): {}",
            facts.task.taskId(),
            tries,
            CLEANUP_TRIES,
            Reasons.words(e));
        if (tries >= CLEANUP_TRIES) {
          return; // what is left carries our label, and goes with the next retainOnly
        }
        inbox.rest(CLEANUP_PAUSE);
        if (inbox.isEnded()) {
          return;
        }
      }
    }
  }
}
