package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ecs.controller.Networks;
import gantry.services.ecs.placement.StrategySplit;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AssignPublicIp;
import software.amazon.awssdk.services.ecs.model.AwsVpcConfiguration;
import software.amazon.awssdk.services.ecs.model.CapacityProvider;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerOverride;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ManagedScalingStatus;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlatformUnknownException;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/** What RunTask, StartTask, services and task sets say about how tasks are to run. */
final class LaunchRules {

  private static final int MAX_OVERRIDES = 8192;

  private final Networks networks;

  LaunchRules(Networks networks) {
    this.networks = networks;
  }

  static TaskOverride overrides(TaskDefinition definition, @Nullable TaskOverride given) {
    if (given == null) {
      return TaskOverride.builder().build();
    }
    if (EcsJson.write(given).length() > MAX_OVERRIDES) {
      throw EcsErrors.invalid("The overrides are longer than " + MAX_OVERRIDES + " characters.");
    }
    if (!given.inferenceAcceleratorOverrides().isEmpty()) {
      throw EcsErrors.invalid(TaskDefinitionRules.NO_ACCELERATORS);
    }
    for (ContainerOverride override : given.containerOverrides()) {
      if (definition.containerDefinitions().stream()
          .noneMatch(each -> each.name().equals(override.name()))) {
        throw EcsErrors.invalid(
            "Override for container named "
                + override.name()
                + " is not a container in the TaskDefinition.");
      }
    }
    TaskOverride.Builder normal = given.toBuilder();
    if (TaskDefinitionRules.given(given.cpu())) {
      normal.cpu(TaskDefinitionRules.text(TaskDefinitionRules.cpu(given.cpu())));
    }
    if (TaskDefinitionRules.given(given.memory())) {
      normal.memory(TaskDefinitionRules.text(TaskDefinitionRules.memory(given.memory())));
    }
    return normal.build();
  }

  /** Launch type or strategy, whichever was given; else the cluster's default strategy. */
  static List<StrategySplit.Item> strategy(
      View view,
      Scope scope,
      Cluster cluster,
      @Nullable String launchType,
      List<CapacityProviderStrategyItem> given) {
    boolean typed = TaskDefinitionRules.given(launchType);
    if (typed && !given.isEmpty()) {
      throw EcsErrors.invalid(
          "Specify either Launch Type or Capacity Provider Strategy, but not both.");
    }
    if (typed) {
      return List.of();
    }
    List<CapacityProviderStrategyItem> items =
        given.isEmpty() ? cluster.defaultCapacityProviderStrategy() : given;
    if (!given.isEmpty()) {
      CapacityProviders.checkAttachable(
          view, scope, given.stream().map(CapacityProviderStrategyItem::capacityProvider).toList());
      CapacityProviders.checkStrategy(given, cluster.capacityProviders());
    }
    return items.stream()
        .map(
            each ->
                new StrategySplit.Item(
                    each.capacityProvider(),
                    each.weight() == null ? 0 : each.weight(),
                    each.base() == null ? 0 : each.base()))
        .toList();
  }

  static LaunchType launchType(@Nullable String given, @Nullable String provider) {
    if (provider != null) {
      return CapacityProviders.isFargate(provider) ? LaunchType.FARGATE : LaunchType.EC2;
    }
    if (!TaskDefinitionRules.given(given)) {
      return LaunchType.EC2;
    }
    LaunchType type = LaunchType.fromValue(given);
    if (type == LaunchType.UNKNOWN_TO_SDK_VERSION) {
      throw EcsErrors.invalid("launchType should be one of [EC2,FARGATE,EXTERNAL]");
    }
    if (type == LaunchType.MANAGED_INSTANCES) {
      throw EcsErrors.unsupported(
          "Managed instances are not supported: machines join a cluster as container instances.");
    }
    return type;
  }

