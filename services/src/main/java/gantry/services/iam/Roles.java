package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.AttachedPermissionsBoundary;
import software.amazon.awssdk.services.iam.model.CreateRoleRequest;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.iam.model.RoleLastUsed;

/** Roles, those of services among them. */
final class Roles {

  static final int MAX_TRUST_BYTES = 8192; // AWS begins at 2048 and raises it on request
  static final int DEFAULT_SESSION_SECONDS = 3600;

  private final ServiceContext context;

  Roles(ServiceContext context) {
    this.context = context;
  }

  Role create(CreateRoleRequest r) {
    Names.check("roleName", r.roleName(), 64);
    String path = Names.path(r.path());
    checkTrust(r.assumeRolePolicyDocument());
    int seconds = r.maxSessionDuration() == null ? DEFAULT_SESSION_SECONDS : r.maxSessionDuration();
    checkSeconds(seconds);
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AROA");
    return context
        .store()
        .write(
            tx -> {
              checkPrincipalsExist(tx, scope, r.assumeRolePolicyDocument());
              Named.ROLES.checkFree(tx, scope, r.roleName());
              Role role =
                  Role.builder()
                      .path(path)
                      .roleName(r.roleName())
                      .roleId(id)
                      .arn(Named.ROLES.arn(scope, path, r.roleName()))
                      .createDate(context.clock().instant())
                      .assumeRolePolicyDocument(r.assumeRolePolicyDocument())
                      .description(r.description())
                      .maxSessionDuration(seconds)
                      .permissionsBoundary(boundary(tx, scope, r.permissionsBoundary()))
                      .tags(Names.tags(List.of(), r.tags()))
                      .build();
              Named.ROLES.put(tx, scope, r.roleName(), new RoleRow(role, Policies.NONE));
              return role;
            });
  }

