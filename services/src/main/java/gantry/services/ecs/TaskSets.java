package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Deployments;
import gantry.services.ecs.controller.NewTasks;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.CreateTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.CreateTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.DeleteTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.DeleteTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.DescribeTaskSetsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTaskSetsResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.Scale;
import software.amazon.awssdk.services.ecs.model.ScaleUnit;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.StabilityStatus;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskSet;
import software.amazon.awssdk.services.ecs.model.TaskSetField;
import software.amazon.awssdk.services.ecs.model.TaskSetNotFoundException;
import software.amazon.awssdk.services.ecs.model.UpdateServicePrimaryTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.UpdateServicePrimaryTaskSetResponse;
import software.amazon.awssdk.services.ecs.model.UpdateTaskSetRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskSetResponse;

/** Task sets of services whose deployments an external controller directs. */
final class TaskSets {

  static final int MAX_SETS = 5;
  private static final String OPERATION = "CreateTaskSet";

  private final ServiceContext context;
  private final Deployments deployments;
  private final LaunchRules launching;
  private final ServiceRules rules;

  TaskSets(ServiceContext context, Deployments deployments, LaunchRules launching) {
    this.context = context;
    this.deployments = deployments;
    this.launching = launching;
    this.rules = new ServiceRules(context);
  }

  private static ServiceRow external(
      View view, Scope scope, Cluster cluster, @Nullable String service) {
    ServiceRow row =
        view.get(
            EcsTables.SERVICES,
            References.service(scope, cluster.clusterName(), String.valueOf(service)));
    if (row == null) {
      throw EcsErrors.serviceNotFound();
    }
    if (!row.isActive()) {
      throw EcsErrors.serviceNotActive();
    }
    if (!row.isExternal()) {
      throw EcsErrors.invalid(
          "Task sets are only supported for services with the EXTERNAL deployment controller.");
    }
    return row;
  }

  private static String prefix(ServiceRow row) {
    return row.cluster() + "/" + row.name() + "/";
  }

  CreateTaskSetResponse create(CreateTaskSetRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    ServiceRow service = external(view, scope, cluster, request.service());
    IdempotencyTokens.check(request.clientToken(), Services.MAX_TOKEN);
    Instant now = context.clock().instant();
    String fingerprint = IdempotencyTokens.fingerprint(request);
    ClientTokenRow known =
        IdempotencyTokens.known(
            view, scope, OPERATION, cluster.clusterName(), request.clientToken(), now);
    if (known != null) {
      if (!known.fingerprint().equals(fingerprint)) {
        throw EcsErrors.invalid("Creation of task set was not idempotent.");
      }
      return CreateTaskSetResponse.builder()
          .taskSet(
              shown(
                  view,
                  scope,
                  service,
                  find(view, scope, service, known.resourceIds().getFirst()).value()))
          .build();
    }
    TaskDefinition definition =
        References.activeDefinition(view, scope, request.taskDefinition(), EcsErrors::client)
            .definition();
    NetworkConfiguration network = LaunchRules.network(definition, request.networkConfiguration());
    var items =
        LaunchRules.strategy(
            view, scope, cluster, request.launchTypeAsString(), request.capacityProviderStrategy());
    LaunchType type =
        LaunchRules.launchType(
            request.launchTypeAsString(), items.isEmpty() ? null : items.getFirst().provider());
    launching.checkCompatible(definition, type, network, request.platformVersion());
    if (request.loadBalancers().stream().anyMatch(each -> each.advancedConfiguration() != null)) {
      throw EcsErrors.invalid("A task set's load balancers have no advancedConfiguration.");
    }
    rules.balancers(request.loadBalancers(), definition);
    ServiceRules.registries(request.serviceRegistries(), definition);
    Tags.check(request.tags());
    Scale scale = scale(request.scale());
    String id = deployments.newId();
    String arn = Arns.taskSet(scope, cluster.clusterName(), service.name(), id);
    TaskSet set =
        TaskSet.builder()
            .id(id)
            .taskSetArn(arn)
            .serviceArn(service.service().serviceArn())
            .clusterArn(service.service().clusterArn())
            .externalId(request.externalId())
            .status("ACTIVE")
            .taskDefinition(definition.taskDefinitionArn())
            .launchType(items.isEmpty() ? type.toString() : null)
            .capacityProviderStrategy(
                ServiceRules.filled(
                    TaskDefinitionRules.given(request.launchTypeAsString())
                        ? List.of()
                        : request.capacityProviderStrategy().isEmpty()
                            ? cluster.defaultCapacityProviderStrategy()
                            : request.capacityProviderStrategy()))
            .platformVersion(type == LaunchType.FARGATE ? version(request) : null)
            .platformFamily(type == LaunchType.FARGATE ? NewTasks.platformFamily(definition) : null)
            .networkConfiguration(network)
            .loadBalancers(List.copyOf(request.loadBalancers()))
            .serviceRegistries(List.copyOf(request.serviceRegistries()))
            .scale(scale)
            .createdAt(now)
            .updatedAt(now)
            .stabilityStatusAt(now)
            .build();
    ServiceRevision revision =
        ServiceRevision.builder()
            .serviceRevisionArn(arn)
            .serviceArn(set.serviceArn())
            .clusterArn(set.clusterArn())
            .taskDefinition(set.taskDefinition())
            .launchType(set.launchTypeAsString())
            .capacityProviderStrategy(set.capacityProviderStrategy())
            .platformVersion(set.platformVersion())
            .networkConfiguration(network)
            .loadBalancers(set.loadBalancers())
            .serviceRegistries(set.serviceRegistries())
            .createdAt(now)
            .build();
    DeploymentRow deployment = DeploymentRow.begun(id, revision, arn, now);
    TaskSetRow made = new TaskSetRow(set, cluster.clusterName(), service.name(), deployment, false);
    context
        .store()
        .write(
            tx -> {
              ServiceRow current = external(tx, scope, cluster, request.service());
              if (EcsTables.under(tx, EcsTables.TASK_SETS, scope, prefix(current)).count()
                  >= MAX_SETS) {
                throw EcsErrors.limit(
                    "The maximum number of task sets of a service, " + MAX_SETS + ", is reached.");
              }
              tx.put(EcsTables.TASK_SETS, key(scope, made), made);
              IdempotencyTokens.put(
                  tx,
                  scope,
                  OPERATION,
                  cluster.clusterName(),
                  request.clientToken(),
                  new ClientTokenRow(fingerprint, now, List.of(arn)));
              Tags.put(tx, scope, arn, request.tags());
              return made;
            });
    return CreateTaskSetResponse.builder()
        .taskSet(shown(context.store().snapshot(), scope, service, made))
        .build();
  }

