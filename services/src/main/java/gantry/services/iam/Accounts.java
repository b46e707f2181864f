package gantry.services.iam;

import gantry.services.iam.Tables.AliasRow;
import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import software.amazon.awssdk.services.iam.model.AttachedPolicy;
import software.amazon.awssdk.services.iam.model.EntityType;
import software.amazon.awssdk.services.iam.model.GetAccountAuthorizationDetailsResponse;
import software.amazon.awssdk.services.iam.model.GroupDetail;
import software.amazon.awssdk.services.iam.model.ManagedPolicyDetail;
import software.amazon.awssdk.services.iam.model.Policy;
import software.amazon.awssdk.services.iam.model.PolicyDetail;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.iam.model.RoleDetail;
import software.amazon.awssdk.services.iam.model.UserDetail;

/** What is asked of the account as a whole. */
final class Accounts {

  private Accounts() {}

  static void setAlias(Store store, Scope scope, String alias) {
    if (!alias.matches("[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]")) {
      throw Errors.validation("The specified value for accountAlias is invalid.");
    }
    store.write(
        tx -> {
          if (tx.scanAll(Tables.ALIASES)
              .anyMatch(
                  row ->
                      row.value().alias().equals(alias)
                          && !row.key().scope().account().equals(scope.account()))) {
            throw Errors.exists("The account alias " + alias + " already exists.");
          }
          tx.put(Tables.ALIASES, scope.key("alias"), new AliasRow(alias));
          return null;
        });
  }

  static void deleteAlias(Store store, Scope scope, String alias) {
    store.write(
        tx -> {
          AliasRow row = tx.get(Tables.ALIASES, scope.key("alias"));
          if (row == null || !row.alias().equals(alias)) {
            throw Errors.none("The account alias with name " + alias + " cannot be found.");
          }
          tx.delete(Tables.ALIASES, scope.key("alias"));
          return null;
        });
  }

  static Map<String, Integer> summary(View view, Scope scope) {
    Map<String, Integer> summary = new TreeMap<>();
    summary.put("Users", view.count(Tables.USERS, scope));
    summary.put("UsersQuota", 5000);
    summary.put("Groups", view.count(Tables.GROUPS, scope));
    summary.put("GroupsQuota", 300);
    summary.put("Roles", view.count(Tables.ROLES, scope));
    summary.put("RolesQuota", 1000);
    summary.put("InstanceProfiles", view.count(Tables.PROFILES, scope));
    summary.put("InstanceProfilesQuota", 1500);
    summary.put("Policies", view.count(Tables.POLICIES, scope));
    summary.put("PoliciesQuota", 1500);
    summary.put(
        "PolicyVersionsInUse",
        view.scan(Tables.POLICIES, scope).mapToInt(row -> row.value().versions().size()).sum());
    summary.put("Providers", view.count(Tables.OIDC_PROVIDERS, scope));
    summary.put("PolicySizeQuota", ManagedPolicies.MAX_SIZE);
    summary.put("VersionsPerPolicyQuota", ManagedPolicies.MAX_VERSIONS);
    summary.put("AccessKeysPerUserQuota", Keys.MAX_PER_USER);
    summary.put("GroupsPerUserQuota", Groups.MAX_GROUPS);
    summary.put("AttachedPoliciesPerUserQuota", Holders.MAX_ATTACHED);
    summary.put("AttachedPoliciesPerGroupQuota", Holders.MAX_ATTACHED);
    summary.put("AttachedPoliciesPerRoleQuota", Holders.MAX_ATTACHED);
    summary.put("AssumeRolePolicySizeQuota", Roles.MAX_TRUST_BYTES);
    summary.put("UserPolicySizeQuota", Holders.Kind.USER.inlineBytes);
    summary.put("GroupPolicySizeQuota", Holders.Kind.GROUP.inlineBytes);
    summary.put("RolePolicySizeQuota", Holders.Kind.ROLE.inlineBytes);
    return summary;
  }

  /** One thing of the account, with an id by which they all stand in an order. */
  record Entry(String id, Object row) {}

  static Stream<Entry> entries(View view, Scope scope, List<EntityType> wanted) {
    List<Stream<Entry>> all = new ArrayList<>();
    if (wants(wanted, EntityType.GROUP)) {
      all.add(view.scan(Tables.GROUPS, scope).map(row -> entry("1group/", row)));
    }
    if (wants(wanted, EntityType.LOCAL_MANAGED_POLICY)) {
      all.add(view.scan(Tables.POLICIES, scope).map(row -> entry("2policy/", row)));
    }
    if (wants(wanted, EntityType.AWS_MANAGED_POLICY)) {
      all.add(AwsManaged.all().map(row -> new Entry("3aws/" + row.policy().arn(), row)));
    }
    if (wants(wanted, EntityType.ROLE)) {
      all.add(view.scan(Tables.ROLES, scope).map(row -> entry("4role/", row)));
    }
    if (wants(wanted, EntityType.USER)) {
      all.add(view.scan(Tables.USERS, scope).map(row -> entry("5user/", row)));
    }
    return all.stream().flatMap(stream -> stream);
  }

