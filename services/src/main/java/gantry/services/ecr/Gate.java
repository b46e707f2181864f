package gantry.services.ecr;

import gantry.services.Caller;
import gantry.state.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How an operation of the API finds the registry it is about, and whether it may go in. */
final class Gate {

  /** In the place of a repository's name: a policy for {@code repository/*} covers it. */
  static final String ALL = "*";

  private final RegistryAccess access;

  Gate(RegistryAccess access) {
    this.access = access;
  }

  /**
   * The registry that the call names, or the caller's own.
   *
   * @throws software.amazon.awssdk.services.ecr.model.EcrException AccessDeniedException
   */
  Scope enter(@Nullable String registryId, @Nullable String repository, String operation) {
    Caller caller = Caller.current();
    String account = registryId == null ? caller.account() : registryId;
    Scope scope = new Scope(account, caller.region());
    String refusal = access.refusal(caller, scope, repository, "ecr:" + operation);
    if (refusal != null) {
      throw EcrErrors.accessDenied(refusal);
    }
    return scope;
  }

  /** As {@link #enter}, for what is about several repositories; none named means all. */
  Scope enterEach(@Nullable String registryId, List<String> repositories, String operation) {
    if (repositories.isEmpty()) {
      return enter(registryId, ALL, operation);
    }
    return repositories.stream()
        .map(repository -> enter(registryId, repository, operation))
        .toList()
        .getFirst();
  }

  /** What the caller may do besides with a repository. */
  Rights rights(Scope registry, String repository) {
    Caller caller = Caller.current();
    return action -> access.refusal(caller, registry, repository, action);
  }

  /** Whether a policy, once set, would keep the caller from setting another. */
  boolean locksOut(Scope registry, String repository, String policyText) {
    return access.locksOut(Caller.current(), registry, repository, policyText);
  }

  /** The registry itself, of the caller. */
  Scope own(String operation) {
    return enter(null, null, operation);
  }
}
