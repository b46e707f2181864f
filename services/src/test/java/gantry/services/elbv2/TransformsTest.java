package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CreateRuleRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleTransform;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TransformTypeEnum;

/** Regular expressions in rules: in conditions and in what is rewritten. */
@SuppressWarnings("NullAway.Init")
class TransformsTest extends ElbFixture {

  private static final RuleCondition ANY =
      RuleCondition.builder().field("path-pattern").values("/*").build();

  private String listener;

  @BeforeEach
  void listen() {
    listener = listener(balancer(), group("web").targetGroupArn());
  }

  private CreateRuleRequest.Builder rule(RuleCondition condition) {
    return CreateRuleRequest.builder()
        .listenerArn(listener)
        .priority(1)
        .conditions(condition)
        .actions(
            a ->
                a.type(ActionTypeEnum.FIXED_RESPONSE)
                    .fixedResponseConfig(f -> f.statusCode("200")));
  }

  private Rule make(CreateRuleRequest.Builder request) {
    return call(() -> elb.createRule(request.build())).rules().getFirst();
  }

  private void refused(CreateRuleRequest.Builder request, String message) {
    assertThatThrownBy(() -> make(request)).hasMessageContaining(message);
    assertThat(call(() -> elb.describeRules(r -> r.listenerArn(listener))).rules()).hasSize(1);
  }

  private static RuleTransform url(String regex, String replace) {
    return RuleTransform.builder()
        .type(TransformTypeEnum.URL_REWRITE)
        .urlRewriteConfig(c -> c.rewrites(w -> w.regex(regex).replace(replace)))
        .build();
  }

  private static RuleTransform host(String regex, String replace) {
    return RuleTransform.builder()
        .type(TransformTypeEnum.HOST_HEADER_REWRITE)
        .hostHeaderRewriteConfig(c -> c.rewrites(w -> w.regex(regex).replace(replace)))
        .build();
  }

  private List<RuleTransform> planned() {
    return RoutingTables.plan(store.snapshot())
        .balancers()
        .getFirst()
        .listeners()
        .getFirst()
        .rules()
        .getFirst()
        .transforms();
  }

  @Test
  void conditions_by_regular_expression_are_said_back_in_both_places() {
    Map<String, RuleCondition> given =
        Map.of(
            "path-pattern",
            RuleCondition.builder()
                .field("path-pattern")
                .pathPatternConfig(c -> c.regexValues("^/api/v[0-9]+/"))
                .build(),
            "host-header",
            RuleCondition.builder().field("host-header").regexValues("^(.+)\\.a\\.com$").build(),
            "http-header",
            RuleCondition.builder()
                .field("http-header")
                .httpHeaderConfig(c -> c.httpHeaderName("User-Agent").regexValues(".+Chrome.+"))
                .build());
    given.forEach(
        (field, condition) -> {
          Rule made = make(rule(condition));
          RuleCondition said = made.conditions().getFirst();
          assertThat(said.hasValues()).isFalse();
          List<String> nested =
              switch (field) {
                case "path-pattern" -> said.pathPatternConfig().regexValues();
                case "host-header" -> said.hostHeaderConfig().regexValues();
                default -> said.httpHeaderConfig().regexValues();
              };
          assertThat(said.regexValues()).hasSize(1).isEqualTo(nested);
          call(() -> elb.deleteRule(r -> r.ruleArn(made.ruleArn())));
        });
  }

  @Test
  void conditions_that_aws_refuses_are_refused() {
    for (String regex :
        List.of("a(?=b)", "(?<!a)b", "(a)\\1", "(?>a)", "a*+", "\\p{L}", "(", "[a", "a{2,1}")) {
      refused(
          rule(RuleCondition.builder().field("path-pattern").regexValues(regex).build()),
          "The regular expression '" + regex + "' is not valid");
    }
    refused(
        rule(RuleCondition.builder().field("path-pattern").regexValues("a".repeat(129)).build()),
        "too long");
    refused(
        rule(RuleCondition.builder().field("query-string").regexValues("a").build()),
        "The 'RegexValues' field is not compatible with 'query-string'");
    refused(
        rule(RuleCondition.builder().field("path-pattern").values("/a").regexValues("/a").build()),
        "You cannot provide both Values and RegexValues");
    refused(
        rule(
            RuleCondition.builder()
                .field("host-header")
                .regexValues("a", "b", "c", "d", "e", "f")
                .build()),
        "too many values");
  }

  @Test
  void transforms_are_kept_changed_and_taken_away() {
    Rule made = make(rule(ANY).transforms(url("^/a/(.*)$", "/$1"), host("^a$", "b")));
    assertThat(made.transforms()).hasSize(2);
    assertThat(planned()).isEqualTo(made.transforms());
    String arn = made.ruleArn();
    Rule kept =
        call(() ->
                elb.modifyRule(
                    r -> r.ruleArn(arn).conditions(c -> c.field("path-pattern").values("/b"))))
            .rules()
            .getFirst();
    assertThat(kept.transforms()).hasSize(2);
    Rule changed =
        call(() -> elb.modifyRule(r -> r.ruleArn(arn).transforms(url("^/b", "/c"))))
            .rules()
            .getFirst();
    assertThat(changed.transforms()).containsExactly(url("^/b", "/c"));
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        elb.modifyRule(
                            r ->
                                r.ruleArn(arn).resetTransforms(true).transforms(url("^/b", "/c")))))
        .hasMessageContaining("cannot be specified together");
    Rule without =
        call(() -> elb.modifyRule(r -> r.ruleArn(arn).resetTransforms(true))).rules().getFirst();
    assertThat(without.hasTransforms()).isFalse();
    assertThat(planned()).isEmpty();
  }

  @Test
  void transforms_that_aws_refuses_are_refused() {
    refused(
        rule(ANY).transforms(url("a", "b"), url("c", "d")),
        "A rule can only have one 'url-rewrite' transform");
    refused(
        rule(ANY)
            .transforms(
                t ->
                    t.type("url-rewrite")
                        .urlRewriteConfig(
                            c ->
                                c.rewrites(
                                    w -> w.regex("a").replace("b"),
                                    w -> w.regex("c").replace("d")))),
        "exactly one rewrite configuration");
    refused(
        rule(ANY)
            .transforms(
                t ->
                    t.type("url-rewrite")
                        .hostHeaderRewriteConfig(c -> c.rewrites(w -> w.regex("a").replace("b")))),
        "A 'UrlRewriteConfig', and no other");
    refused(rule(ANY).transforms(t -> t.type("path-rewrite")), "must be one of");
    refused(rule(ANY).transforms(url("(a)", "$2")), "names a group");
    refused(rule(ANY).transforms(url("a(", "b")), "is not valid");
    refused(rule(ANY).transforms(url("a".repeat(1025), "b")), "too long");
  }

  @Test
  void why_says_what_a_rule_looks_for_and_what_it_rewrites() {
    make(
        rule(RuleCondition.builder().field("path-pattern").regexValues("^/a/").build())
            .transforms(url("^/a/(.*)$", "/$1"), host("^a$", "b")));
    String said = new Why(context, LiveTraffic.none()).why("web").getFirst().print();
    assertThat(said)
        .contains(
            "rule 1: path like [^/a/] -> answer 200, URL ^/a/(.*)$ becomes /$1, host ^a$ becomes b");
  }
}
