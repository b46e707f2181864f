package gantry.node.sim;

import gantry.acs.EniPayload;
import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.node.NodeTimers;
import gantry.node.TaskHealth;
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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.AttachmentStateChange;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

/**
 * A node without a machine: the real {@link TaskMachine} decides, and what it decides happens after
 * a while of virtual time, or goes wrong, by seed. No thread and no lock that is ever waited for,
 * so that ten thousand of them fit into one process.
 */
public final class SimulatedNode implements NodeAgent {

  /** A control plane that did not take a report hears it again after this long. */
  static final Duration REPORT_AGAIN = Duration.ofSeconds(1);

  private static final int FIRST_PORT = 32_768;
  private static final int LAST_PORT = 60_999;

  private final EcsClient ecs;
  private final TaskHealth health;
  private final NodeTimers timers;
  private final Clock clock;
  private final SplittableRandom chance;
  private Habits habits;
  private final Map<String, Task> tasks = new LinkedHashMap<>();
  private int nextPort = FIRST_PORT;
  private boolean lost;
  private boolean silent;
  private long life;

  public SimulatedNode(
      EcsClient ecs, TaskHealth health, NodeTimers timers, Clock clock, long seed, Habits habits) {
    this.ecs = ecs;
    this.health = health;
    this.timers = timers;
    this.clock = clock;
    this.chance = new SplittableRandom(seed);
    this.habits = habits;
  }

  // --- NodeAgent ---

  /**
   * Only notes it: whoever assigns is inside the change feed, where no lock may be waited for that
   * a report to the same feed may hold.
   */
  @Override
  public void assign(TaskPayload payload) {
    timers.after(Duration.ZERO, () -> assigned(payload));
  }

  private synchronized void assigned(TaskPayload payload) {
    if (lost) {
      return;
    }
    Task task = tasks.get(payload.taskArn());
    if (task == null) {
      task = new Task(payload);
      tasks.put(payload.taskArn(), task);
    } else if (payload.generation() >= task.payload.generation()) {
      task.payload = payload;
    }
    task.advance();
  }

  @Override
  public synchronized void retainOnly(Set<String> taskArns) {
    tasks.keySet().retainAll(taskArns);
  }

  @Override
  public synchronized void close() {
    lose();
  }

  // --- what befalls it ---

  /** The machine is gone, with everything that ran on it; nobody is told. */
  public synchronized void lose() {
    lost = true;
    life++;
    tasks.clear();
  }

  /** The machine is back, empty: the caller registers it anew or as it was. */
  public synchronized void comeBack() {
    lost = false;
  }

  /** From now on it refuses nothing. */
  public synchronized void repair() {
    habits = habits.repaired();
  }

  /** Nothing is heard of the machine for a while, but it goes on; then it says all at once. */
  public synchronized void silence(boolean now) {
    silent = now;
    if (!now) {
      tasks.values().forEach(Task::report);
    }
  }

  /** One container ends by itself; false when it does not run. */
  public synchronized boolean crash(String taskArn, String container, int exitCode) {
    Task task = tasks.get(taskArn);
    if (task == null || task.seen().container(container).state() != State.RUNNING) {
      return false;
    }
    task.exited(container, exitCode);
    task.advance();
    return true;
  }

  public synchronized int taskCount() {
    return tasks.size();
  }

  /** The tasks of which a container runs. */
  public synchronized List<String> running() {
    List<String> found = new ArrayList<>();
    for (Task each : tasks.values()) {
      if (each.containers.values().stream().anyMatch(it -> it.state() == State.RUNNING)) {
        found.add(each.payload.taskArn());
      }
    }
    return found;
  }

  private Duration about(Duration usual) {
    return Duration.ofNanos((long) (usual.toNanos() * (0.5 + 1.5 * chance.nextDouble())));
  }

  private boolean happens(double share) {
    return share > 0 && chance.nextDouble() < share;
  }

  /** Later, unless the machine was lost in between. */
  private void later(Duration delay, Task task, Runnable what) {
    long now = life;
    timers.after(
        delay,
        () -> {
          synchronized (SimulatedNode.this) {
            if (life == now && tasks.get(task.payload.taskArn()) == task) {
              what.run();
              task.advance();
            }
          }
        });
  }

