package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Listening;
import gantry.services.ecs.controller.NewTasks;
import gantry.state.Scope;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.ecs.model.AdvancedConfiguration;
import software.amazon.awssdk.services.ecs.model.AvailabilityZoneRebalancing;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.DeploymentController;
import software.amazon.awssdk.services.ecs.model.DeploymentControllerType;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceRegistry;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ElasticLoadBalancingV2Exception;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ListenerNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** What a service may say, checked where it is made and where it is changed. */
final class ServiceRules {

  static final int MAX_TARGET_GROUPS = 5;
  private static final int MAX_DESIRED = 5_000;
  static final int MAX_GRACE_SECONDS = Integer.MAX_VALUE;
  private static final Pattern ROLE = Pattern.compile("arn:[^:]+:iam::\\d{12}:role/.+");
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

  /** Every balancer must lead somewhere that the task can be reached at. */
  void balancers(List<LoadBalancer> balancers, TaskDefinition definition) {
    if (balancers.size() > MAX_TARGET_GROUPS) {
      throw EcsErrors.invalid("load balancers can have at most " + MAX_TARGET_GROUPS + " items.");
    }
    for (LoadBalancer balancer : balancers) {
      if (TaskDefinitionRules.given(balancer.loadBalancerName())) {
        throw EcsErrors.unsupported("Classic Load Balancers are not supported.");
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
      type(group, definition);
      if (balancer.advancedConfiguration() != null) {
        advanced(balancer, group, definition);
      }
    }
  }

  private static void type(TargetGroup group, TaskDefinition definition) {
    boolean awsvpc = definition.networkMode() == NetworkMode.AWSVPC;
    TargetTypeEnum needed = awsvpc ? TargetTypeEnum.IP : TargetTypeEnum.INSTANCE;
    if (group.targetType() != needed) {
      throw EcsErrors.invalid(
          "The provided target group "
              + group.targetGroupArn()
              + " has target type "
              + group.targetTypeAsString()
              + ", which is incompatible with the "
              + (definition.networkMode() == null ? "bridge" : definition.networkModeAsString())
              + " network mode specified in the task definition.");
    }
  }

  private void advanced(LoadBalancer balancer, TargetGroup group, TaskDefinition definition) {
    AdvancedConfiguration advanced = balancer.advancedConfiguration();
    String alternate = advanced.alternateTargetGroupArn();
    if (!TaskDefinitionRules.given(alternate)) {
      throw EcsErrors.invalid("alternateTargetGroupArn can not be blank.");
    }
    if (alternate.equals(balancer.targetGroupArn())) {
      throw EcsErrors.invalid("alternateTargetGroupArn must differ from targetGroupArn.");
    }
    if (!TaskDefinitionRules.given(advanced.roleArn())
        || !ROLE.matcher(advanced.roleArn()).matches()) {
      throw EcsErrors.invalid("roleArn must be the ARN of an IAM role.");
    }
    TargetGroup second = group(alternate);
    type(second, definition);
    if (second.protocol() != group.protocol() || !Objects.equals(second.vpcId(), group.vpcId())) {
      throw EcsErrors.invalid(
          "The target groups "
              + group.targetGroupArn()
              + " and "
              + alternate
              + " must have the same protocol and VPC.");
    }
    if (!TaskDefinitionRules.given(advanced.productionListenerRule())) {
      throw EcsErrors.invalid("productionListenerRule can not be blank.");
    }
    List<String> groups = List.of(balancer.targetGroupArn(), alternate);
    rule("productionListenerRule", advanced.productionListenerRule(), groups);
    if (TaskDefinitionRules.given(advanced.testListenerRule())) {
      rule("testListenerRule", advanced.testListenerRule(), groups);
      if (advanced.testListenerRule().equals(advanced.productionListenerRule())) {
        throw EcsErrors.invalid("testListenerRule must differ from productionListenerRule.");
      }
    }
  }

  /** It forwards to one of the two groups and to no third one, which would be taken from it. */
  private void rule(String member, String arn, List<String> groups) {
    List<Action> actions;
    try {
      actions =
          Listening.isListener(arn)
              ? balancers()
                  .describeListeners(r -> r.listenerArns(arn))
                  .listeners()
                  .getFirst()
                  .defaultActions()
              : balancers().describeRules(r -> r.ruleArns(arn)).rules().getFirst().actions();
    } catch (RuleNotFoundException | ListenerNotFoundException gone) {
      throw EcsErrors.invalid("The specified " + member + " " + arn + " does not exist.");
    } catch (AwsServiceException refused) {
      throw refusedBy(refused, "The specified " + member + " " + arn + " is not valid");
    }
    Set<String> targets = new HashSet<>();
    for (Action action : actions) {
      if (action.targetGroupArn() != null) {
        targets.add(action.targetGroupArn());
      }
      if (action.forwardConfig() != null) {
        action.forwardConfig().targetGroups().forEach(each -> targets.add(each.targetGroupArn()));
      }
    }
    if (targets.isEmpty() || !groups.containsAll(targets)) {
      throw EcsErrors.invalid(
          "The "
              + member
              + " "
              + arn
              + " must forward to targetGroupArn or alternateTargetGroupArn, and to no other target"
              + " group.");
    }
  }

  private ElasticLoadBalancingV2Client balancers() {
    return context
        .clients()
        .as("ecs.amazonaws.com", Caller.current().scope(), ElasticLoadBalancingV2Client.class);
  }

  private TargetGroup group(String arn) {
    try {
      return balancers()
          .describeTargetGroups(r -> r.targetGroupArns(arn))
          .targetGroups()
          .getFirst();
    } catch (ElasticLoadBalancingV2Exception goneOrNoArn) {
      if (goneOrNoArn.statusCode() >= 500) {
        throw goneOrNoArn;
      }
      throw EcsErrors.invalid("The specified target group does not exist.");
    }
  }

  /** What the balancer's own fault is not is the caller's, with the balancer's words. */
  private static RuntimeException refusedBy(AwsServiceException refused, String what) {
    return refused.statusCode() >= 500 || refused.awsErrorDetails() == null
        ? refused
        : EcsErrors.invalid(what + ": " + refused.awsErrorDetails().errorMessage());
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
    long mappings =
        found.portMappings().stream()
            .filter(each -> each.containerPort() != null && each.containerPort().equals(port))
            .count();
    if (mappings == 0) {
      throw EcsErrors.invalid(
          "The container " + name + " did not have a container port " + port + " defined.");
    }
    if (mappings > 1) {
      throw EcsErrors.invalid(
          "Container port "
              + port
              + " is used in more than one port mapping for container "
              + name);
    }
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

  static void words(@Nullable String propagateTags, @Nullable String rebalancing) {
    EcsErrors.oneOf("propagateTags", propagateTags, PropagateTags.knownValues());
    EcsErrors.oneOf(
        "availabilityZoneRebalancing", rebalancing, AvailabilityZoneRebalancing.knownValues());
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

  static DeploymentControllerType controller(@Nullable DeploymentController given) {
    DeploymentControllerType type =
        given == null || given.typeAsString() == null || given.typeAsString().isEmpty()
            ? DeploymentControllerType.ECS
            : given.type();
    if (type == DeploymentControllerType.CODE_DEPLOY) {
      throw EcsErrors.unsupported(
          "The CODE_DEPLOY deployment controller is not supported: AWS CodeDeploy is not here. ECS"
              + " and EXTERNAL are.");
    }
    if (type == DeploymentControllerType.UNKNOWN_TO_SDK_VERSION) {
      throw EcsErrors.invalid("deploymentController should be one of [ECS,CODE_DEPLOY,EXTERNAL]");
    }
    return type;
  }

  static int desired(@Nullable Integer given, boolean daemon, boolean external) {
    if (daemon) {
      if (given != null && given != 0) {
        throw EcsErrors.invalid(
            "The daemon scheduling strategy does not support a desired count for tasks.");
      }
      return 0;
    }
    if (given == null) {
      if (external) {
        return 0;
      }
      throw EcsErrors.invalid("desiredCount can not be blank.");
    }
    if (given < 0) {
      throw EcsErrors.invalid("desiredCount should be greater than or equal to 0.");
    }
    if (given > MAX_DESIRED) {
      throw EcsErrors.invalid("desiredCount should be at most " + MAX_DESIRED + ".");
    }
    return given;
  }

  static @Nullable String role(Scope scope, CreateServiceRequest request) {
    if (TaskDefinitionRules.given(request.role())) {
      return request.role().startsWith("arn:") ? request.role() : Arns.role(scope, request.role());
    }
    return request.loadBalancers().isEmpty() && request.serviceRegistries().isEmpty()
        ? null
        : Arns.role(scope, "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
  }

  static List<CapacityProviderStrategyItem> filled(List<CapacityProviderStrategyItem> strategy) {
    return strategy.stream()
        .map(
            each ->
                each.toBuilder()
                    .weight(each.weight() == null ? 0 : each.weight())
                    .base(each.base() == null ? 0 : each.base())
                    .build())
        .toList();
  }

  static void platform(
      Service.Builder service,
      LaunchType type,
      boolean typed,
      @Nullable String version,
      TaskDefinition definition) {
    service.launchType(typed ? type.toString() : null);
    if (type == LaunchType.FARGATE) {
      service
          .platformVersion(TaskDefinitionRules.given(version) ? version : "LATEST")
          .platformFamily(NewTasks.platformFamily(definition));
    } else {
      service.platformVersion(null).platformFamily(null);
    }
  }
}
