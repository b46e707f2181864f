package gantry.services.ecs.controller;

import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.services.ecs.rows.TrafficShift.Route;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AdvancedConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentConfiguration;
import software.amazon.awssdk.services.ecs.model.DeploymentStrategy;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.ResolvedConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentLifecycleStage;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.ServiceRevisionLoadBalancer;
import software.amazon.awssdk.services.ecs.model.ServiceRevisionSummary;

/** Begins, turns back and records deployments with two colours. */
public final class Shifts {

  private static final double ALL = 100;

  private Shifts() {}

  /**
   * What a new deployment starts with: its tasks register in the group that the one that serves
   * does not use. Null when there is only one group.
   */
  static @Nullable TrafficShift begin(
      List<DeploymentRow> before,
      ServiceRevision revision,
      @Nullable DeploymentConfiguration configuration,
      Instant now) {
    DeploymentStrategy strategy =
        configuration == null || configuration.strategy() == null
            ? DeploymentStrategy.ROLLING
            : configuration.strategy();
    boolean rolling = strategy == DeploymentStrategy.ROLLING;
    if (rolling
        && revision.loadBalancers().stream()
            .allMatch(each -> each.advancedConfiguration() == null)) {
      return null;
    }
    DeploymentRow source = source(before);
    List<String> used = source == null ? List.of() : groups(source);
    List<String> groups = new ArrayList<>();
    List<Route> routes = new ArrayList<>();
    for (LoadBalancer balancer : revision.loadBalancers()) {
      AdvancedConfiguration advanced = balancer.advancedConfiguration();
      String first = String.valueOf(balancer.targetGroupArn());
      if (advanced == null) {
        groups.add(first);
        continue;
      }
      String second = advanced.alternateTargetGroupArn();
      boolean onSecond = used.contains(second);
      boolean takesSecond = rolling ? onSecond : source != null && !onSecond;
      groups.add(takesSecond ? second : first);
      if (!rolling) {
        routes.add(
            new Route(
                takesSecond ? second : first,
                takesSecond ? first : second,
                advanced.productionListenerRule(),
                advanced.testListenerRule(),
                advanced.roleArn()));
      }
    }
    // The first revision of a service has nothing beside it to protect.
    double share = rolling || source == null ? ALL : 0;
    return new TrafficShift(
        strategy,
        before.size() > 1
            ? ServiceDeploymentLifecycleStage.RECONCILE_SERVICE
            : ServiceDeploymentLifecycleStage.PRE_SCALE_UP,
        now,
        share,
        share,
        routes.isEmpty() ? now : null,
        null,
        step(configuration, strategy),
        stepBake(configuration, strategy),
        configuration == null || configuration.bakeTimeInMinutes() == null
            ? 0
            : configuration.bakeTimeInMinutes(),
        groups,
        routes);
  }

  private static double step(
      @Nullable DeploymentConfiguration configuration, DeploymentStrategy strategy) {
    if (configuration != null && strategy == DeploymentStrategy.LINEAR) {
      return configuration.linearConfiguration().stepPercent();
    }
    if (configuration != null && strategy == DeploymentStrategy.CANARY) {
      return configuration.canaryConfiguration().canaryPercent();
    }
    return ALL;
  }

  private static int stepBake(
      @Nullable DeploymentConfiguration configuration, DeploymentStrategy strategy) {
    if (configuration != null && strategy == DeploymentStrategy.LINEAR) {
      return configuration.linearConfiguration().stepBakeTimeInMinutes();
    }
    if (configuration != null && strategy == DeploymentStrategy.CANARY) {
      return configuration.canaryConfiguration().canaryBakeTimeInMinutes();
    }
    return 0;
  }

  /** The deployment that serves: the last that won, else the one that has the traffic. */
  static @Nullable DeploymentRow source(List<DeploymentRow> before) {
    for (DeploymentRow each : before) {
      if (each.completed()) {
        return each;
      }
    }
    for (DeploymentRow each : before) {
      if (each.traffic() != null && each.traffic().production() > 0) {
        return each;
      }
    }
    return null;
  }

  /** Where a deployment's tasks register. */
  static List<String> groups(DeploymentRow deployment) {
    if (deployment.traffic() != null) {
      return deployment.traffic().targetGroups();
    }
    ServiceRevision revision = deployment.revision();
    return revision.resolvedConfiguration() != null
        ? revision.resolvedConfiguration().loadBalancers().stream()
            .map(ServiceRevisionLoadBalancer::targetGroupArn)
            .toList()
        : revision.loadBalancers().stream()
            .map(each -> String.valueOf(each.targetGroupArn()))
            .toList();
  }

  /** The revision with the groups that it was given. */
  static ServiceRevision resolved(ServiceRevision revision, @Nullable TrafficShift shift) {
    if (shift == null) {
      return revision;
    }
    List<ServiceRevisionLoadBalancer> balancers = new ArrayList<>();
    for (int i = 0; i < revision.loadBalancers().size(); i++) {
      AdvancedConfiguration advanced = revision.loadBalancers().get(i).advancedConfiguration();
      balancers.add(
          ServiceRevisionLoadBalancer.builder()
              .targetGroupArn(shift.targetGroups().get(i))
              .productionListenerRule(advanced == null ? null : advanced.productionListenerRule())
              .build());
    }
    return revision.toBuilder()
        .resolvedConfiguration(ResolvedConfiguration.builder().loadBalancers(balancers).build())
        .build();
  }

  /**
   * The traffic of {@code target}, to which the service goes back.
   *
   * @param runs its tasks are still there
   */
  public static @Nullable TrafficShift back(
      DeploymentRow failed, DeploymentRow target, boolean runs, Instant now) {
    TrafficShift shift = failed.traffic();
    if (shift != null && !shift.isRolling()) {
      return shift.back(groups(target), runs, now);
    }
    return target.traffic() == null ? null : target.traffic().rolling(now);
  }

  /** The stage and the weights, in the record that stays of the deployment. */
  public static void record(Tx tx, Scope scope, DeploymentRow primary, Instant now) {
    TrafficShift shift = primary.traffic();
    if (shift == null || shift.isRolling()) {
      return;
    }
    boolean back = primary.rollsBack() != null;
    String own = primary.revision().serviceRevisionArn();
    String arn = primary.rollsBack() == null ? primary.serviceDeploymentArn() : primary.rollsBack();
    Deployments.record(
        tx,
        scope,
        arn,
        each -> {
          List<ServiceRevisionSummary> sources = new ArrayList<>();
          boolean given = false;
          for (ServiceRevisionSummary source : each.sourceServiceRevisions()) {
            boolean serves = back ? source.arn().equals(own) : !given;
            given |= serves;
            sources.add(weighted(source, shift, serves, !back));
          }
          return each.toBuilder()
              .lifecycleStage(shift.stage())
              .updatedAt(now)
              .sourceServiceRevisions(sources)
              .targetServiceRevision(weighted(each.targetServiceRevision(), shift, true, back))
              .build();
        });
  }

  /** {@code other}: what the deployment that has the shift does not get. */
  private static ServiceRevisionSummary weighted(
      ServiceRevisionSummary summary, TrafficShift shift, boolean serves, boolean other) {
    boolean routed = !shift.routes().isEmpty();
    double production = other ? ALL - shift.production() : shift.production();
    double test = other ? ALL - shift.test() : shift.test();
    return summary.toBuilder()
        .requestedProductionTrafficWeight(routed ? (serves ? production : 0) : null)
        .requestedTestTrafficWeight(shift.hasTest() ? (serves ? test : 0) : null)
        .build();
  }
}
