package gantry.services.iam;

import gantry.services.AccessKeys;
import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.iam.Tables.AccessKeyRow;
import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.Tables.UserRow;
import gantry.services.sts.Sessions;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.iam.model.RoleLastUsed;
import software.amazon.awssdk.services.iam.model.Tag;

/** Keys of users and what STS has issued, for the front door; and when they were last used. */
public final class IamAccessKeys implements AccessKeys {

  /** A use is written down once in this while at most. */
  static final Duration USE_GRAIN = Duration.ofMinutes(1);

  /** So many keys' last uses are remembered before they are asked of the store again. */
  private static final int USES_LIMIT = 10_000;

  private final Store store;
  private final Clock clock;
  private final SecretBox box;
  private final Map<String, Instant> uses = new ConcurrentHashMap<>();

  public IamAccessKeys(Store store, Clock clock, SecretBox box) {
    this.store = store;
    this.clock = clock;
    this.box = box;
  }

  @Override
  public @Nullable AccessKey find(String accessKeyId) {
    if (!issued(accessKeyId)) {
      return null; // all that were ever made here have the form that is asked for there
    }
    View view = store.snapshot();
    Row<AccessKeyRow> key =
        view.lookupAll(Tables.ACCESS_KEYS_BY_ID, accessKeyId).findFirst().orElse(null);
    if (key != null) {
      return ofUser(view, key.key().scope(), key.value());
    }
    Row<SessionRow> session =
        view.lookupAll(Tables.SESSIONS_BY_ID, accessKeyId).findFirst().orElse(null);
    return session == null ? null : ofSession(view, session.key().scope(), session.value());
  }

  @Override
  public boolean issued(String accessKeyId) {
    return Names.isAccessKeyId(accessKeyId);
  }

  private @Nullable AccessKey ofUser(View view, Scope scope, AccessKeyRow key) {
    UserRow user = view.get(Tables.USERS, scope.key(Tables.key(key.userName())));
    if (!key.active() || user == null) {
      return null;
    }
    return new AccessKey(
        Keys.open(box, key.accessKeyId(), key.sealedSecret()),
        null,
        null,
        new Principal(
            scope.account(),
            user.user().arn(),
            user.user().userId(),
            tags(user.user().tags(), Map.of())));
  }

  private @Nullable AccessKey ofSession(View view, Scope scope, SessionRow session) {
    Map<String, String> tags = session.tags();
    if (session.arn().contains(":assumed-role/")) {
      RoleRow role = view.get(Tables.ROLES, scope.key(Tables.key(name(session.entityArn()))));
      if (role == null || !role.role().roleId().equals(session.entityId())) {
        return null; // the role is gone, and its sessions with it
      }
      tags = tags(role.role().tags(), session.tags());
    } else if (session.entityArn().contains(":user/")) {
      UserRow user = view.get(Tables.USERS, scope.key(Tables.key(name(session.entityArn()))));
      if (user == null || !user.user().userId().equals(session.entityId())) {
        return null;
      }
      tags = tags(user.user().tags(), session.tags());
    }
    Sessions.Secret secret = Sessions.open(box, session);
    return new AccessKey(
        secret.secret(),
        secret.token(),
        session.expires(),
        new Principal(scope.account(), session.arn(), session.userId(), tags));
  }

  private static Map<String, String> tags(List<Tag> own, Map<String, String> over) {
    Map<String, String> tags = new HashMap<>();
    own.forEach(tag -> tags.put(tag.key(), tag.value()));
    tags.putAll(over);
    return tags;
  }

  private static String name(String arn) {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }

  /** Notes that a key, and the role of a session, was used. Called for every request. */
  void used(Caller caller, String service) {
    String id = caller.accessKeyId();
    if (id == null) {
      return;
    }
    Instant now = clock.instant();
    Instant before = uses.get(id);
    if (before != null && now.isBefore(before.plus(USE_GRAIN))) {
      return;
    }
    if (uses.size() >= USES_LIMIT) {
      uses.clear();
    }
    uses.put(id, now);
    Scope scope = caller.globalScope();
    View view = store.snapshot();
    SessionRow session = view.get(Tables.SESSIONS, scope.key(id));
    if (view.get(Tables.ACCESS_KEYS, scope.key(id)) == null && session == null) {
      return; // a key that is none of IAM's
    }
    store.write(
        tx -> {
          AccessKeyRow key = tx.get(Tables.ACCESS_KEYS, scope.key(id));
          if (key != null) {
            tx.put(
                Tables.ACCESS_KEYS,
                scope.key(id),
                new AccessKeyRow(
                    id,
                    key.userName(),
                    key.active(),
                    key.created(),
                    key.sealedSecret(),
                    now,
                    service,
                    caller.region()));
          }
          if (session != null && session.arn().contains(":assumed-role/")) {
            var at = scope.key(Tables.key(name(session.entityArn())));
            RoleRow role = tx.get(Tables.ROLES, at);
            if (role != null && role.role().roleId().equals(session.entityId())) {
              tx.put(
                  Tables.ROLES,
                  at,
                  role.with(
                      role.role().toBuilder()
                          .roleLastUsed(
                              RoleLastUsed.builder()
                                  .lastUsedDate(now)
                                  .region(caller.region())
                                  .build())
                          .build()));
            }
          }
          return null;
        });
  }
}
