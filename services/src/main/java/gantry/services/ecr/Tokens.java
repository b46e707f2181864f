package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.SecretRow;
import gantry.state.Ids;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The passwords that GetAuthorizationToken hands out, and the signatures of layer addresses. A
 * token says who got it and until when, signed with a secret of this program: nothing needs to be
 * kept for it, and it is good after a restart.
 */
final class Tokens {

  static final Duration LIFETIME = Duration.ofHours(12);
  static final Duration LAYER_URL_LIFETIME = Duration.ofHours(1);

  private static final Key SECRET = Scope.global("000000000000").key("token");
  private static final int SECRET_BYTES = 32;

  private final Store store;
  private final Clock clock;
  private final Ids ids;

  Tokens(Store store, Clock clock, Ids ids) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
  }

  record Minted(String password, Instant expiresAt) {}

  /** What a token said when it was read back. */
  sealed interface Verified {
    record Good(Caller caller, Instant expiresAt) implements Verified {}

    record Expired() implements Verified {}

    record Forged() implements Verified {}
  }

  Minted mint(Caller caller) {
    Instant expiresAt = clock.instant().plus(LIFETIME);
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("account", caller.account());
    claims.put("region", caller.region());
    claims.put("arn", caller.arn());
    claims.put("userId", caller.userId());
    if (caller.accessKeyId() != null) {
      claims.put("accessKeyId", caller.accessKeyId());
    }
    if (!caller.principalTags().isEmpty()) {
      claims.put("tags", caller.principalTags());
    }
    claims.put("expires", expiresAt.getEpochSecond());
    String payload = Base64.getUrlEncoder().withoutPadding().encodeToString(Json.write(claims));
    return new Minted(payload + "." + sign(payload), expiresAt);
  }

  Verified verify(String password, String requestId, String remoteAddress) {
    int dot = password.indexOf('.');
    if (dot < 0 || !isSignature(password.substring(dot + 1), password.substring(0, dot))) {
      return new Verified.Forged();
    }
    Map<String, Object> claims =
        Json.object(Base64.getUrlDecoder().decode(password.substring(0, dot)));
    Long expires = claims == null ? null : Json.number(claims, "expires");
    if (claims == null || expires == null) {
      return new Verified.Forged();
    }
    if (clock.instant().getEpochSecond() >= expires) {
      return new Verified.Expired();
    }
    Map<String, String> tags = new LinkedHashMap<>();
    Json.child(claims, "tags").forEach((name, value) -> tags.put(name, String.valueOf(value)));
    return new Verified.Good(
        new Caller(
            claim(claims, "account"),
            claim(claims, "region"),
            claim(claims, "arn"),
            claim(claims, "userId"),
            Json.text(claims, "accessKeyId"),
            tags,
            requestId,
            remoteAddress,
            null),
        Instant.ofEpochSecond(expires));
  }

  private static String claim(Map<String, Object> claims, String name) {
    String value = Json.text(claims, name);
    if (value == null) {
      throw new IllegalStateException("a token that this program signed has no " + name);
    }
    return value;
  }

  /** The query that makes a layer's address good without credentials, for a while. */
  String signedLayer(Scope registry, String repository, Digest digest) {
    long expires = clock.instant().plus(LAYER_URL_LIFETIME).getEpochSecond();
    return "expires="
        + expires
        + "&signature="
        + sign(layer(registry, repository, digest, expires));
  }

  boolean isSignedLayer(
      Scope registry, String repository, Digest digest, String expires, String signature) {
    long until;
    try {
      until = Long.parseLong(expires);
    } catch (NumberFormatException e) {
      return false;
    }
    return clock.instant().getEpochSecond() < until
        && isSignature(signature, layer(registry, repository, digest, until));
  }

  private static String layer(Scope registry, String repository, Digest digest, long expires) {
    return String.join(
        "\n", registry.account(), registry.region(), repository, digest.toString(), "" + expires);
  }

  private boolean isSignature(String signature, String text) {
    return MessageDigest.isEqual(
        signature.getBytes(StandardCharsets.UTF_8), sign(text).getBytes(StandardCharsets.UTF_8));
  }

  private String sign(String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret(), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every Java runtime has HmacSHA256", e);
    }
  }

  private byte[] secret() {
    @Nullable SecretRow row = store.snapshot().get(EcrTables.SECRETS, SECRET);
    if (row == null) {
      SecretRow fresh = new SecretRow(HexFormat.of().formatHex(ids.bytes(SECRET_BYTES)));
      row =
          store.write(
              tx -> {
                SecretRow there = tx.get(EcrTables.SECRETS, SECRET);
                if (there != null) {
                  return there;
                }
                tx.put(EcrTables.SECRETS, SECRET, fresh);
                return fresh;
              });
    }
    return HexFormat.of().parseHex(row.hex());
  }
}