  private static void checkSeconds(int seconds) {
    if (seconds < 3600 || seconds > 43_200) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + seconds
              + "' at 'maxSessionDuration' failed to satisfy constraint: Member must have value "
              + (seconds < 3600 ? "greater than or equal to 3600" : "less than or equal to 43200"));
    }
  }

  private static void checkTrust(String document) {
    Documents.check(document, PolicyKind.TRUST);
    if (PolicyDocument.sizeWithoutWhiteSpace(document) > MAX_TRUST_BYTES) {
      throw Errors.limit("Cannot exceed quota for ACLSizePerRole: " + MAX_TRUST_BYTES);
    }
  }

  /** Users and roles of this account that a trust policy names must be there. */
  private static void checkPrincipalsExist(View view, Scope scope, String document) {
    PolicyDocument parsed;
    try {
      parsed = PolicyDocument.parse(document, PolicyKind.TRUST);
    } catch (MalformedPolicy e) {
      throw Errors.malformed(String.valueOf(e.getMessage()));
    }
    NamedPrincipals.missing(view, scope.account(), parsed)
        .ifPresent(
            arn -> {
              throw Errors.malformed("Invalid principal in policy: \"AWS\":\"" + arn + "\"");
            });
  }

  static @Nullable AttachedPermissionsBoundary boundary(
      View view, Scope scope, @Nullable String arn) {
    if (arn == null) {
      return null;
    }
    if (ManagedPolicies.find(view, scope, arn) == null) {
      throw Errors.none("Scope ARN: " + arn + " does not exist or is not attachable.");
    }
    return AttachedPermissionsBoundary.builder()
        .permissionsBoundaryType("Policy") // what AWS answers, though its model says otherwise
        .permissionsBoundaryArn(arn)
        .build();
  }

  static void checkNotServiceLinked(RoleRow row) {
    if (row.role().path().startsWith("/aws-service-role/")) {
      throw Errors.unmodifiable(
          "Cannot perform the operation on the protected role '"
              + row.role().roleName()
              + "' - this role is only modifiable by AWS");
    }
  }

  /** As CreateRole answers: without what GetRole adds. */
  static Role created(Role role) {
    return shown(role).toBuilder().maxSessionDuration(null).build();
  }

  static Role shown(Role role) {
    return role.toBuilder()
        .assumeRolePolicyDocument(Documents.encoded(role.assumeRolePolicyDocument()))
        .build();
  }

  /** As GetRole answers: a role that was never used has an empty element. */
  static Role detailed(Role role) {
    return shown(role).toBuilder()
        .roleLastUsed(
            role.roleLastUsed() == null ? RoleLastUsed.builder().build() : role.roleLastUsed())
        .build();
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              RoleRow row = Named.ROLES.require(tx, scope, name);
              checkNotServiceLinked(row);
              if (tx.lookup(Tables.PROFILES_BY_ROLE, scope, Tables.key(name))
                  .findAny()
                  .isPresent()) {
                throw Errors.conflict(
                    "Cannot delete entity, must remove roles from instance profile first.");
              }
              Holders.checkEmpty(row.policies());
              Named.ROLES.delete(tx, scope, name);
              return null;
            });
  }

  Role change(String name, UnaryOperator<Role> change) {
    Scope scope = Caller.current().globalScope();
    return context
        .store()
        .write(
            tx -> {
              RoleRow row = Named.ROLES.require(tx, scope, name);
              checkNotServiceLinked(row);
              Role changed = change.apply(row.role());
              Named.ROLES.put(tx, scope, name, row.with(changed));
              return changed;
            });
  }

  void updateTrust(String name, String document) {
    checkTrust(document);
    Scope scope = Caller.current().globalScope();
    checkPrincipalsExist(context.store().snapshot(), scope, document);
    change(name, role -> role.toBuilder().assumeRolePolicyDocument(document).build());
  }

  void update(String name, @Nullable String description, @Nullable Integer seconds) {
    if (seconds != null) {
      checkSeconds(seconds);
    }
    change(
        name,
        role ->
            role.toBuilder()
                .description(description == null ? role.description() : description)
                .maxSessionDuration(seconds == null ? role.maxSessionDuration() : seconds)
                .build());
  }

  void setBoundary(String name, @Nullable String arn) {
    Scope scope = Caller.current().globalScope();
    AttachedPermissionsBoundary boundary = boundary(context.store().snapshot(), scope, arn);
    change(name, role -> role.toBuilder().permissionsBoundary(boundary).build());
  }

  // ---- roles of services

  Role createServiceLinked(
      String principal, @Nullable String suffix, @Nullable String description) {
    ServicePrincipals.Linked known = ServicePrincipals.linked(principal);
    if (known == null) {
      throw Errors.validation(
          "Service principal " + principal + " has no service-linked role here.");
    }
    if (suffix != null && !principal.equals("autoscaling.amazonaws.com")) {
      throw Errors.invalidInput("Custom suffix is not allowed for " + principal);
    }
    String name = suffix == null ? known.role() : known.role() + "_" + suffix;
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AROA");
    String path = "/aws-service-role/" + principal + "/";
    return context
        .store()
        .write(
            tx -> {
              if (Named.ROLES.get(tx, scope, name) != null) {
                throw Errors.invalidInput(
                    "Service role name "
                        + name
                        + " has been taken in this account, please try a different suffix.");
              }
              Role role =
                  Role.builder()
                      .path(path)
                      .roleName(name)
                      .roleId(id)
                      .arn(Named.ROLES.arn(scope, path, name))
                      .createDate(context.clock().instant())
                      .description(description)
                      .maxSessionDuration(DEFAULT_SESSION_SECONDS)
                      .assumeRolePolicyDocument(
                          "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\""
                              + principal
                              + "\"},\"Action\":\"sts:AssumeRole\"}]}")
                      .build();
              String policy = known.policyArn();
              Named.ROLES.put(
                  tx, scope, name, new RoleRow(role, new Policies(Map.of(), List.of(policy))));
              return role;
            });
  }

  /** Nothing of ours runs as such a role for long, so it goes at once; the task id only says so. */
  String deleteServiceLinked(String name) {
    Scope scope = Caller.current().globalScope();
    String task = context.ids().uuid();
    return context
        .store()
        .write(
            tx -> {
              RoleRow row = Named.ROLES.require(tx, scope, name);
              if (!row.role().path().startsWith("/aws-service-role/")) {
                throw Errors.invalidInput("Role " + name + " is not a service-linked role.");
              }
              Named.ROLES.delete(tx, scope, name);
              String service = row.role().path().substring("/aws-service-role/".length());
              return "task/aws-service-role/" + service + name + "/" + task;
            });
  }
}
