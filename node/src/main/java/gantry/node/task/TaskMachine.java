package gantry.node.task;

import gantry.acs.TaskPayload;
import gantry.acs.TaskPayload.Desired;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.Prepared;
import gantry.node.task.ContainerSeen.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerRestartPolicy;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/**
 * Decides the next step of a task from what is wanted and what is seen, and nothing else. It is
 * called again after every step, event and timer, and after a crash: whatever stands already is
 * found, not made twice.
 *
 * <pre>
 *   prepare images ─┐
 *   start pause ─ attach ─ create ─ start ─ (all started) RUNNING
 *        any of them fails, an essential container ends, or a stop is wanted
 *   signal ─ (stopTimeout) kill ─ release network ─ STOPPED ─ (acknowledged) clean up
 * </pre>
 */
public final class TaskMachine {

  /** What a container gets that names no {@code stopTimeout}. */
  public static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

  /** A container that a SIGKILL did not end is killed again after this long. */
  public static final Duration KILL_AGAIN = Duration.ofSeconds(10);

  /** A restart policy without a period. */
  public static final Duration RESTART_PERIOD = Duration.ofMinutes(5);

  private TaskMachine() {}

  public static Step next(TaskPayload task, Seen seen, Instant now) {
    return stopping(task, seen) ? stop(task, seen, now) : run(task, seen, now);
  }

  /** True from the moment on at which the task is on its way out. */
  public static boolean stopping(TaskPayload task, Seen seen) {
    if (task.desired() == Desired.STOPPED || seen.failure() != null || seen.reportedStopped()) {
      return true;
    }
    List<ContainerDefinition> all = task.definition().containerDefinitions();
    boolean anyAlive = false;
    for (ContainerDefinition each : all) {
      ContainerSeen it = seen.container(each.name());
      if (!it.over()) {
        anyAlive = true;
      } else if (essential(each) && !restarts(each, it)) {
        return true;
      } else if (restarts(each, it)) {
        anyAlive = true;
      }
    }
    return !anyAlive && !all.isEmpty();
  }

  /** Whether the task needs a pause container: its own network, or namespaces that it shares. */
  public static boolean pauses(TaskPayload task) {
    return task.definition().networkMode() == NetworkMode.AWSVPC
        || "task".equals(task.definition().pidModeAsString())
        || "task".equals(task.definition().ipcModeAsString());
  }

  private static Step run(TaskPayload task, Seen seen, Instant now) {
    List<ContainerDefinition> all = task.definition().containerDefinitions();
    if ("RUNNING".equals(task.knownStatus()) && !seen.wasRunning() && nothingThere(seen)) {
      return new Step.Fail(
          null,
          "ContainerVanishedError: the task was running, and none of its containers is there any"
              + " more: somebody removed them");
    }
    List<String> circle = Order.circle(all);
    if (!circle.isEmpty()) {
      return new Step.Fail(
          null,
          "TaskDependencyError: Task dependencies cannot be resolved, taskArn: "
              + task.taskArn()
              + ": "
              + String.join(" waits for ", circle));
    }
    for (ContainerDefinition each : all) {
      ContainerSeen it = seen.container(each.name());
      if (it.prepared() == Prepared.NOT_ASKED && it.state() == State.ABSENT && !it.over()) {
        return new Step.Prepare(each.name());
      }
    }
    for (ContainerDefinition each : all) {
      ContainerSeen it = seen.container(each.name());
      if (it.reason() != null && !it.state().started()) {
        return new Step.Fail(each.name(), it.reason());
      }
    }
    if (pauses(task)) {
      switch (seen.network()) {
        case ABSENT -> {
          return new Step.StartPause();
        }
        case PAUSED -> {
          return new Step.AttachNetwork();
        }
        case LOST -> {
          return new Step.Fail(
              null,
              "ContainerNetworkingError: the pause container that holds the task's network ended;"
                  + " the task cannot go on without it");
        }
        case READY -> {}
      }
    }
    List<String> waiting = new ArrayList<>();
    Later later = new Later();
    for (ContainerDefinition each : all) {
      Step step = runOne(task, seen, each, now, waiting, later);
      if (step != null) {
        return step;
      }
    }
    return new Step.Wait(
        waiting.isEmpty() ? "everything runs" : String.join("; ", waiting), later.earliest);
  }

  private static @Nullable Step runOne(
      TaskPayload task,
      Seen seen,
      ContainerDefinition container,
      Instant now,
      List<String> waiting,
      Later later) {
    ContainerSeen it = seen.container(container.name());
    return switch (it.state()) {
      case RUNNING -> null;
      case EXITED -> {
        if (!restarts(container, it)) {
          yield null;
        }
        yield new Step.Restart(container.name());
      }
      case ABSENT, CREATED -> {
        if (it.over()) {
          yield null;
        }
        for (Order.Edge edge : Order.before(container)) {
          Step obstacle = obstacle(task, seen, container, edge, now, waiting, later);
          if (obstacle != null) {
            yield obstacle;
          }
        }
        if (!waiting.isEmpty() && waiting.getLast().startsWith(container.name() + " waits")) {
          yield null;
        }
        if (it.state() == State.CREATED) {
          yield new Step.Start(container.name());
        }
        if (it.prepared() == Prepared.READY) {
          yield new Step.Create(container.name());
        }
        waiting.add(container.name() + " waits for its image and secrets");
        yield null;
      }
    };
  }

