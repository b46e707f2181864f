package gantry.services;

import gantry.state.Scope;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who calls, for which account and region, in which request. Bound by the front door for calls from
 * the network and by {@link Clients} for calls from inside; read by whoever needs it with {@link
 * #current()}.
 *
 * @param arn the caller as GetCallerIdentity says it: {@code arn:aws:iam::…:user/…}, {@code
 *     arn:aws:sts::…:assumed-role/…} or, for calls from inside, the service principal such as
 *     {@code ecs.amazonaws.com}
 * @param userId AIDA…, AROA…:session, the account id for root, or the service principal
 * @param principalTags tags of the user, role or session
 * @param via the service principal through which the caller asks: {@code ssm.amazonaws.com} where
 *     SSM uses a key of KMS in the name of whoever reads a parameter; null for what the caller asks
 *     itself
 */
public record Caller(
    String account,
    String region,
    String arn,
    String userId,
    @Nullable String accessKeyId,
    Map<String, String> principalTags,
    String requestId,
    @Nullable String sourceIp,
    @Nullable String userAgent,
    @Nullable String via) {

  /** A caller that asks for itself. */
  public Caller(
      String account,
      String region,
      String arn,
      String userId,
      @Nullable String accessKeyId,
      Map<String, String> principalTags,
      String requestId,
      @Nullable String sourceIp,
      @Nullable String userAgent) {
    this(
        account,
        region,
        arn,
        userId,
        accessKeyId,
        principalTags,
        requestId,
        sourceIp,
        userAgent,
        null);
  }

  public static final ScopedValue<Caller> CURRENT = ScopedValue.newInstance();

  /**
   * The caller of the request being served. There is always one: to call without is a mistake in
   * this program.
   */
  public static Caller current() {
    return CURRENT.orElseThrow(
        () -> new IllegalStateException("no caller is bound to this thread"));
  }

  /** Where the rows of a regional service are kept. */
  public Scope scope() {
    return new Scope(account, region);
  }

  /** Where the rows of a global service (IAM, Route 53) are kept. */
  public Scope globalScope() {
    return Scope.global(account);
  }

  /** A service of ours acting on its own for an account. */
  public static Caller service(String principal, Scope scope, String requestId) {
    return new Caller(
        scope.account(),
        scope.region(),
        principal,
        principal,
        null,
        Map.of(),
        requestId,
        null,
        principal);
  }

  /** The root of an account, for whom a service works on when nobody asks any more. */
  public static Caller root(Scope scope, String requestId) {
    return new Caller(
        scope.account(),
        scope.region(),
        "arn:aws:iam::" + scope.account() + ":root",
        scope.account(),
        null,
        Map.of(),
        requestId,
        null,
        null);
  }

  /** The same caller, in whose name a service asks for more. */
  public Caller through(String principal, String region, String requestId) {
    return new Caller(
        account,
        region,
        arn,
        userId,
        accessKeyId,
        principalTags,
        requestId,
        null,
        userAgent,
        principal);
  }

  public boolean isService() {
    return arn.endsWith(".amazonaws.com") && !arn.startsWith("arn:");
  }
}
