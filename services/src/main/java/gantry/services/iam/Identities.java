package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.Tables.UserRow;
import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.iam.policy.PrincipalInfo;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.AttachedPermissionsBoundary;
import software.amazon.awssdk.services.iam.model.Tag;

/** Who a caller is to the policy engine: the principal, and every policy that goes with it. */
public final class Identities {

  private Identities() {}

  /**
   * A caller with its policies.
   *
   * @param session null where no session policy limits it
   * @param tags of the user or role, with those of the session over them
   */
  public record Identity(
      PrincipalInfo principal,
      List<Policy> policies,
      @Nullable Policy boundary,
      @Nullable List<Policy> session,
      Map<String, String> tags,
      @Nullable SessionRow issued) {

    static Identity bare(PrincipalInfo principal) {
      return new Identity(principal, List.of(), null, null, Map.of(), null);
    }
  }

  public static Identity of(View view, Caller caller) {
    if (caller.isService()) {
      return new Identity(
          PrincipalInfo.service(caller.arn()),
          ServicePrincipals.policies(caller.arn()),
          null,
          null,
          Map.of(),
          null);
    }
    Scope scope = caller.globalScope();
    SessionRow issued =
        caller.accessKeyId() == null
            ? null
            : view.get(Tables.SESSIONS, scope.key(caller.accessKeyId()));
    String arn = caller.arn();
    if (arn.endsWith(":root")) {
      return new Identity(
          PrincipalInfo.root(caller.account()), List.of(), null, null, Map.of(), issued);
    }
    if (arn.contains(":assumed-role/")) {
      return roleSession(view, scope, caller, issued);
    }
    if (arn.contains(":federated-user/")) {
      return federated(view, scope, caller, issued);
    }
    UserRow row = view.get(Tables.USERS, scope.key(Tables.key(lastPart(arn))));
    PrincipalInfo user = PrincipalInfo.user(caller.account(), arn, caller.userId());
    // Somebody else of the same name is not he.
    return row == null || !row.user().userId().equals(caller.userId())
        ? Identity.bare(user)
        : user(view, scope, user, row, issued);
  }

  /** The user, group or role that a simulation asks about. */
  static Identity ofSource(View view, Scope scope, String arn) {
    String prefix = "arn:aws:iam::" + scope.account() + ":";
    String name = lastPart(arn);
    if (arn.startsWith(prefix + "user/")) {
      UserRow row = Named.USERS.require(view, scope, name);
      return user(
          view,
          scope,
          PrincipalInfo.user(scope.account(), row.user().arn(), row.user().userId()),
          row,
          null);
    }
    if (arn.startsWith(prefix + "role/")) {
      RoleRow row = Named.ROLES.require(view, scope, name);
      PrincipalInfo session =
          PrincipalInfo.roleSession(
              scope.account(),
              "arn:aws:sts::"
                  + scope.account()
                  + ":assumed-role/"
                  + row.role().roleName()
                  + "/simulated",
              row.role().arn(),
              row.role().roleId());
      return role(view, scope, session, row, null);
    }
    if (arn.startsWith(prefix + "group/")) {
      return new Identity(
          PrincipalInfo.user(scope.account(), prefix + "user/simulated", ""),
          policies(view, scope, Named.GROUPS.require(view, scope, name).policies()),
          null,
          null,
          Map.of(),
          null);
    }
    throw Errors.invalidInput(
        "Invalid Entity Arn: " + arn + " does not clearly define entity type and name.");
  }

  private static Identity user(
      View view, Scope scope, PrincipalInfo user, UserRow row, @Nullable SessionRow issued) {
    List<Policy> policies = new ArrayList<>(policies(view, scope, row.policies()));
    for (String group : row.groups()) {
      view.find(Tables.GROUPS, scope.key(group))
          .ifPresent(g -> policies.addAll(policies(view, scope, g.policies())));
    }
    return new Identity(
        user,
        policies,
        boundary(view, scope, row.user().permissionsBoundary()),
        null,
        tags(row.user().tags(), issued),
        issued);
  }

  /** The role that the caller's session says to be of. */
  static @Nullable RoleRow role(View view, Caller caller) {
    String[] parts = caller.arn().split("/", -1);
    String name = parts.length > 1 ? parts[1] : "";
    return view.get(Tables.ROLES, caller.globalScope().key(Tables.key(name)));
  }

