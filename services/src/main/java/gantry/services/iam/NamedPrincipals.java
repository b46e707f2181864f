package gantry.services.iam;

import gantry.services.iam.policy.PolicyDocument;
import gantry.state.Scope;
import gantry.state.View;
import java.util.Optional;

/**
 * The users and roles that a policy names as its principals: those of its own account must exist.
 */
public final class NamedPrincipals {

  private NamedPrincipals() {}

  /** The first one that is not there; whom other accounts have is not for us to say. */
  public static Optional<String> missing(View view, String account, PolicyDocument policy) {
    Scope scope = Scope.global(account);
    String own = "arn:aws:iam::" + account + ":";
    return policy.awsPrincipals().stream()
        .filter(arn -> arn.startsWith(own) && !arn.endsWith(":root"))
        .filter(
            arn -> {
              var key = scope.key(Tables.key(arn.substring(arn.lastIndexOf('/') + 1)));
              return arn.startsWith(own + "role/")
                  ? view.get(Tables.ROLES, key) == null
                  : view.get(Tables.USERS, key) == null;
            })
        .findFirst();
  }
}
