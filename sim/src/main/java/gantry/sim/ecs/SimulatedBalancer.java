package gantry.sim.ecs;

import gantry.state.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
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

/** Target groups whose targets become healthy after a while and drain for a while. */
public final class SimulatedBalancer implements ElasticLoadBalancingV2Client {

  static final Duration HEALTHY_AFTER = Duration.ofSeconds(10);
  static final Duration DRAIN = Duration.ofSeconds(20);

  private record Target(
      TargetDescription description, Instant since, @Nullable Instant drainingSince) {}

  private final Map<String, Map<String, Target>> groups = new TreeMap<>();
  private final Set<String> sick = new HashSet<>();
  private final VirtualTime time;

  SimulatedBalancer(VirtualTime time) {
    this.time = time;
  }

  /** The ARN of a target group by name; those whose name begins with "i" take instances. */
  public static String group(String name) {
    return "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/"
        + name
        + "/0123456789abcdef";
  }

  /** From now on the target answers its checks with 503, or with 200 again. */
  public void sick(String targetId, boolean now) {
    if (now) {
      sick.add(targetId);
    } else {
      sick.remove(targetId);
    }
  }

  /** Everybody answers his checks again. */
  public void heal() {
    sick.clear();
  }

  /** Whether new requests may be sent to the target. */
  public boolean takes(String group, String targetId, int port) {
    Target target = groups.getOrDefault(group, Map.of()).get(targetId + ":" + port);
    return target != null && target.drainingSince == null;
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
            request.targetGroupArns().stream()
                .map(
                    arn ->
                        TargetGroup.builder()
                            .targetGroupArn(arn)
                            .targetType(
                                arn.contains("targetgroup/i")
                                    ? TargetTypeEnum.INSTANCE
                                    : TargetTypeEnum.IP)
                            .loadBalancerArns("arn:lb")
                            .build())
                .toList())
        .build();
  }

  private Map<String, Target> members(@Nullable String group) {
    return groups.computeIfAbsent(Objects.requireNonNull(group), arn -> new TreeMap<>());
  }

  @Override
  public RegisterTargetsResponse registerTargets(RegisterTargetsRequest request) {
    for (TargetDescription each : request.targets()) {
      members(request.targetGroupArn())
          .put(each.id() + ":" + each.port(), new Target(each, time.instant(), null));
    }
    return RegisterTargetsResponse.builder().build();
  }

  @Override
  public DeregisterTargetsResponse deregisterTargets(DeregisterTargetsRequest request) {
    for (TargetDescription each : request.targets()) {
      members(request.targetGroupArn())
          .computeIfPresent(
              each.id() + ":" + each.port(),
              (key, old) -> new Target(old.description, old.since, time.instant()));
    }
    return DeregisterTargetsResponse.builder().build();
  }

  private @Nullable String state(Target target) {
    if (target.drainingSince != null) {
      return time.instant().isBefore(target.drainingSince.plus(DRAIN)) ? "draining" : null;
    }
    if (sick.contains(target.description.id())) {
      return "unhealthy";
    }
    return time.instant().isBefore(target.since.plus(HEALTHY_AFTER)) ? "initial" : "healthy";
  }

  @Override
  public DescribeTargetHealthResponse describeTargetHealth(DescribeTargetHealthRequest request) {
    Map<String, Target> members = members(request.targetGroupArn());
    members.values().removeIf(each -> state(each) == null);
    return DescribeTargetHealthResponse.builder()
        .targetHealthDescriptions(
            members.values().stream()
                .map(
                    each ->
                        TargetHealthDescription.builder()
                            .target(each.description)
                            .targetHealth(TargetHealth.builder().state(state(each)).build())
                            .build())
                .toList())
        .build();
  }
}
