package gantry.services.iam;

import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.ContextEntry;
import software.amazon.awssdk.services.iam.model.EvaluationResult;
import software.amazon.awssdk.services.iam.model.PermissionsBoundaryDecisionDetail;
import software.amazon.awssdk.services.iam.model.PolicyEvaluationDecisionType;
import software.amazon.awssdk.services.iam.model.PolicySourceType;
import software.amazon.awssdk.services.iam.model.Position;
import software.amazon.awssdk.services.iam.model.SimulateCustomPolicyRequest;
import software.amazon.awssdk.services.iam.model.SimulatePrincipalPolicyRequest;
import software.amazon.awssdk.services.iam.model.Statement;

/** Questions put to the engine without doing anything. */
final class Simulation {

  private Simulation() {}

  static List<EvaluationResult> custom(Scope scope, SimulateCustomPolicyRequest r) {
    PrincipalInfo caller =
        r.callerArn() == null
            ? PrincipalInfo.user(
                scope.account(), "arn:aws:iam::" + scope.account() + ":user/simulated", "")
            : principal(r.callerArn());
    return results(
        scope,
        caller,
        documents("PolicyInputList.", r.policyInputList()),
        boundary(r.permissionsBoundaryPolicyInputList()),
        r.resourcePolicy(),
        r.resourceOwner(),
        r.actionNames(),
        r.resourceArns(),
        // Who asks for nobody in particular has none of a caller's keys.
        Context.of(context(r.contextEntries()))
            .or(r.callerArn() == null ? Context.empty() : principalContext(caller)));
  }

  static List<EvaluationResult> principal(
      View view, Scope scope, SimulatePrincipalPolicyRequest r) {
    Identities.Identity identity = Identities.ofSource(view, scope, r.policySourceArn());
    List<Policy> policies = new ArrayList<>(identity.policies());
    policies.addAll(documents("PolicyInputList.", r.policyInputList()));
    Policy given = boundary(r.permissionsBoundaryPolicyInputList());
    PrincipalInfo caller = r.callerArn() == null ? identity.principal() : principal(r.callerArn());
    return results(
        scope,
        caller,
        policies,
        given == null ? identity.boundary() : given,
        r.resourcePolicy(),
        r.resourceOwner(),
        r.actionNames(),
        r.resourceArns(),
        Context.of(context(r.contextEntries())).or(principalContext(caller)));
  }

  private static PrincipalInfo principal(String arn) {
    if (!arn.matches("arn:aws:iam::\\d{12}:user/.+")) {
      throw Errors.invalidInput("CallerArn must be the ARN of a user: " + arn);
    }
    return PrincipalInfo.user(arn.substring(13, 25), arn, "");
  }

  private static List<Policy> documents(String prefix, List<String> texts) {
    List<Policy> policies = new ArrayList<>();
    for (String text : texts) {
      policies.add(
          policy(prefix + (policies.size() + 1), Policy.Type.IDENTITY, text, PolicyKind.INLINE));
    }
    return policies;
  }

  private static @Nullable Policy boundary(List<String> texts) {
    return texts.isEmpty()
        ? null
        : policy(
            "PermissionsBoundaryPolicyInputList.1",
            Policy.Type.BOUNDARY,
            texts.getFirst(),
            PolicyKind.INLINE);
  }

  private static Policy policy(String source, Policy.Type type, String text, PolicyKind kind) {
    try {
      return new Policy(source, type, PolicyDocument.parse(text, kind));
    } catch (MalformedPolicy e) {
      throw Errors.invalidInput(e.getMessage() + " (" + source + ": " + e.place() + ")");
    }
  }

  private static Map<String, List<String>> context(List<ContextEntry> entries) {
    Map<String, List<String>> context = new HashMap<>();
    for (ContextEntry entry : entries) {
      context.put(entry.contextKeyName(), entry.contextKeyValues());
    }
    return context;
  }

