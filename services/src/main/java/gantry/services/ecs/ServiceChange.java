package gantry.services.ecs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.DeploymentControllerType;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.SchedulingStrategy;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.UpdateServiceRequest;

/** What an update changes: the members that were given, on whatever the service is by then. */
record ServiceChange(
    UpdateServiceRequest request,
    @Nullable TaskDefinition definition,
    boolean deploys,
    LaunchType type,
    boolean typed,
    List<CapacityProviderStrategyItem> strategy) {

  Service service(Service current) {
    boolean daemon = current.schedulingStrategy() == SchedulingStrategy.DAEMON;
    Service.Builder next = current.toBuilder();
    if (request.desiredCount() != null) {
      next.desiredCount(request.desiredCount());
    }
    if (definition != null) {
      next.taskDefinition(definition.taskDefinitionArn());
    }
    if (request.hasCapacityProviderStrategy()) {
      next.capacityProviderStrategy(ServiceRules.filled(strategy));
    }
    if (definition != null && deploys) {
      ServiceRules.platform(
          next,
          type,
          typed,
          TaskDefinitionRules.given(request.platformVersion())
              ? request.platformVersion()
              : current.platformVersion(),
          definition);
    }
    next.deploymentConfiguration(
        DeploymentRules.configuration(
            current.deploymentConfiguration(),
            request.deploymentConfiguration(),
            daemon,
            current.deploymentController().type() == DeploymentControllerType.EXTERNAL));
    if (request.networkConfiguration() != null) {
      next.networkConfiguration(LaunchRules.filled(request.networkConfiguration()));
    }
    if (request.hasPlacementConstraints()) {
      next.placementConstraints(List.copyOf(request.placementConstraints()));
    }
    if (request.hasPlacementStrategy()) {
      next.placementStrategy(PlacementRules.normal(request.placementStrategy()));
    }
    if (request.healthCheckGracePeriodSeconds() != null) {
      next.healthCheckGracePeriodSeconds(request.healthCheckGracePeriodSeconds());
    }
    if (request.enableExecuteCommand() != null) {
      next.enableExecuteCommand(request.enableExecuteCommand());
    }
    if (request.enableECSManagedTags() != null) {
      next.enableECSManagedTags(request.enableECSManagedTags());
    }
    if (request.propagateTags() != null) {
      next.propagateTags(request.propagateTags());
    }
    if (request.hasLoadBalancers()) {
      next.loadBalancers(List.copyOf(request.loadBalancers()));
    }
    if (request.hasServiceRegistries()) {
      next.serviceRegistries(List.copyOf(request.serviceRegistries()));
    }
    Service half = next.build();
    return half.toBuilder()
        .availabilityZoneRebalancing(
            ServiceRules.rebalancing(
                request.availabilityZoneRebalancing(),
                current.availabilityZoneRebalancing(),
                ServiceRules.rebalancingRefusal(
                    daemon,
                    current.deploymentController().type() != DeploymentControllerType.ECS,
                    half.deploymentConfiguration().maximumPercent(),
                    half.placementStrategy(),
                    half.placementConstraints())))
        .build();
  }
}
