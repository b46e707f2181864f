package gantry.services.ecs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Gpus;
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
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceField;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceHealthStatus;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceStatus;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.DeregisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.DescribeContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointRequest;
import software.amazon.awssdk.services.ecs.model.DiscoverPollEndpointResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckResult;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckState;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckType;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesRequest;
import software.amazon.awssdk.services.ecs.model.ListContainerInstancesResponse;
import software.amazon.awssdk.services.ecs.model.NoUpdateAvailableException;
import software.amazon.awssdk.services.ecs.model.PlatformDevice;
import software.amazon.awssdk.services.ecs.model.PlatformDeviceType;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerAgentResponse;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateRequest;
import software.amazon.awssdk.services.ecs.model.UpdateContainerInstancesStateResponse;

/**
 * Container instances, and the nodes of the Fargate pool, which register the same way under a name
 * that no cluster can have and are shown to nobody.
 */
final class ContainerInstances {

  /** An account of ours puts its machine into the pool under this name. */
  static final String FARGATE_POOL = InstanceRow.FARGATE_POOL;

  private static final int MAX_DESCRIBED = 100;
  private static final int MAX_UPDATED = 10;
  private static final JsonFactory JSON = new JsonFactory();

  private final ServiceContext context;

  ContainerInstances(ServiceContext context) {
    this.context = context;
  }

  RegisterContainerInstanceResponse register(RegisterContainerInstanceRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    boolean pool = FARGATE_POOL.equals(request.cluster());
    if (pool && !Caller.current().isService()) {
      throw EcsErrors.clusterNotFound();
    }
    Tags.check(request.tags());
    Map<String, String> identity = identity(request.instanceIdentityDocument());
    String freshId = context.ids().hex(32);
    InstanceRow registered =
        context
            .store()
            .write(
                tx -> {
                  String cluster =
                      pool
                          ? FARGATE_POOL
                          : References.cluster(tx, scope, request.cluster()).clusterName();
                  String id = freshId;
                  InstanceRow old = null;
                  if (TaskDefinitionRules.given(request.containerInstanceArn())) {
                    id = References.id(request.containerInstanceArn(), "container-instance");
                    old = tx.get(EcsTables.INSTANCES, EcsTables.member(scope, cluster, id));
                    if (old == null && !pool) {
                      throw EcsErrors.client("The specified container instance was not found.");
                    }
                    checkType(old, identity);
                  }
                  InstanceRow row = made(scope, cluster, id, request, identity, old, now);
                  Outbox.put(tx, EcsTables.member(scope, cluster, id), old, row, now);
                  if (!request.tags().isEmpty()) {
                    Tags.put(tx, scope, row.arn(), request.tags());
                  }
                  return row;
                });
    View view = context.store().snapshot();
    return RegisterContainerInstanceResponse.builder()
        .containerInstance(
            shown(view, scope, registered).toBuilder()
                .tags(Tags.of(view, scope, registered.arn()))
                .build())
        .build();
  }

  private static void checkType(@Nullable InstanceRow old, Map<String, String> identity) {
    String before = old == null ? null : old.attribute("ecs.instance-type");
    String now = identity.get("instanceType");
    if (before != null && now != null && !before.equals(now)) {
      throw EcsErrors.invalid("Container instance type changes are not supported.");
    }
  }

