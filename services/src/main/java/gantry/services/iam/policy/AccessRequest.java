package gantry.services.iam.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One question: may this caller do this action on this resource?
 *
 * @param resourceAccount the account that owns the resource
 * @param identity the caller's own policies: inline and attached, with those of a user's groups
 * @param boundary null where the caller has none
 * @param session null where the session was made without; an empty list is a session that may
 *     nothing
 * @param serviceControl one entry for each level of the organisation; empty where there is none
 * @param resource the policies of the resource (its trust or key policy among them)
 * @param resourceMustAllow true for role trust and key policies, which must allow by themselves
 *     even in one account
 */
public record AccessRequest(
    PrincipalInfo principal,
    String action,
    String resourceArn,
    String resourceAccount,
    Context context,
    List<Policy> identity,
    @Nullable Policy boundary,
    @Nullable List<Policy> session,
    List<List<Policy>> serviceControl,
    List<Policy> resource,
    boolean resourceMustAllow) {

  public static AccessRequest of(
      PrincipalInfo principal,
      String action,
      String resourceArn,
      Context context,
      List<Policy> identity) {
    return new AccessRequest(
        principal,
        action,
        resourceArn,
        principal.account(),
        context,
        identity,
        null,
        null,
        List.of(),
        List.of(),
        false);
  }

  public AccessRequest withBoundary(@Nullable Policy policy) {
    return new AccessRequest(
        principal,
        action,
        resourceArn,
        resourceAccount,
        context,
        identity,
        policy,
        session,
        serviceControl,
        resource,
        resourceMustAllow);
  }

  public AccessRequest withSession(@Nullable List<Policy> policies) {
    return new AccessRequest(
        principal,
        action,
        resourceArn,
        resourceAccount,
        context,
        identity,
        boundary,
        policies,
        serviceControl,
        resource,
        resourceMustAllow);
  }

  public AccessRequest withServiceControl(List<List<Policy>> levels) {
    return new AccessRequest(
        principal,
        action,
        resourceArn,
        resourceAccount,
        context,
        identity,
        boundary,
        session,
        levels,
        resource,
        resourceMustAllow);
  }

  public AccessRequest withResource(String account, List<Policy> policies, boolean mustAllow) {
    return new AccessRequest(
        principal,
        action,
        resourceArn,
        account,
        context,
        identity,
        boundary,
        session,
        serviceControl,
        policies,
        mustAllow);
  }
}
