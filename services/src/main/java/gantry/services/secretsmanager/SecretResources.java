package gantry.services.secretsmanager;

import gantry.services.iam.Documents;
import gantry.services.iam.ResourceSource;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Map;

/** Secrets as decisions see them: by full ARN, with their policies and tags. */
public final class SecretResources implements ResourceSource {

  private static final String SECRET = ":secret:";

  @Override
  public String resolve(View view, Scope scope, String arn) {
    Row<SecretRow> row = SecretsManager.find(view, scope, arn);
    if (row != null) {
      return row.value().arn();
    }
    // AWS shows an unknown secret as the request named it.
    int at = arn.indexOf(SECRET);
    return at < 0 || arn.endsWith("-??????") ? arn : arn.substring(at + SECRET.length());
  }

  @Override
  public List<Policy> policies(View view, Scope scope, String arn) {
    Row<SecretRow> row = SecretsManager.find(view, scope, arn);
    String policy = row == null ? null : row.value().policy();
    return policy == null
        ? List.of()
        : List.of(
            new Policy(
                "resource policy",
                Policy.Type.RESOURCE,
                Documents.compiled(policy, PolicyKind.RESOURCE)));
  }

  @Override
  public Map<String, String> tags(View view, Scope scope, String arn) {
    Row<SecretRow> row = SecretsManager.find(view, scope, arn);
    Map<String, String> tags = row == null ? null : row.value().tags();
    return tags == null ? Map.of() : tags;
  }
}
