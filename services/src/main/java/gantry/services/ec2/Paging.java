package gantry.services.ec2;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many results one answer of a Describe operation may be asked for, and where the next begins.
 */
record Paging(int least, int most) {

  static final Paging USUAL = new Paging(5, 1000);
  static final Paging SMALL = new Paging(5, 100);
  static final Paging LISTS = new Paging(1, 100);
  static final Paging ATTRIBUTES = new Paging(1, 1000);

  /** What takes any number, and gives no more than so many. */
  static final Paging ENDPOINTS = new Paging(1, Integer.MAX_VALUE);

  /**
   * One page of a Describe operation.
   *
   * @param token null when it was the last
   */
  record Page<T>(List<T> rows, @Nullable String token) {}

  /** The number of rows of one page; without a wish all of them are one page. */
  int size(@Nullable Integer maxResults) {
    if (maxResults == null) {
      return Integer.MAX_VALUE;
    }
    if (maxResults < least || maxResults > most) {
      throw Errors.of(
          "InvalidParameterValue",
          "Value ( %s ) for parameter maxResults is invalid. Expecting a value %s.",
          maxResults.toString(),
          maxResults < least ? "greater than " + least : "less than " + most);
    }
    return Math.min(maxResults, USUAL.most);
  }

  /** A page of what stands in no table, so the token is a place in the list. */
  <T> Page<T> page(List<T> all, @Nullable Integer maxResults, @Nullable String nextToken) {
    int size = size(maxResults);
    int from = 0;
    if (nextToken != null) {
      String place = place(nextToken);
      if (!place.matches("\\d{1,9}")) {
        throw invalid(nextToken);
      }
      from = Math.min(all.size(), Integer.parseInt(place));
    }
    int to = size < all.size() - from ? from + size : all.size();
    return new Page<>(all.subList(from, to), to < all.size() ? token(Integer.toString(to)) : null);
  }

  static String token(String place) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(place.getBytes(StandardCharsets.UTF_8));
  }

  static String place(String token) {
    try {
      return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notOurs) {
      throw invalid(token);
    }
  }

  private static RuntimeException invalid(String token) {
    return Errors.of("InvalidNextToken", "The token '%s' is invalid", token);
  }
}
