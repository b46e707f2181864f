package gantry.services.iam;

import gantry.services.Authorizer;
import gantry.services.Caller;
import gantry.services.iam.Denials.Denial;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.ResourceSource.Asked;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/**
 * Evaluates every call: the action is its service and operation, its resources and condition keys
 * come from the request by rule. In audit mode what would be refused is recorded and let through.
 *
 * <p>Our own services are evaluated too: as what they do of their own accord ({@link
 * ServicePrincipals}), as a role that must trust them, or in the name of their caller. STS's own
 * calls are decided by STS, with the trust policy.
 */
public final class IamAuthorizer implements Authorizer {

  public enum Mode {
    AUDIT,
    ENFORCE
  }

  /** Need no permission, or are decided by STS itself. */
  private static final Set<String> UNCHECKED =
      Set.of(
          "sts:GetCallerIdentity",
          "sts:GetAccessKeyInfo",
          "sts:GetSessionToken",
          "sts:AssumeRole",
          "sts:AssumeRoleWithWebIdentity",
          "sts:AssumeRoleWithSAML");

  /** Services whose roles the request only describes or changes; they are handed to nobody. */
  private static final Set<String> WITHOUT_PASS_ROLE =
      Set.of("iam", "sts", "kms", "secretsmanager");

  /** Services of the query protocols and their kin. */
  private static final Set<String> ACCESS_DENIED_403 =
      Set.of(
          "iam",
          "sts",
          "elasticloadbalancing",
          "cloudformation",
          "autoscaling",
          "monitoring",
          "cloudwatch",
          "rds",
          "elasticache",
          "sns",
          "sqs",
          "s3",
          "route53");

  /** Signing names that IAM spells otherwise. */
  private static final Map<String, String> ACTION_PREFIX = Map.of("monitoring", "cloudwatch");

  private final Store store;
  private final Clock clock;
  private final Mode mode;
  private final IamAccessKeys keys;
  private final AuthorizationMessages messages;
  private final Map<String, ResourceSource> sources;
  private final Denials denials = new Denials();

  /**
   * @param sources by service, what it knows of its resources; {@code iam} is known here
   */
  public IamAuthorizer(
      Store store,
      Clock clock,
      Mode mode,
      IamAccessKeys keys,
      AuthorizationMessages messages,
      Map<String, ResourceSource> sources) {
    this.store = store;
    this.clock = clock;
    this.mode = mode;
    this.keys = keys;
    this.messages = messages;
    this.sources = Map.copyOf(sources);
  }

  public Denials denials() {
    return denials;
  }

  @Override
  public @Nullable String check(Call call) {
    Caller caller = call.caller();
    if (!caller.isService() && caller.via() == null) {
      keys.used(caller, call.service());
    }
    Refusal refusal = refusal(call);
    if (refusal == null) {
      return null;
    }
    denials.add(refusal.denial());
    if (mode == Mode.AUDIT) {
      return refusal.message();
    }
    if (!refusal.foretold()) {
      throw exception(call, refusal);
    }
    return null; // the service will say so itself
  }

  private record Refusal(Denial denial, Decision decision, Context context, boolean foretold) {
    String message() {
      return denial.message();
    }
  }

