package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.RuleRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CreateRuleRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeRulesRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeRulesResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyRuleRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.OperationNotPermittedException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.PriorityInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RulePriorityPair;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyRulesException;

/** The rules of listeners. */
final class Rules {

  static final int MAX_RULES = 100;

  private final ServiceContext context;

  Rules(ServiceContext context) {
    this.context = context;
  }

  Rule create(CreateRuleRequest r) {
    Scope scope = Caller.current().scope();
    ListenerRow listener = Listeners.require(context.store().snapshot(), scope, r.listenerArn());
    BalancerRow balancer =
        Balancers.require(context.store().snapshot(), scope, listener.listener().loadBalancerArn());
    if (!Balancers.application(balancer.balancer())) {
      throw Errors.notBuilt("A rule on a network load balancer", "it has default actions only");
    }
    Transforms.check(r.transforms());
    if (r.priority() == null) {
      throw Errors.validation("A priority must be specified");
    }
    checkPriority(r.priority());
    var conditions = Conditions.normal(r.conditions());
    var actions =
        Actions.normal(r.actions(), true, Listeners.secure(listener.listener().protocol()));
    Tags.check(r.tags());
    String arn = Arns.rule(listener.listener().listenerArn(), context.ids().hex(16));
    Rule rule =
        Rule.builder()
            .ruleArn(arn)
            .priority(Integer.toString(r.priority()))
            .conditions(conditions)
            .actions(actions)
            .transforms(r.transforms())
            .isDefault(false)
            .build();
    return context
        .store()
        .write(
            tx -> {
              Listeners.require(tx, scope, r.listenerArn());
              ActionGroups.check(
                  tx, scope, balancer.balancer(), listener.listener().protocolAsString(), actions);
              requireFree(tx, scope, r.listenerArn(), rule.priority(), Set.of());
              long count =
                  tx.lookup(Rows.LISTENERS_OF, scope, listener.listener().loadBalancerArn())
                      .mapToLong(l -> tx.lookup(Rows.RULES_OF, scope, l.key().id()).count())
                      .sum();
              if (count >= MAX_RULES) {
                throw TooManyRulesException.builder()
                    .message("You have reached the maximum number of rules per load balancer")
                    .build();
              }
              tx.put(
                  Rows.RULES,
                  scope.key(arn),
                  new RuleRow(rule, listener.listener().listenerArn(), List.copyOf(r.tags())));
              return rule;
            });
  }

  private static void checkPriority(int priority) {
    if (priority < 1 || priority > 50000) {
      throw Errors.validation("Priority '" + priority + "' must be between 1 and 50000");
    }
  }

  private static void requireFree(
      View view, Scope scope, String listenerArn, String priority, Set<String> except) {
    boolean taken =
        view.lookup(Rows.RULES_OF, scope, listenerArn)
            .anyMatch(
                row ->
                    !except.contains(row.key().id())
                        && row.value().rule().priority().equals(priority));
    if (taken) {
      throw PriorityInUseException.builder()
          .message("Priority '" + priority + "' is currently in use")
          .build();
    }
  }

  Rule modify(ModifyRuleRequest r) {
    Scope scope = Caller.current().scope();
    boolean conditions = r.hasConditions() && !r.conditions().isEmpty();
    boolean actions = r.hasActions() && !r.actions().isEmpty();
    boolean transforms = !r.transforms().isEmpty();
    boolean reset = Boolean.TRUE.equals(r.resetTransforms());
    if (transforms && reset) {
      throw Errors.validation("Transforms and ResetTransforms cannot be specified together");
    }
    Transforms.check(r.transforms());
    if (!conditions && !actions && !transforms && !reset) {
      throw Errors.validation("Either conditions or actions must be specified");
    }
    return context
        .store()
        .write(
            tx -> {
              RuleRow row = tx.get(Rows.RULES, scope.key(Arns.Kind.RULE.check(scope, r.ruleArn())));
              if (row == null) {
                if (tx.scan(Rows.LISTENERS, scope)
                    .anyMatch(l -> l.value().defaultRuleArn().equals(r.ruleArn()))) {
                  throw OperationNotPermittedException.builder()
                      .message("Default rule '" + r.ruleArn() + "' cannot be modified")
                      .build();
                }
                throw Errors.noRule();
              }
              ListenerRow listener = Listeners.require(tx, scope, row.listenerArn());
              Rule.Builder next = row.rule().toBuilder();
              if (conditions) {
                next.conditions(Conditions.normal(r.conditions()));
              }
              if (actions) {
                List<Action> normal =
                    Actions.normal(
                        r.actions(), true, Listeners.secure(listener.listener().protocol()));
                ActionGroups.check(
                    tx,
                    scope,
                    Balancers.require(tx, scope, listener.listener().loadBalancerArn()).balancer(),
                    listener.listener().protocolAsString(),
                    normal);
                next.actions(normal);
              }
              if (transforms || reset) {
                next.transforms(r.transforms());
              }
              Rule rule = next.build();
              tx.put(
                  Rows.RULES,
                  scope.key(rule.ruleArn()),
                  new RuleRow(rule, row.listenerArn(), row.tags()));
              return rule;
            });
  }

