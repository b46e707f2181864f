package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Outbox;
import gantry.services.ecs.controller.Stops;
import gantry.services.ecs.placement.ClusterQuery;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceField;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceStatus;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointRequest;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.NoUpdateAvailableException;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentResponse;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateResponse;

/** Container instances: deregister, describe, list, drain. */
final class ContainerInstances {

  private static final int MAX_DESCRIBED = 100;
  private static final int MAX_UPDATED = 10;

  private final ServiceContext context;

  ContainerInstances(ServiceContext context) {
    this.context = context;
  }

  DeregisterContainerInstanceResponse deregister(DeregisterContainerInstanceRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    InstanceRow gone =
        context
            .store()
            .write(
                tx -> {
                  String cluster = References.cluster(tx, scope, request.cluster()).clusterName();
                  Key key =
                      References.instance(
                          scope, cluster, String.valueOf(request.containerInstance()));
                  InstanceRow row = tx.get(EcsTables.INSTANCES, key);
                  if (row == null || row.isFargate()) {
                    throw EcsErrors.invalid(
                        "Referenced container instance "
                            + request.containerInstance()
                            + " not found.");
                  }
                  List<Row<TaskRow>> tasks =
                      tx.lookup(EcsTables.TASKS_ON_INSTANCE, scope, row.arn()).toList();
                  if (!tasks.isEmpty() && !Boolean.TRUE.equals(request.force())) {
                    throw EcsErrors.invalid("Found running tasks on the instance.");
                  }
                  InstanceRow next =
                      new InstanceRow(
                          row.instance().toBuilder()
                              .status("INACTIVE")
                              .agentConnected(false)
                              .build(),
                          row.cluster(),
                          row.disconnectedAt(),
                          now);
                  Outbox.put(tx, key, row, next, now);
                  // Left as orphans on the host: for ECS they have ended.
                  for (Row<TaskRow> task : tasks) {
                    TaskRow ordered =
                        Stops.ordered(
                            task.value(),
                            new StopOrder(
                                TaskStopCode.USER_INITIATED,
                                "Container instance deregistration forced by user",
                                now));
                    Outbox.put(
                        tx,
                        task.key(),
                        task.value(),
                        ordered.edit().containersGone(true).done(),
                        now);
                  }
                  return next;
                });
    return DeregisterContainerInstanceResponse.builder()
        .containerInstance(ShownInstances.shown(context.store().snapshot(), scope, gone))
        .build();
  }

