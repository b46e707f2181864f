package gantry.sim.ecs;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * Looks at every commit with its own eyes, not the planner's, and notes what must never be: this is
 * the specification, so it counts, sums and compares anew.
 */
final class Rules {

  private static final Set<ServiceDeploymentStatus> VERDICTS =
      Set.of(
          ServiceDeploymentStatus.SUCCESSFUL,
          ServiceDeploymentStatus.STOPPED,
          ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL,
          ServiceDeploymentStatus.ROLLBACK_FAILED);

  private final SimulatedAccount account;
  private final Map<String, Used> used = new HashMap<>();
  private final Map<String, ServiceDeploymentStatus> verdicts = new HashMap<>();
  private final Set<String> failed = new HashSet<>();
  private final Map<String, String> digests = new HashMap<>();
  private final List<String> broken = new ArrayList<>();
  private long transitions;
  private long taskStates;

  /** What the tasks of one instance hold. */
  private static final class Used {
    int cpu;
    int memory;
    final Map<Integer, Integer> tcp = new HashMap<>();
  }

  Rules(SimulatedAccount account) {
    this.account = account;
    account.store.feed().subscribe(account.store.snapshot().revision(), this::look);
  }

  /** Changes of tasks, services, instances and deployments. */
  long transitions() {
    return transitions;
  }

  /** Of these, tasks that went from one status to another. */
  long taskStates() {
    return taskStates;
  }

  List<String> broken() {
    return broken;
  }

