package gantry.wire.protocol;

import gantry.wire.schema.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An error on its way out.
 *
 * @param code what clients match on: {@code LoadBalancerNotFound}
 * @param shapeName the model's name: {@code LoadBalancerNotFoundException}
 * @param sender whether the caller is to blame
 * @param shape further members of a modelled error, and the value that has them
 */
public record Fault(
    String code,
    String shapeName,
    int status,
    boolean sender,
    @Nullable String message,
    @Nullable Shape shape,
    @Nullable Object value) {

  public static Fault of(String code, int status, @Nullable String message) {
    return new Fault(code, code, status, status < 500, message, null, null);
  }
}
