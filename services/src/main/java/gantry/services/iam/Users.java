package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.Login;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.AttachedPermissionsBoundary;
import software.amazon.awssdk.services.iam.model.CreateUserRequest;
import software.amazon.awssdk.services.iam.model.Group;
import software.amazon.awssdk.services.iam.model.User;

/** Users and the groups that they are in. */
final class Users {

  static final int MAX_GROUPS = 10;

  private final ServiceContext context;

  Users(ServiceContext context) {
    this.context = context;
  }

  User create(CreateUserRequest r) {
    Names.check("userName", r.userName(), 64);
    String path = Names.path(r.path());
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AIDA");
    return context
        .store()
        .write(
            tx -> {
              if (tx.get(Tables.USERS, scope.key(Tables.key(r.userName()))) != null) {
                throw Errors.exists("User with name " + r.userName() + " already exists.");
              }
              User user =
                  User.builder()
                      .path(path)
                      .userName(r.userName())
                      .userId(id)
                      .arn("arn:aws:iam::" + scope.account() + ":user" + path + r.userName())
                      .createDate(context.clock().instant())
                      .permissionsBoundary(Roles.boundary(tx, scope, r.permissionsBoundary()))
                      .tags(Names.tags(List.of(), r.tags()))
                      .build();
              tx.put(
                  Tables.USERS,
                  scope.key(Tables.key(r.userName())),
                  new UserRow(user, Policies.NONE, List.of(), null));
              return user;
            });
  }

  static UserRow require(View view, Scope scope, String name) {
    return view.find(Tables.USERS, scope.key(Tables.key(name)))
        .orElseThrow(() -> Errors.noNamed("user", name));
  }

  /** The user that a request means when it names none: the caller. */
  static String orCaller(@Nullable String name) {
    if (name != null) {
      return name;
    }
    String arn = Caller.current().arn();
    if (!arn.contains(":user/")) {
      throw Errors.validation("Must specify userName when calling with non-User credentials");
    }
    return arn.substring(arn.lastIndexOf('/') + 1);
  }

