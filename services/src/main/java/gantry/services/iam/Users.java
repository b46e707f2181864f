package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.services.iam.Tables.Login;
import gantry.services.iam.Tables.Policies;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Scope;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.AttachedPermissionsBoundary;
import software.amazon.awssdk.services.iam.model.CreateUserRequest;
import software.amazon.awssdk.services.iam.model.User;

/** Users. */
final class Users {

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
              Named.USERS.checkFree(tx, scope, r.userName());
              User user =
                  User.builder()
                      .path(path)
                      .userName(r.userName())
                      .userId(id)
                      .arn(Named.USERS.arn(scope, path, r.userName()))
                      .createDate(context.clock().instant())
                      .permissionsBoundary(Roles.boundary(tx, scope, r.permissionsBoundary()))
                      .tags(Names.tags(List.of(), r.tags()))
                      .build();
              Named.USERS.put(
                  tx, scope, r.userName(), new UserRow(user, Policies.NONE, List.of(), null));
              return user;
            });
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
              Named.USERS.put(tx, scope, name, change.apply(Named.USERS.require(tx, scope, name)));
              return null;
            });
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              UserRow row = Named.USERS.require(tx, scope, name);
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
              Named.USERS.delete(tx, scope, name);
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
              UserRow row = Named.USERS.require(tx, scope, name);
              String to = newName == null ? row.user().userName() : newName;
              String toPath = path == null ? row.user().path() : path;
              User user =
                  row.user().toBuilder()
                      .userName(to)
                      .path(toPath)
                      .arn(Named.USERS.arn(scope, toPath, to))
                      .build();
              Named.USERS.move(tx, scope, name, to, row.with(user));
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
}
