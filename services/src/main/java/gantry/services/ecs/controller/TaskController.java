package gantry.services.ecs.controller;

import gantry.acs.EniPayload;
import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.NameRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Controller.Again;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * Leads each task through its states.
 *
 * <pre>
 * PROVISIONING  interface made, room found      -> PENDING      the node has it
 * PENDING       node: every container runs      -> ACTIVATING   registered in target groups and DNS
 * ACTIVATING                                    -> RUNNING
 * any           an order to stop                -> DEACTIVATING out of DNS and targets, drained, forgotten
 * DEACTIVATING                                  -> STOPPING     the node stops the containers
 * STOPPING      node: nothing of it runs        -> DEPROVISIONING  interface given back
 * DEPROVISIONING                                -> STOPPED
 * </pre>
 *
 * Every way in which a task can end goes through the same steps in the same order.
 */
public final class TaskController implements Controller {

  /** How long a task waits for room at a capacity provider that makes some. */
  static final Duration MAX_PROVISIONING = Duration.ofMinutes(15);

  static final Duration PROVISIONING_POLL = Duration.ofSeconds(10);

  private final ServiceContext context;
  private final Networks networks;
  private final Routing routing;
  private final TaskNames names;
  private final Capacity capacity;
  private final Launcher launcher;
  private final TaskChanges rows;
  private final TaskEnding ending;

  public TaskController(
      ServiceContext context, Networks networks, Capacity capacity, Launcher launcher) {
    this.context = context;
    this.networks = networks;
    this.routing = new Routing(context.clients());
    this.names = new TaskNames(context.clients());
    this.capacity = capacity;
    this.launcher = launcher;
    this.rows = new TaskChanges(context);
    this.ending = new TaskEnding(context, networks, routing, names, rows);
  }

