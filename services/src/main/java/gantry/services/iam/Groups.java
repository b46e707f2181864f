package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.Policies;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.Group;

/** Groups, and who is in them: that stands with the user. */
final class Groups {

  static final int MAX_GROUPS = 10;

  private final ServiceContext context;
  private final Users users;

  Groups(ServiceContext context, Users users) {
    this.context = context;
    this.users = users;
  }

  Group create(String name, @Nullable String givenPath) {
    Names.check("groupName", name, 128);
    String path = Names.path(givenPath);
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AGPA");
    return context
        .store()
        .write(
            tx -> {
              Named.GROUPS.checkFree(tx, scope, name);
              Group group =
                  Group.builder()
                      .path(path)
                      .groupName(name)
                      .groupId(id)
                      .arn(Named.GROUPS.arn(scope, path, name))
                      .createDate(context.clock().instant())
                      .build();
              Named.GROUPS.put(tx, scope, name, new GroupRow(group, Policies.NONE));
              return group;
            });
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              GroupRow row = Named.GROUPS.require(tx, scope, name);
              Holders.checkEmpty(row.policies());
              if (tx.lookup(Tables.USERS_BY_GROUP, scope, Tables.key(name)).findAny().isPresent()) {
                throw Errors.conflict("Cannot delete entity, must remove users from group first.");
              }
              Named.GROUPS.delete(tx, scope, name);
              return null;
            });
  }

  /** New name or path; the id stays, its members follow. */
  void update(String name, @Nullable String newName, @Nullable String newPath) {
    if (newName != null) {
      Names.check("newGroupName", newName, 128);
    }
    String path = newPath == null ? null : Names.path(newPath);
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              GroupRow row = Named.GROUPS.require(tx, scope, name);
              String to = newName == null ? row.group().groupName() : newName;
              String toPath = path == null ? row.group().path() : path;
              Group group =
                  row.group().toBuilder()
                      .groupName(to)
                      .path(toPath)
                      .arn(Named.GROUPS.arn(scope, toPath, to))
                      .build();
              Named.GROUPS.move(tx, scope, name, to, new GroupRow(group, row.policies()));
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

  void add(String userName, String groupName) {
    changeMember(
        userName,
        groupName,
        groups -> {
          if (!groups.contains(Tables.key(groupName))) {
            groups.add(Tables.key(groupName));
          }
          if (groups.size() > MAX_GROUPS) {
            throw Errors.limit("Cannot exceed quota for GroupsPerUser: " + MAX_GROUPS);
          }
        });
  }

  void remove(String userName, String groupName) {
    changeMember(
        userName,
        groupName,
        groups -> {
          if (!groups.remove(Tables.key(groupName))) {
            throw Errors.noNamed("user", userName);
          }
        });
  }

  /** Changes the keys of the groups that a user is in. */
  private void changeMember(String userName, String groupName, Consumer<List<String>> change) {
    Named.GROUPS.require(context.store().snapshot(), Caller.current().globalScope(), groupName);
    users.change(
        userName,
        row -> {
          List<String> groups = new ArrayList<>(row.groups());
          change.accept(groups);
          return row.withGroups(groups);
        });
  }
}
