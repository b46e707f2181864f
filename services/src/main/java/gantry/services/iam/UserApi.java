package gantry.services.iam;

import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.Login;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.View;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.*;

/** The API of users, their groups and their access keys. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class UserApi extends Paging {

  private final Keys keys;

  UserApi(ServiceContext context, SecretBox box) {
    super(context);
    this.keys = new Keys(context, box);
  }

  // ---- users

  public CreateUserResponse createUser(CreateUserRequest r) {
    return CreateUserResponse.builder().user(users.create(r)).build();
  }

  public GetUserResponse getUser(GetUserRequest r) {
    return GetUserResponse.builder()
        .user(Named.USERS.require(view(), scope(), Users.orCaller(r.userName())).user())
        .build();
  }

  public UpdateUserResponse updateUser(UpdateUserRequest r) {
    users.update(r.userName(), r.newUserName(), r.newPath());
    return UpdateUserResponse.builder().build();
  }

  public DeleteUserResponse deleteUser(DeleteUserRequest r) {
    users.delete(r.userName());
    return DeleteUserResponse.builder().build();
  }

  public ListUsersResponse listUsers(ListUsersRequest r) {
    Page<Row<UserRow>> page =
        page(
            from ->
                view()
                    .scanAfter(Tables.USERS, scope(), from)
                    .filter(row -> row.value().user().path().startsWith(prefix(r.pathPrefix()))),
            row -> row.key().id(),
            r.marker(),
            r.maxItems());
    return ListUsersResponse.builder()
        .users(
            page.items().stream()
                .map(
                    row ->
                        row.value().user().toBuilder()
                            .tags((List<Tag>) null)
                            .permissionsBoundary((AttachedPermissionsBoundary) null)
                            .build())
                .toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public TagUserResponse tagUser(TagUserRequest r) {
    users.change(
        r.userName(),
        row ->
            row.with(row.user().toBuilder().tags(Names.tags(row.user().tags(), r.tags())).build()));
    return TagUserResponse.builder().build();
  }

  public UntagUserResponse untagUser(UntagUserRequest r) {
    users.change(
        r.userName(),
        row ->
            row.with(
                row.user().toBuilder()
                    .tags(Names.without(row.user().tags(), r.tagKeys()))
                    .build()));
    return UntagUserResponse.builder().build();
  }

  public ListUserTagsResponse listUserTags(ListUserTagsRequest r) {
    Page<Tag> page =
        tagPage(
            Named.USERS.require(view(), scope(), r.userName()).user().tags(),
            r.marker(),
            r.maxItems());
    return ListUserTagsResponse.builder()
        .tags(page.items())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public PutUserPermissionsBoundaryResponse putUserPermissionsBoundary(
      PutUserPermissionsBoundaryRequest r) {
    users.setBoundary(r.userName(), r.permissionsBoundary());
    return PutUserPermissionsBoundaryResponse.builder().build();
  }

  public DeleteUserPermissionsBoundaryResponse deleteUserPermissionsBoundary(
      DeleteUserPermissionsBoundaryRequest r) {
    users.setBoundary(r.userName(), null);
    return DeleteUserPermissionsBoundaryResponse.builder().build();
  }

  public CreateLoginProfileResponse createLoginProfile(CreateLoginProfileRequest r) {
    refusePassword(r.password());
    String name = Users.orCaller(r.userName());
    Login login = users.createLogin(name, Boolean.TRUE.equals(r.passwordResetRequired()));
    return CreateLoginProfileResponse.builder().loginProfile(shown(name, login)).build();
  }

  public GetLoginProfileResponse getLoginProfile(GetLoginProfileRequest r) {
    String name = Users.orCaller(r.userName());
    Login login = Named.USERS.require(view(), scope(), name).login();
    if (login == null) {
      throw Errors.none("Login Profile for User " + name + " cannot be found.");
    }
    return GetLoginProfileResponse.builder().loginProfile(shown(name, login)).build();
  }

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

  public UpdateLoginProfileResponse updateLoginProfile(UpdateLoginProfileRequest r) {
    refusePassword(r.password());
    users.change(
        r.userName(),
        row -> {
          Login login = row.login();
          if (login == null) {
            throw Errors.none("Login Profile for User " + r.userName() + " cannot be found.");
          }
          return r.passwordResetRequired() == null
              ? row
              : row.withLogin(new Login(login.created(), r.passwordResetRequired()));
        });
    return UpdateLoginProfileResponse.builder().build();
  }

  private static void refusePassword(@Nullable String password) {
    if (password != null) {
      throw PasswordPolicyViolationException.builder()
          .message(
              "There is no console that takes a password here; make the login profile without one.")
          .build();
    }
  }

  static LoginProfile shown(String name, Login login) {
    return LoginProfile.builder()
        .userName(name)
        .createDate(login.created())
        .passwordResetRequired(login.resetRequired())
        .build();
  }

  // ---- groups

  public CreateGroupResponse createGroup(CreateGroupRequest r) {
    return CreateGroupResponse.builder().group(groups.create(r.groupName(), r.path())).build();
  }

  public GetGroupResponse getGroup(GetGroupRequest r) {
    View view = view();
    GroupRow group = Named.GROUPS.require(view, scope(), r.groupName());
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

  public UpdateGroupResponse updateGroup(UpdateGroupRequest r) {
    groups.update(r.groupName(), r.newGroupName(), r.newPath());
    return UpdateGroupResponse.builder().build();
  }

  public DeleteGroupResponse deleteGroup(DeleteGroupRequest r) {
    groups.delete(r.groupName());
    return DeleteGroupResponse.builder().build();
  }

  public ListGroupsResponse listGroups(ListGroupsRequest r) {
    Page<Row<GroupRow>> page =
        page(
            from ->
                view()
                    .scanAfter(Tables.GROUPS, scope(), from)
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

  public ListGroupsForUserResponse listGroupsForUser(ListGroupsForUserRequest r) {
    View view = view();
    UserRow user = Named.USERS.require(view, scope(), r.userName());
    Page<String> page =
        page(
            from -> user.groups().stream().sorted().filter(name -> name.compareTo(from) > 0),
            name -> name,
            r.marker(),
            r.maxItems());
    return ListGroupsForUserResponse.builder()
        .groups(
            page.items().stream()
                .map(name -> Named.GROUPS.require(view, scope(), name).group())
                .toList())
        .marker(page.nextToken())
        .isTruncated(page.nextToken() != null)
        .build();
  }

  public AddUserToGroupResponse addUserToGroup(AddUserToGroupRequest r) {
    groups.add(r.userName(), r.groupName());
    return AddUserToGroupResponse.builder().build();
  }

  public RemoveUserFromGroupResponse removeUserFromGroup(RemoveUserFromGroupRequest r) {
    groups.remove(r.userName(), r.groupName());
    return RemoveUserFromGroupResponse.builder().build();
  }

  // ---- access keys

  public CreateAccessKeyResponse createAccessKey(CreateAccessKeyRequest r) {
    return CreateAccessKeyResponse.builder()
        .accessKey(keys.create(Users.orCaller(r.userName())))
        .build();
  }

  public DeleteAccessKeyResponse deleteAccessKey(DeleteAccessKeyRequest r) {
    keys.delete(Users.orCaller(r.userName()), r.accessKeyId());
    return DeleteAccessKeyResponse.builder().build();
  }

  public UpdateAccessKeyResponse updateAccessKey(UpdateAccessKeyRequest r) {
    keys.setStatus(Users.orCaller(r.userName()), r.accessKeyId(), r.status());
    return UpdateAccessKeyResponse.builder().build();
  }

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

  public GetAccessKeyLastUsedResponse getAccessKeyLastUsed(GetAccessKeyLastUsedRequest r) {
    AccessKeyRow key =
        view()
            .find(Tables.ACCESS_KEYS, scope().key(r.accessKeyId()))
            .orElseThrow(
                () ->
                    Errors.none("The Access Key with id " + r.accessKeyId() + " cannot be found"));
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
}