  /** Whether a service of ours acts as a role: whoever comes from the network has a key. */
  static boolean fromInside(Caller caller) {
    return caller.accessKeyId() == null && caller.arn().contains(":assumed-role/");
  }

  private static Identity roleSession(
      View view, Scope scope, Caller caller, @Nullable SessionRow issued) {
    String roleId = caller.userId().substring(0, Math.max(0, caller.userId().indexOf(':')));
    RoleRow row = role(view, caller);
    if (row != null && fromInside(caller)) {
      roleId = row.role().roleId(); // such a session has no row and no life of its own
    }
    if (row == null || !row.role().roleId().equals(roleId)) {
      // The role is gone; one of the same name is another.
      return Identity.bare(
          PrincipalInfo.roleSession(caller.account(), caller.arn(), caller.arn(), roleId));
    }
    return role(
        view,
        scope,
        PrincipalInfo.roleSession(caller.account(), caller.arn(), row.role().arn(), roleId),
        row,
        issued);
  }

  private static Identity role(
      View view, Scope scope, PrincipalInfo session, RoleRow row, @Nullable SessionRow issued) {
    return new Identity(
        session,
        policies(view, scope, row.policies()),
        boundary(view, scope, row.role().permissionsBoundary()),
        sessionPolicies(view, scope, issued),
        tags(row.role().tags(), issued),
        issued);
  }

  private static Identity federated(
      View view, Scope scope, Caller caller, @Nullable SessionRow issued) {
    if (issued == null) {
      return Identity.bare(
          new PrincipalInfo(
              PrincipalInfo.Kind.FEDERATED_USER,
              caller.account(),
              caller.arn(),
              caller.arn(),
              null));
    }
    PrincipalInfo principal =
        new PrincipalInfo(
            PrincipalInfo.Kind.FEDERATED_USER,
            caller.account(),
            caller.arn(),
            issued.entityArn(),
            issued.entityId());
    UserRow row = view.get(Tables.USERS, scope.key(Tables.key(lastPart(issued.entityArn()))));
    if (row == null || !row.user().userId().equals(issued.entityId())) {
      return Identity.bare(principal);
    }
    Identity user = user(view, scope, principal, row, issued);
    return new Identity(
        principal,
        user.policies(),
        user.boundary(),
        sessionPolicies(view, scope, issued),
        issued.tags(),
        issued);
  }

  private static @Nullable List<Policy> sessionPolicies(
      View view, Scope scope, @Nullable SessionRow issued) {
    if (issued == null || !issued.limited()) {
      return null;
    }
    List<Policy> all = new ArrayList<>();
    for (String text : issued.policies()) {
      all.add(
          new Policy("session", Policy.Type.SESSION, Documents.compiled(text, PolicyKind.INLINE)));
    }
    for (String arn : issued.policyArns()) {
      String text = ManagedPolicies.document(view, scope, arn);
      if (text != null) {
        all.add(new Policy(arn, Policy.Type.SESSION, Documents.compiled(text, PolicyKind.MANAGED)));
      }
    }
    return all;
  }

  private static List<Policy> policies(View view, Scope scope, Policies held) {
    List<Policy> all = new ArrayList<>();
    held.inline()
        .forEach(
            (name, text) ->
                all.add(
                    new Policy(
                        name, Policy.Type.IDENTITY, Documents.compiled(text, PolicyKind.INLINE))));
    for (String arn : held.attached()) {
      String text = ManagedPolicies.document(view, scope, arn);
      if (text != null) {
        all.add(
            new Policy(arn, Policy.Type.IDENTITY, Documents.compiled(text, PolicyKind.MANAGED)));
      }
    }
    return all;
  }

  private static @Nullable Policy boundary(
      View view, Scope scope, @Nullable AttachedPermissionsBoundary attached) {
    if (attached == null) {
      return null;
    }
    String arn = attached.permissionsBoundaryArn();
    String text = ManagedPolicies.document(view, scope, arn);
    // A boundary that is gone allows nothing.
    String inForce =
        text == null
            ? "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}"
            : text;
    return new Policy(arn, Policy.Type.BOUNDARY, Documents.compiled(inForce, PolicyKind.MANAGED));
  }

  private static Map<String, String> tags(List<Tag> own, @Nullable SessionRow issued) {
    Map<String, String> tags = new HashMap<>();
    own.forEach(tag -> tags.put(tag.key(), tag.value()));
    if (issued != null) {
      tags.putAll(issued.tags());
    }
    return tags;
  }

  private static String lastPart(String arn) {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }
}