  private @Nullable Refusal refusal(Call call) {
    String prefix = ACTION_PREFIX.getOrDefault(call.service(), call.service());
    ResourceSource source =
        prefix.equals("iam")
            ? IamResources.SOURCE
            : sources.getOrDefault(prefix, ResourceSource.NONE);
    Caller caller = call.caller();
    if (source == ResourceSource.NONE && caller.arn().endsWith(":root")) {
      return null; // nothing holds the account's root but the policies of resources
    }
    String action = prefix + ":" + call.operation();
    if (UNCHECKED.contains(action)) {
      return null;
    }
    View view = store.snapshot();
    Identity who = Identities.of(view, caller);
    if (Identities.fromInside(caller)) {
      Refusal distrusted = trust(view, caller, who);
      if (distrusted != null) {
        return distrusted;
      }
    }
    Members members = new Members(call.request());
    Scope scope = caller.scope();
    Context global = RequestContext.of(caller, who, clock.instant());
    List<Asked> all = source.asked(view, scope, call.operation(), call.request());
    if (all == null) {
      all =
          ResourceRules.resources(prefix, call.operation(), caller, members).stream()
              .map(named -> new Asked(action, named))
              .toList();
    }
    for (Asked asked : all) {
      boolean itself = source.decidesItself() && !asked.arn().equals("*");
      if (itself && !source.foretold()) {
        continue;
      }
      String arn = source.resolve(view, scope, asked.arn());
      Context owner =
          key -> key.equals("aws:resourceaccount") ? List.of(accountOf(arn, caller)) : null;
      Context context =
          new CallContext(prefix, caller, members, () -> source.tags(view, scope, arn))
              .or(source.context(view, scope, arn))
              .or(owner)
              .or(global);
      Refusal refusal = decide(caller, who, asked.action(), arn, context, source, view, scope);
      if (refusal != null) {
        return itself
            ? new Refusal(refusal.denial(), refusal.decision(), refusal.context(), true)
            : refusal;
      }
    }
    if (caller.isService()) {
      return null; // it hands on no role but the one that somebody handed to it
    }
    for (Map.Entry<String, String> passed :
        passedRoles(prefix, call.operation(), caller, members).entrySet()) {
      Context context =
          Context.of(Map.of("iam:PassedToService", List.of(passed.getValue()))).or(global);
      Refusal refusal =
          decide(
              caller,
              who,
              "iam:PassRole",
              IamResources.SOURCE.resolve(view, scope, passed.getKey()),
              context,
              ResourceSource.NONE,
              view,
              scope);
      if (refusal != null) {
        return refusal;
      }
    }
    return null;
  }

  /** A service acts as a role only where the role trusts it. */
  private @Nullable Refusal trust(View view, Caller caller, Identity who) {
    String service = String.valueOf(caller.userAgent());
    String arn = who.principal().entityArn();
    RoleRow role = Identities.role(view, caller);
    if (role == null) {
      return null; // it has no policies either, which is what will be said
    }
    Policy policy =
        new Policy(
            "trust policy",
            Policy.Type.TRUST,
            Documents.compiled(role.role().assumeRolePolicyDocument(), PolicyKind.TRUST));
    Context context =
        RequestContext.of(caller, Identity.bare(PrincipalInfo.service(service)), clock.instant());
    Decision decision =
        Evaluator.decide(
            AccessRequest.of(
                    PrincipalInfo.service(service), "sts:AssumeRole", arn, context, List.of())
                .withResource(caller.account(), List.of(policy), true));
    return decision.allowed()
        ? null
        : refusal(
            caller,
            who,
            "sts:AssumeRole",
            arn,
            decision,
            context,
            decision.message(service, "sts:AssumeRole", arn),
            "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
                + quoted(service)
                + "},\"Action\":\"sts:AssumeRole\"}");
  }

  private @Nullable Refusal decide(
      Caller caller,
      Identity who,
      String action,
      String arn,
      Context context,
      ResourceSource source,
      View view,
      Scope scope) {
    List<Policy> onResource = source.policies(view, scope, arn);
    String account = accountOf(arn, caller);
    Decision decision =
        Evaluator.decide(
            AccessRequest.of(who.principal(), action, arn, context, who.policies())
                .withBoundary(who.boundary())
                .withSession(who.session())
                .withResource(account, onResource, source.mustAllow() && !onResource.isEmpty()));
    if (decision.allowed()) {
      return null;
    }
    // Secrets Manager's listings name no resource where others name all.
    String shown = arn.equals("*") && action.startsWith("secretsmanager:") ? null : arn;
    return refusal(
        caller,
        who,
        action,
        arn,
        decision,
        context,
        decision.message(caller.arn(), action, shown),
        remedy(who, decision, action, arn));
  }

  private Refusal refusal(
      Caller caller,
      Identity who,
      String action,
      String arn,
      Decision decision,
      Context context,
      String message,
      @Nullable String remedy) {
    Instant now = clock.instant();
    return new Refusal(
        new Denial(
            caller.account(),
            who.principal().entityArn(),
            action,
            arn,
            message,
            decision.outcome() == Decision.Outcome.EXPLICIT_DENY ? null : remedy,
            mode == Mode.ENFORCE,
            1,
            now,
            now),
        decision,
        context,
        false);
  }

