package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.RuleRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DuplicateTagKeysException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Tag;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TagDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyTagsException;

/** Tags of every kind of resource. */
final class Tags {

  private static final int MAX = 50;
  private static final int MAX_KEY = 128;
  private static final int MAX_VALUE = 256;

  private final ServiceContext context;

  Tags(ServiceContext context) {
    this.context = context;
  }

  static void check(List<Tag> tags) {
    Set<String> keys = new HashSet<>();
    for (Tag tag : tags) {
      if (tag.key() == null || tag.key().isEmpty()) {
        throw Errors.validation("A tag key must be specified");
      }
      tooLong("key", tag.key(), MAX_KEY);
      if (tag.value() != null) {
        tooLong("value", tag.value(), MAX_VALUE);
      }
      if (!keys.add(tag.key())) {
        throw DuplicateTagKeysException.builder()
            .message("A tag key was specified more than once")
            .build();
      }
      if (tag.key().startsWith("aws:") && !Caller.current().isService()) {
        throw Errors.validation("Tag keys cannot start with 'aws:'");
      }
    }
    if (tags.size() > MAX) {
      throw TooManyTagsException.builder()
          .message("You have reached the maximum number of tags per resource")
          .build();
    }
  }

  private static void tooLong(String part, String text, int most) {
    if (text.length() > most) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + text
              + "' at 'tags.1.member."
              + part
              + "' failed to satisfy constraint: Member must have length less than or equal to "
              + most);
    }
  }

  void add(List<String> arns, List<Tag> tags) {
    check(tags);
    change(
        arns,
        before -> {
          Map<String, Tag> all = new LinkedHashMap<>();
          before.forEach(tag -> all.put(tag.key(), tag));
          tags.forEach(tag -> all.put(tag.key(), tag));
          List<Tag> after = List.copyOf(all.values());
          check(after);
          return after;
        });
  }

  void remove(List<String> arns, List<String> keys) {
    change(arns, before -> before.stream().filter(tag -> !keys.contains(tag.key())).toList());
  }

  private void change(List<String> arns, UnaryOperator<List<Tag>> how) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              arns.forEach(arn -> change(tx, scope.key(arn), how));
              return null;
            });
  }

  private static void change(Tx tx, Key key, UnaryOperator<List<Tag>> how) {
    BalancerRow balancer = tx.get(Rows.BALANCERS, key);
    if (balancer != null) {
      tx.put(Rows.BALANCERS, key, balancer.withTags(how.apply(balancer.tags())));
      return;
    }
    ListenerRow listener = tx.get(Rows.LISTENERS, key);
    if (listener != null) {
      tx.put(
          Rows.LISTENERS,
          key,
          new ListenerRow(
              listener.listener(),
              listener.defaultRuleArn(),
              listener.attributes(),
              listener.more(),
              how.apply(listener.tags())));
      return;
    }
    RuleRow rule = tx.get(Rows.RULES, key);
    if (rule != null) {
      tx.put(Rows.RULES, key, new RuleRow(rule.rule(), rule.listenerArn(), how.apply(rule.tags())));
      return;
    }
    GroupRow group = tx.get(Rows.GROUPS, key);
    if (group == null) {
      throw missing(key.id());
    }
    tx.put(
        Rows.GROUPS,
        key,
        new GroupRow(group.group(), group.attributes(), how.apply(group.tags()), group.created()));
  }

  private static RuntimeException missing(String arn) {
    if (arn.contains(":listener-rule/")) {
      return Errors.noRule();
    }
    if (arn.contains(":listener/")) {
      return Errors.noListener();
    }
    if (arn.contains(":targetgroup/")) {
      return Errors.noGroups();
    }
    return arn.contains(":loadbalancer/")
        ? Errors.noBalancer()
        : Errors.validation("'" + arn + "' is not a valid ARN");
  }

  List<TagDescription> describe(List<String> arns) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    List<TagDescription> out = new ArrayList<>();
    for (String arn : arns) {
      out.add(TagDescription.builder().resourceArn(arn).tags(of(view, scope.key(arn))).build());
    }
    return out;
  }

  private static List<Tag> of(View view, Key key) {
    BalancerRow balancer = view.get(Rows.BALANCERS, key);
    if (balancer != null) {
      return balancer.tags();
    }
    ListenerRow listener = view.get(Rows.LISTENERS, key);
    if (listener != null) {
      return listener.tags();
    }
    RuleRow rule = view.get(Rows.RULES, key);
    if (rule != null) {
      return rule.tags();
    }
    GroupRow group = view.get(Rows.GROUPS, key);
    if (group == null) {
      throw missing(key.id());
    }
    return group.tags();
  }
}
