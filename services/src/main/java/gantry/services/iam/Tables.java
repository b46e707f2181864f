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
import software.amazon.awssdk.services.iam.model.Tag;
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

  static final Index<AccessKeyRow> ACCESS_KEYS_BY_ID =
      ACCESS_KEYS.index("id", AccessKeyRow::accessKeyId);

  /** An OpenID Connect provider whose tokens roles may trust; its key is its URL without scheme. */
  public record OidcRow(
      String url,
      List<String> clientIds,
      List<String> thumbprints,
      Instant created,
      List<Tag> tags) {

    OidcRow withClients(List<String> changed) {
      return new OidcRow(url, changed, thumbprints, created, tags);
    }

    OidcRow withThumbprints(List<String> changed) {
      return new OidcRow(url, clientIds, changed, created, tags);
    }

    OidcRow withTags(List<Tag> changed) {
      return new OidcRow(url, clientIds, thumbprints, created, changed);
    }
  }

  public static final Table<OidcRow> OIDC_PROVIDERS = Table.of("iam.oidc-providers", OidcRow.class);

  /** The account's alias; an account has one at most. */
  record AliasRow(String alias) {}

  static final Table<AliasRow> ALIASES = Table.of("iam.account-aliases", AliasRow.class);

  /**
   * What STS has issued, until it ends.
   *
   * @param sealed secret and token as the program's secret box sealed them, together
   * @param arn whom it makes its bearer: the session, or the user of GetSessionToken
   * @param entityArn the role, or the user that made a federated session
   * @param policies session policies as given; meaningless unless {@code limited}
   * @param limited whether session policies hold it, even if they are none (GetFederationToken)
   * @param context condition keys that go with it: the claims of a web identity and the like
   */
  public record SessionRow(
      String accessKeyId,
      String sealed,
      String arn,
      String userId,
      String entityArn,
      @Nullable String entityId,
      List<String> policies,
      List<String> policyArns,
      boolean limited,
      Map<String, String> tags,
      List<String> transitiveTags,
      @Nullable String sourceIdentity,
      Map<String, String> context,
      Instant created,
      Instant expires) {}

  public static final Table<SessionRow> SESSIONS = Table.of("sts.sessions", SessionRow.class);
  public static final Index<SessionRow> SESSIONS_BY_ID =
      SESSIONS.index("id", SessionRow::accessKeyId);

  private Tables() {}

  static String key(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
