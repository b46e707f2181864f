package gantry.state;

/** The account and region that a row belongs to; every key begins with it. */
public record Scope(String account, String region) implements Comparable<Scope> {

  /** The region of what has none: IAM, Route 53 and the like. */
  public static final String GLOBAL_REGION = "aws-global";

  public static Scope global(String account) {
    return new Scope(account, GLOBAL_REGION);
  }

  public Key key(String id) {
    return new Key(this, id);
  }

  /** Written out for the same reason as {@link Key#hashCode}. */
  @Override
  public int hashCode() {
    return 31 * account.hashCode() + region.hashCode();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Scope scope
        && account.equals(scope.account)
        && region.equals(scope.region);
  }

  @Override
  public int compareTo(Scope other) {
    if (this == other) {
      return 0; // the keys of one table mostly share their scope
    }
    int order = account.compareTo(other.account);
    return order != 0 ? order : region.compareTo(other.region);
  }
}
