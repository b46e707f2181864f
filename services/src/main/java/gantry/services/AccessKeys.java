package gantry.services;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where the front door looks up who an access key belongs to. */
@FunctionalInterface
public interface AccessKeys {

  /** The active key or running session of that id, or null. */
  @Nullable AccessKey find(String accessKeyId);

  /** Whether the id was made here, so that one that is not found is over, not a stranger's. */
  default boolean issued(String accessKeyId) {
    return false;
  }

  /**
   * A key and whom it makes its bearer.
   *
   * @param sessionToken what must come with it; null for long-lived keys, which must come without
   * @param expires when the session ends; null for long-lived keys
   */
  record AccessKey(
      String secret,
      @Nullable String sessionToken,
      @Nullable Instant expires,
      Principal principal) {

    @Override
    public String toString() {
      return "AccessKey[" + principal.arn() + "]"; // never the secret
    }
  }

  /** Whom a key belongs to, in the words of {@link Caller}. */
  record Principal(String account, String arn, String userId, Map<String, String> tags) {

    public static Principal root(String account) {
      return new Principal(account, "arn:aws:iam::" + account + ":root", account, Map.of());
    }
  }
}
