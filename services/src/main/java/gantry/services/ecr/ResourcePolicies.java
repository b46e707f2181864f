package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.iam.Documents;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.Identities;
import gantry.services.iam.Identities.Identity;
import gantry.services.iam.RequestContext;
import gantry.services.iam.policy.AccessRequest;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Decision;
import gantry.services.iam.policy.Evaluator;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;

/**
 * The policies of repositories (no Resource: it is implied) and of registries: checked when they
 * are set, and judged together with the caller's own by IAM's engine.
 */
final class ResourcePolicies {

  static final int MAX_CHARACTERS = 10_240;

  private static final String ALLOW_ALL =
      "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}";

  private ResourcePolicies() {}

  /**
   * Checks a policy before it is stored.
   *
   * @param ofRegistry whether statements name resources
   * @throws InvalidParameterException in AWS's words
   */
  static void check(String text, boolean ofRegistry) {
    PolicyDocument document;
    try {
      document = PolicyDocument.parse(text, PolicyKind.RESOURCE);
    } catch (MalformedPolicy e) {
      throw invalid(ofRegistry);
    }
    Map<String, Object> json = Json.object(text);
    if (text.length() > MAX_CHARACTERS || json == null || document.statements().isEmpty()) {
      throw invalid(ofRegistry);
    }
    List<Map<String, Object>> statements =
        json.get("Statement") instanceof Map<?, ?> one
            ? List.of(Json.asObject(one))
            : Json.children(json, "Statement");
    for (Map<String, Object> statement : statements) {
      boolean namesResources =
          statement.containsKey("Resource") || statement.containsKey("NotResource");
      List<String> actions =
          Json.texts(statement, statement.containsKey("NotAction") ? "NotAction" : "Action");
      if (namesResources != ofRegistry || !actions.stream().allMatch(ResourcePolicies::isEcr)) {
        throw invalid(ofRegistry);
      }
    }
  }

  private static boolean isEcr(String action) {
    String lower = action.toLowerCase(Locale.ROOT);
    return lower.equals("*") || lower.startsWith("ecr:") || lower.startsWith("ecr-public:");
  }

  private static InvalidParameterException invalid(boolean ofRegistry) {
    return EcrErrors.invalid(
        "PolicyText",
        ofRegistry ? "Invalid registry policy provided" : "Invalid repository policy provided");
  }

  /** What holds for a repository, or for the registry alone where none is named. */
  static List<Policy> of(View view, Scope registry, @Nullable String repository) {
    RepositoryRow row =
        repository == null ? null : view.get(EcrTables.REPOSITORIES, registry.key(repository));
    List<Policy> policies = new ArrayList<>(2);
    if (row != null && row.policyText() != null) {
      policies.add(compiled("repository policy", row.policyText()));
    }
    String ofRegistry = EcrTables.registry(view, registry).policyText();
    if (ofRegistry != null) {
      policies.add(compiled("registry policy", ofRegistry));
    }
    return policies;
  }

  static Policy compiled(String source, String text) {
    return new Policy(source, Policy.Type.RESOURCE, Documents.compiled(text, PolicyKind.RESOURCE));
  }

  /**
   * IAM's decision.
   *
   * @param mode in audit mode only the policies of resources hold; what the caller's own would
   *     refuse is for the authorizer to record
   * @param policies of the resource
   */
  static Decision decide(
      View view,
      Instant now,
      Mode mode,
      Caller caller,
      Scope registry,
      @Nullable String repository,
      String action,
      List<Policy> policies) {
    Identity who = Identities.of(view, caller);
    boolean enforced = mode == Mode.ENFORCE;
    List<Policy> own =
        enforced
            ? who.policies()
            : List.of(
                new Policy(
                    "audit",
                    Policy.Type.IDENTITY,
                    Documents.compiled(ALLOW_ALL, PolicyKind.MANAGED)));
    return Evaluator.decide(
        AccessRequest.of(
                who.principal(),
                action,
                repository == null ? "*" : Registry.arn(registry, repository),
                tags(view, registry, repository).or(RequestContext.of(caller, who, now)),
                own)
            .withBoundary(enforced ? who.boundary() : null)
            .withSession(enforced ? who.session() : null)
            .withResource(registry.account(), policies, false));
  }

  private static Context tags(View view, Scope registry, @Nullable String repository) {
    RepositoryRow row =
        repository == null ? null : view.get(EcrTables.REPOSITORIES, registry.key(repository));
    Map<String, List<String>> keys = new LinkedHashMap<>();
    if (row != null) {
      row.tags()
          .forEach(
              (name, value) -> {
                keys.put("aws:ResourceTag/" + name, List.of(value));
                keys.put("ecr:ResourceTag/" + name, List.of(value));
              });
    }
    return Context.of(keys);
  }
}
