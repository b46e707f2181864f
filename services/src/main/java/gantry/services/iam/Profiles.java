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
              Named.PROFILES.checkFree(tx, scope, name);
              InstanceProfile profile =
                  InstanceProfile.builder()
                      .path(path)
                      .instanceProfileName(name)
                      .instanceProfileId(id)
                      .arn(Named.PROFILES.arn(scope, path, name))
                      .createDate(context.clock().instant())
                      .tags(Names.tags(List.of(), tags))
                      .build();
              ProfileRow row = new ProfileRow(profile, null);
              Named.PROFILES.put(tx, scope, name, row);
              return shown(tx, scope, row);
            });
  }

  static InstanceProfile shown(View view, Scope scope, ProfileRow row) {
    String role = row.roleName();
    return row.profile().toBuilder()
        .roles(
            role == null
                ? List.of()
                : List.of(Roles.shown(Named.ROLES.require(view, scope, role).role())))
        .build();
  }

  void delete(String name) {
    Scope scope = Caller.current().globalScope();
    context
        .store()
        .write(
            tx -> {
              if (Named.PROFILES.require(tx, scope, name).roleName() != null) {
                throw Errors.conflict(
                    "Cannot delete entity, must remove roles from instance profile first.");
              }
              Named.PROFILES.delete(tx, scope, name);
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
              ProfileRow row = Named.PROFILES.require(tx, scope, name);
              if (roleName != null) {
                Roles.checkNotServiceLinked(Named.ROLES.require(tx, scope, roleName));
              }
              Named.PROFILES.put(tx, scope, name, change.apply(row));
              return null;
            });
  }
}
