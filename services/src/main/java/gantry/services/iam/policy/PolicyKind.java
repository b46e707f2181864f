package gantry.services.iam.policy;

/**
 * What a document is for: it decides which elements it must and must not have, and how errors are
 * worded.
 */
public enum PolicyKind {
  /** A managed policy, a boundary: no principal, version 2012-10-17. */
  MANAGED,
  /** An inline policy of a user, group or role, and a session policy. */
  INLINE,
  /** A role's trust policy: principals, STS actions, no resource. */
  TRUST,
  /** A policy of a resource: a principal, usually a resource. */
  RESOURCE;

  boolean isIdentity() {
    return this == MANAGED || this == INLINE;
  }
}
