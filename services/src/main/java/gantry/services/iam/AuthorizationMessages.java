package gantry.services.iam;

import gantry.services.SecretBox;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The reasons of a denial, readable only for whoever may decode them in the same account. */
public final class AuthorizationMessages {

  private final SecretBox box;

  public AuthorizationMessages(SecretBox box) {
    this.box = box;
  }

  String encode(String account, String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(box.seal(json.getBytes(StandardCharsets.UTF_8), context(account)));
  }

  public @Nullable String decode(String account, String message) {
    try {
      return new String(
          box.open(Base64.getUrlDecoder().decode(message), context(account)),
          StandardCharsets.UTF_8);
    } catch (SecretBox.CannotOpen | IllegalArgumentException notOurs) {
      return null;
    }
  }

  private static Map<String, String> context(String account) {
    return Map.of("authorization-message", account);
  }
}