  private static Key key(Scope scope, TaskSetRow row) {
    return EcsTables.member(scope, row.cluster(), row.serviceName() + "/" + row.set().id());
  }

  /** Shown resolved, as on tasks. */
  private static String version(CreateTaskSetRequest request) {
    String given = request.platformVersion();
    return !TaskDefinitionRules.given(given) || given.equals("LATEST") ? "1.4.0" : given;
  }

  private static Scale scale(@Nullable Scale given) {
    if (given != null && given.unit() == ScaleUnit.UNKNOWN_TO_SDK_VERSION) {
      throw EcsErrors.invalid("scale unit should be one of [PERCENT]");
    }
    if (given == null || given.value() == null) {
      return Scale.builder().unit(ScaleUnit.PERCENT).value(100.0).build();
    }
    if (given.value() < 0 || given.value() > 100) {
      throw EcsErrors.invalid("scale value must be between 0 and 100.");
    }
    return Scale.builder().unit(ScaleUnit.PERCENT).value(given.value()).build();
  }

  private static Row<TaskSetRow> find(
      View view, Scope scope, ServiceRow service, @Nullable String reference) {
    String id = reference == null ? "" : reference;
    String short_ = id.startsWith("arn:") ? "ecs-svc/" + id.substring(id.lastIndexOf('/') + 1) : id;
    return EcsTables.under(view, EcsTables.TASK_SETS, scope, prefix(service))
        .filter(row -> row.value().set().id().equals(short_))
        .findFirst()
        .orElseThrow(
            () ->
                TaskSetNotFoundException.builder()
                    .message("The specified task set does not exist.")
                    .build());
  }

  UpdateTaskSetResponse update(UpdateTaskSetRequest request) {
    Scope scope = Caller.current().scope();
    Scale scale = scale(request.scale());
    return context
        .store()
        .write(
            tx -> {
              Cluster cluster = References.cluster(tx, scope, request.cluster());
              ServiceRow service = external(tx, scope, cluster, request.service());
              Row<TaskSetRow> row = find(tx, scope, service, request.taskSet());
              TaskSetRow next =
                  with(
                      row.value(),
                      row.value().set().toBuilder()
                          .scale(scale)
                          .updatedAt(context.clock().instant())
                          .build());
              tx.put(EcsTables.TASK_SETS, row.key(), next);
              return UpdateTaskSetResponse.builder()
                  .taskSet(shown(tx, scope, service, next))
                  .build();
            });
  }

  private static TaskSetRow with(TaskSetRow row, TaskSet set) {
    return new TaskSetRow(set, row.cluster(), row.serviceName(), row.deployment(), row.draining());
  }

