package gantry.services.ecs;

import gantry.services.ecs.rows.ContainerHealthRow;
import gantry.services.ecs.rows.TaskRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/** What health checks say of a task: of each container what it was told, of the task the worst. */
final class TaskHealth {

  private TaskHealth() {}

  /** The task with what the health check of one of its containers says now. */
  static TaskRow told(
      TaskRow row,
      @Nullable TaskDefinition definition,
      String containerName,
      HealthStatus status,
      Instant since,
      @Nullable String output) {
    Map<String, ContainerHealthRow> health = new HashMap<>(row.health());
    ContainerHealthRow old = health.get(containerName);
    List<String> outputs = new ArrayList<>(old == null ? List.of() : old.outputs());
    if (output != null && !output.isEmpty()) {
      outputs.add(output);
      if (outputs.size() > ContainerHealthRow.OUTPUTS_KEPT) {
        outputs.removeFirst();
      }
    }
    health.put(containerName, new ContainerHealthRow(status, since, List.copyOf(outputs)));
    List<Container> containers =
        row.task().containers().stream()
            .map(
                each ->
                    each.name().equals(containerName)
                        ? each.toBuilder().healthStatus(status).build()
                        : each)
            .toList();
    Task task = row.task().toBuilder().containers(containers).build();
    return row.edit()
        .health(health)
        .task(
            task.toBuilder()
                .healthStatus(definition == null ? HealthStatus.UNKNOWN : ofTask(definition, task))
                .build())
        .done();
  }

  /** Of the essential containers with checks: the worst. */
  private static HealthStatus ofTask(TaskDefinition definition, Task task) {
    boolean checked = false;
    boolean unknown = false;
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (!TaskDefinitionRules.isEssential(container) || container.healthCheck() == null) {
        continue;
      }
      checked = true;
      HealthStatus status =
          task.containers().stream()
              .filter(each -> each.name().equals(container.name()))
              .map(Container::healthStatus)
              .findFirst()
              .orElse(HealthStatus.UNKNOWN);
      if (status == HealthStatus.UNHEALTHY) {
        return HealthStatus.UNHEALTHY;
      }
      unknown |= status != HealthStatus.HEALTHY;
    }
    return checked && !unknown ? HealthStatus.HEALTHY : HealthStatus.UNKNOWN;
  }
}
