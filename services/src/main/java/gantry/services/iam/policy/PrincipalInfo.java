package gantry.services.iam.policy;

import org.jspecify.annotations.Nullable;

/**
 * Who asks, as policies see him.
 *
 * @param arn the caller's ARN (user, session), or the service principal's name
 * @param entityArn the role of a session, the user of a federated session, else the same as {@code
 *     arn}
 * @param entityId AIDA… or AROA…: what principals are stored as, so that a re-created name is
 *     somebody else
 */
public record PrincipalInfo(
    Kind kind, String account, String arn, String entityArn, @Nullable String entityId) {

  public enum Kind {
    ROOT,
    USER,
    ROLE_SESSION,
    FEDERATED_USER,
    /** A bearer of an issuer's token; its ARN is the provider's. */
    WEB_IDENTITY,
    SERVICE,
    ANONYMOUS
  }

  public static PrincipalInfo root(String account) {
    String arn = "arn:aws:iam::" + account + ":root";
    return new PrincipalInfo(Kind.ROOT, account, arn, arn, account);
  }

  public static PrincipalInfo user(String account, String arn, String userId) {
    return new PrincipalInfo(Kind.USER, account, arn, arn, userId);
  }

  public static PrincipalInfo roleSession(
      String account, String sessionArn, String roleArn, String roleId) {
    return new PrincipalInfo(Kind.ROLE_SESSION, account, sessionArn, roleArn, roleId);
  }

  public static PrincipalInfo service(String name) {
    return new PrincipalInfo(Kind.SERVICE, "", name, name, null);
  }
}