  /**
   * The smallest statement that would allow it; null where nobody can write one: what a service may
   * do by itself is not the customer's to say.
   */
  private static @Nullable String remedy(
      Identity who, Decision decision, String action, String arn) {
    String resource = quoted(arn);
    PrincipalInfo principal = who.principal();
    boolean service = principal.kind() == PrincipalInfo.Kind.SERVICE;
    if (decision.decidedBy() == Policy.Type.RESOURCE) {
      return "{\"Effect\":\"Allow\",\"Principal\":{"
          + (service ? "\"Service\":" : "\"AWS\":")
          + quoted(principal.entityArn())
          + "},\"Action\":\""
          + action
          + "\",\"Resource\":"
          + resource
          + "}";
    }
    return service
        ? null
        : "{\"Effect\":\"Allow\",\"Action\":\"" + action + "\",\"Resource\":" + resource + "}";
  }

  /** A policy's text in which the ARN's stars and dollars mean themselves. */
  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append("\\u%04x".formatted((int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }

  /** The account that an ARN names, or the caller's own. */
  private static String accountOf(String arn, Caller caller) {
    String[] parts = arn.split(":", 6);
    return parts.length > 4 && parts[4].length() == 12 ? parts[4] : caller.account();
  }

  /** Roles that the request hands to a service: ARN to the service that will assume it. */
  private static Map<String, String> passedRoles(
      String service, String operation, Caller caller, Members members) {
    Map<String, String> passed = new LinkedHashMap<>();
    if (service.equals("iam")
        && operation.equals("AddRoleToInstanceProfile")
        && !members.texts("RoleName").isEmpty()) {
      passed.put(role(caller, members.texts("RoleName").getFirst()), "ec2.amazonaws.com");
    }
    if (WITHOUT_PASS_ROLE.contains(service) || readsOnly(operation)) {
      return passed;
    }
    members.eachText(
        (name, value) -> {
          String plain = name.toLowerCase(Locale.ROOT);
          boolean isRole = plain.endsWith("rolearn") || plain.equals("role");
          if (!isRole || value.isEmpty()) {
            return;
          }
          String arn = value.startsWith("arn:") ? value : role(caller, value);
          if (arn.contains(":role/")) {
            boolean ofTask = plain.equals("taskrolearn") || plain.equals("executionrolearn");
            passed.put(arn, (ofTask ? "ecs-tasks" : service) + ".amazonaws.com");
          }
        });
    return passed;
  }

  private static boolean readsOnly(String operation) {
    return operation.startsWith("Describe")
        || operation.startsWith("List")
        || operation.startsWith("Get");
  }

  private static String role(Caller caller, String name) {
    return "arn:aws:iam::" + caller.account() + ":role/" + name;
  }

  private AwsServiceException exception(Call call, Refusal refusal) {
    String service = call.service();
    String message = refusal.message();
    String code;
    int status;
    if (service.equals("ec2")) {
      code = "UnauthorizedOperation";
      status = 403;
      message =
          "You are not authorized to perform this operation. "
              + message
              + ". Encoded authorization failure message: "
              + messages.encode(call.caller().account(), explanation(call, refusal));
    } else if (ACCESS_DENIED_403.contains(service)) {
      code = "AccessDenied";
      status = 403;
    } else {
      code = "AccessDeniedException";
      status = 400;
    }
    return AwsServiceException.builder()
        .message(message)
        .statusCode(status)
        .awsErrorDetails(
            AwsErrorDetails.builder()
                .serviceName(service)
                .errorCode(code)
                .errorMessage(message)
                .build())
        .build();
  }

  private static String explanation(Call call, Refusal refusal) {
    List<String> matched = new ArrayList<>();
    refusal
        .decision()
        .matched()
        .forEach(
            match ->
                matched.add(
                    "{\"policy\":"
                        + quoted(match.policy().source())
                        + ",\"statement\":"
                        + quoted(match.statement().toString())
                        + "}"));
    return "{\"allowed\":false,\"explicitDeny\":"
        + (refusal.decision().outcome() == Decision.Outcome.EXPLICIT_DENY)
        + ",\"matchedStatements\":{\"items\":["
        + String.join(",", matched)
        + "]},\"failures\":{\"items\":[]},\"context\":{\"principal\":{\"id\":"
        + quoted(call.caller().userId())
        + ",\"arn\":"
        + quoted(call.caller().arn())
        + "},\"action\":"
        + quoted(refusal.denial().action())
        + ",\"resource\":"
        + quoted(refusal.denial().resource())
        + ",\"conditions\":{\"items\":[]}}}";
  }
}
