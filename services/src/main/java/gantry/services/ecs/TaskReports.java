package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Outbox;
import gantry.services.ecs.controller.Stops;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AttachmentStateChange;
import software.amazon.awssdk.services.ecs.model.Connectivity;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerStateChange;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.ManagedAgentStateChange;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;
import software.amazon.awssdk.services.ecs.model.SubmitContainerStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitContainerStateChangeResponse;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeResponse;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * What the nodes tell: states of tasks and containers, health, last output. Reports may come twice
 * or late; a task that has stopped never comes back.
 */
public final class TaskReports {

  private static final int MAX_REASON = 1024;

  /** Last lines of output kept for each container. */
  static final int LINES_KEPT = 50;

  private final ServiceContext context;

  public TaskReports(ServiceContext context) {
    this.context = context;
  }

  SubmitTaskStateChangeResponse task(SubmitTaskStateChangeRequest request) {
    Key key = key(request.cluster(), request.task());
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              TaskRow row = known(tx, key, request.task());
              if (!row.isStopped()) {
                Outbox.put(tx, key, row, reported(tx, key, row, request, now), now);
              }
              return true;
            });
    return SubmitTaskStateChangeResponse.builder().acknowledgment("ok").build();
  }

  /** Where the task is: a node of the pool reports for tasks of any account and region. */
  private static Key key(@Nullable String cluster, @Nullable String task) {
    Caller caller = Caller.current();
    Arns.Parts arn = task == null ? null : Arns.parse(task);
    if (arn == null) {
      if (task == null) {
        throw EcsErrors.invalid("Task can not be blank.");
      }
      return References.task(caller.scope(), References.clusterName(cluster), task);
    }
    if (!caller.isService() && !arn.scope().equals(caller.scope())) {
      throw EcsErrors.invalid("AccountIDs mismatch");
    }
    return arn.depth() > 1
        ? arn.scope().key(arn.path())
        : EcsTables.member(arn.scope(), References.clusterName(cluster), arn.path());
  }

  /** An agent drops the event when it is told this; anything else it would repeat for ever. */
  private static TaskRow known(View view, Key key, @Nullable String task) {
    TaskRow row = view.get(EcsTables.TASKS, key);
    if (row == null) {
      throw EcsErrors.invalid("The referenced task was not found: " + task);
    }
    return row;
  }

  private TaskRow reported(
      Tx tx, Key key, TaskRow row, SubmitTaskStateChangeRequest report, Instant now) {
    Map<String, Container> containers = new LinkedHashMap<>();
    row.task().containers().forEach(each -> containers.put(each.name(), each));
    for (ContainerStateChange change : report.containers()) {
      containers.computeIfPresent(
          String.valueOf(change.containerName()), (name, container) -> changed(container, change));
    }
    for (ManagedAgentStateChange change : report.managedAgents()) {
      containers.computeIfPresent(
          String.valueOf(change.containerName()),
          (name, container) -> agent(container, change, now));
    }
    Task.Builder task = row.task().toBuilder().containers(containers.values());
    if (report.pullStartedAt() != null) {
      task.pullStartedAt(report.pullStartedAt());
    }
    if (report.pullStoppedAt() != null) {
      task.pullStoppedAt(report.pullStoppedAt());
    }
    if (report.executionStoppedAt() != null) {
      task.executionStoppedAt(report.executionStoppedAt());
    }
    TaskRow next = row.edit().task(attachments(task.build(), report.attachments())).done();
    String status = report.status() == null ? "" : report.status();
    TaskDefinition definition = definition(tx, key.scope(), row);
    if (status.equals("STOPPED")) {
      return ended(next, definition, report.reason(), now);
    }
    String before = row.task().lastStatus();
    if (status.equals("RUNNING")
        && !row.isStopping()
        && (before.equals("PENDING") || before.equals("PROVISIONING"))) {
      next = running(tx, key.scope(), next, now);
    }
    return essentialStopped(next, definition, now);
  }

  private static Container changed(Container container, ContainerStateChange change) {
    Container.Builder next = container.toBuilder();
    if (change.status() != null && !"STOPPED".equals(container.lastStatus())) {
      next.lastStatus(
          switch (change.status()) {
            case "RUNNING", "STOPPED" -> change.status();
            default -> "PENDING";
          });
    }
    if (change.runtimeId() != null && !change.runtimeId().isEmpty()) {
      next.runtimeId(change.runtimeId());
    }
    if (change.imageDigest() != null && !change.imageDigest().isEmpty()) {
      next.imageDigest(change.imageDigest());
    }
    if (change.exitCode() != null) {
      next.exitCode(change.exitCode());
    }
    if (change.reason() != null && !change.reason().isEmpty()) {
      next.reason(
          change.reason().length() > MAX_REASON
              ? change.reason().substring(0, MAX_REASON)
              : change.reason());
    }
    if (!change.networkBindings().isEmpty()) {
      next.networkBindings(change.networkBindings());
    }
    return next.build();
  }

  private static Container agent(Container container, ManagedAgentStateChange change, Instant now) {
    return container.toBuilder()
        .managedAgents(
            container.managedAgents().stream()
                .map(
                    each ->
                        each.name() == change.managedAgentName()
                            ? each.toBuilder()
                                .lastStatus(
                                    "CREATED".equals(change.status()) ? "PENDING" : change.status())
                                .reason(change.reason())
                                .lastStartedAt(
                                    "RUNNING".equals(change.status())
                                            && each.lastStartedAt() == null
                                        ? now
                                        : each.lastStartedAt())
                                .build()
                            : each)
                .toList())
        .build();
  }

  private static Task attachments(Task task, List<AttachmentStateChange> changes) {
    if (changes.isEmpty()) {
      return task;
    }
    return task.toBuilder()
        .attachments(
            task.attachments().stream()
                .map(
                    each -> {
                      for (AttachmentStateChange change : changes) {
                        if (change.attachmentArn() != null
                            && change.attachmentArn().endsWith("/" + each.id())) {
                          return each.toBuilder().status(change.status()).build();
                        }
                      }
                      return each;
                    })
                .toList())
        .build();
  }

  /** Every container runs: a task that must be registered somewhere is so first. */
  private static TaskRow running(View view, Scope scope, TaskRow row, Instant now) {
    if (row.serviceName() != null && routed(view, scope, row)) {
      return row.edit().task(row.task().toBuilder().lastStatus("ACTIVATING").build()).done();
    }
    return row.edit()
        .task(row.task().toBuilder().lastStatus("RUNNING").startedAt(now).build())
        .done();
  }

  private static boolean routed(View view, Scope scope, TaskRow row) {
    ServiceRow service =
        view.get(
            EcsTables.SERVICES,
            EcsTables.member(scope, row.cluster(), String.valueOf(row.serviceName())));
    DeploymentRow deployment =
        service == null ? null : service.deployment(String.valueOf(row.deploymentId()));
    if (deployment == null) {
      TaskSetRow set =
          view.get(
              EcsTables.TASK_SETS,
              EcsTables.member(scope, row.cluster(), row.serviceName() + "/" + row.deploymentId()));
      deployment = set == null ? null : set.deployment();
    }
    return deployment != null
        && (!deployment.revision().loadBalancers().isEmpty()
            || !deployment.revision().serviceRegistries().isEmpty());
  }

  static @Nullable TaskDefinition definition(View view, Scope scope, TaskRow row) {
    References.Revision revision = References.Revision.parse(row.task().taskDefinitionArn());
    TaskDefinitionRow found =
        view.get(
            EcsTables.TASK_DEFINITIONS,
            EcsTables.taskDefinition(scope, revision.family(), revision.revision()));
    return found == null ? null : found.definition();
  }

  /** The end of an essential container is the end of the task. */
  private static TaskRow essentialStopped(
      TaskRow row, @Nullable TaskDefinition definition, Instant now) {
    if (definition == null || row.isStopping()) {
      return row;
    }
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!TaskDefinitionRules.isEssential(container)) {
        continue;
      }
      Container seen = container(row.task(), container.name());
      if (seen != null && "STOPPED".equals(seen.lastStatus())) {
        return Stops.ordered(row, endOf(row, definition, null, now));
      }
    }
    return row;
  }

  private static @Nullable Container container(Task task, String name) {
    for (Container each : task.containers()) {
      if (each.name().equals(name)) {
        return each;
      }
    }
    return null;
  }

  private static TaskRow ended(
      TaskRow row, @Nullable TaskDefinition definition, @Nullable String reason, Instant now) {
    TaskRow ordered = Stops.ordered(row, endOf(row, definition, reason, now));
    return ordered.edit().containersGone(true).done();
  }

  /** Why it ended though nobody asked it to. */
  private static StopOrder endOf(
      TaskRow row, @Nullable TaskDefinition definition, @Nullable String reason, Instant now) {
    boolean started = row.task().startedAt() != null || anyStarted(row.task());
    if (started) {
      return new StopOrder(
          TaskStopCode.ESSENTIAL_CONTAINER_EXITED, "Essential container in task exited", now);
    }
    String why = reason == null || reason.isEmpty() ? null : reason;
    for (Container container : row.task().containers()) {
      if (why == null && container.reason() != null && !container.reason().isEmpty()) {
        why = container.reason();
      }
    }
    boolean essentialRan =
        definition != null
            && row.task().containers().stream().anyMatch(each -> each.exitCode() != null);
    if (why == null && essentialRan) {
      return new StopOrder(
          TaskStopCode.ESSENTIAL_CONTAINER_EXITED, "Essential container in task exited", now);
    }
    return new StopOrder(
        TaskStopCode.TASK_FAILED_TO_START, why == null ? "Task failed to start" : why, now);
  }

  private static boolean anyStarted(Task task) {
    return task.containers().stream()
            .allMatch(each -> each.runtimeId() != null && each.reason() == null)
        && task.containers().stream().anyMatch(each -> each.exitCode() != null);
  }

  SubmitContainerStateChangeResponse container(SubmitContainerStateChangeRequest request) {
    task(
        SubmitTaskStateChangeRequest.builder()
            .cluster(request.cluster())
            .task(request.task())
            .containers(
                ContainerStateChange.builder()
                    .containerName(request.containerName())
                    .runtimeId(request.runtimeId())
                    .status(request.status())
                    .exitCode(request.exitCode())
                    .reason(request.reason())
                    .networkBindings(request.networkBindings())
                    .build())
            .build());
    return SubmitContainerStateChangeResponse.builder().acknowledgment("ok").build();
  }

  SubmitAttachmentStateChangesResponse attachments(SubmitAttachmentStateChangesRequest request) {
    for (AttachmentStateChange change : request.attachments()) {
      Arns.Parts arn = change.attachmentArn() == null ? null : Arns.parse(change.attachmentArn());
      if (arn != null && arn.depth() == 3) {
        task(
            SubmitTaskStateChangeRequest.builder()
                .cluster(request.cluster())
                .task(Arns.task(arn.scope(), arn.first(), arn.path().split("/", -1)[1]))
                .attachments(change)
                .build());
      }
    }
    return SubmitAttachmentStateChangesResponse.builder().acknowledgment("ok").build();
  }

  /**
   * What a health check says of a container. The ECS API has no operation for it; Amazon's agent
   * tells it over its telemetry session.
   */
  public void containerHealth(
      String taskArn,
      String containerName,
      HealthStatus status,
      Instant since,
      @Nullable String output) {
    Arns.Parts arn = Objects.requireNonNull(Arns.parse(taskArn), taskArn);
    Key key = arn.scope().key(arn.path());
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              TaskRow row = tx.get(EcsTables.TASKS, key);
              if (row == null || row.isStopped()) {
                return false;
              }
              Outbox.put(
                  tx,
                  key,
                  row,
                  TaskHealth.told(
                      row, definition(tx, key.scope(), row), containerName, status, since, output),
                  now);
              return true;
            });
  }

  /**
   * An instance's agent came or went. What is on the instance is known no better than it: its tasks
   * are connected as long as it is.
   */
  public void agentConnected(String containerInstanceArn, boolean connected) {
    Arns.Parts arn = Arns.parse(containerInstanceArn);
    if (arn == null) {
      throw new IllegalArgumentException("not a container instance: " + containerInstanceArn);
    }
    Instant now = context.clock().instant();
    Key key = arn.scope().key(arn.path());
    context
        .store()
        .write(
            tx -> {
              InstanceRow row = tx.get(EcsTables.INSTANCES, key);
              if (row == null || row.isConnected() == connected) {
                return false;
              }
              Outbox.put(
                  tx,
                  key,
                  row,
                  new InstanceRow(
                      row.instance().toBuilder().agentConnected(connected).build(),
                      row.cluster(),
                      connected ? null : now,
                      row.inactiveAt()),
                  now);
              Connectivity connectivity =
                  connected ? Connectivity.CONNECTED : Connectivity.DISCONNECTED;
              for (Row<TaskRow> task :
                  tx.lookupAll(EcsTables.TASKS_ON_INSTANCE, row.arn()).toList()) {
                Task changed =
                    task.value().task().toBuilder()
                        .connectivity(connectivity)
                        .connectivityAt(now)
                        .build();
                Outbox.put(
                    tx, task.key(), task.value(), task.value().edit().task(changed).done(), now);
              }
              return true;
            });
  }

  /** The last output of a container, kept however its logs are driven. */
  public void containerOutput(String taskArn, String containerName, List<String> lines) {
    Arns.Parts arn = Objects.requireNonNull(Arns.parse(taskArn), taskArn);
    Key key = arn.scope().key(arn.path());
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              TaskRow row = tx.get(EcsTables.TASKS, key);
              if (row == null) {
                return false;
              }
              Map<String, List<String>> last = new HashMap<>(row.lastLines());
              last.put(
                  containerName,
                  List.copyOf(lines.subList(Math.max(0, lines.size() - LINES_KEPT), lines.size())));
              Outbox.put(tx, key, row, row.edit().lastLines(last).done(), now);
              return true;
            });
  }
}
