package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Stickiness;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The cookies that keep a client with its target (AWSALB, AWSALBAPP) or target group (AWSALBTG).
 * Their values are encrypted, so a client can neither read nor choose them, and carry when they
 * were issued, so that the configured duration holds whatever the cookie's own expiry says.
 */
final class Sticky {

  private static final long EXPIRES_SECONDS = Duration.ofDays(7).toSeconds();
  private static final int NONCE = 12;
  private static final String SEPARATOR = "\n";

  private final SecretKeySpec key;
  private final SecureRandom random = new SecureRandom();

  Sticky(byte[] key) {
    this.key = new SecretKeySpec(key, "AES");
  }

  // --- reading -------------------------------------------------------------------------------

  @Nullable GroupState group(Head h, Compiled.Rule rule, Duration duration) {
    String[] parts = open(cookie(h, "AWSALBTG"), "g");
    if (parts == null || parts.length != 3 || tooOld(parts[1], duration)) {
      return null;
    }
    for (GroupState group : rule.groups) {
      if (group != null && group.arn.equals(parts[2])) {
        return group;
      }
    }
    return null;
  }

  @Nullable TargetState target(Head h, GroupState group) {
    Stickiness kind = group.spec.settings().stickiness();
    boolean app = kind == Stickiness.APP_COOKIE;
    String[] parts = open(cookie(h, app ? "AWSALBAPP-0" : "AWSALB"), app ? "a" : "t");
    if (parts == null
        || parts.length != 5
        || !parts[2].equals(group.arn)
        || tooOld(parts[1], group.spec.settings().stickinessDuration())) {
      return null;
    }
    TargetState target = group.targets.get(parts[3] + " " + parts[4]);
    if (target == null || target.draining) {
      return null;
    }
    for (TargetState usable : group.choice(null).targets()) {
      if (usable == target) {
        return target;
      }
    }
    return null;
  }

  private static boolean tooOld(String issued, Duration duration) {
    return System.currentTimeMillis() / 1000 - Long.parseLong(issued) > duration.toSeconds();
  }

  static @Nullable String cookie(Head h, String name) {
    for (int i = 0; i < h.count; i++) {
      if (h.known(i) != Head.COOKIE) {
        continue;
      }
      String all = h.value(i);
      int at = 0;
      while (at < all.length()) {
        int end = all.indexOf(';', at);
        if (end < 0) {
          end = all.length();
        }
        int equals = all.indexOf('=', at);
        if (equals > at && equals < end && all.substring(at, equals).strip().equals(name)) {
          return all.substring(equals + 1, end).strip();
        }
        at = end + 1;
      }
    }
    return null;
  }

  private String @Nullable [] open(@Nullable String value, String kind) {
    if (value == null || value.length() > 4096) {
      return null;
    }
    try {
      byte[] sealed = Base64.getDecoder().decode(value);
      if (sealed.length <= NONCE) {
        return null;
      }
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, sealed, 0, NONCE));
      byte[] plain = cipher.doFinal(sealed, NONCE, sealed.length - NONCE);
      String[] parts = new String(plain, StandardCharsets.UTF_8).split(SEPARATOR, -1);
      return parts[0].equals(kind) ? parts : null;
    } catch (IllegalArgumentException | GeneralSecurityException notOurs) {
      // Made up, damaged, or sealed under another key: as good as none, a new one is issued.
      return null;
    }
  }

  // --- writing -------------------------------------------------------------------------------

  private String seal(String... parts) {
    try {
      byte[] nonce = new byte[NONCE];
      random.nextBytes(nonce);
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, nonce));
      byte[] sealed =
          cipher.doFinal(String.join(SEPARATOR, parts).getBytes(StandardCharsets.UTF_8));
      byte[] all = new byte[NONCE + sealed.length];
      System.arraycopy(nonce, 0, all, 0, NONCE);
      System.arraycopy(sealed, 0, all, NONCE, sealed.length);
      return Base64.getEncoder().encodeToString(all);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is part of every JDK", e);
    }
  }

  /** The cookies of one exchange. */
  static final class Cookies {
    private final Sticky sticky;
    private final @Nullable GroupState group;
    private final Stickiness kind;

    /** The client came with an application cookie of ours. */
    private final boolean wasStuck;

    private @Nullable TargetState target;
    private boolean setTarget;

    Cookies(Sticky sticky, @Nullable GroupState group, Stickiness kind, boolean wasStuck) {
      this.sticky = sticky;
      this.group = group;
      this.kind = kind;
      this.wasStuck = wasStuck;
    }

    void prepare(Head response, TargetState by) {
      target = by;
      setTarget =
          switch (kind) {
            case LB_COOKIE -> true;
            case APP_COOKIE -> wasStuck || sets(response, by.group.spec.settings().appCookie());
            case NONE, SOURCE_IP -> false;
          };
    }

    private static boolean sets(Head response, String name) {
      for (int i = 0; i < response.count; i++) {
        if (response.known(i) == Head.SET_COOKIE && response.value(i).startsWith(name + "=")) {
          return true;
        }
      }
      return false;
    }

    void put(Bytes out) {
      long now = System.currentTimeMillis() / 1000;
      String issued = Long.toString(now);
      String expires = Clockwork.httpDate(now + EXPIRES_SECONDS);
      TargetState to = target;
      if (group != null) {
        String value = sticky.seal("g", issued, group.arn);
        line(out, "AWSALBTG", value, expires, "");
        line(out, "AWSALBTGCORS", value, expires, "; SameSite=None; Secure");
      }
      if (setTarget && to != null) {
        boolean app = kind == Stickiness.APP_COOKIE;
        String value =
            sticky.seal(app ? "a" : "t", issued, to.group.arn, to.id, Integer.toString(to.port));
        if (app) {
          line(out, "AWSALBAPP-0", value, expires, "");
        } else {
          line(out, "AWSALB", value, expires, "");
          line(out, "AWSALBCORS", value, expires, "; SameSite=None; Secure");
        }
      }
    }

    private static void line(
        Bytes out, String name, String value, String expires, String attributes) {
      out.put("Set-Cookie: ").put(name).put('=').put(value);
      out.put("; Expires=").put(expires).put("; Path=/").put(attributes).crlf();
    }
  }
}