  /** Null when the dependency is met or may still be; {@code waiting} then says which. */
  private static @Nullable Step obstacle(
      TaskPayload task,
      Seen seen,
      ContainerDefinition container,
      Order.Edge edge,
      Instant now,
      List<String> waiting,
      Later later) {
    ContainerSeen on = seen.container(edge.on());
    String wants = container.name() + " waits for " + edge.on() + " to be " + edge.condition();
    boolean met =
        switch (edge.condition()) {
          case START -> on.state().started();
          case COMPLETE -> on.state() == State.EXITED;
          case SUCCESS -> on.state() == State.EXITED && Integer.valueOf(0).equals(on.exitCode());
          case HEALTHY -> on.health() == Health.HEALTHY && on.state() == State.RUNNING;
          case UNKNOWN_TO_SDK_VERSION -> true;
        };
    if (met) {
      return null;
    }
    boolean never =
        switch (edge.condition()) {
          case START, COMPLETE -> on.over() && !on.state().started();
          case SUCCESS, HEALTHY -> on.over();
          case UNKNOWN_TO_SDK_VERSION -> false;
        };
    if (never) {
      String how = on.exitCode() == null ? "did not start" : "exited with " + on.exitCode();
      return new Step.Fail(
          container.name(),
          "CannotStartContainerError: dependency graph: "
              + wants
              + ", and "
              + edge.on()
              + " "
              + how
              + ": it never will");
    }
    ContainerDefinition other = definition(task, edge.on());
    if (other == null) {
      return new Step.Fail(
          container.name(),
          "CannotStartContainerError: "
              + container.name()
              + " depends on a container that the task does not have: "
              + edge.on());
    }
    if (other.startTimeout() != null && on.startedAt() != null) {
      Instant giveUp = on.startedAt().plusSeconds(other.startTimeout());
      if (!now.isBefore(giveUp)) {
        return new Step.Fail(
            container.name(),
            "CannotStartContainerError: "
                + wants
                + ", and "
                + edge.on()
                + " was not within its startTimeout of "
                + other.startTimeout()
                + " s");
      }
      later.at(giveUp);
    }
    waiting.add(wants);
    return null;
  }

  private static Step stop(TaskPayload task, Seen seen, Instant now) {
    List<ContainerDefinition> all = task.definition().containerDefinitions();
    List<String> waiting = new ArrayList<>();
    Later later = new Later();
    for (ContainerDefinition each : all) {
      ContainerSeen it = seen.container(each.name());
      if (it.state() != State.RUNNING) {
        continue;
      }
      // One that others depend on goes last; a kill is never waited for longer than its time.
      Set<String> after = Order.after(all, each.name());
      if (after.stream().anyMatch(name -> seen.container(name).state() == State.RUNNING)) {
        waiting.add(each.name() + " is stopped after those that depend on it");
        continue;
      }
      if (it.signalledAt() == null) {
        return new Step.Signal(each.name());
      }
      Instant deadline = it.signalledAt().plus(stopTimeout(each));
      if (it.killedAt() != null) {
        deadline = it.killedAt().plus(KILL_AGAIN);
      }
      if (!now.isBefore(deadline)) {
        return new Step.Kill(each.name());
      }
      later.at(deadline);
      waiting.add(each.name() + " was told to stop");
    }
    if (!waiting.isEmpty()) {
      return new Step.Wait(String.join("; ", waiting), later.earliest);
    }
    if (pauses(task) && seen.network() != Seen.Network.ABSENT) {
      return new Step.ReleaseNetwork();
    }
    return seen.reportedStopped() ? new Step.CleanUp() : new Step.Stopped();
  }

  /** Whether the container's policy starts it again after it ended as it did. */
  static boolean restarts(ContainerDefinition container, ContainerSeen it) {
    ContainerRestartPolicy policy = container.restartPolicy();
    if (policy == null || !Boolean.TRUE.equals(policy.enabled())) {
      return false;
    }
    Integer code = it.exitCode();
    if (it.state() != State.EXITED || code == null || it.signalledAt() != null) {
      return false;
    }
    if (policy.ignoredExitCodes().contains(code)) {
      return false;
    }
    Duration period =
        policy.restartAttemptPeriod() == null
            ? RESTART_PERIOD
            : Duration.ofSeconds(policy.restartAttemptPeriod());
    Instant started = it.startedAt();
    Instant finished = it.finishedAt();
    return started != null
        && finished != null
        && Duration.between(started, finished).compareTo(period) >= 0;
  }

  static Duration stopTimeout(ContainerDefinition container) {
    return container.stopTimeout() == null
        ? STOP_TIMEOUT
        : Duration.ofSeconds(container.stopTimeout());
  }

  public static boolean essential(ContainerDefinition container) {
    return !Boolean.FALSE.equals(container.essential());
  }

  private static @Nullable ContainerDefinition definition(TaskPayload task, String name) {
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      if (name.equals(each.name())) {
        return each;
      }
    }
    return null;
  }

  private static boolean nothingThere(Seen seen) {
    return seen.network() == Seen.Network.ABSENT
        && seen.containers().values().stream().allMatch(each -> each.state() == State.ABSENT);
  }

  /** The earliest of several moments. */
  private static final class Later {
    @Nullable Instant earliest;

    void at(Instant moment) {
      if (earliest == null || moment.isBefore(earliest)) {
        earliest = moment;
      }
    }
  }
}
