package gantry.node.sim;

import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.node.NodeTimers;
import gantry.node.TaskHealth;
import gantry.node.docker.PortPlan;
import gantry.node.task.TaskMachine;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/**
 * A node without a machine: the real {@link TaskMachine} decides, and what it decides happens after
 * a while of virtual time, or goes wrong, by seed. No thread and no lock that is ever waited for,
 * so that ten thousand of them fit into one process.
 */
public final class SimulatedNode implements NodeAgent {

  private static final int FIRST_PORT = 32_768;
  private static final int LAST_PORT = 60_999;

  private final EcsClient ecs;
  private final TaskHealth health;
  private final NodeTimers timers;
  private final Clock clock;
  private final SplittableRandom chance;
  private Habits habits;
  private final Map<String, SimulatedTask> tasks = new LinkedHashMap<>();
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
    SimulatedTask task =
        tasks.computeIfAbsent(payload.taskArn(), arn -> new SimulatedTask(this, payload));
    task.assigned(payload);
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
      tasks.values().forEach(SimulatedTask::report);
    }
  }

  /** One container ends by itself; false when it does not run. */
  public synchronized boolean crash(String taskArn, String container, int exitCode) {
    SimulatedTask task = tasks.get(taskArn);
    if (task == null || !task.runs(container)) {
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
    return tasks.values().stream().filter(SimulatedTask::runs).map(SimulatedTask::arn).toList();
  }

  // --- what its tasks ask of it ---

  EcsClient ecs() {
    return ecs;
  }

  TaskHealth health() {
    return health;
  }

  Clock clock() {
    return clock;
  }

  SplittableRandom chance() {
    return chance;
  }

  Habits habits() {
    return habits;
  }

  boolean isSilent() {
    return silent;
  }

  void forget(SimulatedTask task) {
    tasks.remove(task.arn());
  }

  /** The ports of a container, dynamic ones one after the other: nobody else has any here. */
  List<NetworkBinding> publish(TaskPayload task, ContainerDefinition container) {
    NetworkMode mode = task.definition().networkMode();
    return PortPlan.of(mode, container, this::reserve, "0.0.0.0").bindings();
  }

  private int reserve(int count, String protocol) {
    int first = nextPort + count - 1 > LAST_PORT ? FIRST_PORT : nextPort;
    nextPort = first + count;
    return first;
  }

  Duration about(Duration usual) {
    return Duration.ofNanos((long) (usual.toNanos() * (0.5 + 1.5 * chance.nextDouble())));
  }

  boolean happens(double share) {
    return share > 0 && chance.nextDouble() < share;
  }

  /** Later, unless the machine was lost in between. */
  void later(Duration delay, SimulatedTask task, Runnable what) {
    long now = life;
    timers.after(
        delay,
        () -> {
          synchronized (SimulatedNode.this) {
            if (life == now && tasks.get(task.arn()) == task) {
              what.run();
              task.advance();
            }
          }
        });
  }
}
