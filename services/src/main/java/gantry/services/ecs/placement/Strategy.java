package gantry.services.ecs.placement;

/** One link of a placement strategy chain. */
public sealed interface Strategy {

  /** The instance with the least left that still fits. */
  record Binpack(boolean byMemory) implements Strategy {}

  /** The value with the fewest tasks of the group; {@code instanceId} or an attribute's name. */
  record Spread(String field) implements Strategy {
    public static final String INSTANCE = "instanceId";

    public boolean byInstance() {
      return field.equals(INSTANCE);
    }
  }

  /** Any; which one is decided by the number the request carries. */
  record Random() implements Strategy {}
}