  private void look(Commit commit) {
    View view = account.store.snapshot();
    Set<Key> started = new LinkedHashSet<>();
    Map<Key, Integer> stopped = new HashMap<>();
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.TASKS) {
        transitions++;
        task(
            view,
            change.key(),
            (TaskRow) change.before(),
            (TaskRow) change.after(),
            started,
            stopped);
      } else if (change.table() == EcsTables.SERVICES) {
        transitions++;
        if (change.after() instanceof ServiceRow row) {
          service(row);
        }
      } else if (change.table() == EcsTables.INSTANCES) {
        transitions++;
      } else if (change.table() == EcsTables.SERVICE_DEPLOYMENTS) {
        transitions++;
        if (change.after() instanceof ServiceDeployment deployment) {
          verdict(deployment);
        }
      }
    }
    for (Key service : started) {
      starting(view, service);
    }
    stopped.forEach((service, healthy) -> stopping(view, service, healthy));
  }

  private void task(
      View view,
      Key key,
      @Nullable TaskRow before,
      @Nullable TaskRow after,
      Set<Key> started,
      Map<Key, Integer> stopped) {
    hold(before, -1);
    hold(after, 1);
    if (after == null) {
      return;
    }
    if (before == null || !before.task().lastStatus().equals(after.task().lastStatus())) {
      taskStates++;
    }
    if (after.task().containerInstanceArn() != null && after.holdsResources()) {
      room(view, after.task().containerInstanceArn());
    }
    if (before != null && before.isStopped() && !after.isStopped()) {
      say("the task " + after.id() + " came back from STOPPED");
    }
    if (after.serviceName() != null) {
      Key service = EcsTables.member(key.scope(), after.cluster(), after.serviceName());
      if (before == null) {
        started.add(service);
      } else if (!before.isStopping()
          && after.isStopping()
          && after.task().stopCode() == TaskStopCode.SERVICE_SCHEDULER_INITIATED) {
        stopped.merge(service, isHealthy(view, key.scope(), before) ? 1 : 0, Integer::sum);
      }
    }
    if (before != null
        && before.node() != TaskRow.NodeWish.STOP
        && after.node() == TaskRow.NodeWish.STOP) {
      for (TargetRow target : after.targets()) {
        if (account.balancer.takes(target.targetGroupArn(), target.targetId(), target.port())) {
          say("the task " + after.id() + " is stopped while its balancer sends it requests");
        }
      }
      // Nothing answers at a task that ended by itself, however long its name is remembered.
      boolean ended = after.task().stopCode() == TaskStopCode.ESSENTIAL_CONTAINER_EXITED;
      if (ended
          ? account.names.instances().contains(after.id())
          : account.names.leadTo(after.id())) {
        say("the task " + after.id() + " is stopped while its name leads to it");
      }
    }
    if (before != null
        && before.names().isEmpty()
        && !after.names().isEmpty()
        && isChecked(view, key.scope(), after)
        && after.task().healthStatus() != HealthStatus.HEALTHY) {
      say("the task " + after.id() + " is named before its check has succeeded");
    }
    sameDigest(view, key, after);
  }

  /**
   * All tasks of a deployment run what its first resolved the tag to. When the registry answers
   * none of its first tasks, it goes on without, as ECS does.
   */
  private void sameDigest(View view, Key key, TaskRow row) {
    if (row.deploymentId() == null || row.serviceName() == null || !row.isRunning()) {
      return;
    }
    ServiceRow service =
        view.get(
            EcsTables.SERVICES, EcsTables.member(key.scope(), row.cluster(), row.serviceName()));
    DeploymentRow deployment = service == null ? null : service.deployment(row.deploymentId());
    if (deployment != null && deployment.pinned() && deployment.digests().isEmpty()) {
      return;
    }
    for (Container container : row.task().containers()) {
      String digest = container.imageDigest();
      if (digest == null) {
        continue;
      }
      String first = digests.putIfAbsent(row.deploymentId() + " " + container.name(), digest);
      if (first != null && !first.equals(digest)) {
        say("the tasks of " + row.deploymentId() + " run " + first + " and " + digest);
      }
    }
  }

  // ---- room

  private void hold(@Nullable TaskRow row, int sign) {
    if (row == null || !row.holdsResources() || row.task().containerInstanceArn() == null) {
      return;
    }
    Used all = used.computeIfAbsent(row.task().containerInstanceArn(), arn -> new Used());
    Demand demand = row.demand();
    all.cpu += sign * demand.cpu();
    all.memory += sign * demand.memory();
    demand.tcpPorts().forEach(port -> all.tcp.merge(port, sign, Integer::sum));
  }

  private void room(View view, String arn) {
    InstanceRow row = instance(view, arn);
    Used all = used.get(arn);
    if (row == null || all == null) {
      return;
    }
    for (Resource resource : row.instance().registeredResources()) {
      int has = Objects.requireNonNullElse(resource.integerValue(), 0);
      if (resource.name().equals("CPU") && all.cpu > has) {
        say("CPU of " + arn + " is oversold: " + all.cpu + " of " + has);
      }
      if (resource.name().equals("MEMORY") && all.memory > has) {
        say("memory of " + arn + " is oversold: " + all.memory + " of " + has);
      }
    }
    all.tcp.forEach(
        (port, times) -> {
          if (times > 1) {
            say("port " + port + " of " + arn + " is given to " + times + " tasks");
          }
        });
  }

  static @Nullable InstanceRow instance(View view, String arn) {
    String id = arn.substring(arn.indexOf('/') + 1);
    return view.get(EcsTables.INSTANCES, SimulatedAccount.SCOPE.key(id));
  }

  // ---- the deployment's bounds

  /**
   * By the guide: RUNNING, checked healthy where there is a check, healthy in every group; and its
   * name, where it is to have one, leads to it.
   */
  static boolean isHealthy(View view, Scope scope, TaskRow row) {
    if (!row.isRunning() || row.isStopping()) {
      return false;
    }
    if (isChecked(view, scope, row) && row.task().healthStatus() != HealthStatus.HEALTHY) {
      return false;
    }
    if (row.names().isEmpty() && isToBeNamed(view, scope, row)) {
      return false;
    }
    return row.targets().stream().allMatch(each -> each.state().equals("healthy"));
  }

  private static boolean isToBeNamed(View view, Scope scope, TaskRow row) {
    if (row.serviceName() == null || row.deploymentId() == null) {
      return false;
    }
    ServiceRow service =
        view.get(EcsTables.SERVICES, EcsTables.member(scope, row.cluster(), row.serviceName()));
    DeploymentRow deployment = service == null ? null : service.deployment(row.deploymentId());
    return deployment != null && !deployment.revision().serviceRegistries().isEmpty();
  }

  private static boolean isChecked(View view, Scope scope, TaskRow row) {
    String arn = row.task().taskDefinitionArn();
    int colon = arn.lastIndexOf(':');
    TaskDefinitionRow definition =
        view.get(
            EcsTables.TASK_DEFINITIONS,
            EcsTables.taskDefinition(
                scope,
                arn.substring(arn.lastIndexOf('/') + 1, colon),
                Integer.parseInt(arn.substring(colon + 1))));
    return definition != null
        && definition.definition().containerDefinitions().stream()
            .anyMatch(each -> each.healthCheck() != null);
  }

  static List<TaskRow> tasks(View view, Key service) {
    return view.lookup(EcsTables.TASKS_OF_SERVICE, service.scope(), service.id())
        .map(Row::value)
        .filter(row -> !row.isStopped())
        .toList();
  }

  private void starting(View view, Key key) {
    ServiceRow row = view.get(EcsTables.SERVICES, key);
    if (row == null) {
      say("tasks of a service that is not there: " + key.id());
      return;
    }
    if (row.isDaemon()) {
      Set<String> instances = new HashSet<>();
      for (TaskRow task : tasks(view, key)) {
        if (!instances.add(String.valueOf(task.task().containerInstanceArn()))) {
          say("two tasks of the daemon " + row.name() + " on one instance");
        }
      }
      return;
    }
    long live = tasks(view, key).stream().filter(task -> !task.isStopping()).count();
    int upper =
        row.service().desiredCount()
            * row.service().deploymentConfiguration().maximumPercent()
            / 100;
    if (live > upper) {
      say(row.name() + " has started up to " + live + " tasks, more than its maximum " + upper);
    }
  }

  private void stopping(View view, Key key, int healthyStopped) {
    ServiceRow row = view.get(EcsTables.SERVICES, key);
    if (healthyStopped == 0 || row == null || !row.isActive() || row.isDaemon()) {
      return;
    }
    int desired = row.service().desiredCount();
    int lower =
        Math.ceilDiv(
            desired * row.service().deploymentConfiguration().minimumHealthyPercent(), 100);
    long healthy =
        tasks(view, key).stream().filter(task -> isHealthy(view, key.scope(), task)).count();
    if (healthy < lower) {
      say(
          row.name()
              + ": the scheduler stopped "
              + healthyStopped
              + " healthy tasks and left "
              + healthy
              + ", fewer than its minimum "
              + lower
              + " of "
              + desired
              + ": "
              + tasks(view, key).stream().map(Rules::text).toList()
              + " "
              + row.deployments().stream()
                  .map(each -> each.id() + " " + each.rolloutState() + " " + each.completed())
                  .toList());
    }
  }

  static String text(TaskRow row) {
    return row.id().substring(0, 4)
        + " "
        + row.task().lastStatus()
        + (row.isStopping() ? " stopping" : "")
        + " "
        + row.task().healthStatus()
        + " "
        + row.targets().stream().map(TargetRow::state).toList()
        + " of "
        + row.deploymentId();
  }

  // ---- verdicts

  private void service(ServiceRow row) {
    for (DeploymentRow deployment : row.deployments()) {
      if (deployment.rolloutState() == DeploymentRolloutState.FAILED) {
        failed.add(deployment.id());
      } else if (failed.contains(deployment.id())) {
        say(deployment.id() + " had failed and is now " + deployment.rolloutState());
      }
    }
    long primaries = row.deployments().stream().filter(DeploymentRow::primary).count();
    if (row.isActive() && primaries != 1) {
      say(row.name() + " has " + primaries + " primary deployments");
    }
  }

  private void verdict(ServiceDeployment deployment) {
    ServiceDeploymentStatus before = verdicts.get(deployment.serviceDeploymentArn());
    if (before != null && before != deployment.status()) {
      say(
          deployment.serviceDeploymentArn()
              + " had the verdict "
              + before
              + " and has now "
              + deployment.status());
    }
    if (VERDICTS.contains(deployment.status())) {
      verdicts.put(deployment.serviceDeploymentArn(), deployment.status());
    }
  }

  private void say(String what) {
    if (broken.size() < 20) {
      broken.add(account.time.instant() + " " + what);
    }
  }
}