  void delete(@Nullable String given) {
    Scope scope = Caller.current().scope();
    String arn = Arns.Kind.RULE.check(scope, given);
    context
        .store()
        .write(
            tx -> {
              if (tx.get(Rows.RULES, scope.key(arn)) == null) {
                if (tx.scan(Rows.LISTENERS, scope)
                    .anyMatch(l -> l.value().defaultRuleArn().equals(arn))) {
                  throw OperationNotPermittedException.builder()
                      .message("Default rule '" + arn + "' cannot be deleted")
                      .build();
                }
                throw Errors.noRule();
              }
              tx.delete(Rows.RULES, scope.key(arn));
              return null;
            });
  }

  List<Rule> setPriorities(List<RulePriorityPair> pairs) {
    Scope scope = Caller.current().scope();
    Set<Integer> seen = new HashSet<>();
    Map<String, Integer> wanted = new HashMap<>();
    for (RulePriorityPair pair : pairs) {
      if (pair.priority() == null || pair.ruleArn() == null) {
        throw Errors.validation("A rule ARN and a priority must be specified");
      }
      checkPriority(pair.priority());
      if (!seen.add(pair.priority())) {
        throw Errors.validation("Priority '" + pair.priority() + "' was provided multiple times");
      }
      wanted.put(pair.ruleArn(), pair.priority());
    }
    return context
        .store()
        .write(
            tx -> {
              List<Rule> out = new ArrayList<>();
              for (RulePriorityPair pair : pairs) {
                RuleRow row =
                    tx.get(Rows.RULES, scope.key(Arns.Kind.RULE.check(scope, pair.ruleArn())));
                if (row == null) {
                  if (tx.scan(Rows.LISTENERS, scope)
                      .anyMatch(l -> l.value().defaultRuleArn().equals(pair.ruleArn()))) {
                    throw OperationNotPermittedException.builder()
                        .message("The priority of a default rule cannot be changed")
                        .build();
                  }
                  throw Errors.noRule();
                }
                requireFree(
                    tx,
                    scope,
                    row.listenerArn(),
                    Integer.toString(pair.priority()),
                    wanted.keySet());
                Rule rule =
                    row.rule().toBuilder().priority(Integer.toString(pair.priority())).build();
                tx.put(
                    Rows.RULES,
                    scope.key(rule.ruleArn()),
                    new RuleRow(rule, row.listenerArn(), row.tags()));
                out.add(rule);
              }
              return out;
            });
  }

  DescribeRulesResponse describe(DescribeRulesRequest r) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    boolean byArn = r.hasRuleArns() && !r.ruleArns().isEmpty();
    if (byArn && r.listenerArn() != null) {
      throw Errors.validation(
          "Listener rule ARNs and a listener ARN cannot be specified at the same time");
    }
    if (!byArn && r.listenerArn() == null) {
      throw Errors.validation("You must specify either listener rule ARNs or a listener ARN");
    }
    List<Rule> rules = new ArrayList<>();
    if (byArn) {
      for (String arn : r.ruleArns()) {
        RuleRow row = view.get(Rows.RULES, scope.key(Arns.Kind.RULE.check(scope, arn)));
        rules.add(
            row != null
                ? row.rule()
                : view.scan(Rows.LISTENERS, scope)
                    .map(Row::value)
                    .filter(l -> l.defaultRuleArn().equals(arn))
                    .findFirst()
                    .map(Rules::ofDefault)
                    .orElseThrow(Errors::noRule));
      }
    } else {
      ListenerRow listener = Listeners.require(view, scope, r.listenerArn());
      rules.addAll(of(view, scope, r.listenerArn()));
      rules.add(ofDefault(listener));
    }
    Page<Rule> page = Page.of(rules, r.marker(), r.pageSize());
    return DescribeRulesResponse.builder().rules(page.rows()).nextMarker(page.next()).build();
  }

  /** In the order of their priorities, without the default rule. */
  static List<Rule> of(View view, Scope scope, String listenerArn) {
    return view.lookup(Rows.RULES_OF, scope, listenerArn)
        .map(row -> row.value().rule())
        .sorted(Comparator.comparing(rule -> Integer.parseInt(rule.priority())))
        .toList();
  }

  static Rule ofDefault(ListenerRow listener) {
    return Rule.builder()
        .ruleArn(listener.defaultRuleArn())
        .priority("default")
        .isDefault(true)
        .conditions(List.of())
        .actions(listener.listener().defaultActions())
        .build();
  }

  static void deleteAll(Tx tx, Scope scope, String listenerArn) {
    for (Row<RuleRow> rule : tx.lookup(Rows.RULES_OF, scope, listenerArn).toList()) {
      tx.delete(Rows.RULES, rule.key());
    }
  }
}
