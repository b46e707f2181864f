package gantry.services.iam.policy;

import gantry.services.iam.policy.Decision.Match;
import gantry.services.iam.policy.Decision.Outcome;
import gantry.services.iam.policy.PrincipalInfo.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * AWS's order of evaluation: any Deny wins; then the organisation must allow; then a policy of the
 * resource may allow finally, depending on how closely it names the caller; then the caller's own
 * policies, inside its boundary and its session's policies. What is left over is denied.
 */
public final class Evaluator {

  private Evaluator() {}

  public static Decision decide(AccessRequest request) {
    Match deny = explicitDeny(request);
    if (deny != null) {
      return new Decision(Outcome.EXPLICIT_DENY, deny.policy().type(), List.of(deny));
    }
    for (List<Policy> level : request.serviceControl()) {
      if (allows(level, request).isEmpty()) {
        return implicitDeny(Policy.Type.SERVICE_CONTROL);
      }
    }

    List<Match> byResource = new ArrayList<>();
    Principals.Match named = namedByResource(request, byResource);
    boolean sameAccount =
        request.principal().kind() == Kind.SERVICE
            || request.principal().kind() == Kind.ANONYMOUS
            || request.principal().kind() == Kind.WEB_IDENTITY
            || request.principal().account().equals(request.resourceAccount());

    Chain chain = new Chain(request);
    if (sameAccount) {
      if (named == Principals.Match.NONE) {
        return request.resourceMustAllow()
            ? implicitDeny(resourceType(request))
            : chain.decide(true);
      }
      return sameAccount(request, named, byResource, chain);
    }
    if (named == Principals.Match.NONE) {
      return implicitDeny(resourceType(request));
    }
    Decision own = chain.decide(true);
    return own.allowed() ? allowed(Policy.Type.RESOURCE, byResource) : own;
  }

  /**
   * What an Allow of a resource policy passes over in its own account; facts table "same-account
   * resource policy".
   */
  private static Decision sameAccount(
      AccessRequest request, Principals.Match named, List<Match> byResource, Chain chain) {
    Kind kind = request.principal().kind();
    if (kind == Kind.SERVICE || kind == Kind.ANONYMOUS || kind == Kind.WEB_IDENTITY) {
      return allowed(Policy.Type.RESOURCE, byResource);
    }
    return switch (named) {
      // Only delegation to IAM: the caller's own policies must allow.
      case ACCOUNT ->
          kind == Kind.ROOT ? allowed(Policy.Type.RESOURCE, byResource) : chain.decide(true);
      case SESSION, ANYONE -> allowed(Policy.Type.RESOURCE, byResource);
      case ENTITY -> {
        // A user named directly is not held by his boundary; the session of a named role or user is
        // held by what limits it.
        Decision limits = kind == Kind.USER ? null : chain.limits();
        yield limits == null ? allowed(Policy.Type.RESOURCE, byResource) : limits;
      }
      case NONE -> throw new IllegalStateException("not named");
    };
  }

  private static Policy.Type resourceType(AccessRequest request) {
    return request.resource().isEmpty()
        ? Policy.Type.RESOURCE
        : request.resource().getFirst().type();
  }

  private static Decision implicitDeny(Policy.Type type) {
    return new Decision(Outcome.IMPLICIT_DENY, type, List.of());
  }

  private static Decision allowed(Policy.Type type, List<Match> matched) {
    return new Decision(Outcome.ALLOWED, type, List.copyOf(matched));
  }

  /** The caller's own policies and what limits them. */
  private record Chain(AccessRequest request) {

    Decision decide(boolean withLimits) {
      // A service has a policy of its own only where it has a service-linked role.
      if ((request.principal().kind() == Kind.SERVICE && request.identity().isEmpty())
          || request.principal().kind() == Kind.WEB_IDENTITY
          || request.principal().kind() == Kind.ANONYMOUS) {
        return implicitDeny(Policy.Type.RESOURCE);
      }
      List<Match> allowing = List.of();
      if (request.principal().kind() != Kind.ROOT) {
        allowing = allows(request.identity(), request);
        if (allowing.isEmpty()) {
          return implicitDeny(Policy.Type.IDENTITY);
        }
      }
      Decision limits = withLimits ? limits() : null;
      return limits == null ? allowed(Policy.Type.IDENTITY, allowing) : limits;
    }

    /** Null where neither boundary nor session policies stand in the way. */
    @Nullable Decision limits() {
      Policy boundary = request.boundary();
      if (boundary != null && allows(List.of(boundary), request).isEmpty()) {
        return implicitDeny(Policy.Type.BOUNDARY);
      }
      List<Policy> session = request.session();
      if (session != null && allows(session, request).isEmpty()) {
        return implicitDeny(Policy.Type.SESSION);
      }
      return null;
    }
  }

  private static @Nullable Match explicitDeny(AccessRequest request) {
    Match found = deny(request.identity(), request);
    if (found == null && request.boundary() != null) {
      found = deny(List.of(request.boundary()), request);
    }
    if (found == null && request.session() != null) {
      found = deny(request.session(), request);
    }
    for (List<Policy> level : request.serviceControl()) {
      if (found == null) {
        found = deny(level, request);
      }
    }
    if (found != null) {
      return found;
    }
    for (Policy policy : request.resource()) {
      for (Statement statement : policy.document().statements()) {
        if (statement.effect() == Statement.Effect.DENY
            && statement.names(request.principal()) != Principals.Match.NONE
            && statement.covers(request.action(), request.resourceArn(), request.context())) {
          return new Match(policy, statement);
        }
      }
    }
    return null;
  }

  private static @Nullable Match deny(List<Policy> policies, AccessRequest request) {
    List<Match> found = covering(policies, request, Statement.Effect.DENY, true);
    return found.isEmpty() ? null : found.getFirst();
  }

  private static List<Match> allows(List<Policy> policies, AccessRequest request) {
    return covering(policies, request, Statement.Effect.ALLOW, false);
  }

  private static List<Match> covering(
      List<Policy> policies, AccessRequest request, Statement.Effect effect, boolean firstOnly) {
    List<Match> found = null;
    for (Policy policy : policies) {
      for (Statement statement : policy.document().statements()) {
        if (statement.effect() == effect
            && statement.covers(request.action(), request.resourceArn(), request.context())) {
          if (found == null) {
            found = new ArrayList<>(2);
          }
          found.add(new Match(policy, statement));
          if (firstOnly) {
            return found;
          }
        }
      }
    }
    return found == null ? List.of() : found;
  }

  private static Principals.Match namedByResource(AccessRequest request, List<Match> into) {
    Principals.Match best = Principals.Match.NONE;
    for (Policy policy : request.resource()) {
      for (Statement statement : policy.document().statements()) {
        if (statement.effect() != Statement.Effect.ALLOW) {
          continue;
        }
        Principals.Match named = statement.names(request.principal());
        if (named != Principals.Match.NONE
            && statement.covers(request.action(), request.resourceArn(), request.context())) {
          into.add(new Match(policy, statement));
          if (named.compareTo(best) > 0) {
            best = named;
          }
        }
      }
    }
    return best;
  }
}
