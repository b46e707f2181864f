package gantry.services.ecs;

import gantry.state.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DeregisterTargetsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DeregisterTargetsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeListenersRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeListenersResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeRulesRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeRulesResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetHealthRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetHealthResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Listener;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyListenerRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyListenerResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyRuleRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyRuleResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RegisterTargetsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RegisterTargetsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleNotFoundException;
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

  static final String GREEN = GROUP.replace("/web/", "/green/");
  static final String RULE =
      "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/3";
  static final String TEST_LISTENER =
      "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/web/1/4";

  record Target(
      String group, TargetDescription description, Instant since, @Nullable Instant drainingSince) {

    boolean in(@Nullable String asked) {
      return group.equals(asked);
    }
  }

  /** What each rule and listener does, once somebody has made one; RULE and TEST_LISTENER. */
  final Map<String, List<Action>> rules = new TreeMap<>();

  /** How often a rule or listener was modified. */
  int modified;

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
                .targetGroupArn(request.targetGroupArns().getFirst())
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
                    each.id() + ":" + each.port(),
                    new Target(request.targetGroupArn(), each, time.instant(), null)));
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
                    (key, old) ->
                        new Target(old.group, old.description, old.since, time.instant())));
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
    if (!rules.isEmpty() && rules.values().stream().noneMatch(each -> named(each, target.group))) {
      return "unused";
    }
    if (sick.contains(target.description.id())) {
      return "unhealthy";
    }
    return time.instant().isBefore(target.since.plus(healthyAfter)) ? "initial" : "healthy";
  }

  /** Two rules, for production and for test traffic, that lead to the first group. */
  void rules() {
    List<Action> first =
        List.of(Action.builder().type("forward").targetGroupArn(GROUP).order(1).build());
    rules.put(RULE, first);
    rules.put(TEST_LISTENER, first);
  }

  private static boolean named(List<Action> actions, String group) {
    return weights(actions).containsKey(group);
  }

  private static Map<String, Integer> weights(List<Action> actions) {
    Map<String, Integer> weights = new TreeMap<>();
    for (Action action : actions) {
      if (action.forwardConfig() == null) {
        weights.put(action.targetGroupArn(), 1);
      } else {
        action
            .forwardConfig()
            .targetGroups()
            .forEach(each -> weights.put(each.targetGroupArn(), each.weight()));
      }
    }
    return weights;
  }

  /** Percent of a rule's traffic that the group gets. */
  double share(String rule, String group) {
    Map<String, Integer> weights = weights(rules.getOrDefault(rule, List.of()));
    int all = weights.values().stream().mapToInt(Integer::intValue).sum();
    return all == 0 ? 0 : 100.0 * weights.getOrDefault(group, 0) / all;
  }

  /** The healthy targets of a group. */
  Set<String> serving(String group) {
    Set<String> serving = new HashSet<>();
    targets.forEach(
        (key, target) -> {
          if (target.in(group) && "healthy".equals(state(key, target))) {
            serving.add(target.description.id());
          }
        });
    return serving;
  }

  private List<Action> actions(String arn) {
    List<Action> found = rules.get(arn);
    if (found == null) {
      throw RuleNotFoundException.builder()
          .message("no rule")
          .statusCode(400)
          .awsErrorDetails(
              AwsErrorDetails.builder()
                  .errorCode("RuleNotFound")
                  .errorMessage("One or more rules not found")
                  .build())
          .build();
    }
    return found;
  }

  @Override
  public DescribeRulesResponse describeRules(DescribeRulesRequest request) {
    String arn = request.ruleArns().getFirst();
    return DescribeRulesResponse.builder()
        .rules(Rule.builder().ruleArn(arn).isDefault(false).actions(actions(arn)).build())
        .build();
  }

  @Override
  public ModifyRuleResponse modifyRule(ModifyRuleRequest request) {
    actions(request.ruleArn());
    modified++;
    rules.put(request.ruleArn(), request.actions());
    return ModifyRuleResponse.builder().build();
  }

  @Override
  public DescribeListenersResponse describeListeners(DescribeListenersRequest request) {
    String arn = request.listenerArns().getFirst();
    return DescribeListenersResponse.builder()
        .listeners(Listener.builder().listenerArn(arn).defaultActions(actions(arn)).build())
        .build();
  }

  @Override
  public ModifyListenerResponse modifyListener(ModifyListenerRequest request) {
    actions(request.listenerArn());
    modified++;
    rules.put(request.listenerArn(), request.defaultActions());
    return ModifyListenerResponse.builder().build();
  }

  @Override
  public DescribeTargetHealthResponse describeTargetHealth(DescribeTargetHealthRequest request) {
    targets.entrySet().removeIf(each -> state(each.getKey(), each.getValue()) == null);
    return DescribeTargetHealthResponse.builder()
        .targetHealthDescriptions(
            targets.entrySet().stream()
                .filter(each -> each.getValue().in(request.targetGroupArn()))
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
