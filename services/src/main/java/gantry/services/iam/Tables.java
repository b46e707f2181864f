package gantry.services.iam;

import gantry.state.Index;
import gantry.state.Table;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.Group;
import software.amazon.awssdk.services.iam.model.InstanceProfile;
import software.amazon.awssdk.services.iam.model.Policy;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.iam.model.User;

/**
 * What IAM remembers, all in the account's global scope. Names are unique whatever their case, so
 * keys are lower case.
 */
public final class Tables {

  /**
   * The policies of a user, group or role: inline documents by name, ARNs of attached managed ones.
   */
  public record Policies(Map<String, String> inline, List<String> attached) {
    static final Policies NONE = new Policies(Map.of(), List.of());
  }

  /** When a console password was made; there is no console that takes one yet, so none is kept. */
  record Login(Instant created, boolean resetRequired) {}

  public record UserRow(User user, Policies policies, List<String> groups, @Nullable Login login) {
    UserRow with(User changed) {
      return new UserRow(changed, policies, groups, login);
    }

    UserRow with(Policies changed) {
      return new UserRow(user, changed, groups, login);
    }

    UserRow withGroups(List<String> changed) {
      return new UserRow(user, policies, changed, login);
    }

    UserRow withLogin(@Nullable Login changed) {
      return new UserRow(user, policies, groups, changed);
    }
  }

  public record GroupRow(Group group, Policies policies) {
    GroupRow with(Policies changed) {
      return new GroupRow(group, changed);
    }
  }

  public record RoleRow(Role role, Policies policies) {
    RoleRow with(Role changed) {
      return new RoleRow(changed, policies);
    }

    RoleRow with(Policies changed) {
      return new RoleRow(role, changed);
    }
  }

  /** An instance profile with the name of the role in it, if any. */
  record ProfileRow(InstanceProfile profile, @Nullable String roleName) {}

  record VersionRow(String versionId, String document, Instant created) {}

  /**
   * A managed policy of a customer. {@code next} is the number that the next version gets; numbers
   * are never used again.
   */
  record PolicyRow(Policy policy, List<VersionRow> versions, int next) {
    String defaultDocument() {
      return versions.stream()
          .filter(v -> v.versionId().equals(policy.defaultVersionId()))
          .findFirst()
          .orElseThrow()
          .document();
    }
  }

  /**
   * An access key.
   *
   * @param sealedSecret as the program's secret box sealed it
   */
  record AccessKeyRow(
      String accessKeyId,
      String userName,
      boolean active,
      Instant created,
      String sealedSecret,
      @Nullable Instant lastUsed,
      @Nullable String lastService,
      @Nullable String lastRegion) {}

  public static final Table<UserRow> USERS = Table.of("iam.users", UserRow.class);
  static final Index<UserRow> USERS_BY_GROUP = USERS.indexMany("group", UserRow::groups);
  public static final Table<GroupRow> GROUPS = Table.of("iam.groups", GroupRow.class);
  public static final Table<RoleRow> ROLES = Table.of("iam.roles", RoleRow.class);
  static final Table<ProfileRow> PROFILES = Table.of("iam.instance-profiles", ProfileRow.class);
  static final Index<ProfileRow> PROFILES_BY_ROLE =
      PROFILES.index("role", row -> row.roleName() == null ? null : key(row.roleName()));
  static final Table<PolicyRow> POLICIES = Table.of("iam.policies", PolicyRow.class);
  static final Table<AccessKeyRow> ACCESS_KEYS = Table.of("iam.access-keys", AccessKeyRow.class);
  static final Index<AccessKeyRow> ACCESS_KEYS_BY_USER =
      ACCESS_KEYS.index("user", row -> key(row.userName()));

  private Tables() {}

  static String key(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
