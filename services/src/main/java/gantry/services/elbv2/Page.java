package gantry.services.elbv2;

import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One page; of a table the marker is the last id that was shown. */
record Page<V>(List<V> rows, @Nullable String next) {

  static final int MAX = 400;

  static <V> Page<V> of(
      View view,
      Table<V> table,
      Scope scope,
      @Nullable String marker,
      @Nullable Integer size,
      Predicate<V> wanted) {
    int limit = limit(size);
    Stream<Row<V>> from =
        marker == null ? view.scan(table, scope) : view.scanAfter(table, scope, decode(marker));
    List<Row<V>> found = from.filter(row -> wanted.test(row.value())).limit(limit + 1L).toList();
    boolean more = found.size() > limit;
    List<Row<V>> shown = more ? found.subList(0, limit) : found;
    return new Page<>(
        shown.stream().map(Row::value).toList(), more ? encode(shown.getLast().key().id()) : null);
  }

  /** A page of what is at hand as a whole; the marker is how many came before. */
  static <V> Page<V> of(List<V> all, @Nullable String marker, @Nullable Integer size) {
    int limit = limit(size);
    int from = 0;
    if (marker != null) {
      if (!marker.matches("[0-9]{1,6}")) {
        throw Errors.validation("The marker is not valid");
      }
      from = Math.min(all.size(), Integer.parseInt(marker));
    }
    int to = Math.min(all.size(), from + limit);
    return new Page<>(all.subList(from, to), to < all.size() ? Integer.toString(to) : null);
  }

  private static int limit(@Nullable Integer size) {
    int limit = size == null ? MAX : size;
    if (limit < 1 || limit > MAX) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + limit
              + "' at 'pageSize' failed to satisfy constraint: Member must have value between 1"
              + " and 400");
    }
    return limit;
  }

  private static String encode(String id) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(id.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(String marker) {
    try {
      return new String(Base64.getUrlDecoder().decode(marker), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Errors.validation("The marker is not valid");
    }
  }
}
