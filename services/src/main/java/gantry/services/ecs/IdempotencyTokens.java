package gantry.services.ecs;

import gantry.services.ecs.controller.HousekeepingController;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;

/** Client tokens: the same call again answers what the first one made. */
final class IdempotencyTokens {

  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  private IdempotencyTokens() {}

  static void check(@Nullable String token, int most) {
    if (token != null
        && !token.isEmpty()
        && (token.length() > most || !TOKEN.matcher(token).matches())) {
      throw EcsErrors.invalid(
          "Invalid clientToken. Up to " + most + " ASCII characters (33 to 126) are allowed.");
    }
  }

  /** What tells one set of parameters from another. */
  static String fingerprint(SdkPojo request) {
    return Integer.toHexString(EcsJson.write(request).hashCode());
  }

  /** What the token stands for; null when there is none or it is too old. */
  static @Nullable ClientTokenRow known(
      View view,
      Scope scope,
      String operation,
      String cluster,
      @Nullable String token,
      Instant now) {
    if (token == null || token.isEmpty()) {
      return null;
    }
    ClientTokenRow row = view.get(EcsTables.CLIENT_TOKENS, key(scope, operation, cluster, token));
    return row == null || row.createdAt().plus(HousekeepingController.TOKENS_KEPT).isBefore(now)
        ? null
        : row;
  }

  static void put(
      Tx tx,
      Scope scope,
      String operation,
      String cluster,
      @Nullable String token,
      ClientTokenRow row) {
    if (token != null && !token.isEmpty()) {
      tx.put(EcsTables.CLIENT_TOKENS, key(scope, operation, cluster, token), row);
    }
  }

  private static Key key(Scope scope, String operation, String cluster, String token) {
    return scope.key(operation + " " + cluster + " " + token);
  }
}
