package gantry.services.iam;

import gantry.services.iam.Tables.GroupRow;
import gantry.services.iam.Tables.ProfileRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.UserRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.Tx;
import gantry.state.View;
import org.jspecify.annotations.Nullable;

/**
 * A kind of thing that an account has under names, unique whatever their case.
 *
 * @param resource the kind as ARNs name it
 * @param known how errors speak of one that is there
 * @param unknown how errors speak of one that is not
 */
record Named<R>(Table<R> table, String resource, String known, String unknown) {

  static final Named<UserRow> USERS =
      new Named<>(Tables.USERS, "user", "User with name", "The user with name");
  static final Named<GroupRow> GROUPS =
      new Named<>(Tables.GROUPS, "group", "Group with name", "The group with name");
  static final Named<RoleRow> ROLES =
      new Named<>(Tables.ROLES, "role", "Role with name", "The role with name");
  static final Named<ProfileRow> PROFILES =
      new Named<>(Tables.PROFILES, "instance-profile", "Instance Profile", "Instance Profile");

  private static Key key(Scope scope, String name) {
    return scope.key(Tables.key(name));
  }

  String arn(Scope scope, String path, String name) {
    return "arn:aws:iam::" + scope.account() + ":" + resource + path + name;
  }

  @Nullable R get(View view, Scope scope, String name) {
    return view.get(table, key(scope, name));
  }

  R require(View view, Scope scope, String name) {
    return view.find(table, key(scope, name))
        .orElseThrow(() -> Errors.none(unknown + " " + name + " cannot be found."));
  }

  void checkFree(View view, Scope scope, String name) {
    if (get(view, scope, name) != null) {
      throw Errors.exists(known + " " + name + " already exists.");
    }
  }

  void put(Tx tx, Scope scope, String name, R row) {
    tx.put(table, key(scope, name), row);
  }

  void delete(Tx tx, Scope scope, String name) {
    tx.delete(table, key(scope, name));
  }

  /** Puts a row that has changed, its name perhaps with it. */
  void move(Tx tx, Scope scope, String from, String to, R row) {
    if (!Tables.key(from).equals(Tables.key(to))) {
      checkFree(tx, scope, to);
    }
    delete(tx, scope, from);
    put(tx, scope, to, row);
  }
}
