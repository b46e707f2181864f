package gantry.wire.sigv4;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Where access keys are looked up: the identity service's tables, or what the first start made.
 *
 * @param <P> who a key belongs to, in the words of whoever asks
 */
@FunctionalInterface
public interface CredentialLookup<P> {

  /** The active key of that id, or null. */
  @Nullable Key<P> find(String accessKeyId);

  /**
   * An access key.
   *
   * @param sessionToken what a request with this key must carry; null for long-lived keys, which
   *     must carry none
   * @param expires when a session ends; null for long-lived keys
   */
  record Key<P>(
      String secret, @Nullable String sessionToken, @Nullable Instant expires, P principal) {

    @Override
    public String toString() {
      return "Key[" + principal + "]"; // never the secret
    }
  }
}
