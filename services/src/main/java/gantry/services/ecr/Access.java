package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.Tokens.Minted;
import gantry.state.Scope;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides who may do what on the data plane. */
interface Access {

  /**
   * One thing that a request is about to do.
   *
   * @param action an ECR action such as {@code ecr:PutImage}; null for the probe of {@code /v2/}
   * @param repository null where the request names none
   */
  record Ask(
      Scope registry,
      @Nullable String repository,
      @Nullable String action,
      Credentials credentials,
      String remoteAddress) {}

  /** What the request showed. */
  sealed interface Credentials {
    record None() implements Credentials {}

    /** A password of GetAuthorizationToken, by {@code Basic AWS:…} or as a bearer token. */
    record Token(String password) implements Credentials {}
  }

  sealed interface Decision {
    record Allowed(Caller caller) implements Decision {}

    /** Show credentials: answered with a challenge. */
    record Unauthorized() implements Decision {}

    record Denied(String message) implements Decision {}
  }

  Decision allow(Ask ask);

  /**
   * A token for what a request of the bearer flow showed; empty when that is none of ours or no
   * longer good.
   */
  Optional<Minted> exchange(Credentials credentials, Scope registry, String remoteAddress);
}
