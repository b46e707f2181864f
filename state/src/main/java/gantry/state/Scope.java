package gantry.state;

import java.util.Comparator;

/** The account and region that a row belongs to; every key begins with it. */
public record Scope(String account, String region) implements Comparable<Scope> {

  /** The region of what has none: IAM, Route 53 and the like. */
  public static final String GLOBAL_REGION = "aws-global";

  private static final Comparator<Scope> ORDER =
      Comparator.comparing(Scope::account).thenComparing(Scope::region);

  public static Scope global(String account) {
    return new Scope(account, GLOBAL_REGION);
  }

  public Key key(String id) {
    return new Key(this, id);
  }

  @Override
  public int compareTo(Scope other) {
    return ORDER.compare(this, other);
  }
}
