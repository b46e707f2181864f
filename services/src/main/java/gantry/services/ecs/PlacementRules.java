package gantry.services.ecs;

import gantry.services.ecs.placement.ClusterQuery;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementConstraintType;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.PlacementStrategyType;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/** What placement constraints and strategies may say. */
final class PlacementRules {

  static final int MAX_CONSTRAINTS = 10;
  static final int MAX_STRATEGIES = 5;
  static final int MAX_EXPRESSION = 2000;

  private PlacementRules() {}

  static ClusterQuery expression(@Nullable String text) {
    if (text == null || text.isBlank()) {
      throw EcsErrors.invalid("Placement constraint expression can not be blank.");
    }
    if (text.length() > MAX_EXPRESSION) {
      throw EcsErrors.invalid(
          "Placement constraint expression cannot be longer than "
              + MAX_EXPRESSION
              + " characters.");
    }
    try {
      return ClusterQuery.parse(text);
    } catch (ClusterQuery.Malformed malformed) {
      throw EcsErrors.invalid("Invalid expression: " + malformed.getMessage());
    }
  }

  static void check(List<PlacementConstraint> constraints, List<PlacementStrategy> strategies) {
    if (constraints.size() > MAX_CONSTRAINTS) {
      throw EcsErrors.invalid(
          "Placement constraints cannot have more than " + MAX_CONSTRAINTS + " elements.");
    }
    for (PlacementConstraint constraint : constraints) {
      if (constraint.type() == PlacementConstraintType.MEMBER_OF) {
        expression(constraint.expression());
      } else if (constraint.type() != PlacementConstraintType.DISTINCT_INSTANCE) {
        throw EcsErrors.invalid(
            "constraint.type '" + constraint.typeAsString() + "' is not supported.");
      } else if (constraint.expression() != null && !constraint.expression().isEmpty()) {
        throw EcsErrors.invalid("distinctInstance does not take an expression.");
      }
    }
    if (strategies.size() > MAX_STRATEGIES) {
      throw EcsErrors.invalid(
          "Placement strategies cannot have more than " + MAX_STRATEGIES + " elements.");
    }
    for (PlacementStrategy strategy : strategies) {
      check(strategy);
    }
  }

  /** Those of the definition and those given with it count together. */
  static void total(TaskDefinition definition, List<PlacementConstraint> constraints) {
    if (definition.placementConstraints().size() + constraints.size() > MAX_CONSTRAINTS) {
      throw EcsErrors.invalid(
          "The total number of placement constraints, with those of the task definition, cannot"
              + " exceed "
              + MAX_CONSTRAINTS
              + ".");
    }
  }

  private static void check(PlacementStrategy strategy) {
    if (strategy.type() == null
        || strategy.type() == PlacementStrategyType.UNKNOWN_TO_SDK_VERSION) {
      throw EcsErrors.invalid("strategy.type '" + strategy.typeAsString() + "' is not supported.");
    }
    String field = strategy.field() == null ? "" : strategy.field();
    boolean known =
        switch (strategy.type()) {
          case RANDOM -> field.isEmpty();
          case BINPACK -> field.equalsIgnoreCase("cpu") || field.equalsIgnoreCase("memory");
          case SPREAD ->
              field.equalsIgnoreCase("instanceId")
                  || field.equalsIgnoreCase("host")
                  || (field.startsWith("attribute:") && field.length() > "attribute:".length());
          case UNKNOWN_TO_SDK_VERSION -> false;
        };
    if (!known) {
      throw EcsErrors.invalid(
          "strategy.field '"
              + field
              + "' is not supported with type "
              + strategy.typeAsString()
              + ".");
    }
  }

  /** {@code host} is answered as {@code instanceId}. */
  static List<PlacementStrategy> normal(List<PlacementStrategy> strategies) {
    return strategies.stream()
        .map(
            each ->
                "host".equalsIgnoreCase(each.field())
                    ? each.toBuilder().field("instanceId").build()
                    : each)
        .toList();
  }
}
