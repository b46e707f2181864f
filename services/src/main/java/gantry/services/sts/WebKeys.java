package gantry.services.sts;

import java.security.PublicKey;
import org.jspecify.annotations.Nullable;

/** The keys by which an OpenID Connect issuer signs; fetched by the program, given by tests. */
@FunctionalInterface
public interface WebKeys {

  /** The key of that id, or null when the issuer cannot be reached or has none such. */
  @Nullable PublicKey find(String issuer, @Nullable String keyId);
}
