package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.Tokens.Minted;
import gantry.services.ecr.Tokens.Verified;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * AWS's decision: within the registry's account an allow of the identity or of the repository's
 * policy is enough, from another account both must allow, and an explicit deny of either wins.
 *
 * <p>Where the program takes anybody ({@code open}: it listens on loopback only and enforces no
 * policies) a request without a good token is the account's root user.
 */
final class RegistryAccess implements Access {

  private static final String EXPIRED =
      "Your authorization token has expired. Reauthenticate and try again.";

  private final Store store;
  private final Ids ids;
  private final Tokens tokens;
  private final Clock clock;
  private final Mode mode;
  private final boolean open;

  RegistryAccess(Store store, Clock clock, Ids ids, Tokens tokens, Mode mode, boolean open) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.tokens = tokens;
    this.mode = mode;
    this.open = open;
  }

  @Override
  public Decision allow(Ask ask) {
    boolean publicPull =
        ask.registry().region().equals(Addresses.PUBLIC_REGION) && isPull(ask.action());
    Verified verified =
        ask.credentials() instanceof Credentials.Token token
            ? tokens.verify(token.password(), ids.uuid(), ask.remoteAddress())
            : new Verified.Forged();
    Caller caller;
    if (verified instanceof Verified.Good good) {
      caller = good.caller();
    } else if (open) {
      caller = root(ask.registry(), ask.remoteAddress());
    } else if (publicPull) {
      return new Decision.Allowed(root(ask.registry(), ask.remoteAddress()));
    } else {
      return verified instanceof Verified.Expired
          ? new Decision.Denied(EXPIRED)
          : new Decision.Unauthorized();
    }
    if (!open
        && !ask.registry().region().equals(Addresses.PUBLIC_REGION)
        && !caller.region().equals(ask.registry().region())) {
      // Tokens are good in one region.
      return new Decision.Unauthorized();
    }
    if (publicPull) {
      return new Decision.Allowed(caller);
    }
    String action = ask.action();
    if (action == null) {
      return new Decision.Allowed(caller);
    }
    String denied = refusal(caller, ask.registry(), ask.repository(), action);
    return denied == null ? new Decision.Allowed(caller) : new Decision.Denied(denied);
  }

  private static boolean isPull(@Nullable String action) {
    return action == null
        || action.equals("ecr:BatchGetImage")
        || action.equals("ecr:BatchCheckLayerAvailability")
        || action.equals("ecr:GetDownloadUrlForLayer")
        || action.equals("ecr:ListImages");
  }

  private static Caller root(Scope registry, String remoteAddress) {
    String account = registry.account();
    return new Caller(
        account,
        registry.region(),
        "arn:aws:iam::" + account + ":root",
        account,
        null,
        Map.of(),
        "",
        remoteAddress,
        null);
  }

  /** The same token for as long as it is good: a new one would make it good for ever. */
  @Override
  public Optional<Minted> exchange(Credentials credentials, Scope registry, String remoteAddress) {
    if (credentials instanceof Credentials.Token token
        && tokens.verify(token.password(), ids.uuid(), remoteAddress)
            instanceof Verified.Good good) {
      return Optional.of(new Minted(token.password(), good.expiresAt()));
    }
    return open ? Optional.of(tokens.mint(root(registry, remoteAddress))) : Optional.empty();
  }

  /**
   * Why the caller may not do this to the repository, in AWS's words; null when it may.
   *
   * @param repository null for what concerns the registry as a whole
   */
  @Nullable String refusal(
      Caller caller, Scope registry, @Nullable String repository, String action) {
    View view = store.snapshot();
    String asked =
        registry.region().equals(Addresses.PUBLIC_REGION)
            ? action.replaceFirst("^ecr:", "ecr-public:")
            : action;
    gantry.services.iam.policy.Decision decision =
        ResourcePolicies.decide(
            view,
            clock.instant(),
            mode,
            caller,
            registry,
            repository,
            asked,
            ResourcePolicies.of(view, registry, repository));
    return decision.allowed()
        ? null
        : decision.message(
            caller.arn(), asked, repository == null ? "*" : Registry.arn(registry, repository));
  }

  /** Whether a policy, once set, would keep the caller from setting another. */
  boolean locksOut(Caller caller, Scope registry, String repository, String policyText) {
    return !caller.isService()
        && ResourcePolicies.decide(
                    store.snapshot(),
                    clock.instant(),
                    mode,
                    caller,
                    registry,
                    repository,
                    "ecr:SetRepositoryPolicy",
                    List.of(ResourcePolicies.compiled("repository policy", policyText)))
                .outcome()
            == gantry.services.iam.policy.Decision.Outcome.EXPLICIT_DENY;
  }
}
