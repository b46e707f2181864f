package gantry.services.ecs;

import gantry.services.ecs.controller.Gpus;
import gantry.services.ecs.placement.ClusterQuery;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.ContainerInstanceHealthStatus;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckResult;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckState;
import software.amazon.awssdk.services.ecs.model.InstanceHealthCheckType;
import software.amazon.awssdk.services.ecs.model.Resource;

/** Container instances as they are described, and as the query language sees them. */
final class ShownInstances {

  private ShownInstances() {}

  static ContainerInstanceHealthStatus health(InstanceRow row, Instant now) {
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

  /** An instance row as the query language sees it. */
  record Subject(View view, InstanceRow row) implements ClusterQuery.Subject {
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
}
