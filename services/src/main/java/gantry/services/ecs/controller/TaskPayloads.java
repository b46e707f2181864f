package gantry.services.ecs.controller;

import gantry.acs.TaskPayload;
import gantry.services.ecs.Arns;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerOverride;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/**
 * What the nodes are told, as a function of the state alone: overrides applied, secrets left as
 * references, because the node resolves them as the execution role.
 */
public final class TaskPayloads {

  private TaskPayloads() {}

  /** Everything an instance is to have. */
  public static List<TaskPayload> of(View view, String containerInstanceArn) {
    return view.lookupAll(EcsTables.TASKS_ON_INSTANCE, containerInstanceArn)
        .map(row -> of(view, row.key(), row.value()))
        .filter(Objects::nonNull)
        .toList();
  }

  /** The ARNs of every task that an instance may have containers of. */
  public static Set<String> arns(View view, String containerInstanceArn) {
    return view.lookupAll(EcsTables.TASKS_ON_INSTANCE, containerInstanceArn)
        .map(Row::value)
        .filter(row -> row.node() != null)
        .map(TaskRow::arn)
        .collect(Collectors.toSet());
  }

  /** The payload of one task; null while it is none of the node's business. */
  public static @Nullable TaskPayload of(View view, Key key, TaskRow row) {
    if (row.node() == null || row.task().containerInstanceArn() == null) {
      return null;
    }
    TaskDefinition definition = definition(view, key.scope(), row);
    if (definition == null) {
      return null;
    }
    Map<String, String> tags = new LinkedHashMap<>();
    TagsRow tagged = view.get(EcsTables.TAGS, key.scope().key(row.arn()));
    if (tagged != null) {
      tagged.tags().forEach(tag -> tags.put(tag.key(), tag.value() == null ? "" : tag.value()));
    }
    return new TaskPayload(
        row.arn(),
        row.task().clusterArn(),
        row.task().containerInstanceArn(),
        row.generation(),
        row.node() == TaskRow.NodeWish.RUN
            ? TaskPayload.Desired.RUNNING
            : TaskPayload.Desired.STOPPED,
        withRoles(key.scope(), applied(definition, row.task().overrides())),
        digests(row),
        row.eni(),
        row.task().launchType(),
        row.task().availabilityZone() == null ? "" : row.task().availabilityZone(),
        row.task().group(),
        row.serviceName(),
        Boolean.TRUE.equals(row.task().enableExecuteCommand()),
        tags,
        known(row),
        containerArns(row));
  }

  /** What the node has told of it already, so that it does not start twice what it lost. */
  private static @Nullable String known(TaskRow row) {
    boolean ran =
        row.task().startedAt() != null
            || row.task().containers().stream()
                .anyMatch(each -> "RUNNING".equals(each.lastStatus()));
    return ran ? "RUNNING" : row.task().pullStartedAt() != null ? "PENDING" : null;
  }

  /**
   * What the deployment gave it, and what it has found itself: a node that lost its pull gets the
   * same image again, though the tag may lead elsewhere by now.
   */
  private static Map<String, String> digests(TaskRow row) {
    Map<String, String> digests = new LinkedHashMap<>(row.digests());
    for (Container each : row.task().containers()) {
      if (each.imageDigest() != null) {
        digests.putIfAbsent(each.name(), each.imageDigest());
      }
    }
    return digests;
  }

  private static Map<String, String> containerArns(TaskRow row) {
    Map<String, String> arns = new LinkedHashMap<>();
    row.task().containers().forEach(each -> arns.put(each.name(), each.containerArn()));
    return arns;
  }

  static @Nullable TaskDefinition definition(View view, Scope scope, TaskRow row) {
    Arns.Parts arn = Arns.parse(row.task().taskDefinitionArn());
    if (arn == null) {
      return null;
    }
    int colon = arn.path().lastIndexOf(':');
    TaskDefinitionRow definition =
        view.get(
            EcsTables.TASK_DEFINITIONS,
            EcsTables.taskDefinition(
                scope,
                arn.path().substring(0, colon),
                Integer.parseInt(arn.path().substring(colon + 1))));
    return definition == null ? null : definition.definition();
  }

  /** The definition with a task's overrides in it. */
  static TaskDefinition applied(TaskDefinition definition, @Nullable TaskOverride overrides) {
    if (overrides == null || saysNothing(overrides)) {
      return definition;
    }
    TaskDefinition.Builder applied = definition.toBuilder();
    if (overrides.cpu() != null) {
      applied.cpu(overrides.cpu());
    }
    if (overrides.memory() != null) {
      applied.memory(overrides.memory());
    }
    if (overrides.taskRoleArn() != null) {
      applied.taskRoleArn(overrides.taskRoleArn());
    }
    if (overrides.executionRoleArn() != null) {
      applied.executionRoleArn(overrides.executionRoleArn());
    }
    if (overrides.ephemeralStorage() != null) {
      applied.ephemeralStorage(overrides.ephemeralStorage());
    }
    applied.containerDefinitions(
        definition.containerDefinitions().stream()
            .map(each -> applied(each, PlacementRequests.override(overrides, each.name())))
            .toList());
    return applied.build();
  }

  /** A role may go by its short name. */
  private static TaskDefinition withRoles(Scope scope, TaskDefinition definition) {
    String task = role(scope, definition.taskRoleArn());
    String execution = role(scope, definition.executionRoleArn());
    return Objects.equals(task, definition.taskRoleArn())
            && Objects.equals(execution, definition.executionRoleArn())
        ? definition
        : definition.toBuilder().taskRoleArn(task).executionRoleArn(execution).build();
  }

  private static @Nullable String role(Scope scope, @Nullable String named) {
    return named == null || named.isEmpty() || named.startsWith("arn:")
        ? named
        : Arns.role(scope, named);
  }

  /** Every task has an override for each container; in nearly all of them stands only its name. */
  private static boolean saysNothing(TaskOverride overrides) {
    return overrides.cpu() == null
        && overrides.memory() == null
        && overrides.taskRoleArn() == null
        && overrides.executionRoleArn() == null
        && overrides.ephemeralStorage() == null
        && overrides.containerOverrides().stream().allMatch(TaskPayloads::saysNothing);
  }

  private static boolean saysNothing(ContainerOverride override) {
    return override.command().isEmpty()
        && override.environment().isEmpty()
        && override.environmentFiles().isEmpty()
        && override.cpu() == null
        && override.memory() == null
        && override.memoryReservation() == null
        && override.resourceRequirements().isEmpty();
  }

  private static ContainerDefinition applied(
      ContainerDefinition container, @Nullable ContainerOverride override) {
    if (override == null || saysNothing(override)) {
      return container;
    }
    ContainerDefinition.Builder applied = container.toBuilder();
    if (!override.command().isEmpty()) {
      applied.command(override.command());
    }
    if (!override.environment().isEmpty()) {
      Map<String, KeyValuePair> merged = new LinkedHashMap<>();
      container.environment().forEach(each -> merged.put(each.name(), each));
      override.environment().forEach(each -> merged.put(each.name(), each));
      applied.environment(new ArrayList<>(merged.values()));
    }
    if (!override.environmentFiles().isEmpty()) {
      applied.environmentFiles(override.environmentFiles());
    }
    if (override.cpu() != null) {
      applied.cpu(override.cpu());
    }
    if (override.memory() != null) {
      applied.memory(override.memory());
    }
    if (override.memoryReservation() != null) {
      applied.memoryReservation(override.memoryReservation());
    }
    if (!override.resourceRequirements().isEmpty()) {
      applied.resourceRequirements(override.resourceRequirements());
    }
    return applied.build();
  }
}