  void change(String name, UnaryOperator<UserRow> change) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              tx.put(
                  Tables.USERS,
                  scope.key(Tables.key(name)),
                  change.apply(require(tx, scope, name)));
              return null;
            });
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              UserRow row = require(tx, scope, name);
              Holders.checkEmpty(row.policies());
              if (tx.lookup(Tables.ACCESS_KEYS_BY_USER, scope, Tables.key(name))
                  .findAny()
                  .isPresent()) {
                throw Errors.conflict("Cannot delete entity, must delete access keys first.");
              }
              if (!row.groups().isEmpty()) {
                throw Errors.conflict("Cannot delete entity, must remove users from group first.");
              }
              if (row.login() != null) {
                throw Errors.conflict("Cannot delete entity, must delete login profile first.");
              }
              tx.delete(Tables.USERS, scope.key(Tables.key(name)));
              return null;
            });
  }

  /** New name or path; the id stays, keys and groups follow. */
  void update(String name, @Nullable String newName, @Nullable String newPath) {
    if (newName != null) {
      Names.check("newUserName", newName, 64);
    }
    String path = newPath == null ? null : Names.path(newPath);
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              UserRow row = require(tx, scope, name);
              String to = newName == null ? row.user().userName() : newName;
              boolean renamed = !Tables.key(to).equals(Tables.key(name));
              if (renamed && tx.get(Tables.USERS, scope.key(Tables.key(to))) != null) {
                throw Errors.exists("User with name " + to + " already exists.");
              }
              String toPath = path == null ? row.user().path() : path;
              User user =
                  row.user().toBuilder()
                      .userName(to)
                      .path(toPath)
                      .arn("arn:aws:iam::" + scope.account() + ":user" + toPath + to)
                      .build();
              tx.delete(Tables.USERS, scope.key(Tables.key(name)));
              tx.put(Tables.USERS, scope.key(Tables.key(to)), row.with(user));
              tx.lookup(Tables.ACCESS_KEYS_BY_USER, scope, Tables.key(name))
                  .toList()
                  .forEach(
                      key -> {
                        AccessKeyRow k = key.value();
                        tx.put(
                            Tables.ACCESS_KEYS,
                            key.key(),
                            new AccessKeyRow(
                                k.accessKeyId(),
                                to,
                                k.active(),
                                k.created(),
                                k.sealedSecret(),
                                k.lastUsed(),
                                k.lastService(),
                                k.lastRegion()));
                      });
              return null;
            });
  }

  void setBoundary(String name, @Nullable String arn) {
    AttachedPermissionsBoundary boundary =
        Roles.boundary(context.store().snapshot(), Caller.current().globalScope(), arn);
    change(name, row -> row.with(row.user().toBuilder().permissionsBoundary(boundary).build()));
  }

  Login createLogin(String name, boolean resetRequired) {
    Login login = new Login(context.clock().instant(), resetRequired);
    change(
        name,
        row -> {
          if (row.login() != null) {
            throw Errors.exists("Login Profile for user " + name + " already exists.");
          }
          return row.withLogin(login);
        });
    return login;
  }

  // ---- groups

  Group createGroup(String name, @Nullable String givenPath) {
    Names.check("groupName", name, 128);
    String path = Names.path(givenPath);
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AGPA");
    return context
        .store()
        .write(
            tx -> {
              if (tx.get(Tables.GROUPS, scope.key(Tables.key(name))) != null) {
                throw Errors.exists("Group with name " + name + " already exists.");
              }
              Group group =
                  Group.builder()
                      .path(path)
                      .groupName(name)
                      .groupId(id)
                      .arn("arn:aws:iam::" + scope.account() + ":group" + path + name)
                      .createDate(context.clock().instant())
                      .build();
              tx.put(
                  Tables.GROUPS, scope.key(Tables.key(name)), new GroupRow(group, Policies.NONE));
              return group;
            });
  }

  static GroupRow requireGroup(View view, Scope scope, String name) {
    return view.find(Tables.GROUPS, scope.key(Tables.key(name)))
        .orElseThrow(() -> Errors.noNamed("group", name));
  }

  void deleteGroup(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              GroupRow row = requireGroup(tx, scope, name);
              Holders.checkEmpty(row.policies());
              if (tx.lookup(Tables.USERS_BY_GROUP, scope, Tables.key(name)).findAny().isPresent()) {
                throw Errors.conflict("Cannot delete entity, must remove users from group first.");
              }
              tx.delete(Tables.GROUPS, scope.key(Tables.key(name)));
              return null;
            });
  }

  /** New name or path; the id stays, its members follow. */
  void updateGroup(String name, @Nullable String newName, @Nullable String newPath) {
    if (newName != null) {
      Names.check("newGroupName", newName, 128);
    }
    String path = newPath == null ? null : Names.path(newPath);
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              GroupRow row = requireGroup(tx, scope, name);
              String to = newName == null ? row.group().groupName() : newName;
              boolean renamed = !Tables.key(to).equals(Tables.key(name));
              if (renamed && tx.get(Tables.GROUPS, scope.key(Tables.key(to))) != null) {
                throw Errors.exists("Group with name " + to + " already exists.");
              }
              String toPath = path == null ? row.group().path() : path;
              Group group =
                  row.group().toBuilder()
                      .groupName(to)
                      .path(toPath)
                      .arn("arn:aws:iam::" + scope.account() + ":group" + toPath + to)
                      .build();
              tx.delete(Tables.GROUPS, scope.key(Tables.key(name)));
              tx.put(Tables.GROUPS, scope.key(Tables.key(to)), new GroupRow(group, row.policies()));
              tx.lookup(Tables.USERS_BY_GROUP, scope, Tables.key(name))
                  .toList()
                  .forEach(
                      user -> {
                        List<String> groups = new ArrayList<>(user.value().groups());
                        groups.replaceAll(g -> g.equals(Tables.key(name)) ? Tables.key(to) : g);
                        tx.put(Tables.USERS, user.key(), user.value().withGroups(groups));
                      });
              return null;
            });
  }

  void addToGroup(String userName, String groupName) {
    Scope scope = Caller.current().globalScope();
    requireGroup(context.store().snapshot(), scope, groupName);
    change(
        userName,
        row -> {
          List<String> groups = new ArrayList<>(row.groups());
          if (!groups.contains(Tables.key(groupName))) {
            groups.add(Tables.key(groupName));
          }
          if (groups.size() > MAX_GROUPS) {
            throw Errors.limit("Cannot exceed quota for GroupsPerUser: " + MAX_GROUPS);
          }
          return row.withGroups(groups);
        });
  }

  void removeFromGroup(String userName, String groupName) {
    Scope scope = Caller.current().globalScope();
    requireGroup(context.store().snapshot(), scope, groupName);
    change(
        userName,
        row -> {
          List<String> groups = new ArrayList<>(row.groups());
          if (!groups.remove(Tables.key(groupName))) {
            throw Errors.noNamed("user", userName);
          }
          return row.withGroups(groups);
        });
  }
}
