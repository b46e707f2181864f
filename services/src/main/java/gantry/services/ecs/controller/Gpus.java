package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.ResourceRequirement;
import software.amazon.awssdk.services.ecs.model.ResourceType;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/** Which of its instance's GPUs each container of a task has. */
public final class Gpus {

  private Gpus() {}

  /** How many a container asks for. */
  static int wanted(ContainerDefinition container) {
    int wanted = 0;
    for (ResourceRequirement requirement : container.resourceRequirements()) {
      if (requirement.type() == ResourceType.GPU) {
        wanted += Integer.parseInt(requirement.value());
      }
    }
    return wanted;
  }

  /** Those that some task of these has. */
  public static Set<String> held(List<TaskRow> tasks) {
    return tasks.stream()
        .flatMap(each -> each.task().containers().stream())
        .flatMap(each -> each.gpuIds().stream())
        .collect(Collectors.toSet());
  }

  /** The row with GPUs of its instance that nobody has; placement has seen to it that there are. */
  static TaskRow given(View view, Scope scope, TaskRow row) {
    String arn = row.task().containerInstanceArn();
    TaskDefinition definition = TaskPayloads.definition(view, scope, row);
    InstanceRow instance = arn == null ? null : TaskController.instance(view, scope, arn);
    if (row.demand().gpus() == 0 || arn == null || instance == null || definition == null) {
      return row;
    }
    Set<String> held =
        held(
            view.lookupAll(EcsTables.TASKS_ON_INSTANCE, arn)
                .map(each -> each.value())
                .filter(each -> !each.id().equals(row.id()))
                .toList());
    Deque<String> free = new ArrayDeque<>();
    for (Resource resource : instance.instance().registeredResources()) {
      if ("GPU".equals(resource.name())) {
        resource.stringSetValue().stream().filter(id -> !held.contains(id)).forEach(free::add);
      }
    }
    List<Container> containers = new ArrayList<>();
    for (Container container : row.task().containers()) {
      List<String> ids = new ArrayList<>();
      for (ContainerDefinition each : definition.containerDefinitions()) {
        if (each.name().equals(container.name())) {
          for (int i = wanted(each); i > 0; i--) {
            ids.add(free.remove());
          }
        }
      }
      containers.add(ids.isEmpty() ? container : container.toBuilder().gpuIds(ids).build());
    }
    return row.edit().task(row.task().toBuilder().containers(containers).build()).done();
  }
}
