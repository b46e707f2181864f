package gantry.services.iam.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outcome, and what decided it.
 *
 * @param decidedBy for a refusal, the kind of policy that a message names; for an allowance, the
 *     kind that allowed
 * @param matched the statements that decided: the Deny, or the Allows
 */
public record Decision(Outcome outcome, Policy.@Nullable Type decidedBy, List<Match> matched) {

  public enum Outcome {
    ALLOWED,
    IMPLICIT_DENY,
    EXPLICIT_DENY
  }

  /** A statement of a policy that had a part in the decision. */
  public record Match(Policy policy, Statement statement) {}

  public boolean allowed() {
    return outcome == Outcome.ALLOWED;
  }

  /** The part of AWS's message after the resource: why. */
  public String because(String action) {
    Policy.Type type = decidedBy == null ? Policy.Type.IDENTITY : decidedBy;
    return switch (outcome) {
      case ALLOWED -> "allowed by " + type.withArticle();
      case IMPLICIT_DENY -> "because no " + type.noun() + " allows the " + action + " action";
      case EXPLICIT_DENY -> "with an explicit deny in " + type.withArticle();
    };
  }

  /** AWS's whole sentence. */
  public String message(String callerArn, String action, @Nullable String resource) {
    return "User: "
        + callerArn
        + " is not authorized to perform: "
        + action
        + (resource == null ? "" : " on resource: " + resource)
        + " "
        + because(action);
  }
}
