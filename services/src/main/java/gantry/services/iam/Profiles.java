package gantry.services.iam;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.iam.Tables.ProfileRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.InstanceProfile;
import software.amazon.awssdk.services.iam.model.Tag;

/** Instance profiles: a name under which a machine gets a role. */
final class Profiles {

  private final ServiceContext context;

  Profiles(ServiceContext context) {
    this.context = context;
  }

  InstanceProfile create(String name, @Nullable String givenPath, List<Tag> tags) {
    Names.check("instanceProfileName", name, 128);
    String path = Names.path(givenPath);
    Scope scope = Caller.current().globalScope();
    String id = Names.id(context.ids(), "AIPA");
    return context
        .store()
        .write(
            tx -> {
              if (tx.get(Tables.PROFILES, scope.key(Tables.key(name))) != null) {
                throw Errors.exists("Instance Profile " + name + " already exists.");
              }
              InstanceProfile profile =
                  InstanceProfile.builder()
                      .path(path)
                      .instanceProfileName(name)
                      .instanceProfileId(id)
                      .arn("arn:aws:iam::" + scope.account() + ":instance-profile" + path + name)
                      .createDate(context.clock().instant())
                      .tags(Names.tags(List.of(), tags))
                      .build();
              tx.put(Tables.PROFILES, scope.key(Tables.key(name)), new ProfileRow(profile, null));
              return shown(tx, scope, new ProfileRow(profile, null));
            });
  }

  static ProfileRow require(View view, Scope scope, String name) {
    return view.find(Tables.PROFILES, scope.key(Tables.key(name)))
        .orElseThrow(() -> Errors.none("Instance Profile " + name + " cannot be found."));
  }

  static InstanceProfile shown(View view, Scope scope, ProfileRow row) {
    String role = row.roleName();
    return row.profile().toBuilder()
        .roles(
            role == null
                ? List.of()
                : List.of(Roles.shown(Roles.require(view, scope, role).role())))
        .build();
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              if (require(tx, scope, name).roleName() != null) {
                throw Errors.conflict(
                    "Cannot delete entity, must remove roles from instance profile first.");
              }
              tx.delete(Tables.PROFILES, scope.key(Tables.key(name)));
              return null;
            });
  }

  void addRole(String name, String roleName) {
    change(
        name,
        row -> {
          if (row.roleName() != null) {
            throw Errors.limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
          }
          return new ProfileRow(row.profile(), roleName);
        },
        roleName);
  }

  void removeRole(String name, String roleName) {
    change(
        name,
        row -> {
          if (!roleName.equalsIgnoreCase(row.roleName())) {
            throw Errors.noNamed("role", roleName);
          }
          return new ProfileRow(row.profile(), null);
        },
        roleName);
  }

  void changeTags(String name, UnaryOperator<List<Tag>> tags) {
    change(
        name,
        row ->
            new ProfileRow(
                row.profile().toBuilder().tags(tags.apply(row.profile().tags())).build(),
                row.roleName()),
        null);
  }

  private void change(String name, UnaryOperator<ProfileRow> change, @Nullable String roleName) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              ProfileRow row = require(tx, scope, name);
              if (roleName != null) {
                Roles.checkNotServiceLinked(Roles.require(tx, scope, roleName));
              }
              tx.put(Tables.PROFILES, scope.key(Tables.key(name)), change.apply(row));
              return null;
            });
  }
}