  @Override
  public String name() {
    return "ecs.tasks";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == EcsTables.TASKS
            && change.after() instanceof TaskRow row
            && !row.isStopped()
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.TASKS).filter(row -> !row.value().isStopped()).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    TaskRow row = context.store().snapshot().get(EcsTables.TASKS, key);
    if (row == null || row.isStopped()) {
      return Again.WHEN_CHANGED;
    }
    if (row.isStopping()) {
      return ending.step(key, row);
    }
    return switch (row.task().lastStatus()) {
      case "PROVISIONING" -> provision(key, row);
      case "ACTIVATING" -> activate(key, row);
      case "RUNNING" -> keepNames(key, row);
      default -> Again.WHEN_CHANGED;
    };
  }

  // ---- coming up

  private Again provision(Key key, TaskRow row) {
    if (row.task().containerInstanceArn() == null) {
      return awaitRoom(key, row);
    }
    if (row.network() == null) {
      ready(key, null);
      return Again.WHEN_CHANGED;
    }
    Scope scope = key.scope();
    EniPayload eni;
    try {
      var vpc = row.network().awsvpcConfiguration();
      List<Networks.SubnetFacts> subnets = networks.subnets(scope, vpc.subnets());
      Networks.SubnetFacts chosen = subnets.getFirst();
      for (Networks.SubnetFacts subnet : subnets) {
        if (subnet.zone().equals(row.task().availabilityZone())) {
          chosen = subnet;
          break;
        }
      }
      String attachment = row.task().attachments().getFirst().id();
      eni =
          networks.create(
              scope, Arns.attachment(scope, row.cluster(), row.id(), attachment), chosen, vpc);
    } catch (AwsServiceException refused) {
      if (refused.statusCode() >= 500) {
        throw refused;
      }
      String subnet = row.network().awsvpcConfiguration().subnets().getFirst();
      String code =
          refused.awsErrorDetails() == null
              ? refused.getMessage()
              : refused.awsErrorDetails().errorCode()
                  + ": "
                  + refused.awsErrorDetails().errorMessage();
      stop(
          key,
          new StopOrder(
              TaskStopCode.TASK_FAILED_TO_START,
              "Unexpected EC2 error while attempting to Create Network Interface in subnet '"
                  + subnet
                  + "': "
                  + code,
              context.clock().instant()));
      return Again.WHEN_CHANGED;
    }
    ready(key, eni);
    return Again.WHEN_CHANGED;
  }

  private void ready(Key key, @Nullable EniPayload eni) {
    View view = context.store().snapshot();
    boolean kept =
        rows.change(
            key,
            row -> {
              if (!"PROVISIONING".equals(row.task().lastStatus())) {
                return row;
              }
              TaskRow.Edit edit = row.edit();
              Task.Builder task = row.task().toBuilder();
              if (eni != null) {
                edit.eni(eni);
                List<Attachment> all = new ArrayList<>(attached(row.task(), eni));
                all.addAll(
                    TaskNames.attachments(deployment(view, key.scope(), row), context.ids()));
                task.attachments(all)
                    .containers(
                        row.task().containers().stream()
                            .map(each -> addressed(each, row.task(), eni))
                            .toArray(Container[]::new));
              }
              if (row.isStopping()) {
                return edit.task(task.build()).done();
              }
              return edit.task(task.lastStatus("PENDING").build())
                  .node(TaskRow.NodeWish.RUN)
                  .done();
            });
    if (!kept && eni != null) {
      networks.delete(key.scope(), eni);
    }
  }

  /** Its interface; what else is attached stays as it is. */
  private static List<Attachment> attached(Task task, EniPayload eni) {
    return task.attachments().stream()
        .map(
            each ->
                !"ElasticNetworkInterface".equals(each.type())
                    ? each
                    : each.toBuilder()
                        .status("ATTACHED")
                        .details(
                            pair("subnetId", eni.subnetId()),
                            pair("networkInterfaceId", eni.eniId()),
                            pair("macAddress", eni.macAddress()),
                            pair("privateDnsName", eni.privateDnsName()),
                            pair("privateIPv4Address", eni.privateIp()))
                        .build())
        .toList();
  }

  private static Container addressed(Container container, Task task, EniPayload eni) {
    return container.toBuilder()
        .networkInterfaces(
            NetworkInterface.builder()
                .attachmentId(task.attachments().getFirst().id())
                .privateIpv4Address(eni.privateIp())
                .build())
        .build();
  }

  private static KeyValuePair pair(String name, String value) {
    return KeyValuePair.builder().name(name).value(value).build();
  }

  /** A managed-scaling provider was asked for room; the task waits for it, but not for ever. */
  private Again awaitRoom(Key key, TaskRow row) {
    View view = context.store().snapshot();
    TaskDefinition definition = TaskPayloads.definition(view, key.scope(), row);
    if (definition == null) {
      return Again.WHEN_CHANGED;
    }
    Decision decision = launcher.place(Launcher.waiting(key.scope(), row, definition), row);
    Instant now = context.clock().instant();
    if (decision instanceof Decision.Placed placed) {
      InstanceRow instance = instance(view, key.scope(), placed.instanceId());
      boolean kept =
          rows.change(
              key,
              (tx, each) ->
                  each.isStopping() || each.task().containerInstanceArn() != null
                      ? each
                      : Gpus.given(
                          tx,
                          key.scope(),
                          each.edit()
                              .task(
                                  each.task().toBuilder()
                                      .containerInstanceArn(placed.instanceId())
                                      .availabilityZone(
                                          instance == null
                                              ? null
                                              : instance.attribute("ecs.availability-zone"))
                                      .build())
                              .done()));
      if (!kept) {
        capacity.release(row.arn());
      }
      return Again.WHEN_CHANGED;
    }
    if (!now.isBefore(row.task().createdAt().plus(MAX_PROVISIONING))) {
      String reason = "EMPTY CAPACITY PROVIDER";
      if (decision instanceof Decision.Refused refused && refused.closestRefusal() != null) {
        reason = refused.closestRefusal().reason();
      }
      stop(key, new StopOrder(TaskStopCode.TASK_FAILED_TO_START, reason, now));
      return Again.WHEN_CHANGED;
    }
    return Again.after(PROVISIONING_POLL);
  }

  /** Every container runs: the task gets its places before it counts as running. */
  private Again activate(Key key, TaskRow row) {
    View view = context.store().snapshot();
    DeploymentRow deployment = deployment(view, key.scope(), row);
    List<TargetRow> targets = List.of();
    List<NameRow> found = List.of();
    if (deployment != null) {
      InstanceRow instance =
          instance(view, key.scope(), String.valueOf(row.task().containerInstanceArn()));
      targets = Routing.targets(deployment, row, instance);
      routing.register(key.scope(), targets);
      if (TaskNames.mayBeAsked(view, key.scope(), row)) {
        found = names.register(view, key.scope(), deployment, row, instance);
      }
    }
    List<TargetRow> registered = targets;
    List<NameRow> named = found;
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              TaskRow current = tx.get(EcsTables.TASKS, key);
              if (current == null || current.isStopped()) {
                return false;
              }
              TaskRow.Edit edit = current.edit().targets(registered).names(named);
              if (!current.isStopping() && "ACTIVATING".equals(current.task().lastStatus())) {
                edit.task(current.task().toBuilder().lastStatus("RUNNING").startedAt(now).build());
              }
              Outbox.put(tx, key, current, edit.done(), now);
              if (!registered.isEmpty() && current.serviceName() != null) {
                for (TargetRow target : registered) {
                  ServiceEvents.say(
                      tx,
                      key.scope(),
                      current.cluster(),
                      current.serviceName(),
                      context.ids().uuid(),
                      "(service "
                          + current.serviceName()
                          + ") registered 1 targets in (target-group "
                          + target.targetGroupArn()
                          + ")",
                      now);
                }
              }
              return true;
            });
    return Again.WHEN_CHANGED;
  }

  /** A running task is named once its health check has succeeded, and its health is passed on. */
  private Again keepNames(Key key, TaskRow row) {
    View view = context.store().snapshot();
    boolean healthy = TaskNames.mayBeAsked(view, key.scope(), row);
    List<NameRow> next = row.names();
    if (!next.isEmpty()) {
      next = names.tell(key.scope(), row, healthy);
    } else if (healthy) {
      DeploymentRow deployment = deployment(view, key.scope(), row);
      if (TaskNames.awaited(row, deployment) && deployment != null) {
        InstanceRow instance =
            instance(view, key.scope(), String.valueOf(row.task().containerInstanceArn()));
        next = names.register(view, key.scope(), deployment, row, instance);
      }
    }
    if (!next.equals(row.names())) {
      List<NameRow> told = next;
      rows.change(key, each -> each.edit().names(told).done());
    }
    return Again.WHEN_CHANGED;
  }

  static @Nullable DeploymentRow deployment(View view, Scope scope, TaskRow row) {
    if (row.serviceName() == null || row.deploymentId() == null) {
      return null;
    }
    ServiceRow service =
        view.get(EcsTables.SERVICES, EcsTables.member(scope, row.cluster(), row.serviceName()));
    if (service == null) {
      return null;
    }
    DeploymentRow deployment = service.deployment(row.deploymentId());
    if (deployment != null) {
      return deployment;
    }
    TaskSetRow set =
        view.get(
            EcsTables.TASK_SETS,
            EcsTables.member(scope, row.cluster(), row.serviceName() + "/" + row.deploymentId()));
    return set == null ? null : set.deployment();
  }

  /** An instance of the account's, or one of the pool that serves every account. */
  static @Nullable InstanceRow instance(View view, Scope scope, String arn) {
    Arns.Parts parts = Arns.parse(arn);
    if (parts == null) {
      return null;
    }
    Scope owner = parts.path().startsWith(InstanceRow.FARGATE_POOL) ? parts.scope() : scope;
    return view.get(EcsTables.INSTANCES, owner.key(parts.path()));
  }

  private void stop(Key key, StopOrder order) {
    rows.change(key, row -> Stops.ordered(row, order));
  }
}