  private static InstanceRow made(
      Scope scope,
      String cluster,
      String id,
      RegisterContainerInstanceRequest request,
      Map<String, String> identity,
      @Nullable InstanceRow old,
      Instant now) {
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    request.attributes().forEach(each -> attributes.put(each.name(), each));
    if (old != null) {
      // A returning agent leaves the custom ones out.
      old.instance().attributes().stream()
          .filter(each -> Attributes.isCustom(each.name()))
          .forEach(each -> attributes.putIfAbsent(each.name(), each));
    }
    put(attributes, "ecs.availability-zone", identity.get("availabilityZone"));
    put(attributes, "ecs.instance-type", identity.get("instanceType"));
    put(attributes, "ecs.ami-id", identity.get("imageId"));
    if (!cluster.equals(FARGATE_POOL)) {
      put(attributes, "ecs.availability-zone", scope.region() + "a");
      put(attributes, "ecs.os-type", "linux");
    }
    Attribute provider = attributes.get("ecs.capacity-provider");
    ContainerInstance.Builder instance =
        ContainerInstance.builder()
            .containerInstanceArn(Arns.containerInstance(scope, cluster, id))
            .ec2InstanceId(identity.get("instanceId"))
            .capacityProviderName(provider == null ? null : provider.value())
            .versionInfo(request.versionInfo())
            .registeredResources(resources(request))
            .status("ACTIVE")
            .agentConnected(true)
            .attributes(attributes.values())
            .attachments(List.of())
            .registeredAt(old == null ? now : old.instance().registeredAt())
            .version(old == null ? 0L : old.instance().version());
    if (old != null && old.isDraining()) {
      instance.status("DRAINING");
    }
    return new InstanceRow(instance.build(), cluster, null, null);
  }

  private static void put(Map<String, Attribute> attributes, String name, @Nullable String value) {
    if (value != null) {
      attributes.putIfAbsent(name, Attribute.builder().name(name).value(value).build());
    }
  }

  /** Agents tell their GPUs as devices; they are shown as the resource GPU. */
  private static List<Resource> resources(RegisterContainerInstanceRequest request) {
    List<Resource> resources =
        new ArrayList<>(request.totalResources().stream().map(ContainerInstances::full).toList());
    List<String> gpus =
        request.platformDevices().stream()
            .filter(each -> each.type() == PlatformDeviceType.GPU)
            .map(PlatformDevice::id)
            .toList();
    if (!gpus.isEmpty() && resources.stream().noneMatch(each -> "GPU".equals(each.name()))) {
      resources.add(
          full(Resource.builder().name("GPU").type("STRINGSET").stringSetValue(gpus).build()));
    }
    return resources;
  }

  private static Resource full(Resource resource) {
    return resource.toBuilder()
        .doubleValue(resource.doubleValue() == null ? 0.0 : resource.doubleValue())
        .longValue(resource.longValue() == null ? 0L : resource.longValue())
        .integerValue(resource.integerValue() == null ? 0 : resource.integerValue())
        .build();
  }

