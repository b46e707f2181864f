package gantry.services.iam.policy;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One statement, compiled. Position and texts are kept so that a decision can say which statement
 * made it.
 */
public final class Statement {

  public enum Effect {
    ALLOW,
    DENY
  }

  /** A place in the document's text; lines and columns count from one. */
  public record Position(int line, int column) {}

  private final int number;
  private final @Nullable String sid;
  private final Effect effect;
  private final @Nullable Principals principals;
  private final boolean notPrincipals;
  private final List<Pattern> actions;
  private final boolean notActions;
  private final List<Pattern> resources;
  private final boolean notResources;
  private final List<Condition> conditions;
  private final Position start;
  private final Position end;

  Statement(
      int number,
      @Nullable String sid,
      Effect effect,
      @Nullable Principals principals,
      boolean notPrincipals,
      List<Pattern> actions,
      boolean notActions,
      List<Pattern> resources,
      boolean notResources,
      List<Condition> conditions,
      Position start,
      Position end) {
    this.number = number;
    this.sid = sid;
    this.effect = effect;
    this.principals = principals;
    this.notPrincipals = notPrincipals;
    this.actions = List.copyOf(actions);
    this.notActions = notActions;
    this.resources = List.copyOf(resources);
    this.notResources = notResources;
    this.conditions = List.copyOf(conditions);
    this.start = start;
    this.end = end;
  }

  /** Its place among the document's statements, from zero. */
  public int number() {
    return number;
  }

  public @Nullable String sid() {
    return sid;
  }

  public Effect effect() {
    return effect;
  }

  public Position start() {
    return start;
  }

  public Position end() {
    return end;
  }

  @Nullable Principals principals() {
    return principals;
  }

  List<Condition> conditions() {
    return conditions;
  }

  List<Pattern> actions() {
    return actions;
  }

  /** Whether the statement speaks of this action on this resource in this context, whoever asks. */
  boolean covers(String action, String resource, Context context) {
    return coversAction(action) && coversResource(resource, context) && conditionsHold(context);
  }

  private boolean coversAction(String action) {
    for (Pattern pattern : actions) {
      if (pattern.matches(action, Context.empty())) {
        return !notActions;
      }
    }
    return notActions;
  }

  /**
   * A statement without resources (trust and key policies) speaks of the resource it is attached
   * to.
   */
  private boolean coversResource(String resource, Context context) {
    if (resources.isEmpty()) {
      return true;
    }
    for (Pattern pattern : resources) {
      if (pattern.isEverything() || pattern.matches(resource, context)) {
        return !notResources;
      }
    }
    return notResources;
  }

  private boolean conditionsHold(Context context) {
    for (Condition condition : conditions) {
      if (!condition.holds(context)) {
        return false;
      }
    }
    return true;
  }

  /**
   * How closely the statement's Principal names this caller; for NotPrincipal, whether it spares
   * the caller.
   */
  Principals.Match names(PrincipalInfo caller) {
    if (principals == null) {
      return Principals.Match.NONE;
    }
    Principals.Match match = principals.match(caller);
    if (!notPrincipals) {
      return match;
    }
    // A Deny spares a session only when its account, its role and itself are all listed.
    return principals.sparesFromDeny(caller) ? Principals.Match.NONE : Principals.Match.ANYONE;
  }

  @Override
  public String toString() {
    return effect.name().toLowerCase(Locale.ROOT)
        + " statement "
        + (sid == null || sid.isEmpty() ? "#" + (number + 1) : sid);
  }
}
