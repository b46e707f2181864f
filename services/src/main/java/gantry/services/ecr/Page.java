package gantry.services.ecr;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A page of an answer; its token is the last id that was shown. */
record Page<T>(List<T> items, @Nullable String nextToken) {

  static final int DEFAULT = 100;

  /** What {@code nextToken} stands for; empty for the first page. */
  static String after(@Nullable String token) {
    if (token == null || token.isEmpty()) {
      return "";
    }
    try {
      return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw EcrErrors.invalid("NextToken", "Invalid next token provided");
    }
  }

  /**
   * @param items what comes after the token already
   */
  static <T> Page<T> of(
      Iterator<T> items, Function<T, String> id, @Nullable Integer maxResults, int byDefault) {
    int max = maxResults == null ? byDefault : maxResults;
    List<T> page = new ArrayList<>();
    while (page.size() < max && items.hasNext()) {
      page.add(items.next());
    }
    String token =
        items.hasNext() && !page.isEmpty()
            ? Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(id.apply(page.getLast()).getBytes(StandardCharsets.UTF_8))
            : null;
    return new Page<>(page, token);
  }
}
