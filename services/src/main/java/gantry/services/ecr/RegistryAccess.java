package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.IdentityPolicies.Verdict;
import gantry.services.ecr.Tokens.Verified;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * AWS's decision: within the registry's account an allow of the identity or of the repository's
 * policy is enough, from another account both must allow, and an explicit deny of either wins.
 *
 * <p>Where the program takes anybody ({@code open}, the policy of a program that listens on
 * loopback only) a request without a good token is the account's root user.
 */
final class RegistryAccess implements Access {

  private static final String EXPIRED =
      "Your authorization token has expired. Reauthenticate and try again.";

  private final Store store;
  private final Ids ids;
  private final Tokens tokens;
  private final IdentityPolicies identities;
  private final boolean open;

  RegistryAccess(Store store, Ids ids, Tokens tokens, IdentityPolicies identities, boolean open) {
    this.store = store;
    this.ids = ids;
    this.tokens = tokens;
    this.identities = identities;
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

  @Override
  public Optional<Caller> callerOf(Credentials credentials, Scope registry, String remoteAddress) {
    if (credentials instanceof Credentials.Token token
        && tokens.verify(token.password(), ids.uuid(), remoteAddress)
            instanceof Verified.Good good) {
      return Optional.of(good.caller());
    }
    return open ? Optional.of(root(registry, remoteAddress)) : Optional.empty();
  }

  /**
   * Why the caller may not do this to the repository, in AWS's words; null when it may.
   *
   * @param repository null for what concerns the registry as a whole
   */
  @Nullable String refusal(
      Caller caller, Scope registry, @Nullable String repository, String action) {
    String resource = repository == null ? "*" : Registry.arn(registry, repository);
    View view = store.snapshot();
    RepositoryRow row =
        repository == null ? null : view.get(EcrTables.REPOSITORIES, registry.key(repository));
    ResourcePolicy.Verdict byRepository =
        row == null || row.policyText() == null
            ? ResourcePolicy.Verdict.SILENT
            : ResourcePolicy.parse(row.policyText(), false).verdict(caller, action, resource);
    String registryPolicy = EcrTables.registry(view, registry).policyText();
    ResourcePolicy.Verdict byRegistry =
        registryPolicy == null
            ? ResourcePolicy.Verdict.SILENT
            : ResourcePolicy.parse(registryPolicy, true).verdict(caller, action, resource);
    Verdict byIdentity = identities.verdict(caller, action, resource);
    String who =
        "User: "
            + caller.arn()
            + " is not authorized to perform: "
            + action
            + " on resource: "
            + resource;
    if (byRepository == ResourcePolicy.Verdict.DENY || byRegistry == ResourcePolicy.Verdict.DENY) {
      return who + " with an explicit deny in a resource-based policy";
    }
    if (byIdentity == Verdict.EXPLICITLY_DENIED) {
      return who + " with an explicit deny in an identity-based policy";
    }
    boolean resourceAllows =
        byRepository == ResourcePolicy.Verdict.ALLOW || byRegistry == ResourcePolicy.Verdict.ALLOW;
    if (caller.account().equals(registry.account())) {
      return byIdentity == Verdict.ALLOWED || resourceAllows
          ? null
          : who + " because no identity-based policy allows the " + action + " action";
    }
    if (!resourceAllows) {
      return who + " because no resource-based policy allows the " + action + " action";
    }
    return byIdentity == Verdict.ALLOWED
        ? null
        : who + " because no identity-based policy allows the " + action + " action";
  }
}
