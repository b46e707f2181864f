package gantry.services.ecr;

import gantry.services.Caller;

/** What IAM's identity policies say of a caller; IAM's engine answers, handed in at start. */
@FunctionalInterface
public interface IdentityPolicies {

  enum Verdict {
    ALLOWED,
    /** No policy speaks of it. */
    NOT_ALLOWED,
    EXPLICITLY_DENIED
  }

  Verdict verdict(Caller caller, String action, String resourceArn);

  /** For a program that does not enforce IAM: everybody may do all that IAM could allow. */
  IdentityPolicies ALLOW_ALL = (caller, action, resourceArn) -> Verdict.ALLOWED;
}