  DescribeContainerInstancesResponse describe(DescribeContainerInstancesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    if (request.containerInstances().isEmpty()) {
      throw EcsErrors.client("Container Instances cannot be empty.");
    }
    if (request.containerInstances().size() > MAX_DESCRIBED) {
      throw EcsErrors.invalid(
          "Container Instances cannot have more than " + MAX_DESCRIBED + " elements.");
    }
    EcsErrors.eachOneOf(
        "include", request.includeAsStrings(), ContainerInstanceField.knownValues());
    List<ContainerInstance> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : request.containerInstances()) {
      InstanceRow row = References.findInstance(view, scope, cluster, reference);
      if (row == null) {
        failures.add(missing(scope, cluster, reference));
        continue;
      }
      ContainerInstance.Builder instance = ShownInstances.shown(view, scope, row).toBuilder();
      if (request.include().contains(ContainerInstanceField.TAGS)) {
        instance.tags(Tags.of(view, scope, row.arn()));
      }
      if (request.include().contains(ContainerInstanceField.CONTAINER_INSTANCE_HEALTH)) {
        instance.healthStatus(ShownInstances.health(row, context.clock().instant()));
      }
      found.add(instance.build());
    }
    return DescribeContainerInstancesResponse.builder()
        .containerInstances(found)
        .failures(failures)
        .build();
  }

  private static Failure missing(Scope scope, String cluster, String reference) {
    return Failure.builder()
        .arn(
            reference.startsWith("arn:")
                ? reference
                : Arns.containerInstance(scope, cluster, reference))
        .reason("MISSING")
        .build();
  }

  ListContainerInstancesResponse list(ListContainerInstancesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    ClusterQuery filter =
        TaskDefinitionRules.given(request.filter())
            ? PlacementRules.expression(request.filter())
            : null;
    String status = request.statusAsString();
    EcsErrors.oneOf("status", status, ContainerInstanceStatus.knownValues());
    var page =
        Paging.<Row<InstanceRow>>page(
            "instances|" + cluster + "|" + request.filter() + "|" + status,
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after ->
                EcsTables.inCluster(view, EcsTables.INSTANCES, scope, cluster, after)
                    .filter(
                        row ->
                            TaskDefinitionRules.given(status)
                                ? status.equals(row.value().instance().status())
                                : !"INACTIVE".equals(row.value().instance().status()))
                    .filter(
                        row ->
                            filter == null
                                || filter.matches(new ShownInstances.Subject(view, row.value()))),
            row -> row.key().id());
    return ListContainerInstancesResponse.builder()
        .containerInstanceArns(page.items().stream().map(row -> row.value().arn()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  UpdateContainerInstancesStateResponse updateState(UpdateContainerInstancesStateRequest request) {
    Scope scope = Caller.current().scope();
    ContainerInstanceStatus status = request.status();
    if (status != ContainerInstanceStatus.ACTIVE && status != ContainerInstanceStatus.DRAINING) {
      throw EcsErrors.invalid("Container instance status should be one of [ACTIVE, DRAINING]");
    }
    if (request.containerInstances().isEmpty()) {
      throw EcsErrors.client("Container Instances cannot be empty.");
    }
    if (request.containerInstances().size() > MAX_UPDATED) {
      throw EcsErrors.invalid(
          "Container Instances cannot have more than " + MAX_UPDATED + " elements.");
    }
    Instant now = context.clock().instant();
    List<Failure> failures = new ArrayList<>();
    List<InstanceRow> changed =
        context
            .store()
            .write(
                tx -> {
                  failures.clear();
                  Cluster cluster = References.cluster(tx, scope, request.cluster());
                  List<InstanceRow> rows = new ArrayList<>();
                  for (String reference : request.containerInstances()) {
                    Key key = References.instance(scope, cluster.clusterName(), reference);
                    InstanceRow row = tx.get(EcsTables.INSTANCES, key);
                    if (row == null) {
                      failures.add(missing(scope, cluster.clusterName(), reference));
                    } else if ("INACTIVE".equals(row.instance().status())) {
                      failures.add(Failure.builder().arn(row.arn()).reason("INACTIVE").build());
                    } else {
                      InstanceRow next =
                          row.with(row.instance().toBuilder().status(status.toString()).build());
                      if (!next.equals(row)) {
                        Outbox.put(tx, key, row, next, now);
                      }
                      rows.add(Objects.requireNonNull(tx.get(EcsTables.INSTANCES, key)));
                    }
                  }
                  return rows;
                });
    View view = context.store().snapshot();
    return UpdateContainerInstancesStateResponse.builder()
        .containerInstances(
            changed.stream().map(row -> ShownInstances.shown(view, scope, row)).toList())
        .failures(failures)
        .build();
  }

  /** The agent that people run is theirs to update; ours comes with the program. */
  UpdateContainerAgentResponse updateAgent(UpdateContainerAgentRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    if (References.findInstance(view, scope, cluster, String.valueOf(request.containerInstance()))
        == null) {
      throw EcsErrors.invalid(
          "Referenced container instance " + request.containerInstance() + " not found.");
    }
    throw NoUpdateAvailableException.builder()
        .message("There is no update available for your container agent.")
        .build();
  }

  DiscoverPollEndpointResponse discover(DiscoverPollEndpointRequest request) {
    String url = context.endpoint().url();
    return DiscoverPollEndpointResponse.builder()
        .endpoint(url + "/acs")
        .telemetryEndpoint(url + "/tcs")
        .serviceConnectEndpoint(url + "/sc")
        .build();
  }
}
