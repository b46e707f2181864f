package gantry.services.ecr;

import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Scope;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.RepositoryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyResponse;

/** Repository policies through the API. */
final class RepositoryPolicyOperations {

  private final Registry registry;
  private final Gate gate;

  RepositoryPolicyOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  SetRepositoryPolicyResponse set(SetRepositoryPolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "SetRepositoryPolicy");
    ResourcePolicies.check(request.policyText(), false);
    if (!Boolean.TRUE.equals(request.force())
        && gate.locksOut(scope, request.repositoryName(), request.policyText())) {
      throw EcrErrors.invalid(
          "PolicyText",
          "The new repository policy would keep you from setting the policy again; use force");
    }
    registry.change(scope, request.repositoryName(), row -> row.withPolicy(request.policyText()));
    return SetRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(request.policyText())
        .build();
  }

  GetRepositoryPolicyResponse get(GetRepositoryPolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "GetRepositoryPolicy");
    RepositoryRow row =
        Registry.repository(registry.store.snapshot(), scope, request.repositoryName());
    return GetRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(policyOf(row, scope))
        .build();
  }

  private static String policyOf(RepositoryRow row, Scope scope) {
    String text = row.policyText();
    if (text == null) {
      throw RepositoryPolicyNotFoundException.builder()
          .message(EcrErrors.absent("Repository policy", row.name(), scope.account()))
          .build();
    }
    return text;
  }

  DeleteRepositoryPolicyResponse delete(DeleteRepositoryPolicyRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "DeleteRepositoryPolicy");
    RepositoryRow before =
        registry.change(
            scope,
            request.repositoryName(),
            row -> {
              policyOf(row, scope);
              return row.withPolicy(null);
            });
    return DeleteRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(before.policyText())
        .build();
  }
}