  private static List<EvaluationResult> results(
      Scope scope,
      PrincipalInfo caller,
      List<Policy> policies,
      @Nullable Policy boundary,
      @Nullable String resourcePolicy,
      @Nullable String resourceOwner,
      List<String> actions,
      List<String> resources,
      Context context) {
    List<Policy> onResource =
        resourcePolicy == null
            ? List.of()
            : List.of(
                policy(
                    "ResourcePolicy", Policy.Type.RESOURCE, resourcePolicy, PolicyKind.RESOURCE));
    String owner = resourceOwner == null ? scope.account() : accountOf(resourceOwner);
    List<String> missing =
        keys(policies).stream()
            .filter(key -> context.values(key.toLowerCase(Locale.ROOT)) == null)
            .toList();
    List<EvaluationResult> results = new ArrayList<>();
    for (String action : actions) {
      if (!action.contains(":")) {
        throw Errors.invalidInput("Invalid Action Name: " + action);
      }
      for (String resource : resources.isEmpty() ? List.of("*") : resources) {
        AccessRequest request =
            AccessRequest.of(caller, action, resource, context, policies)
                .withBoundary(boundary)
                .withResource(owner, onResource, false);
        results.add(result(action, resource, request, missing, Evaluator.decide(request)));
      }
    }
    return results;
  }

  /** The condition keys that policies ask for: what a simulation should be told. */
  private static Set<String> keys(List<Policy> policies) {
    Set<String> keys = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    policies.forEach(policy -> keys.addAll(policy.document().contextKeys()));
    return keys;
  }

  static Set<String> keysOf(List<String> documents) {
    return keys(documents("PolicyInputList.", documents));
  }

  static Set<String> keysOf(View view, Scope scope, String sourceArn, List<String> documents) {
    Set<String> keys = keys(Identities.ofSource(view, scope, sourceArn).policies());
    keys.addAll(keysOf(documents));
    return keys;
  }

  private static String accountOf(String owner) {
    return owner.startsWith("arn:aws:iam::") ? owner.substring(13, 25) : owner;
  }

  private static Context principalContext(PrincipalInfo caller) {
    String arn = caller.entityArn();
    return Context.of(
        caller.kind() == PrincipalInfo.Kind.USER
            ? Map.of(
                "aws:PrincipalArn", List.of(arn),
                "aws:PrincipalAccount", List.of(caller.account()),
                "aws:username", List.of(arn.substring(arn.lastIndexOf('/') + 1)))
            : Map.of(
                "aws:PrincipalArn", List.of(arn),
                "aws:PrincipalAccount", List.of(caller.account())));
  }

  private static EvaluationResult result(
      String action,
      String resource,
      AccessRequest request,
      List<String> missing,
      Decision decision) {
    EvaluationResult.Builder result =
        EvaluationResult.builder()
            .evalActionName(action)
            .evalResourceName(resource)
            .evalDecision(
                switch (decision.outcome()) {
                  case ALLOWED -> PolicyEvaluationDecisionType.ALLOWED;
                  case IMPLICIT_DENY -> PolicyEvaluationDecisionType.IMPLICIT_DENY;
                  case EXPLICIT_DENY -> PolicyEvaluationDecisionType.EXPLICIT_DENY;
                })
            .matchedStatements(decision.matched().stream().map(Simulation::statement).toList())
            .missingContextValues(missing);
    if (request.boundary() != null) {
      result.permissionsBoundaryDecisionDetail(
          PermissionsBoundaryDecisionDetail.builder()
              .allowedByPermissionsBoundary(decision.decidedBy() != Policy.Type.BOUNDARY)
              .build());
    }
    return result.build();
  }

  private static Statement statement(Decision.Match match) {
    var start = match.statement().start();
    var end = match.statement().end();
    return Statement.builder()
        .sourcePolicyId(match.policy().source())
        .sourcePolicyType(
            match.policy().type() == Policy.Type.RESOURCE
                ? PolicySourceType.RESOURCE.toString()
                : "IAM Policy")
        .startPosition(Position.builder().line(start.line()).column(start.column()).build())
        .endPosition(Position.builder().line(end.line()).column(end.column()).build())
        .build();
  }
}
