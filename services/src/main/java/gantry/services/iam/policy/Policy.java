package gantry.services.iam.policy;

/**
 * A document in its place.
 *
 * @param source what messages and simulations call it: a managed policy's ARN, an inline policy's
 *     name
 */
public record Policy(String source, Type type, PolicyDocument document) {

  /** What a denial names. */
  public enum Type {
    IDENTITY("identity-based policy", "an identity-based policy"),
    RESOURCE("resource-based policy", "a resource-based policy"),
    BOUNDARY("permissions boundary", "a permissions boundary"),
    SESSION("session policy", "a session policy"),
    SERVICE_CONTROL("service control policy", "a service control policy"),
    TRUST("role trust policy", "the role trust policy");

    private final String noun;
    private final String withArticle;

    Type(String noun, String withArticle) {
      this.noun = noun;
      this.withArticle = withArticle;
    }

    public String noun() {
      return noun;
    }

    public String withArticle() {
      return withArticle;
    }
  }
}
