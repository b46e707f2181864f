package gantry.services.ecs;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Cuts ordered listings into pages. A token names the last key that was shown and the parameters it
 * belongs to, so it survives whatever is added or deleted in between and fits no other listing.
 */
final class Paging {

  private Paging() {}

  record Page<T>(List<T> items, @Nullable String nextToken) {}

  static int limit(@Nullable Integer maxResults, int ceiling, int absent) {
    if (maxResults == null) {
      return absent;
    }
    if (maxResults < 1 || maxResults > ceiling) {
      throw EcsErrors.invalid("maxResults must be between 1 and " + ceiling + ".");
    }
    return maxResults;
  }

  /**
   * @param parameters what the token is bound to
   * @param after lists what follows a key ("" for the beginning), already filtered
   */
  static <T> Page<T> page(
      String parameters,
      @Nullable String token,
      int limit,
      Function<String, Stream<T>> after,
      Function<T, String> keyOf) {
    List<T> items = new ArrayList<>();
    boolean more = false;
    try (Stream<T> rest =
        after.apply(token == null || token.isEmpty() ? "" : open(parameters, token))) {
      var iterator = rest.iterator();
      while (iterator.hasNext()) {
        T next = iterator.next();
        if (items.size() == limit) {
          more = true;
          break;
        }
        items.add(next);
      }
    }
    String next = more ? seal(parameters, keyOf.apply(items.getLast())) : null;
    return new Page<>(List.copyOf(items), next);
  }

  private static String seal(String parameters, String key) {
    String text = Integer.toHexString(parameters.hashCode()) + ":" + key;
    return Base64.getUrlEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String open(String parameters, String token) {
    try {
      String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
      int colon = text.indexOf(':');
      if (colon > 0
          && text.substring(0, colon).equals(Integer.toHexString(parameters.hashCode()))) {
        return text.substring(colon + 1);
      }
    } catch (IllegalArgumentException notBase64) {
      throw EcsErrors.invalid("Invalid token");
    }
    throw EcsErrors.invalid("Invalid token");
  }
}
