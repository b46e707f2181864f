package gantry.services.iam.policy;

import java.util.Set;

/** The Principal element of a statement. */
record Principals(
    boolean anyone,
    Set<String> aws,
    Set<String> services,
    Set<String> federated,
    Set<String> canonicalUsers) {

  /**
   * How closely a Principal names a caller. It decides what an Allow of a resource policy bypasses
   * in the same account: the account form only delegates to IAM, the session form also passes over
   * boundary and session policies.
   */
  enum Match {
    NONE,
    ACCOUNT,
    ENTITY,
    SESSION,
    ANYONE
  }

  Match match(PrincipalInfo caller) {
    if (anyone) {
      return Match.ANYONE;
    }
    return switch (caller.kind()) {
      case SERVICE -> services.contains(caller.arn()) ? Match.SESSION : Match.NONE;
      case WEB_IDENTITY ->
          federated.contains(caller.arn()) || federated.contains(provider(caller.arn()))
              ? Match.SESSION
              : Match.NONE;
      case ANONYMOUS -> Match.NONE;
      case ROOT, USER, ROLE_SESSION, FEDERATED_USER -> {
        if (aws.contains(caller.arn())) {
          yield caller.kind() == PrincipalInfo.Kind.ROLE_SESSION
                  || caller.kind() == PrincipalInfo.Kind.FEDERATED_USER
              ? Match.SESSION
              : Match.ENTITY;
        }
        if (aws.contains(caller.entityArn())
            || (caller.entityId() != null && aws.contains(caller.entityId()))) {
          yield caller.kind() == PrincipalInfo.Kind.ROOT ? Match.ACCOUNT : Match.ENTITY;
        }
        yield namesAccount(caller.account()) ? Match.ACCOUNT : Match.NONE;
      }
    };
  }

  boolean sparesFromDeny(PrincipalInfo caller) {
    if (anyone) {
      return true;
    }
    if (caller.kind() == PrincipalInfo.Kind.SERVICE) {
      return services.contains(caller.arn());
    }
    boolean account = namesAccount(caller.account());
    return switch (caller.kind()) {
      case ROOT -> account;
      case USER -> account && aws.contains(caller.arn());
      case ROLE_SESSION, FEDERATED_USER ->
          account && aws.contains(caller.entityArn()) && aws.contains(caller.arn());
      case WEB_IDENTITY -> federated.contains(caller.arn());
      case SERVICE, ANONYMOUS -> false;
    };
  }

  /** The issuer without its ARN: how the well-known ones are written. */
  private static String provider(String arn) {
    return arn.substring(arn.indexOf('/') + 1);
  }

  private boolean namesAccount(String account) {
    return aws.contains(account) || aws.contains("arn:aws:iam::" + account + ":root");
  }
}
