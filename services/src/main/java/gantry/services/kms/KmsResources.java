package gantry.services.kms;

import gantry.services.iam.Documents;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.ResourceSource;
import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.kms.Keys.Found;
import gantry.services.kms.KmsTables.GrantRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.kms.model.DecryptRequest;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.ReEncryptRequest;

/**
 * Keys as decisions see them. Where policies are enforced KMS decides itself, with the same engine:
 * a grant holds under the encryption context that the call has.
 */
public record KmsResources(Mode mode) implements ResourceSource {

  @Override
  public boolean decidesItself() {
    return mode == Mode.ENFORCE;
  }

  /**
   * But for the constraints of grants, which are not looked at here: it may say no where we do not.
   */
  @Override
  public boolean foretold() {
    return true;
  }

  @Override
  public Context context(View view, Scope scope, String arn) {
    Found key = found(view, scope, arn);
    return key == null ? Context.empty() : Keys.keys(key.row());
  }

  @Override
  public boolean mustAllow() {
    return true;
  }

  @Override
  public @Nullable List<Asked> asked(View view, Scope scope, String operation, SdkRequest request) {
    List<Asked> all = new ArrayList<>();
    switch (request) {
      case DecryptRequest r -> add(all, "kms:Decrypt", r.ciphertextBlob(), r.keyId());
      case ReEncryptRequest r -> {
        add(all, "kms:ReEncryptFrom", r.ciphertextBlob(), r.sourceKeyId());
        if (r.destinationKeyId() != null) {
          all.add(new Asked("kms:ReEncryptTo", r.destinationKeyId()));
        }
      }
      default -> {
        // A grant is retired by whoever has its token: only KMS knows whose it is.
        return operation.equals("RetireGrant") ? all : null;
      }
    }
    return all;
  }

  private static void add(
      List<Asked> all, String action, @Nullable SdkBytes ciphertext, @Nullable String keyId) {
    if (keyId != null) {
      all.add(new Asked(action, keyId));
    } else if (ciphertext != null) {
      try {
        all.add(new Asked(action, Ciphertext.of(ciphertext.asByteArrayUnsafe()).arn()));
      } catch (InvalidCiphertextException e) {
        return; // which is what KMS will say
      }
    }
  }

  @Override
  public String resolve(View view, Scope scope, String arn) {
    Found key = found(view, scope, arn);
    return key == null ? arn : key.arn();
  }

  /** The rules make {@code key/alias/x} of an alias that stands for a key. */
  private static @Nullable Found found(View view, Scope scope, String arn) {
    return arn.equals("*") ? null : Keys.lookup(view, scope, arn);
  }

  @Override
  public List<Policy> policies(View view, Scope scope, String arn) {
    Found key = found(view, scope, arn);
    if (key == null) {
      return List.of();
    }
    List<Policy> all = new ArrayList<>();
    all.add(Keys.policy(key.row()));
    view.lookup(KmsTables.GRANTS_BY_KEY, key.scope(), key.id())
        .map(Row::value)
        .forEach(grant -> all.add(policy(grant)));
    return all;
  }

  private static Policy policy(GrantRow row) {
    StringBuilder text = new StringBuilder("{\"Version\":\"2012-10-17\",\"Statement\":");
    text.append("{\"Effect\":\"Allow\",\"Principal\":{\"")
        .append(row.grant().granteePrincipal().startsWith("arn:") ? "AWS" : "Service")
        .append("\":\"")
        .append(row.grant().granteePrincipal())
        .append("\"},\"Resource\":\"*\",\"Action\":[");
    String comma = "\"kms:";
    for (String operation : row.grant().operationsAsStrings()) {
      text.append(comma).append(operation).append('"');
      comma = ",\"kms:";
    }
    return new Policy(
        "grant " + row.grant().grantId(),
        Policy.Type.RESOURCE,
        Documents.compiled(text.append("]}}").toString(), PolicyKind.RESOURCE));
  }

  @Override
  public Map<String, String> tags(View view, Scope scope, String arn) {
    Found key = found(view, scope, arn);
    return key == null ? Map.of() : key.row().tags();
  }
}
