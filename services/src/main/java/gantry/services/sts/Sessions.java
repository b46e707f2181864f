package gantry.services.sts;

import gantry.services.SecretBox;
import gantry.services.iam.Names;
import gantry.services.iam.Tables;
import gantry.services.iam.Tables.SessionRow;
import gantry.state.Deadlines;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Issued credentials: made here, sealed, and thrown away some time after their end. */
public final class Sessions {

  /** An ended session is answered with "expired", not "unknown", for this long. */
  static final Duration KEPT_AFTER_END = Duration.ofHours(1);

  private final Store store;

  Sessions(Store store) {
    this.store = store;
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

  static Deadlines<SessionRow> ends(Store store, Clock clock) {
    return Deadlines.deleting(
        "sts.sessions", store, clock, Tables.SESSIONS, row -> row.expires().plus(KEPT_AFTER_END));
  }
}
