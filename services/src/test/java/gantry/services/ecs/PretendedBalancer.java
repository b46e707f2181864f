package gantry.services.ecs;

import gantry.state.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DeregisterTargetsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DeregisterTargetsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetHealthRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetHealthResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RegisterTargetsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RegisterTargetsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealth;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** A target group whose targets become healthy after a while and drain for a while. */
final class PretendedBalancer implements ElasticLoadBalancingV2Client {

  static final String GROUP =
      "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";

  Duration healthyAfter = Duration.ofSeconds(10);
  Duration drain = Duration.ofSeconds(20);
  TargetTypeEnum type = TargetTypeEnum.IP;
  final Set<String> sick = new HashSet<>();

  record Target(TargetDescription description, Instant since, @Nullable Instant drainingSince) {}

  final Map<String, Target> targets = new TreeMap<>();
  private final VirtualTime time;

  PretendedBalancer(VirtualTime time) {
    this.time = time;
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public DescribeTargetGroupsResponse describeTargetGroups(DescribeTargetGroupsRequest request) {
    return DescribeTargetGroupsResponse.builder()
        .targetGroups(
            TargetGroup.builder()
                .targetGroupArn(GROUP)
                .targetType(type)
                .loadBalancerArns("arn:lb")
                .build())
        .build();
  }

  @Override
  public RegisterTargetsResponse registerTargets(RegisterTargetsRequest request) {
    request
        .targets()
        .forEach(
            each ->
                targets.put(
                    each.id() + ":" + each.port(), new Target(each, time.instant(), null)));
    return RegisterTargetsResponse.builder().build();
  }

  @Override
  public DeregisterTargetsResponse deregisterTargets(DeregisterTargetsRequest request) {
    request
        .targets()
        .forEach(
            each ->
                targets.computeIfPresent(
                    each.id() + ":" + each.port(),
                    (key, old) -> new Target(old.description, old.since, time.instant())));
    return DeregisterTargetsResponse.builder().build();
  }

  /** Those that get requests now. */
  Set<String> serving() {
    Set<String> serving = new HashSet<>();
    targets.forEach(
        (key, target) -> {
          if ("healthy".equals(state(key, target))) {
            serving.add(target.description.id());
          }
        });
    return serving;
  }

  private @Nullable String state(String key, Target target) {
    if (target.drainingSince != null) {
      return time.instant().isBefore(target.drainingSince.plus(drain)) ? "draining" : null;
    }
    if (sick.contains(target.description.id())) {
      return "unhealthy";
    }
    return time.instant().isBefore(target.since.plus(healthyAfter)) ? "initial" : "healthy";
  }

  @Override
  public DescribeTargetHealthResponse describeTargetHealth(DescribeTargetHealthRequest request) {
    targets.entrySet().removeIf(each -> state(each.getKey(), each.getValue()) == null);
    return DescribeTargetHealthResponse.builder()
        .targetHealthDescriptions(
            targets.entrySet().stream()
                .map(
                    each ->
                        TargetHealthDescription.builder()
                            .target(each.getValue().description)
                            .targetHealth(
                                TargetHealth.builder()
                                    .state(state(each.getKey(), each.getValue()))
                                    .description(
                                        "unhealthy".equals(state(each.getKey(), each.getValue()))
                                            ? "Health checks failed with these codes: [503]"
                                            : null)
                                    .build())
                            .build())
                .toList())
        .build();
  }
}