  /** The top-level strings of the identity document; empty for a machine that has none. */
  private static Map<String, String> identity(@Nullable String document) {
    Map<String, String> members = new LinkedHashMap<>();
    if (document == null || document.isBlank()) {
      return members;
    }
    try (JsonParser json = JSON.createParser(document)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw EcsErrors.invalid("Invalid instance identity document.");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (value == JsonToken.VALUE_STRING) {
          members.put(name, json.getText());
        } else {
          json.skipChildren();
        }
      }
    } catch (IOException malformed) {
      throw EcsErrors.invalid("Invalid instance identity document.");
    }
    return members;
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
        .containerInstance(shown(context.store().snapshot(), scope, gone))
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
      ContainerInstance.Builder instance = shown(view, scope, row).toBuilder();
      if (request.include().contains(ContainerInstanceField.TAGS)) {
        instance.tags(Tags.of(view, scope, row.arn()));
      }
      if (request.include().contains(ContainerInstanceField.CONTAINER_INSTANCE_HEALTH)) {
        instance.healthStatus(health(row, context.clock().instant()));
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

  private static ContainerInstanceHealthStatus health(InstanceRow row, Instant now) {
    InstanceHealthCheckState state =
        row.isConnected()
            ? InstanceHealthCheckState.OK
            : InstanceHealthCheckState.INSUFFICIENT_DATA;
    return ContainerInstanceHealthStatus.builder()
        .overallStatus(state)
        .details(
            InstanceHealthCheckResult.builder()
                .type(InstanceHealthCheckType.CONTAINER_RUNTIME)
                .status(state)
                .lastUpdated(now)
                .lastStatusChange(
                    row.disconnectedAt() == null
                        ? row.instance().registeredAt()
                        : row.disconnectedAt())
                .build())
        .build();
  }

  /** With what is left and how many tasks there are. */
  static ContainerInstance shown(View view, Scope scope, InstanceRow row) {
    List<TaskRow> tasks =
        view.lookup(EcsTables.TASKS_ON_INSTANCE, scope, row.arn()).map(Row::value).toList();
    int running = (int) tasks.stream().filter(TaskRow::isRunning).count();
    int pending =
        (int)
            tasks.stream()
                .filter(
                    each ->
                        Set.of("PENDING", "PROVISIONING", "ACTIVATING")
                            .contains(each.task().lastStatus()))
                .count();
    List<Resource> remaining = new ArrayList<>();
    for (Resource resource : row.instance().registeredResources()) {
      remaining.add(remaining(resource, tasks));
    }
    return row.instance().toBuilder()
        .remainingResources(remaining)
        .runningTasksCount(running)
        .pendingTasksCount(pending)
        .build();
  }

  private static Resource remaining(Resource resource, List<TaskRow> tasks) {
    return switch (resource.name()) {
      case "CPU" ->
          resource.toBuilder()
              .integerValue(
                  resource.integerValue()
                      - tasks.stream().mapToInt(each -> each.demand().cpu()).sum())
              .build();
      case "MEMORY" ->
          resource.toBuilder()
              .integerValue(
                  resource.integerValue()
                      - tasks.stream().mapToInt(each -> each.demand().memory()).sum())
              .build();
      case "PORTS" ->
          withPorts(
              resource,
              tasks.stream()
                  .flatMap(each -> each.demand().tcpPorts().stream())
                  .collect(Collectors.toSet()));
      case "PORTS_UDP" ->
          withPorts(
              resource,
              tasks.stream()
                  .flatMap(each -> each.demand().udpPorts().stream())
                  .collect(Collectors.toSet()));
      case "GPU" -> {
        Set<String> held = Gpus.held(tasks);
        yield resource.toBuilder()
            .stringSetValue(
                resource.stringSetValue().stream().filter(id -> !held.contains(id)).toList())
            .build();
      }
      default -> resource;
    };
  }

  private static Resource withPorts(Resource resource, Set<Integer> used) {
    Set<Integer> all = new TreeSet<>(used);
    resource.stringSetValue().forEach(each -> all.add(Integer.parseInt(each)));
    return resource.toBuilder().stringSetValue(all.stream().map(String::valueOf).toList()).build();
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
                                || filter.matches(new InstanceSubject(view, row.value()))),
            row -> row.key().id());
    return ListContainerInstancesResponse.builder()
        .containerInstanceArns(page.items().stream().map(row -> row.value().arn()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  /** An instance row as the query language sees it. */
  record InstanceSubject(View view, InstanceRow row) implements ClusterQuery.Subject {
    private List<TaskRow> tasks() {
      return view.lookupAll(EcsTables.TASKS_ON_INSTANCE, row.arn()).map(Row::value).toList();
    }

    @Override
    public @Nullable String attribute(String name) {
      return row.attribute(name);
    }

    @Override
    public boolean agentConnected() {
      return row.isConnected();
    }

    @Override
    public @Nullable String agentVersion() {
      return row.instance().versionInfo() == null
          ? null
          : row.instance().versionInfo().agentVersion();
    }

    @Override
    public @Nullable String ec2InstanceId() {
      return row.instance().ec2InstanceId();
    }

    @Override
    public @Nullable Instant registeredAt() {
      return row.instance().registeredAt();
    }

    @Override
    public int runningTasksCount() {
      return (int) tasks().stream().filter(TaskRow::isRunning).count();
    }

    @Override
    public Set<String> taskGroups() {
      return tasks().stream().map(each -> each.task().group()).collect(Collectors.toSet());
    }
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
        .containerInstances(changed.stream().map(row -> shown(view, scope, row)).toList())
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
