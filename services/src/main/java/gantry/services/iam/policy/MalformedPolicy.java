package gantry.services.iam.policy;

/**
 * A document that is not a policy. The message is AWS's; the place is ours, for whoever has to mend
 * it.
 */
public final class MalformedPolicy extends Exception {
  private static final long serialVersionUID = 1L;

  private final String place;

  MalformedPolicy(String message, String place) {
    super(message);
    this.place = place;
  }

  /** Such as {@code Statement[1].Action at line 7, column 12}. */
  public String place() {
    return place;
  }
}