  private static boolean wants(List<EntityType> wanted, EntityType type) {
    return wanted.isEmpty() || wanted.contains(type);
  }

  private static Entry entry(String prefix, Row<?> row) {
    return new Entry(prefix + row.key().id(), row.value());
  }

  static GetAccountAuthorizationDetailsResponse.Builder details(
      View view, Scope scope, List<Entry> entries) {
    List<UserDetail> users = new ArrayList<>();
    List<GroupDetail> groups = new ArrayList<>();
    List<RoleDetail> roles = new ArrayList<>();
    List<ManagedPolicyDetail> policies = new ArrayList<>();
    for (Entry entry : entries) {
      switch (entry.row()) {
        case UserRow row -> users.add(user(view, scope, row));
        case GroupRow row -> groups.add(group(row));
        case RoleRow row -> roles.add(role(view, scope, row));
        case PolicyRow row -> policies.add(policy(view, scope, row));
        default -> throw new IllegalStateException(entry.id());
      }
    }
    return GetAccountAuthorizationDetailsResponse.builder()
        .userDetailList(users)
        .groupDetailList(groups)
        .roleDetailList(roles)
        .policies(policies);
  }

  private static UserDetail user(View view, Scope scope, UserRow row) {
    return UserDetail.builder()
        .path(row.user().path())
        .userName(row.user().userName())
        .userId(row.user().userId())
        .arn(row.user().arn())
        .createDate(row.user().createDate())
        .userPolicyList(inline(row.policies()))
        .groupList(
            row.groups().stream()
                .map(group -> Named.GROUPS.require(view, scope, group).group().groupName())
                .toList())
        .attachedManagedPolicies(attached(row.policies()))
        .permissionsBoundary(row.user().permissionsBoundary())
        .tags(row.user().tags())
        .build();
  }

  private static GroupDetail group(GroupRow row) {
    return GroupDetail.builder()
        .path(row.group().path())
        .groupName(row.group().groupName())
        .groupId(row.group().groupId())
        .arn(row.group().arn())
        .createDate(row.group().createDate())
        .groupPolicyList(inline(row.policies()))
        .attachedManagedPolicies(attached(row.policies()))
        .build();
  }

  private static RoleDetail role(View view, Scope scope, RoleRow row) {
    Role role = Roles.detailed(row.role());
    return RoleDetail.builder()
        .path(role.path())
        .roleName(role.roleName())
        .roleId(role.roleId())
        .arn(role.arn())
        .createDate(role.createDate())
        .assumeRolePolicyDocument(role.assumeRolePolicyDocument())
        .instanceProfileList(
            view.lookup(Tables.PROFILES_BY_ROLE, scope, Tables.key(role.roleName()))
                .map(profile -> Profiles.shown(view, scope, profile.value()))
                .toList())
        .rolePolicyList(inline(row.policies()))
        .attachedManagedPolicies(attached(row.policies()))
        .permissionsBoundary(role.permissionsBoundary())
        .tags(role.tags())
        .roleLastUsed(role.roleLastUsed())
        .build();
  }

  private static ManagedPolicyDetail policy(View view, Scope scope, PolicyRow row) {
    Policy policy = ManagedPolicies.shown(view, scope, row);
    return ManagedPolicyDetail.builder()
        .policyName(policy.policyName())
        .policyId(policy.policyId())
        .arn(policy.arn())
        .path(policy.path())
        .defaultVersionId(policy.defaultVersionId())
        .attachmentCount(policy.attachmentCount())
        .permissionsBoundaryUsageCount(policy.permissionsBoundaryUsageCount())
        .isAttachable(policy.isAttachable())
        .description(policy.description())
        .createDate(policy.createDate())
        .updateDate(policy.updateDate())
        .policyVersionList(
            row.versions().stream()
                .map(version -> ManagedPolicies.shown(row, version, true))
                .toList())
        .build();
  }

  private static List<PolicyDetail> inline(Policies policies) {
    return policies.inline().entrySet().stream()
        .map(
            entry ->
                PolicyDetail.builder()
                    .policyName(entry.getKey())
                    .policyDocument(Documents.encoded(entry.getValue()))
                    .build())
        .toList();
  }

  private static List<AttachedPolicy> attached(Policies policies) {
    return policies.attached().stream().map(Holders::attachedPolicy).toList();
  }
}
