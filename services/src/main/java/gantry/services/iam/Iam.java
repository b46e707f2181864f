package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Holders.Kind;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.Login;
import gantry.services.iam.Tables.PolicyRow;
import gantry.services.iam.Tables.ProfileRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.*;

/** The IAM API, operation by operation; the rules stand in the classes beside it. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class Iam implements IamClient {

  static final int DEFAULT_PAGE = 100;

  private final ServiceContext context;
  private final Users users;
  private final Roles roles;
  private final Profiles profiles;
  private final ManagedPolicies policies;
  private final Holders holders;
  private final Keys keys;

  public static HostedService<IamClient> hosted(SecretBox box) {
    return HostedService.of(
        IamClient.class,
        context -> new Iam(context, box),
        Tables.USERS,
        Tables.GROUPS,
        Tables.ROLES,
        Tables.PROFILES,
        Tables.POLICIES,
        Tables.ACCESS_KEYS);
  }

  public Iam(ServiceContext context, SecretBox box) {
    this.context = context;
    this.users = new Users(context);
    this.roles = new Roles(context);
    this.profiles = new Profiles(context);
    this.policies = new ManagedPolicies(context);
    this.holders = new Holders(context, policies);
    this.keys = new Keys(context, box);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- users

  @Override
  public CreateUserResponse createUser(CreateUserRequest r) {
    return CreateUserResponse.builder().user(users.create(r)).build();
  }

  @Override
  public GetUserResponse getUser(GetUserRequest r) {
    return GetUserResponse.builder()
        .user(Users.require(view(), scope(), Users.orCaller(r.userName())).user())
        .build();
  }

  @Override
  public UpdateUserResponse updateUser(UpdateUserRequest r) {
    users.update(r.userName(), r.newUserName(), r.newPath());
    return UpdateUserResponse.builder().build();
  }

  @Override
  public DeleteUserResponse deleteUser(DeleteUserRequest r) {
    users.delete(r.userName());
    return DeleteUserResponse.builder().build();
  }

  @Override
  public ListUsersResponse listUsers(ListUsersRequest r) {
    Page<Row<UserRow>> page =
        page(
            from ->
                view().scanAfter(Tables.USERS, scope(), from)
                    .filter(row -> row.value().user().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListUsersResponse.builder()
        .users(page.items().stream().map(row -> row.value().user().toBuilder().tags((List<Tag>) null).permissionsBoundary((AttachedPermissionsBoundary) null).build()).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public TagUserResponse tagUser(TagUserRequest r) {
    users.change(r.userName(), row -> row.with(row.user().toBuilder().tags(Names.tags(row.user().tags(), r.tags())).build()));
    return TagUserResponse.builder().build();
  }

  @Override
  public UntagUserResponse untagUser(UntagUserRequest r) {
    users.change(r.userName(), row -> row.with(row.user().toBuilder().tags(Names.without(row.user().tags(), r.tagKeys())).build()));
    return UntagUserResponse.builder().build();
  }

  @Override
  public ListUserTagsResponse listUserTags(ListUserTagsRequest r) {
    Page<Tag> page = tagPage(Users.require(view(), scope(), r.userName()).user().tags(), r.marker(), r.maxItems());
    return ListUserTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public PutUserPermissionsBoundaryResponse putUserPermissionsBoundary(PutUserPermissionsBoundaryRequest r) {
    users.setBoundary(r.userName(), r.permissionsBoundary());
    return PutUserPermissionsBoundaryResponse.builder().build();
  }

  @Override
  public DeleteUserPermissionsBoundaryResponse deleteUserPermissionsBoundary(
      DeleteUserPermissionsBoundaryRequest r) {
    users.setBoundary(r.userName(), null);
    return DeleteUserPermissionsBoundaryResponse.builder().build();
  }

  @Override
  public CreateLoginProfileResponse createLoginProfile(CreateLoginProfileRequest r) {
    if (r.password() != null) {
      throw PasswordPolicyViolationException.builder()
          .message("There is no console that takes a password here; make the login profile without one.")
          .build();
    }
    String name = Users.orCaller(r.userName());
    Login login = users.createLogin(name, Boolean.TRUE.equals(r.passwordResetRequired()));
    return CreateLoginProfileResponse.builder().loginProfile(shown(name, login)).build();
  }

  @Override
  public GetLoginProfileResponse getLoginProfile(GetLoginProfileRequest r) {
    String name = Users.orCaller(r.userName());
    Login login = Users.require(view(), scope(), name).login();
    if (login == null) {
      throw Errors.none("Login Profile for User " + name + " cannot be found.");
    }
    return GetLoginProfileResponse.builder().loginProfile(shown(name, login)).build();
  }

  @Override
  public DeleteLoginProfileResponse deleteLoginProfile(DeleteLoginProfileRequest r) {
    String name = Users.orCaller(r.userName());
    users.change(
        name,
        row -> {
          if (row.login() == null) {
            throw Errors.none("Login Profile for User " + name + " cannot be found.");
          }
          return row.withLogin(null);
        });
    return DeleteLoginProfileResponse.builder().build();
  }

  private static LoginProfile shown(String name, Login login) {
    return LoginProfile.builder()
        .userName(name)
        .createDate(login.created())
        .passwordResetRequired(login.resetRequired())
        .build();
  }

  // ---- groups

  @Override
  public CreateGroupResponse createGroup(CreateGroupRequest r) {
    return CreateGroupResponse.builder().group(users.createGroup(r.groupName(), r.path())).build();
  }

  @Override
  public GetGroupResponse getGroup(GetGroupRequest r) {
    View view = view();
    GroupRow group = Users.requireGroup(view, scope(), r.groupName());
    Page<Row<UserRow>> page =
        page(
            from ->
                view.lookup(Tables.USERS_BY_GROUP, scope(), Tables.key(r.groupName()))
                    .filter(row -> row.key().id().compareTo(from) > 0),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return GetGroupResponse.builder()
        .group(group.group())
        .users(page.items().stream().map(row -> row.value().user()).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public DeleteGroupResponse deleteGroup(DeleteGroupRequest r) {
    users.deleteGroup(r.groupName());
    return DeleteGroupResponse.builder().build();
  }

  @Override
  public ListGroupsResponse listGroups(ListGroupsRequest r) {
    Page<Row<GroupRow>> page =
        page(
            from ->
                view().scanAfter(Tables.GROUPS, scope(), from)
                    .filter(row -> row.value().group().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListGroupsResponse.builder()
        .groups(page.items().stream().map(row -> row.value().group()).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListGroupsForUserResponse listGroupsForUser(ListGroupsForUserRequest r) {
    View view = view();
    UserRow user = Users.require(view, scope(), r.userName());
    Page<String> page =
        page(
            from -> user.groups().stream().sorted().filter(name -> name.compareTo(from) > 0),
            name -> name,
            r.marker(),
            r.maxItems());
    return ListGroupsForUserResponse.builder()
        .groups(page.items().stream().map(name -> Users.requireGroup(view, scope(), name).group()).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public AddUserToGroupResponse addUserToGroup(AddUserToGroupRequest r) {
    users.addToGroup(r.userName(), r.groupName());
    return AddUserToGroupResponse.builder().build();
  }

  @Override
  public RemoveUserFromGroupResponse removeUserFromGroup(RemoveUserFromGroupRequest r) {
    users.removeFromGroup(r.userName(), r.groupName());
    return RemoveUserFromGroupResponse.builder().build();
  }

  // ---- roles

  @Override
  public CreateRoleResponse createRole(CreateRoleRequest r) {
    return CreateRoleResponse.builder().role(Roles.created(roles.create(r))).build();
  }

  @Override
  public GetRoleResponse getRole(GetRoleRequest r) {
    return GetRoleResponse.builder()
        .role(Roles.detailed(Roles.require(view(), scope(), r.roleName()).role()))
        .build();
  }

  @Override
  public UpdateRoleResponse updateRole(UpdateRoleRequest r) {
    roles.update(r.roleName(), r.description(), r.maxSessionDuration());
    return UpdateRoleResponse.builder().build();
  }

  @Override
  public UpdateRoleDescriptionResponse updateRoleDescription(UpdateRoleDescriptionRequest r) {
    roles.update(r.roleName(), r.description(), null);
    return UpdateRoleDescriptionResponse.builder()
        .role(Roles.shown(Roles.require(view(), scope(), r.roleName()).role()))
        .build();
  }

  @Override
  public UpdateAssumeRolePolicyResponse updateAssumeRolePolicy(UpdateAssumeRolePolicyRequest r) {
    roles.updateTrust(r.roleName(), r.policyDocument());
    return UpdateAssumeRolePolicyResponse.builder().build();
  }

  @Override
  public DeleteRoleResponse deleteRole(DeleteRoleRequest r) {
    roles.delete(r.roleName());
    return DeleteRoleResponse.builder().build();
  }

  @Override
  public ListRolesResponse listRoles(ListRolesRequest r) {
    Page<Row<RoleRow>> page =
        page(
            from ->
                view().scanAfter(Tables.ROLES, scope(), from)
                    .filter(row -> row.value().role().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListRolesResponse.builder()
        .roles(
            page.items().stream()
                .map(row -> Roles.shown(row.value().role()).toBuilder().tags((List<Tag>) null).permissionsBoundary((AttachedPermissionsBoundary) null).roleLastUsed((RoleLastUsed) null).build())
                .toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public TagRoleResponse tagRole(TagRoleRequest r) {
    roles.change(r.roleName(), role -> role.toBuilder().tags(Names.tags(role.tags(), r.tags())).build());
    return TagRoleResponse.builder().build();
  }

  @Override
  public UntagRoleResponse untagRole(UntagRoleRequest r) {
    roles.change(r.roleName(), role -> role.toBuilder().tags(Names.without(role.tags(), r.tagKeys())).build());
    return UntagRoleResponse.builder().build();
  }

  @Override
  public ListRoleTagsResponse listRoleTags(ListRoleTagsRequest r) {
    Page<Tag> page = tagPage(Roles.require(view(), scope(), r.roleName()).role().tags(), r.marker(), r.maxItems());
    return ListRoleTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public PutRolePermissionsBoundaryResponse putRolePermissionsBoundary(PutRolePermissionsBoundaryRequest r) {
    roles.setBoundary(r.roleName(), r.permissionsBoundary());
    return PutRolePermissionsBoundaryResponse.builder().build();
  }

  @Override
  public DeleteRolePermissionsBoundaryResponse deleteRolePermissionsBoundary(
      DeleteRolePermissionsBoundaryRequest r) {
    roles.setBoundary(r.roleName(), null);
    return DeleteRolePermissionsBoundaryResponse.builder().build();
  }

  @Override
  public CreateServiceLinkedRoleResponse createServiceLinkedRole(CreateServiceLinkedRoleRequest r) {
    return CreateServiceLinkedRoleResponse.builder()
        .role(Roles.created(roles.createServiceLinked(r.awsServiceName(), r.customSuffix(), r.description())))
        .build();
  }

  @Override
  public DeleteServiceLinkedRoleResponse deleteServiceLinkedRole(DeleteServiceLinkedRoleRequest r) {
    return DeleteServiceLinkedRoleResponse.builder()
        .deletionTaskId(roles.deleteServiceLinked(r.roleName()))
        .build();
  }

  @Override
  public GetServiceLinkedRoleDeletionStatusResponse getServiceLinkedRoleDeletionStatus(
      GetServiceLinkedRoleDeletionStatusRequest r) {
    String[] parts = r.deletionTaskId().split("/", -1);
    if (parts.length != 5 || !parts[0].equals("task")) {
      throw Errors.none("Deletion task " + r.deletionTaskId() + " cannot be found.");
    }
    boolean back = view().get(Tables.ROLES, scope().key(Tables.key(parts[3]))) != null;
    if (back) {
      throw Errors.none("Deletion task " + r.deletionTaskId() + " cannot be found.");
    }
    return GetServiceLinkedRoleDeletionStatusResponse.builder()
        .status(DeletionTaskStatusType.SUCCEEDED)
        .build();
  }

  // ---- instance profiles

  @Override
  public CreateInstanceProfileResponse createInstanceProfile(CreateInstanceProfileRequest r) {
    return CreateInstanceProfileResponse.builder()
        .instanceProfile(profiles.create(r.instanceProfileName(), r.path(), r.tags()))
        .build();
  }

  @Override
  public GetInstanceProfileResponse getInstanceProfile(GetInstanceProfileRequest r) {
    View view = view();
    return GetInstanceProfileResponse.builder()
        .instanceProfile(
            Profiles.shown(view, scope(), Profiles.require(view, scope(), r.instanceProfileName())))
        .build();
  }

  @Override
  public DeleteInstanceProfileResponse deleteInstanceProfile(DeleteInstanceProfileRequest r) {
    profiles.delete(r.instanceProfileName());
    return DeleteInstanceProfileResponse.builder().build();
  }

  @Override
  public AddRoleToInstanceProfileResponse addRoleToInstanceProfile(AddRoleToInstanceProfileRequest r) {
    profiles.addRole(r.instanceProfileName(), r.roleName());
    return AddRoleToInstanceProfileResponse.builder().build();
  }

  @Override
  public RemoveRoleFromInstanceProfileResponse removeRoleFromInstanceProfile(
      RemoveRoleFromInstanceProfileRequest r) {
    profiles.removeRole(r.instanceProfileName(), r.roleName());
    return RemoveRoleFromInstanceProfileResponse.builder().build();
  }

  @Override
  public ListInstanceProfilesResponse listInstanceProfiles(ListInstanceProfilesRequest r) {
    View view = view();
    Page<Row<ProfileRow>> page =
        page(
            from ->
                view.scanAfter(Tables.PROFILES, scope(), from)
                    .filter(row -> row.value().profile().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListInstanceProfilesResponse.builder()
        .instanceProfiles(page.items().stream().map(row -> Profiles.shown(view, scope(), row.value())).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListInstanceProfilesForRoleResponse listInstanceProfilesForRole(ListInstanceProfilesForRoleRequest r) {
    View view = view();
    Roles.require(view, scope(), r.roleName());
    Page<Row<ProfileRow>> page =
        page(
            from ->
                view.lookup(Tables.PROFILES_BY_ROLE, scope(), Tables.key(r.roleName()))
                    .filter(row -> row.key().id().compareTo(from) > 0),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListInstanceProfilesForRoleResponse.builder()
        .instanceProfiles(page.items().stream().map(row -> Profiles.shown(view, scope(), row.value())).toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public TagInstanceProfileResponse tagInstanceProfile(TagInstanceProfileRequest r) {
    profiles.changeTags(r.instanceProfileName(), tags -> Names.tags(tags, r.tags()));
    return TagInstanceProfileResponse.builder().build();
  }

  @Override
  public UntagInstanceProfileResponse untagInstanceProfile(UntagInstanceProfileRequest r) {
    profiles.changeTags(r.instanceProfileName(), tags -> Names.without(tags, r.tagKeys()));
    return UntagInstanceProfileResponse.builder().build();
  }

  @Override
  public ListInstanceProfileTagsResponse listInstanceProfileTags(ListInstanceProfileTagsRequest r) {
    Page<Tag> page =
        tagPage(
            Profiles.require(view(), scope(), r.instanceProfileName()).profile().tags(), r.marker(), r.maxItems());
    return ListInstanceProfileTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- managed policies

  @Override
  public CreatePolicyResponse createPolicy(CreatePolicyRequest r) {
    return CreatePolicyResponse.builder().policy(policies.create(r)).build();
  }

  @Override
  public GetPolicyResponse getPolicy(GetPolicyRequest r) {
    View view = view();
    return GetPolicyResponse.builder()
        .policy(ManagedPolicies.shown(view, scope(), ManagedPolicies.require(view, scope(), r.policyArn())))
        .build();
  }

  @Override
  public DeletePolicyResponse deletePolicy(DeletePolicyRequest r) {
    policies.delete(r.policyArn());
    return DeletePolicyResponse.builder().build();
  }

  @Override
  public ListPoliciesResponse listPolicies(ListPoliciesRequest r) {
    View view = view();
    boolean own = r.scope() != PolicyScopeType.AWS;
    boolean aws = r.scope() != PolicyScopeType.LOCAL;
    Page<Policy> page =
        page(
            from ->
                ManagedPolicies.all(view, scope(), own, aws)
                    .filter(row -> row.policy().path().startsWith(prefix(r.pathPrefix())))
                    .map(row -> ManagedPolicies.shown(view, scope(), row))
                    .filter(policy -> !Boolean.TRUE.equals(r.onlyAttached()) || used(policy, r.policyUsageFilter()))
                    .sorted(java.util.Comparator.comparing(Policy::arn))
                    .filter(policy -> policy.arn().compareTo(from) > 0),
            Policy::arn,
            r.marker(),
            r.maxItems());
    return ListPoliciesResponse.builder()
        .policies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  private static boolean used(Policy policy, @Nullable PolicyUsageType usage) {
    return usage == PolicyUsageType.PERMISSIONS_BOUNDARY
        ? policy.permissionsBoundaryUsageCount() > 0
        : policy.attachmentCount() > 0;
  }

  @Override
  public CreatePolicyVersionResponse createPolicyVersion(CreatePolicyVersionRequest r) {
    return CreatePolicyVersionResponse.builder()
        .policyVersion(policies.createVersion(r.policyArn(), r.policyDocument(), Boolean.TRUE.equals(r.setAsDefault())))
        .build();
  }

  @Override
  public GetPolicyVersionResponse getPolicyVersion(GetPolicyVersionRequest r) {
    PolicyRow row = ManagedPolicies.require(view(), scope(), r.policyArn());
    return GetPolicyVersionResponse.builder()
        .policyVersion(ManagedPolicies.shown(row, ManagedPolicies.version(row, r.versionId()), true))
        .build();
  }

  @Override
  public ListPolicyVersionsResponse listPolicyVersions(ListPolicyVersionsRequest r) {
    PolicyRow row = ManagedPolicies.require(view(), scope(), r.policyArn());
    List<PolicyVersion> newestFirst =
        row.versions().reversed().stream().map(v -> ManagedPolicies.shown(row, v, false)).toList();
    return ListPolicyVersionsResponse.builder().versions(newestFirst).isTruncated(false).build();
  }

  @Override
  public DeletePolicyVersionResponse deletePolicyVersion(DeletePolicyVersionRequest r) {
    policies.deleteVersion(r.policyArn(), r.versionId());
    return DeletePolicyVersionResponse.builder().build();
  }

  @Override
  public SetDefaultPolicyVersionResponse setDefaultPolicyVersion(SetDefaultPolicyVersionRequest r) {
    policies.setDefault(r.policyArn(), r.versionId());
    return SetDefaultPolicyVersionResponse.builder().build();
  }

  @Override
  public TagPolicyResponse tagPolicy(TagPolicyRequest r) {
    policies.changeTags(r.policyArn(), tags -> Names.tags(tags, r.tags()));
    return TagPolicyResponse.builder().build();
  }

  @Override
  public UntagPolicyResponse untagPolicy(UntagPolicyRequest r) {
    policies.changeTags(r.policyArn(), tags -> Names.without(tags, r.tagKeys()));
    return UntagPolicyResponse.builder().build();
  }

  @Override
  public ListPolicyTagsResponse listPolicyTags(ListPolicyTagsRequest r) {
    Page<Tag> page =
        tagPage(ManagedPolicies.require(view(), scope(), r.policyArn()).policy().tags(), r.marker(), r.maxItems());
    return ListPolicyTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListEntitiesForPolicyResponse listEntitiesForPolicy(ListEntitiesForPolicyRequest r) {
    View view = view();
    ManagedPolicies.require(view, scope(), r.policyArn());
    String arn = r.policyArn();
    EntityType only = r.entityFilter();
    ListEntitiesForPolicyResponse.Builder found = ListEntitiesForPolicyResponse.builder().isTruncated(false);
    if (only == null || only == EntityType.USER) {
      found.policyUsers(
          view.scan(Tables.USERS, scope())
              .map(row -> row.value())
              .filter(row -> row.policies().attached().contains(arn))
              .filter(row -> row.user().path().startsWith(prefix(r.pathPrefix())))
              .map(row -> PolicyUser.builder().userName(row.user().userName()).userId(row.user().userId()).build())
              .toList());
    }
    if (only == null || only == EntityType.GROUP) {
      found.policyGroups(
          view.scan(Tables.GROUPS, scope())
              .map(row -> row.value())
              .filter(row -> row.policies().attached().contains(arn))
              .filter(row -> row.group().path().startsWith(prefix(r.pathPrefix())))
              .map(row -> PolicyGroup.builder().groupName(row.group().groupName()).groupId(row.group().groupId()).build())
              .toList());
    }
    if (only == null || only == EntityType.ROLE) {
      found.policyRoles(
          view.scan(Tables.ROLES, scope())
              .map(row -> row.value())
              .filter(row -> row.policies().attached().contains(arn))
              .filter(row -> row.role().path().startsWith(prefix(r.pathPrefix())))
              .map(row -> PolicyRole.builder().roleName(row.role().roleName()).roleId(row.role().roleId()).build())
              .toList());
    }
    return found.build();
  }

  // ---- inline policies

  @Override
  public PutUserPolicyResponse putUserPolicy(PutUserPolicyRequest r) {
    holders.putInline(Kind.USER, r.userName(), r.policyName(), r.policyDocument());
    return PutUserPolicyResponse.builder().build();
  }

  @Override
  public PutGroupPolicyResponse putGroupPolicy(PutGroupPolicyRequest r) {
    holders.putInline(Kind.GROUP, r.groupName(), r.policyName(), r.policyDocument());
    return PutGroupPolicyResponse.builder().build();
  }

  @Override
  public PutRolePolicyResponse putRolePolicy(PutRolePolicyRequest r) {
    holders.putInline(Kind.ROLE, r.roleName(), r.policyName(), r.policyDocument());
    return PutRolePolicyResponse.builder().build();
  }

  @Override
  public GetUserPolicyResponse getUserPolicy(GetUserPolicyRequest r) {
    return GetUserPolicyResponse.builder()
        .userName(r.userName())
        .policyName(r.policyName())
        .policyDocument(Documents.encoded(holders.inline(Kind.USER, r.userName(), r.policyName())))
        .build();
  }

  @Override
  public GetGroupPolicyResponse getGroupPolicy(GetGroupPolicyRequest r) {
    return GetGroupPolicyResponse.builder()
        .groupName(r.groupName())
        .policyName(r.policyName())
        .policyDocument(Documents.encoded(holders.inline(Kind.GROUP, r.groupName(), r.policyName())))
        .build();
  }

  @Override
  public GetRolePolicyResponse getRolePolicy(GetRolePolicyRequest r) {
    return GetRolePolicyResponse.builder()
        .roleName(r.roleName())
        .policyName(r.policyName())
        .policyDocument(Documents.encoded(holders.inline(Kind.ROLE, r.roleName(), r.policyName())))
        .build();
  }

  @Override
  public DeleteUserPolicyResponse deleteUserPolicy(DeleteUserPolicyRequest r) {
    holders.deleteInline(Kind.USER, r.userName(), r.policyName());
    return DeleteUserPolicyResponse.builder().build();
  }

  @Override
  public DeleteGroupPolicyResponse deleteGroupPolicy(DeleteGroupPolicyRequest r) {
    holders.deleteInline(Kind.GROUP, r.groupName(), r.policyName());
    return DeleteGroupPolicyResponse.builder().build();
  }

  @Override
  public DeleteRolePolicyResponse deleteRolePolicy(DeleteRolePolicyRequest r) {
    holders.deleteInline(Kind.ROLE, r.roleName(), r.policyName());
    return DeleteRolePolicyResponse.builder().build();
  }

  @Override
  public ListUserPoliciesResponse listUserPolicies(ListUserPoliciesRequest r) {
    Page<String> page = names(holders.inlineNames(Kind.USER, r.userName()), r.marker(), r.maxItems());
    return ListUserPoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListGroupPoliciesResponse listGroupPolicies(ListGroupPoliciesRequest r) {
    Page<String> page = names(holders.inlineNames(Kind.GROUP, r.groupName()), r.marker(), r.maxItems());
    return ListGroupPoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListRolePoliciesResponse listRolePolicies(ListRolePoliciesRequest r) {
    Page<String> page = names(holders.inlineNames(Kind.ROLE, r.roleName()), r.marker(), r.maxItems());
    return ListRolePoliciesResponse.builder()
        .policyNames(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- attached policies

  @Override
  public AttachUserPolicyResponse attachUserPolicy(AttachUserPolicyRequest r) {
    holders.attach(Kind.USER, r.userName(), r.policyArn());
    return AttachUserPolicyResponse.builder().build();
  }

  @Override
  public AttachGroupPolicyResponse attachGroupPolicy(AttachGroupPolicyRequest r) {
    holders.attach(Kind.GROUP, r.groupName(), r.policyArn());
    return AttachGroupPolicyResponse.builder().build();
  }

  @Override
  public AttachRolePolicyResponse attachRolePolicy(AttachRolePolicyRequest r) {
    holders.attach(Kind.ROLE, r.roleName(), r.policyArn());
    return AttachRolePolicyResponse.builder().build();
  }

  @Override
  public DetachUserPolicyResponse detachUserPolicy(DetachUserPolicyRequest r) {
    holders.detach(Kind.USER, r.userName(), r.policyArn());
    return DetachUserPolicyResponse.builder().build();
  }

  @Override
  public DetachGroupPolicyResponse detachGroupPolicy(DetachGroupPolicyRequest r) {
    holders.detach(Kind.GROUP, r.groupName(), r.policyArn());
    return DetachGroupPolicyResponse.builder().build();
  }

  @Override
  public DetachRolePolicyResponse detachRolePolicy(DetachRolePolicyRequest r) {
    holders.detach(Kind.ROLE, r.roleName(), r.policyArn());
    return DetachRolePolicyResponse.builder().build();
  }

  @Override
  public ListAttachedUserPoliciesResponse listAttachedUserPolicies(ListAttachedUserPoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(holders.attached(Kind.USER, r.userName(), prefix(r.pathPrefix())), r.marker(), r.maxItems());
    return ListAttachedUserPoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListAttachedGroupPoliciesResponse listAttachedGroupPolicies(ListAttachedGroupPoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(holders.attached(Kind.GROUP, r.groupName(), prefix(r.pathPrefix())), r.marker(), r.maxItems());
    return ListAttachedGroupPoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public ListAttachedRolePoliciesResponse listAttachedRolePolicies(ListAttachedRolePoliciesRequest r) {
    Page<AttachedPolicy> page =
        attached(holders.attached(Kind.ROLE, r.roleName(), prefix(r.pathPrefix())), r.marker(), r.maxItems());
    return ListAttachedRolePoliciesResponse.builder()
        .attachedPolicies(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  // ---- access keys

  @Override
  public CreateAccessKeyResponse createAccessKey(CreateAccessKeyRequest r) {
    return CreateAccessKeyResponse.builder().accessKey(keys.create(Users.orCaller(r.userName()))).build();
  }

  @Override
  public DeleteAccessKeyResponse deleteAccessKey(DeleteAccessKeyRequest r) {
    keys.delete(Users.orCaller(r.userName()), r.accessKeyId());
    return DeleteAccessKeyResponse.builder().build();
  }

  @Override
  public UpdateAccessKeyResponse updateAccessKey(UpdateAccessKeyRequest r) {
    keys.setStatus(Users.orCaller(r.userName()), r.accessKeyId(), r.status());
    return UpdateAccessKeyResponse.builder().build();
  }

  @Override
  public ListAccessKeysResponse listAccessKeys(ListAccessKeysRequest r) {
    List<AccessKeyRow> all = keys.of(Users.orCaller(r.userName()));
    Page<AccessKeyRow> page =
        page(
            from -> all.stream().filter(key -> key.accessKeyId().compareTo(from) > 0),
            AccessKeyRow::accessKeyId,
            r.marker(),
            r.maxItems());
    return ListAccessKeysResponse.builder()
        .accessKeyMetadata(
            page.items().stream()
                .map(
                    key ->
                        AccessKeyMetadata.builder()
                            .userName(key.userName())
                            .accessKeyId(key.accessKeyId())
                            .status(key.active() ? StatusType.ACTIVE : StatusType.INACTIVE)
                            .createDate(key.created())
                            .build())
                .toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  @Override
  public GetAccessKeyLastUsedResponse getAccessKeyLastUsed(GetAccessKeyLastUsedRequest r) {
    AccessKeyRow key =
        view()
            .find(Tables.ACCESS_KEYS, scope().key(r.accessKeyId()))
            .orElseThrow(() -> Errors.none("The Access Key with id " + r.accessKeyId() + " cannot be found"));
    String never = "N/A";
    return GetAccessKeyLastUsedResponse.builder()
        .userName(key.userName())
        .accessKeyLastUsed(
            AccessKeyLastUsed.builder()
                .lastUsedDate(key.lastUsed())
                .serviceName(key.lastService() == null ? never : key.lastService())
                .region(key.lastRegion() == null ? never : key.lastRegion())
                .build())
        .build();
  }

  // ---- what operations share

  private View view() {
    return context.store().snapshot();
  }

  private static Scope scope() {
    return Caller.current().globalScope();
  }

  private static String prefix(@Nullable String given) {
    return given == null ? "/" : given;
  }

  private static Page<Tag> tagPage(List<Tag> tags, @Nullable String marker, @Nullable Integer limit) {
    return page(
        from ->
            tags.stream()
                .sorted(java.util.Comparator.comparing(Tag::key))
                .filter(tag -> tag.key().compareTo(from) > 0),
        Tag::key,
        marker,
        limit);
  }

  private static Page<String> names(List<String> names, @Nullable String marker, @Nullable Integer limit) {
    return page(from -> names.stream().filter(name -> name.compareTo(from) > 0), name -> name, marker, limit);
  }

  private static Page<AttachedPolicy> attached(
      List<AttachedPolicy> all, @Nullable String marker, @Nullable Integer limit) {
    return page(
        from ->
            all.stream()
                .sorted(java.util.Comparator.comparing(AttachedPolicy::policyArn))
                .filter(policy -> policy.policyArn().compareTo(from) > 0),
        AttachedPolicy::policyArn,
        marker,
        limit);
  }

  private static <T> Page<T> page(
      Function<String, Stream<T>> after, Function<T, String> id, @Nullable String marker, @Nullable Integer limit) {
    try {
      String last = PageToken.lastId("iam", marker);
      return Page.cut(after.apply(last), limit == null ? DEFAULT_PAGE : limit, id, "iam");
    } catch (PageToken.Invalid bad) {
      throw Errors.validation("Invalid Marker.");
    }
  }
}
