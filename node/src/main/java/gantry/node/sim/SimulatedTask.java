package gantry.node.sim;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.task.ContainerSeen;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.Prepared;
import gantry.node.task.ContainerSeen.State;
import gantry.node.task.Seen;
import gantry.node.task.Seen.Network;
import gantry.node.task.Step;
import gantry.node.task.TaskMachine;
import gantry.node.task.TaskReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.model.AttachmentStateChange;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * A task on a simulated node: what {@link TaskMachine} decides about it happens after a while, or
 * goes wrong, as the node's {@link Habits} say. Its node's lock is held in every call.
 */
final class SimulatedTask {

  /** A control plane that did not take a report hears it again after this long. */
  private static final Duration REPORT_AGAIN = Duration.ofSeconds(1);

  private final SimulatedNode node;
  private final Clock clock;
  private TaskPayload payload;
  private final Map<String, ContainerSeen> containers = new LinkedHashMap<>();
  private Network network = Network.ABSENT;
  private @Nullable String failure;
  private boolean wasRunning;
  private boolean acknowledged;
  private boolean stopped;
  private boolean busy;
  private @Nullable Instant wakeAt;
  private @Nullable Instant pullStarted;
  private @Nullable Instant pullStopped;
  private @Nullable SubmitTaskStateChangeRequest told;
  private boolean retrying;

  SimulatedTask(SimulatedNode node, TaskPayload payload) {
    this.node = node;
    this.clock = node.clock();
    this.payload = payload;
    for (ContainerDefinition each : payload.definition().containerDefinitions()) {
      containers.put(each.name(), ContainerSeen.nothing(each.name()));
    }
  }

  String arn() {
    return payload.taskArn();
  }

  /** Takes a payload that is not older than the one it has. */
  void assigned(TaskPayload newer) {
    if (newer.generation() >= payload.generation()) {
      payload = newer;
    }
  }

  boolean runs(String container) {
    return one(container).state() == State.RUNNING;
  }

  boolean runs() {
    return containers.values().stream().anyMatch(it -> it.state() == State.RUNNING);
  }

  private Seen seen() {
    return new Seen(Map.copyOf(containers), network, failure, wasRunning, acknowledged);
  }

  private void set(ContainerSeen it) {
    containers.put(it.name(), it);
  }

  private ContainerSeen one(String name) {
    ContainerSeen it = containers.get(name);
    return it == null ? ContainerSeen.nothing(name) : it;
  }

  private ContainerDefinition definition(String name) {
    for (ContainerDefinition each : payload.definition().containerDefinitions()) {
      if (name.equals(each.name())) {
        return each;
      }
    }
    throw new IllegalArgumentException(name);
  }

  /** Does what can be done at once, until something takes time. */
  void advance() {
    while (!busy) {
      Step step = TaskMachine.next(payload, seen(), clock.instant());
      report();
      switch (step) {
        case Step.Wait it -> {
          wake(it.until());
          return;
        }
        case Step.CleanUp it -> {
          node.forget(this);
          return;
        }
        case Step.Stopped it -> {
          boolean before = stopped;
          stopped = true;
          report();
          if (!acknowledged || before) {
            return;
          }
        }
        case Step.Prepare it -> prepare(it.container());
        case Step.StartPause it -> network = Network.PAUSED;
        case Step.AttachNetwork it -> attach();
        case Step.Create it ->
            set(
                one(it.container())
                    .docker(
                        State.CREATED,
                        id(it.container()),
                        null,
                        null,
                        false,
                        clock.instant(),
                        null,
                        null,
                        Health.NONE,
                        clock.instant())
                    .bound(node.publish(payload, definition(it.container()))));
        case Step.Start it -> start(it.container());
        case Step.Restart it -> {
          set(one(it.container()).restarted());
          start(it.container());
        }
        case Step.Fail it -> {
          failure = it.reason();
          String container = it.container();
          if (container != null && one(container).reason() == null) {
            set(one(container).reason(it.reason()));
          }
        }
        case Step.Signal it -> signal(it.container());
        case Step.Kill it -> {
          set(one(it.container()).killed(clock.instant()));
          exited(it.container(), 137);
        }
        case Step.ReleaseNetwork it -> network = Network.ABSENT;
      }
    }
  }

  private void wake(@Nullable Instant until) {
    if (until == null || until.equals(wakeAt)) {
      return;
    }
    wakeAt = until;
    Duration delay = Duration.between(clock.instant(), until);
    node.later(delay.isNegative() ? Duration.ZERO : delay, this, () -> wakeAt = null);
  }

  private void prepare(String name) {
    set(one(name).prepared(Prepared.UNDER_WAY));
    if (pullStarted == null) {
      pullStarted = clock.instant();
    }
    Duration takes = node.about(node.habits().pull());
    if (node.happens(node.habits().slowPulls())) {
      takes = takes.multipliedBy(Habits.SLOW_FACTOR);
    }
    boolean fails = node.happens(node.habits().failingPulls());
    String missing = node.habits().program().cannotPull(definition(name));
    node.later(
        takes,
        this,
        () -> {
          if (fails || missing != null) {
            String why =
                missing != null
                    ? missing
                    : "CannotPullContainerError: the simulated registry did not answer";
            set(one(name).failed(why));
            failure = failure == null ? why : failure;
            return;
          }
          String digest = payload.digests().get(name);
          if (digest == null) {
            digest = node.habits().program().digest(definition(name), node.chance());
          }
          set(one(name).image("sha256:" + id(name), digest));
          if (containers.values().stream().allMatch(it -> it.prepared() == Prepared.READY)) {
            pullStopped = clock.instant();
          }
        });
  }

