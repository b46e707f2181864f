package gantry.services.iam.policy;

import gantry.services.iam.policy.ConditionOperator.Value;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One line of a Condition block: an operator, a key, the values of which any may match. */
final class Condition {

  /** What is asked of a key that may have several values. */
  enum Quantifier {
    NONE,
    FOR_ALL_VALUES,
    FOR_ANY_VALUE
  }

  private final ConditionOperator operator;
  private final Quantifier quantifier;
  private final boolean ifExists;
  private final String name;
  private final String key;
  private final List<String> texts;
  private final List<Value> values;

  private Condition(
      ConditionOperator operator,
      Quantifier quantifier,
      boolean ifExists,
      String key,
      List<String> texts,
      boolean variables) {
    this.operator = operator;
    this.quantifier = quantifier;
    this.ifExists = ifExists;
    this.name = key;
    this.key = key.toLowerCase(Locale.ROOT);
    this.texts = texts;
    this.values =
        operator == ConditionOperator.NULL
            ? List.of()
            : texts.stream()
                .map(text -> operator.compile(text, variables && operator.takesVariables()))
                .toList();
  }

  /** The key as the policy writes it. */
  String name() {
    return name;
  }

  /** Null where the operator's name is not one. */
  static @Nullable Condition parse(
      String operatorText, String key, List<String> texts, boolean variables) {
    Quantifier quantifier = Quantifier.NONE;
    String name = operatorText;
    int colon = name.indexOf(':');
    if (colon >= 0) {
      switch (name.substring(0, colon).toLowerCase(Locale.ROOT)) {
        case "forallvalues" -> quantifier = Quantifier.FOR_ALL_VALUES;
        case "foranyvalue" -> quantifier = Quantifier.FOR_ANY_VALUE;
        default -> {
          return null;
        }
      }
      name = name.substring(colon + 1);
    }
    boolean ifExists = name.toLowerCase(Locale.ROOT).endsWith("ifexists");
    ConditionOperator operator =
        ConditionOperator.named(
            ifExists ? name.substring(0, name.length() - "IfExists".length()) : name);
    if (operator == null || (ifExists && operator == ConditionOperator.NULL)) {
      return null;
    }
    return new Condition(operator, quantifier, ifExists, key, texts, variables);
  }

  ConditionOperator operator() {
    return operator;
  }

  String key() {
    return key;
  }

  boolean holds(Context context) {
    List<String> requested = context.values(key);
    boolean missing = requested == null || requested.isEmpty();
    if (operator == ConditionOperator.NULL) {
      return texts.stream().anyMatch(text -> Boolean.parseBoolean(text) == missing);
    }
    if (missing || requested == null) {
      return ifExists
          || switch (quantifier) {
            case FOR_ALL_VALUES -> true;
            case FOR_ANY_VALUE -> false;
            case NONE -> operator.negated();
          };
    }
    return switch (quantifier) {
      case FOR_ALL_VALUES -> requested.stream().allMatch(value -> holdsFor(value, context));
      case FOR_ANY_VALUE -> requested.stream().anyMatch(value -> holdsFor(value, context));
      // A key with several values and no quantifier: a positive operator wants one that matches, a
      // negated one none.
      case NONE ->
          operator.negated()
              ? requested.stream().allMatch(value -> holdsFor(value, context))
              : requested.stream().anyMatch(value -> holdsFor(value, context));
    };
  }

  /** The values of a policy are alternatives; under a negated operator none of them may match. */
  private boolean holdsFor(String requested, Context context) {
    for (Value value : values) {
      if (value.matches(requested, context)) {
        return !operator.negated();
      }
    }
    return operator.negated();
  }

  @Override
  public String toString() {
    return operator + " " + key + " " + texts;
  }
}
