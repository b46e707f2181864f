package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AvailabilityZoneRebalancing;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.DeploymentAlarms;
import software.amazon.awssdk.services.ecs.model.DeploymentCircuitBreaker;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ServiceRegistry;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** What a service may say, checked where it is made and where it is changed. */
final class ServiceRules {

  static final int MAX_TARGET_GROUPS = 5;
  static final int MAX_GRACE_SECONDS = Integer.MAX_VALUE;
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,255}");

  private final ServiceContext context;

  ServiceRules(ServiceContext context) {
    this.context = context;
  }

  static void name(@Nullable String name) {
    if (name == null || name.isEmpty()) {
      throw EcsErrors.invalid("Service name can not be blank.");
    }
    if (!NAME.matcher(name).matches()) {
      throw EcsErrors.invalid(
          "Invalid service name. Up to 255 letters (uppercase and lowercase), numbers, underscores,"
              + " and hyphens are allowed.");
    }
  }

  static void notHere(boolean volumes, boolean lattice) {
    if (volumes) {
      throw EcsErrors.unsupported("Volumes configured at launch (Amazon EBS) are not supported.");
    }
    if (lattice) {
      throw EcsErrors.unsupported("VPC Lattice is not supported.");
    }
  }

  /** The configuration with everything filled in that an answer has. */
  static DeploymentConfiguration configuration(
      @Nullable DeploymentConfiguration old,
      @Nullable DeploymentConfiguration given,
      boolean daemon) {
    DeploymentConfiguration before = old == null ? DeploymentConfiguration.builder().build() : old;
    DeploymentConfiguration change =
        given == null ? DeploymentConfiguration.builder().build() : given;
    DeploymentStrategy strategy = change.strategy() != null ? change.strategy() : before.strategy();
    if (strategy != null && strategy != DeploymentStrategy.ROLLING) {
      throw EcsErrors.unsupported(
          "Deployment strategy " + change.strategyAsString() + " is not supported: ROLLING is.");
    }
    if (!change.lifecycleHooks().isEmpty()) {
      throw EcsErrors.unsupported(
          "Deployment lifecycle hooks are not supported: AWS Lambda is not here.");
    }
    if (change.linearConfiguration() != null || change.canaryConfiguration() != null) {
      throw EcsErrors.invalid(
          "linearConfiguration and canaryConfiguration require their deployment strategy.");
    }
    int bake = or(change.bakeTimeInMinutes(), or(before.bakeTimeInMinutes(), 0));
    if (bake != 0) {
      throw EcsErrors.unsupported(
          "bakeTimeInMinutes is not supported: there are no deployment alarms to watch.");
    }
    int least =
        or(change.minimumHealthyPercent(), or(before.minimumHealthyPercent(), daemon ? 0 : 100));
    int most = or(change.maximumPercent(), or(before.maximumPercent(), daemon ? 100 : 200));
    if (least < 0 || (least > 100 && !daemon)) {
      throw EcsErrors.invalid("minimumHealthyPercent must be between 0 and 100.");
    }
    if (most < 1 || (most < 100 && !daemon)) {
      throw EcsErrors.invalid("maximumPercent must be at least 100.");
    }
    if (least >= most && most == 100 && least == 100 && daemon) {
      throw EcsErrors.invalid(
          "minimumHealthyPercent must be less than 100 when maximumPercent is 100.");
    }
    DeploymentCircuitBreaker breaker =
        change.deploymentCircuitBreaker() != null
            ? change.deploymentCircuitBreaker()
            : before.deploymentCircuitBreaker();
    DeploymentConfiguration.Builder filled =
        DeploymentConfiguration.builder()
            .minimumHealthyPercent(least)
            .maximumPercent(most)
            .strategy(DeploymentStrategy.ROLLING)
            .bakeTimeInMinutes(bake)
            .deploymentCircuitBreaker(
                DeploymentCircuitBreaker.builder()
                    .enable(breaker != null && Boolean.TRUE.equals(breaker.enable()))
                    .rollback(breaker != null && Boolean.TRUE.equals(breaker.rollback()))
                    .build());
    DeploymentAlarms alarms = change.alarms() != null ? change.alarms() : before.alarms();
    if (alarms != null) {
      if (Boolean.TRUE.equals(alarms.enable()) && !alarms.alarmNames().isEmpty()) {
        throw EcsErrors.unsupported(
            "Deployment alarms are not supported: Amazon CloudWatch alarms are not here.");
      }
      filled.alarms(alarms.toBuilder().alarmNames(List.copyOf(alarms.alarmNames())).build());
    }
    return filled.build();
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  /** Every balancer must lead somewhere that the task can be reached at. */
  void balancers(List<LoadBalancer> balancers, TaskDefinition definition) {
    if (balancers.size() > MAX_TARGET_GROUPS) {
      throw EcsErrors.invalid("load balancers can have at most " + MAX_TARGET_GROUPS + " items.");
    }
    for (LoadBalancer balancer : balancers) {
      if (TaskDefinitionRules.given(balancer.loadBalancerName())) {
        throw EcsErrors.unsupported("Classic Load Balancers are not supported.");
      }
      if (balancer.advancedConfiguration() != null) {
        throw EcsErrors.unsupported(
            "advancedConfiguration of a load balancer needs a deployment strategy that is not"
                + " supported.");
      }
      if (!TaskDefinitionRules.given(balancer.targetGroupArn())) {
        throw EcsErrors.invalid("targetGroupArn can not be blank.");
      }
      container(balancer.containerName(), balancer.containerPort(), definition);
      TargetGroup group = group(balancer.targetGroupArn());
      if (group.loadBalancerArns().isEmpty()) {
        throw EcsErrors.invalid(
            "The target group with targetGroupArn "
                + balancer.targetGroupArn()
                + " does not have an associated load balancer.");
      }
      boolean awsvpc = definition.networkMode() == NetworkMode.AWSVPC;
      TargetTypeEnum needed = awsvpc ? TargetTypeEnum.IP : TargetTypeEnum.INSTANCE;
      if (group.targetType() != needed) {
        throw EcsErrors.invalid(
            "The provided target group "
                + balancer.targetGroupArn()
                + " has target type "
                + group.targetTypeAsString()
                + ", which is incompatible with the "
                + (definition.networkMode() == null ? "bridge" : definition.networkModeAsString())
                + " network mode specified in the task definition.");
      }
    }
  }

  private TargetGroup group(String arn) {
    try {
      return context
          .clients()
          .as("ecs.amazonaws.com", Caller.current().scope(), ElasticLoadBalancingV2Client.class)
          .describeTargetGroups(r -> r.targetGroupArns(arn))
          .targetGroups()
          .getFirst();
    } catch (TargetGroupNotFoundException gone) {
      throw EcsErrors.invalid("The specified target group does not exist.");
    }
  }

  private static void container(
      @Nullable String name, @Nullable Integer port, TaskDefinition definition) {
    if (name == null || name.isEmpty()) {
      throw EcsErrors.invalid("Container Name can not be blank.");
    }
    ContainerDefinition found = null;
    for (ContainerDefinition container : definition.containerDefinitions()) {
      if (container.name().equals(name)) {
        found = container;
      }
    }
    if (found == null) {
      throw EcsErrors.invalid("The container " + name + " does not exist in the task definition.");
    }
    for (PortMapping mapping : found.portMappings()) {
      if (mapping.containerPort() != null && mapping.containerPort().equals(port)) {
        return;
      }
    }
    throw EcsErrors.invalid(
        "The container " + name + " did not have a container port " + port + " defined.");
  }

  static void registries(List<ServiceRegistry> registries, TaskDefinition definition) {
    if (registries.size() > 1) {
      throw EcsErrors.invalid("service registries can have at most 1 items.");
    }
    for (ServiceRegistry registry : registries) {
      if (!TaskDefinitionRules.given(registry.registryArn())) {
        throw EcsErrors.invalid("registryArn can not be blank.");
      }
      if (definition.networkMode() != NetworkMode.AWSVPC) {
        if (registry.containerPort() == null) {
          throw EcsErrors.invalid(
              "When specifying 'serviceRegistries' with this network mode, 'containerName' and"
                  + " 'containerPort' must be given.");
        }
        container(registry.containerName(), registry.containerPort(), definition);
      }
    }
  }

  static void grace(@Nullable Integer seconds) {
    if (seconds != null && seconds < 0) {
      throw EcsErrors.invalid(
          "healthCheckGracePeriodSeconds must be between 0 and " + MAX_GRACE_SECONDS + ".");
    }
  }

  /** Whether the zones of the service may be kept equal. */
  static @Nullable String rebalancingRefusal(
      boolean daemon,
      boolean external,
      int maximumPercent,
      List<PlacementStrategy> strategies,
      List<PlacementConstraint> constraints) {
    if (daemon) {
      return "the DAEMON scheduling strategy";
    }
    if (external) {
      return "a deployment controller other than ECS";
    }
    if (maximumPercent <= 100) {
      return "a maximumPercent of 100";
    }
    if (!strategies.isEmpty()
        && !Objects.requireNonNullElse(strategies.getFirst().field(), "")
            .equals("attribute:ecs.availability-zone")) {
      return "a first placement strategy other than spread by attribute:ecs.availability-zone";
    }
    if (constraints.stream()
        .anyMatch(
            each ->
                each.expression() != null && each.expression().contains("ecs.availability-zone"))) {
      return "a placement constraint on ecs.availability-zone";
    }
    return null;
  }

  static AvailabilityZoneRebalancing rebalancing(
      @Nullable AvailabilityZoneRebalancing given,
      @Nullable AvailabilityZoneRebalancing absent,
      @Nullable String refusal) {
    if (given == AvailabilityZoneRebalancing.ENABLED && refusal != null) {
      throw EcsErrors.invalid("Availability Zone rebalancing does not support " + refusal + ".");
    }
    if (given != null) {
      return given;
    }
    if (absent != null && (absent == AvailabilityZoneRebalancing.DISABLED || refusal == null)) {
      return absent;
    }
    return refusal == null
        ? AvailabilityZoneRebalancing.ENABLED
        : AvailabilityZoneRebalancing.DISABLED;
  }

  /** Members that begin a deployment when they are set to something else. */
  static boolean differs(@Nullable Object given, @Nullable Object current) {
    return given != null && !given.equals(current);
  }
}
