package gantry.services.ecs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CanaryConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentAlarms;
import software.amazon.awssdk.services.ecs.model.DeploymentCircuitBreaker;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.LinearConfiguration;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;

/** What a service may say of its deployments. */
final class DeploymentRules {

  private static final int MAX_BAKE = 1_440;
  private static final double DEFAULT_STEP = 10;
  private static final double LEAST_STEP = 3;
  private static final int DEFAULT_STEP_BAKE = 6;
  private static final double DEFAULT_CANARY = 5;
  private static final double LEAST_CANARY = 0.1;
  private static final int DEFAULT_CANARY_BAKE = 10;

  private DeploymentRules() {}

  /** The configuration with everything filled in that an answer has. */
  static DeploymentConfiguration configuration(
      @Nullable DeploymentConfiguration old,
      @Nullable DeploymentConfiguration given,
      boolean daemon,
      boolean external) {
    DeploymentConfiguration before = old == null ? DeploymentConfiguration.builder().build() : old;
    DeploymentConfiguration change =
        given == null ? DeploymentConfiguration.builder().build() : given;
    DeploymentStrategy strategy = strategy(before, change, daemon, external);
    if (!change.lifecycleHooks().isEmpty()) {
      throw EcsErrors.unsupported(
          "Deployment lifecycle hooks are not supported: their targets are AWS Lambda functions,"
              + " and AWS Lambda is not here.");
    }
    int bake = or(change.bakeTimeInMinutes(), or(before.bakeTimeInMinutes(), 0));
    minutes("bakeTimeInMinutes", bake);
    if (strategy == DeploymentStrategy.ROLLING && bake != 0) {
      if (change.bakeTimeInMinutes() != null && change.bakeTimeInMinutes() != 0) {
        throw EcsErrors.unsupported(
            "bakeTimeInMinutes is not supported with the ROLLING deployment strategy: there are no"
                + " deployment alarms to watch.");
      }
      bake = 0;
    }
    int least =
        or(change.minimumHealthyPercent(), or(before.minimumHealthyPercent(), daemon ? 0 : 100));
    int most = or(change.maximumPercent(), or(before.maximumPercent(), daemon ? 100 : 200));
    percents(least, most, daemon);
    DeploymentCircuitBreaker breaker =
        change.deploymentCircuitBreaker() != null
            ? change.deploymentCircuitBreaker()
            : before.deploymentCircuitBreaker();
    DeploymentConfiguration.Builder filled =
        DeploymentConfiguration.builder()
            .minimumHealthyPercent(least)
            .maximumPercent(most)
            .strategy(strategy)
            .bakeTimeInMinutes(bake)
            .linearConfiguration(linear(strategy, before, change))
            .canaryConfiguration(canary(strategy, before, change))
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

  private static DeploymentStrategy strategy(
      DeploymentConfiguration before,
      DeploymentConfiguration change,
      boolean daemon,
      boolean external) {
    DeploymentStrategy strategy = change.strategy() != null ? change.strategy() : before.strategy();
    if (strategy == null) {
      return DeploymentStrategy.ROLLING;
    }
    if (strategy == DeploymentStrategy.UNKNOWN_TO_SDK_VERSION) {
      throw EcsErrors.invalid(
          "strategy should be one of [ROLLING,BLUE_GREEN,LINEAR,CANARY], not "
              + change.strategyAsString()
              + ".");
    }
    if (strategy != DeploymentStrategy.ROLLING && daemon) {
      throw EcsErrors.invalid(
          "The DAEMON scheduling strategy does not support the "
              + strategy
              + " deployment strategy.");
    }
    if (strategy != DeploymentStrategy.ROLLING && external) {
      throw EcsErrors.invalid(
          "The " + strategy + " deployment strategy requires the ECS deployment controller.");
    }
    return strategy;
  }

  private static void percents(int least, int most, boolean daemon) {
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
  }

  private static @Nullable LinearConfiguration linear(
      DeploymentStrategy strategy, DeploymentConfiguration before, DeploymentConfiguration change) {
    if (strategy != DeploymentStrategy.LINEAR) {
      if (change.linearConfiguration() != null) {
        throw EcsErrors.invalid(
            "linearConfiguration is only valid with the LINEAR deployment strategy.");
      }
      return null;
    }
    LinearConfiguration given =
        change.linearConfiguration() != null
            ? change.linearConfiguration()
            : before.linearConfiguration();
    double step = given == null || given.stepPercent() == null ? DEFAULT_STEP : given.stepPercent();
    int bake =
        given == null ? DEFAULT_STEP_BAKE : or(given.stepBakeTimeInMinutes(), DEFAULT_STEP_BAKE);
    percent("stepPercent", step, LEAST_STEP);
    minutes("stepBakeTimeInMinutes", bake);
    return LinearConfiguration.builder().stepPercent(step).stepBakeTimeInMinutes(bake).build();
  }

  private static @Nullable CanaryConfiguration canary(
      DeploymentStrategy strategy, DeploymentConfiguration before, DeploymentConfiguration change) {
    if (strategy != DeploymentStrategy.CANARY) {
      if (change.canaryConfiguration() != null) {
        throw EcsErrors.invalid(
            "canaryConfiguration is only valid with the CANARY deployment strategy.");
      }
      return null;
    }
    CanaryConfiguration given =
        change.canaryConfiguration() != null
            ? change.canaryConfiguration()
            : before.canaryConfiguration();
    double canary =
        given == null || given.canaryPercent() == null ? DEFAULT_CANARY : given.canaryPercent();
    int bake =
        given == null
            ? DEFAULT_CANARY_BAKE
            : or(given.canaryBakeTimeInMinutes(), DEFAULT_CANARY_BAKE);
    percent("canaryPercent", canary, LEAST_CANARY);
    minutes("canaryBakeTimeInMinutes", bake);
    return CanaryConfiguration.builder()
        .canaryPercent(canary)
        .canaryBakeTimeInMinutes(bake)
        .build();
  }

  private static void percent(String member, double value, double least) {
    boolean tenths = Math.abs(value * 10 - Math.rint(value * 10)) < 1e-6;
    if (value < least || value > 100 || !tenths) {
      throw EcsErrors.invalid(
          member + " must be a multiple of 0.1 between " + least + " and 100.0.");
    }
  }

  private static void minutes(String member, int value) {
    if (value < 0 || value > MAX_BAKE) {
      throw EcsErrors.invalid(member + " must be between 0 and " + MAX_BAKE + ".");
    }
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  /** With two colours, every balancer needs a second target group and a rule that leads there. */
  static void advanced(
      DeploymentConfiguration configuration,
      List<LoadBalancer> balancers,
      @Nullable ServiceConnectConfiguration connect) {
    if (configuration.strategy() == DeploymentStrategy.ROLLING) {
      return;
    }
    if (connect != null && Boolean.TRUE.equals(connect.enabled())) {
      throw EcsErrors.unsupported(
          "The "
              + configuration.strategy()
              + " deployment strategy is not supported with Service Connect: only load balancers'"
              + " traffic is shifted.");
    }
    for (LoadBalancer balancer : balancers) {
      if (balancer.advancedConfiguration() == null) {
        throw EcsErrors.invalid(
            "advancedConfiguration is required for each load balancer with the "
                + configuration.strategy()
                + " deployment strategy.");
      }
    }
  }
}