  private final class Task {
    TaskPayload payload;
    Map<String, ContainerSeen> containers = new LinkedHashMap<>();
    Network network = Network.ABSENT;
    @Nullable String failure;
    boolean wasRunning;
    boolean acknowledged;
    boolean stopped;
    boolean busy;
    @Nullable Instant wakeAt;
    @Nullable Instant pullStarted;
    @Nullable Instant pullStopped;
    @Nullable SubmitTaskStateChangeRequest told;
    boolean retrying;

    Task(TaskPayload payload) {
      this.payload = payload;
      for (ContainerDefinition each : payload.definition().containerDefinitions()) {
        containers.put(each.name(), ContainerSeen.nothing(each.name()));
      }
    }

    Seen seen() {
      return new Seen(Map.copyOf(containers), network, failure, wasRunning, acknowledged);
    }

    void set(ContainerSeen it) {
      containers.put(it.name(), it);
    }

    ContainerSeen one(String name) {
      ContainerSeen it = containers.get(name);
      return it == null ? ContainerSeen.nothing(name) : it;
    }

    ContainerDefinition definition(String name) {
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
            tasks.remove(payload.taskArn());
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
                      .bound(ports(definition(it.container()))));
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
      later(delay.isNegative() ? Duration.ZERO : delay, this, () -> wakeAt = null);
    }

    private void prepare(String name) {
      set(one(name).prepared(Prepared.UNDER_WAY));
      if (pullStarted == null) {
        pullStarted = clock.instant();
      }
      Duration takes = about(habits.pull());
      if (happens(habits.slowPulls())) {
        takes = takes.multipliedBy(Habits.SLOW_FACTOR);
      }
      boolean fails = happens(habits.failingPulls());
      String missing = habits.program().cannotPull(definition(name));
      later(
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
              digest = habits.program().digest(definition(name), chance);
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
      if (eni != null && !silent) {
        try {
          ecs.submitAttachmentStateChanges(
              SubmitAttachmentStateChangesRequest.builder()
                  .cluster(payload.clusterArn())
                  .attachments(
                      AttachmentStateChange.builder()
                          .attachmentArn(eni.attachmentArn())
                          .status("ATTACHED")
                          .build())
                  .build());
        } catch (SdkException e) {
          // As on the real node: what comes later does not depend on its being heard.
        }
      }
    }

    private void start(String name) {
      busy = true;
      boolean fails = happens(habits.failingStarts());
      later(
          about(habits.start()),
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
      Habits.Course course = habits.program().course(payload, definition, chance);
      int run = it.restarts();
      Duration runsFor = course.runsFor();
      if (runsFor != null) {
        later(
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
        later(
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
                health.containerHealth(
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
      if (!happens(habits.deafContainers())) {
        later(
            about(habits.stop()),
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

    private List<NetworkBinding> ports(ContainerDefinition container) {
      NetworkMode mode = payload.definition().networkMode();
      if (mode == NetworkMode.AWSVPC || mode == NetworkMode.NONE) {
        return List.of();
      }
      List<NetworkBinding> bindings = new ArrayList<>();
      for (PortMapping each : container.portMappings()) {
        if (each.containerPort() == null) {
          continue;
        }
        int host = each.containerPort();
        if (mode != NetworkMode.HOST) {
          boolean fixed = each.hostPort() != null && each.hostPort() != 0;
          host = fixed ? each.hostPort() : nextPort;
          nextPort = fixed ? nextPort : nextPort >= LAST_PORT ? FIRST_PORT : nextPort + 1;
        }
        bindings.add(
            NetworkBinding.builder()
                .bindIP("0.0.0.0")
                .containerPort(each.containerPort())
                .hostPort(host)
                .protocol(each.protocolAsString() == null ? "tcp" : each.protocolAsString())
                .build());
      }
      return bindings;
    }

    void report() {
      SubmitTaskStateChangeRequest report =
          TaskReport.of(payload, seen(), new TaskReport.Pulls(pullStarted, pullStopped), stopped);
      if (report == null || report.equals(told) || silent || retrying) {
        return;
      }
      try {
        ecs.submitTaskStateChange(report);
      } catch (InvalidParameterException e) {
        // A task that nobody knows: it is done with, as for the real node.
      } catch (SdkException e) {
        retrying = true;
        later(
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
}