  private void attach() {
    network = Network.READY;
    EniPayload eni = payload.eni();
    if (eni != null && !node.isSilent()) {
      tellAttached(eni);
    }
  }

  /** Until it is heard; what comes later does not depend on it. */
  private void tellAttached(EniPayload eni) {
    try {
      node.ecs()
          .submitAttachmentStateChanges(
              SubmitAttachmentStateChangesRequest.builder()
                  .cluster(payload.clusterArn())
                  .attachments(
                      AttachmentStateChange.builder()
                          .attachmentArn(eni.attachmentArn())
                          .status("ATTACHED")
                          .build())
                  .build());
    } catch (InvalidParameterException e) {
      // A task that nobody knows any more has no interface to tell of.
    } catch (SdkException e) {
      node.later(REPORT_AGAIN, this, () -> tellAttached(eni));
    }
  }

  private void start(String name) {
    busy = true;
    boolean fails = node.happens(node.habits().failingStarts());
    node.later(
        node.about(node.habits().start()),
        this,
        () -> {
          busy = false;
          if (fails) {
            String why = "CannotStartContainerError: the simulated engine refused";
            set(one(name).reason(why));
            failure = failure == null ? why : failure;
            return;
          }
          started(name);
        });
  }

  private void started(String name) {
    ContainerDefinition definition = definition(name);
    ContainerSeen it = one(name);
    boolean checked = definition.healthCheck() != null;
    Instant now = clock.instant();
    set(
        it.docker(
            State.RUNNING,
            it.id(),
            1L,
            null,
            false,
            it.createdAt(),
            now,
            null,
            checked ? Health.STARTING : Health.NONE,
            now));
    wasRunning |= TaskReport.allStarted(containers);
    Habits.Course course = node.habits().program().course(payload, definition, node.chance());
    int run = it.restarts();
    Duration runsFor = course.runsFor();
    if (runsFor != null) {
      node.later(
          runsFor,
          this,
          () -> {
            ContainerSeen then = one(name);
            if (then.state() == State.RUNNING && then.restarts() == run) {
              exited(name, course.exitCode());
            }
          });
    }
    Duration healthyAfter = course.healthyAfter();
    if (checked) {
      Duration verdict =
          healthyAfter != null ? healthyAfter : Duration.ofSeconds(unhealthyAfter(definition));
      node.later(
          verdict,
          this,
          () -> {
            ContainerSeen then = one(name);
            if (then.state() == State.RUNNING && then.restarts() == run) {
              Health after = healthyAfter != null ? Health.HEALTHY : Health.UNHEALTHY;
              set(
                  then.docker(
                      State.RUNNING,
                      then.id(),
                      1L,
                      null,
                      false,
                      then.createdAt(),
                      then.startedAt(),
                      null,
                      after,
                      clock.instant()));
              node.health()
                  .containerHealth(
                      payload.taskArn(),
                      name,
                      after == Health.HEALTHY ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
                      clock.instant(),
                      null);
            }
          });
    }
  }

  private static long unhealthyAfter(ContainerDefinition definition) {
    var check = definition.healthCheck();
    int interval = check.interval() == null ? 30 : check.interval();
    int retries = check.retries() == null ? 3 : check.retries();
    int startPeriod = check.startPeriod() == null ? 0 : check.startPeriod();
    return startPeriod + (long) interval * retries;
  }

  private void signal(String name) {
    set(one(name).signalled(clock.instant()));
    if (!node.happens(node.habits().deafContainers())) {
      node.later(
          node.about(node.habits().stop()),
          this,
          () -> {
            if (one(name).state() == State.RUNNING) {
              exited(name, 143);
            }
          });
    }
  }

  void exited(String name, int code) {
    ContainerSeen it = one(name);
    set(
        it.docker(
            State.EXITED,
            it.id(),
            null,
            code,
            false,
            it.createdAt(),
            it.startedAt(),
            clock.instant(),
            Health.NONE,
            clock.instant()));
  }

  private String id(String container) {
    String text = payload.taskId() + HexFormat.of().toHexDigits(container.hashCode());
    return (text + "0".repeat(64)).substring(0, 64);
  }

  void report() {
    SubmitTaskStateChangeRequest report =
        TaskReport.of(payload, seen(), new TaskReport.Pulls(pullStarted, pullStopped), stopped);
    if (report == null || report.equals(told) || node.isSilent() || retrying) {
      return;
    }
    try {
      node.ecs().submitTaskStateChange(report);
    } catch (InvalidParameterException e) {
      // A task that nobody knows: it is done with, as for the real node.
    } catch (SdkException e) {
      retrying = true;
      node.later(
          REPORT_AGAIN,
          this,
          () -> {
            retrying = false;
            report();
          });
      return;
    }
    told = report;
    acknowledged = "STOPPED".equals(report.status());
  }
}
