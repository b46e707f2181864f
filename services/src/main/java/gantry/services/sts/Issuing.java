package gantry.services.sts;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Documents;
import gantry.services.iam.Names;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sts.model.AssumedRoleUser;
import software.amazon.awssdk.services.sts.model.Credentials;
import software.amazon.awssdk.services.sts.model.PolicyDescriptorType;

/** Makes sessions of roles and users, and keeps them. */
final class Issuing {

  private final ServiceContext context;
  private final SecretBox box;
  private final Sessions sessions;

  Issuing(ServiceContext context, SecretBox box) {
    this.context = context;
    this.box = box;
    this.sessions = new Sessions(context.store());
  }

  static @Nullable RoleRow find(View view, Scope scope, String arn) {
    String name = arn.substring(arn.lastIndexOf('/') + 1);
    RoleRow row = view.get(Tables.ROLES, scope.key(name.toLowerCase(Locale.ROOT)));
    return row == null || !row.role().arn().equals(arn) ? null : row;
  }

  static Policy trust(RoleRow role) {
    return new Policy(
        "trust policy",
        Policy.Type.TRUST,
        Documents.compiled(role.role().assumeRolePolicyDocument(), PolicyKind.TRUST));
  }

  static AssumedRoleUser assumed(RoleRow role, String sessionName) {
    String account = role.role().arn().split(":", -1)[4];
    return AssumedRoleUser.builder()
        .assumedRoleId(role.role().roleId() + ":" + sessionName)
        .arn(
            "arn:aws:sts::"
                + account
                + ":assumed-role/"
                + role.role().roleName()
                + "/"
                + sessionName)
        .build();
  }

  Credentials issue(
      Scope scope,
      RoleRow role,
      String sessionName,
      int seconds,
      @Nullable String policy,
      List<PolicyDescriptorType> policyArns,
      Map<String, String> tags,
      List<String> transitive,
      @Nullable String source,
      Map<String, String> claims) {
    AssumedRoleUser user = assumed(role, sessionName);
    return add(
        scope,
        user.arn(),
        user.assumedRoleId(),
        role.role().arn(),
        role.role().roleId(),
        seconds,
        policy,
        policyArns,
        policy != null || !policyArns.isEmpty(),
        tags,
        transitive,
        source,
        claims);
  }

  Credentials add(
      Scope scope,
      String arn,
      String userId,
      String entityArn,
      @Nullable String entityId,
      int seconds,
      @Nullable String policy,
      List<PolicyDescriptorType> policyArns,
      boolean limited,
      Map<String, String> tags,
      List<String> transitive,
      @Nullable String source,
      Map<String, String> claims) {
    if (policy != null) {
      Checks.checkPolicy(policy);
    }
    String id = Names.accessKeyId(context.ids(), "ASIA");
    Sessions.Secret secret = Sessions.newSecret(context.ids());
    Instant now = context.clock().instant();
    SessionRow row =
        new SessionRow(
            id,
            Sessions.seal(box, id, secret),
            arn,
            userId,
            entityArn,
            entityId,
            policy == null ? List.of() : List.of(policy),
            policyArns.stream().map(PolicyDescriptorType::arn).toList(),
            limited,
            tags,
            transitive,
            source,
            claims,
            now,
            now.plusSeconds(seconds));
    sessions.add(scope, row);
    return Sessions.credentials(row, secret);
  }
}
