package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.StrategySplit;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CapacityProvider;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ManagedScalingStatus;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/** What is asked of the launcher for one task of a service. */
final class ServiceOrders {

  private ServiceOrders() {}

  static @Nullable String provider(
      DeploymentRow deployment, List<Row<TaskRow>> tasks, List<Launcher.Prepared.Ready> ready) {
    List<CapacityProviderStrategyItem> strategy = deployment.revision().capacityProviderStrategy();
    if (strategy.isEmpty()) {
      return null;
    }
    Map<String, Integer> running = new HashMap<>();
    Stream.concat(
            tasks.stream().map(Row::value).filter(each -> !each.isStopping()),
            ready.stream().map(Launcher.Prepared.Ready::row))
        .filter(each -> deployment.id().equals(each.deploymentId()))
        .map(each -> each.task().capacityProviderName())
        .filter(Objects::nonNull)
        .forEach(each -> running.merge(each, 1, Integer::sum));
    List<StrategySplit.Item> items =
        strategy.stream()
            .map(
                each ->
                    new StrategySplit.Item(
                        each.capacityProvider(),
                        each.weight() == null ? 0 : each.weight(),
                        each.base() == null ? 0 : each.base()))
            .toList();
    return StrategySplit.next(items, running, 1).getFirst();
  }

  static boolean isFargate(ServiceRevision revision) {
    return revision.launchType() == LaunchType.FARGATE
        || revision.capacityProviderStrategy().stream()
            .anyMatch(each -> each.capacityProvider().startsWith("FARGATE"));
  }

  static Launcher.Order order(
      View view,
      Scope scope,
      ServiceRow row,
      DeploymentRow deployment,
      TaskDefinition definition,
      @Nullable String provider) {
    LaunchType type =
        provider == null
            ? Objects.requireNonNullElse(deployment.revision().launchType(), LaunchType.EC2)
            : provider.startsWith("FARGATE") ? LaunchType.FARGATE : LaunchType.EC2;
    CapacityProvider group =
        provider == null ? null : view.get(EcsTables.CAPACITY_PROVIDERS, scope.key(provider));
    boolean waits =
        group != null
            && group.autoScalingGroupProvider() != null
            && group.autoScalingGroupProvider().managedScaling() != null
            && group.autoScalingGroupProvider().managedScaling().status()
                == ManagedScalingStatus.ENABLED;
    return new Launcher.Order(
        scope,
        row.cluster(),
        definition,
        type,
        provider,
        waits,
        deployment.revision().platformVersion(),
        TaskOverride.builder().build(),
        "service:" + row.name(),
        deployment.id(),
        row.name(),
        deployment.id(),
        deployment.revision().networkConfiguration(),
        row.service().placementConstraints(),
        row.service().placementStrategy(),
        tags(view, scope, row, definition),
        Boolean.TRUE.equals(row.service().enableExecuteCommand()),
        deployment.digests(),
        null,
        null);
  }

  private static List<Tag> tags(View view, Scope scope, ServiceRow row, TaskDefinition definition) {
    Map<String, Tag> tags = new LinkedHashMap<>();
    if (Boolean.TRUE.equals(row.service().enableECSManagedTags())) {
      put(tags, "aws:ecs:clusterName", row.cluster());
      put(tags, "aws:ecs:serviceName", row.name());
    }
    PropagateTags from = row.service().propagateTags();
    String arn =
        from == PropagateTags.SERVICE
            ? row.service().serviceArn()
            : from == PropagateTags.TASK_DEFINITION ? definition.taskDefinitionArn() : null;
    TagsRow given = arn == null ? null : view.get(EcsTables.TAGS, scope.key(arn));
    if (given != null) {
      given.tags().forEach(tag -> tags.put(tag.key(), tag));
    }
    return List.copyOf(tags.values());
  }

  private static void put(Map<String, Tag> tags, String key, String value) {
    tags.put(key, Tag.builder().key(key).value(value).build());
  }
}
