package gantry.services.sts;

import gantry.services.SecretBox;
import gantry.services.iam.Names;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.SessionRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Ids;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Issued credentials: made here, sealed, and thrown away some time after their end. */
public final class Sessions implements Controller {

  /** An ended session is answered with "expired", not "unknown", for this long. */
  static final Duration KEPT_AFTER_END = Duration.ofHours(1);

  private final Store store;
  private final Clock clock;

  public Sessions(Store store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** The secret half of a session. */
  public record Secret(String secret, String token) {}

  static Secret newSecret(Ids ids) {
    return new Secret(
        Names.secret(ids), "IQoJ" + Base64.getEncoder().encodeToString(ids.bytes(192)));
  }

  static String seal(SecretBox box, String accessKeyId, Secret secret) {
    return Base64.getEncoder()
        .encodeToString(
            box.seal(
                (secret.secret() + "\n" + secret.token()).getBytes(StandardCharsets.UTF_8),
                Map.of("session", accessKeyId)));
  }

  public static Secret open(SecretBox box, SessionRow row) {
    String plain =
        new String(
            box.open(
                Base64.getDecoder().decode(row.sealed()), Map.of("session", row.accessKeyId())),
            StandardCharsets.UTF_8);
    int line = plain.indexOf('\n');
    return new Secret(plain.substring(0, line), plain.substring(line + 1));
  }

  static Credentials credentials(SessionRow row, Secret secret) {
    return Credentials.builder()
        .accessKeyId(row.accessKeyId())
        .secretAccessKey(secret.secret())
        .sessionToken(secret.token())
        .expiration(row.expires())
        .build();
  }

  void add(Scope scope, SessionRow row) {
    store.write(
        tx -> {
          tx.put(Tables.SESSIONS, scope.key(row.accessKeyId()), row);
          return null;
        });
  }

  @Override
  public String name() {
    return "sts.sessions";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == Tables.SESSIONS ? Stream.of(change.key()) : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(Tables.SESSIONS).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    SessionRow row = store.snapshot().get(Tables.SESSIONS, key);
    if (row == null) {
      return Again.WHEN_CHANGED;
    }
    Instant gone = row.expires().plus(KEPT_AFTER_END);
    Instant now = clock.instant();
    if (now.isBefore(gone)) {
      return Again.after(Duration.between(now, gone));
    }
    store.write(
        tx -> {
          tx.delete(Tables.SESSIONS, key);
          return null;
        });
    return Again.WHEN_CHANGED;
  }
}