  static boolean waits(View view, Scope scope, @Nullable String provider) {
    if (provider == null || CapacityProviders.isFargate(provider)) {
      return false;
    }
    CapacityProvider found = CapacityProviders.find(view, scope, provider);
    return found != null
        && found.autoScalingGroupProvider() != null
        && found.autoScalingGroupProvider().managedScaling() != null
        && found.autoScalingGroupProvider().managedScaling().status()
            == ManagedScalingStatus.ENABLED;
  }

  /** The definition can run so, and the subnets are there. */
  void checkCompatible(
      TaskDefinition definition,
      LaunchType type,
      @Nullable NetworkConfiguration network,
      @Nullable String platformVersion) {
    Compatibility needed =
        switch (type) {
          case FARGATE -> Compatibility.FARGATE;
          case EXTERNAL -> Compatibility.EXTERNAL;
          default -> Compatibility.EC2;
        };
    if (!definition.compatibilities().contains(needed)) {
      throw EcsErrors.invalid("Task definition does not support launch_type " + type + ".");
    }
    if (network != null
        && type != LaunchType.FARGATE
        && network.awsvpcConfiguration().assignPublicIp() == AssignPublicIp.ENABLED) {
      throw EcsErrors.invalid("Assign public IP is not supported for this launch type.");
    }
    if (TaskDefinitionRules.given(platformVersion)) {
      if (type != LaunchType.FARGATE) {
        throw EcsErrors.invalid(
            "The platform version must be null when specifying an EC2 launch type.");
      }
      if (!List.of("LATEST", "1.4.0", "1.3.0", "1.0.0").contains(platformVersion)) {
        throw PlatformUnknownException.builder()
            .message("The specified platform version does not exist.")
            .build();
      }
    }
    if (network != null) {
      networks.subnets(Caller.current().scope(), network.awsvpcConfiguration().subnets());
    }
  }

  static @Nullable NetworkConfiguration network(
      TaskDefinition definition, @Nullable NetworkConfiguration given) {
    boolean awsvpc = definition.networkMode() == NetworkMode.AWSVPC;
    if (given == null || given.awsvpcConfiguration() == null) {
      if (awsvpc) {
        throw EcsErrors.invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
      }
      return null;
    }
    if (!awsvpc) {
      throw EcsErrors.invalid(
          "Network Configuration is not valid for the given networkMode of this task definition.");
    }
    var vpc = given.awsvpcConfiguration();
    if (vpc.subnets().isEmpty()) {
      throw EcsErrors.invalid("subnets can not be empty.");
    }
    if (vpc.subnets().size() > 16) {
      throw EcsErrors.invalid("subnets can have at most 16 items.");
    }
    if (vpc.securityGroups().size() > 5) {
      throw EcsErrors.invalid("securityGroups can have at most 5 items.");
    }
    EcsErrors.oneOf("assignPublicIp", vpc.assignPublicIpAsString(), AssignPublicIp.knownValues());
    return filled(given);
  }

  /** With the members that an answer always has. */
  static @Nullable NetworkConfiguration filled(@Nullable NetworkConfiguration given) {
    if (given == null || given.awsvpcConfiguration() == null) {
      return given;
    }
    AwsVpcConfiguration vpc = given.awsvpcConfiguration();
    return NetworkConfiguration.builder()
        .awsvpcConfiguration(
            vpc.toBuilder()
                .securityGroups(List.copyOf(vpc.securityGroups()))
                .assignPublicIp(
                    Objects.requireNonNullElse(vpc.assignPublicIp(), AssignPublicIp.DISABLED))
                .build())
        .build();
  }

  /** Explicit tags win over propagated ones, which win over nothing. */
  static List<Tag> tags(
      View view,
      Scope scope,
      String cluster,
      TaskDefinition definition,
      @Nullable PropagateTags propagate,
      boolean managed,
      List<Tag> explicit) {
    List<Tag> fromDefinition =
        propagate == PropagateTags.TASK_DEFINITION
            ? Tags.of(view, scope, definition.taskDefinitionArn())
            : List.of();
    List<Tag> ours = managed ? List.of(Tags.tag("aws:ecs:clusterName", cluster)) : List.of();
    return Tags.merge(List.of(ours, fromDefinition, explicit));
  }
}