  DeleteTaskSetResponse delete(DeleteTaskSetRequest request) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              Cluster cluster = References.cluster(tx, scope, request.cluster());
              ServiceRow service = external(tx, scope, cluster, request.service());
              Row<TaskSetRow> row = find(tx, scope, service, request.taskSet());
              if (!Boolean.TRUE.equals(request.force()) && row.value().set().scale().value() > 0) {
                throw EcsErrors.invalid(
                    "The task set cannot be deleted while it is scaled above 0.");
              }
              TaskSet set = row.value().set().toBuilder().status("DRAINING").build();
              TaskSetRow next =
                  new TaskSetRow(
                      set,
                      row.value().cluster(),
                      row.value().serviceName(),
                      row.value().deployment(),
                      true);
              tx.put(EcsTables.TASK_SETS, row.key(), next);
              Tags.put(tx, scope, set.taskSetArn(), List.of());
              return DeleteTaskSetResponse.builder()
                  .taskSet(shown(tx, scope, service, next))
                  .build();
            });
  }

  UpdateServicePrimaryTaskSetResponse primary(UpdateServicePrimaryTaskSetRequest request) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              Cluster cluster = References.cluster(tx, scope, request.cluster());
              ServiceRow service = external(tx, scope, cluster, request.service());
              Row<TaskSetRow> chosen = find(tx, scope, service, request.primaryTaskSet());
              for (Row<TaskSetRow> row :
                  EcsTables.under(tx, EcsTables.TASK_SETS, scope, prefix(service)).toList()) {
                status(tx, row, row.key().equals(chosen.key()) ? "PRIMARY" : "ACTIVE");
              }
              TaskSetRow now = Objects.requireNonNull(tx.get(EcsTables.TASK_SETS, chosen.key()));
              tx.put(
                  EcsTables.SERVICES,
                  EcsTables.member(scope, service.cluster(), service.name()),
                  service.with(
                      service.service().toBuilder()
                          .taskDefinition(now.set().taskDefinition())
                          .build()));
              return UpdateServicePrimaryTaskSetResponse.builder()
                  .taskSet(shown(tx, scope, service, now))
                  .build();
            });
  }

  private static void status(Tx tx, Row<TaskSetRow> row, String status) {
    if (!row.value().draining()) {
      tx.put(
          EcsTables.TASK_SETS,
          row.key(),
          with(row.value(), row.value().set().toBuilder().status(status).build()));
    }
  }

  DescribeTaskSetsResponse describe(DescribeTaskSetsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    ServiceRow service = external(view, scope, cluster, request.service());
    List<TaskSet> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    List<TaskSetRow> all =
        EcsTables.under(view, EcsTables.TASK_SETS, scope, prefix(service)).map(Row::value).toList();
    if (request.taskSets().isEmpty()) {
      all.forEach(each -> found.add(shown(view, scope, service, each)));
    }
    for (String reference : request.taskSets()) {
      TaskSetRow row = null;
      for (TaskSetRow each : all) {
        if (reference.equals(each.set().id()) || reference.equals(each.set().taskSetArn())) {
          row = each;
        }
      }
      if (row == null) {
        failures.add(Failure.builder().arn(reference).reason("MISSING").build());
      } else {
        found.add(shown(view, scope, service, row));
      }
    }
    EcsErrors.eachOneOf("include", request.includeAsStrings(), TaskSetField.knownValues());
    boolean tags = request.include().contains(TaskSetField.TAGS);
    return DescribeTaskSetsResponse.builder()
        .taskSets(
            found.stream()
                .map(
                    each ->
                        each.toBuilder()
                            .tags(tags ? Tags.of(view, scope, each.taskSetArn()) : List.of())
                            .build())
                .toList())
        .failures(failures)
        .build();
  }

  static TaskSet shown(View view, Scope scope, ServiceRow service, TaskSetRow row) {
    List<TaskRow> live =
        view.lookup(EcsTables.TASKS_OF_SERVICE, scope, row.cluster() + "/" + row.serviceName())
            .map(Row::value)
            .filter(each -> !each.isStopped() && row.set().id().equals(each.deploymentId()))
            .toList();
    int running = ShownServices.count(live, null, true);
    int pending = ShownServices.count(live, null, false);
    int desired =
        row.draining()
            ? 0
            : (int) Math.ceil(service.service().desiredCount() * row.set().scale().value() / 100.0);
    boolean healthy =
        live.stream()
            .allMatch(
                each ->
                    each.targets().stream().allMatch(target -> target.isHealthy())
                        && !each.isStopping());
    return row.set().toBuilder()
        .computedDesiredCount(desired)
        .runningCount(running)
        .pendingCount(pending)
        .stabilityStatus(
            running == desired && pending == 0 && healthy
                ? StabilityStatus.STEADY_STATE
                : StabilityStatus.STABILIZING)
        .build();
  }
}
