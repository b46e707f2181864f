package gantry.services.ec2;

import gantry.state.Index;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.Filter;

/** Reads one account's and region's resources. */
class Lookup {

  /** Describe operations that page take between these many results at a time. */
  private static final int MIN_RESULTS = 5;

  private static final int MAX_RESULTS = 1000;

  private final View view;
  private final Scope scope;

  Lookup(View view, Scope scope) {
    this.view = view;
    this.scope = scope;
  }

  /**
   * One page of a Describe operation.
   *
   * @param token null when it was the last
   */
  record Page<T>(List<T> rows, @Nullable String token) {}

  View view() {
    return view;
  }

  Scope scope() {
    return scope;
  }

  <T> @Nullable T find(Kind<T> kind, @Nullable String id) {
    return id == null ? null : view.get(kind.table(), scope.key(id));
  }

  /** The row, or the kind's error. */
  <T> T get(Kind<T> kind, @Nullable String id) {
    if (id == null || id.isEmpty()) {
      throw Errors.missing(kind.type().toString());
    }
    T row = find(kind, id);
    if (row == null) {
      throw Errors.of(kind.notFoundCode(), kind.notFoundText(), id);
    }
    return row;
  }

  <T> Stream<T> all(Kind<T> kind) {
    return view.scan(kind.table(), scope).map(Row::value);
  }

  <T> Stream<T> all(Index<T> index, String value) {
    return view.lookup(index, scope, value).map(Row::value);
  }

  /** What a Describe operation answers: the named ones, each of which must exist, or all. */
  <T> Page<T> describe(
      Kind<T> kind,
      Collection<String> ids,
      Collection<Filter> filters,
      @Nullable Integer maxResults,
      @Nullable String nextToken) {
    kind.filters().check(filters);
    if (maxResults != null && (maxResults < MIN_RESULTS || maxResults > MAX_RESULTS)) {
      throw Errors.invalid("maxResults", maxResults, "Expecting a value between 5 and 1000.");
    }
    if (!ids.isEmpty()) {
      List<T> named = new ArrayList<>();
      for (String id : ids.stream().distinct().toList()) {
        named.add(get(kind, id));
      }
      return new Page<>(
          named.stream()
              .filter(row -> kind.filters().matches(this, row, kind.tags().apply(row), filters))
              .toList(),
          null);
    }
    Stream<Row<T>> rows =
        nextToken == null
            ? view.scan(kind.table(), scope)
            : view.scanAfter(kind.table(), scope, read(nextToken));
    Stream<Row<T>> matching =
        rows.filter(
            row ->
                kind.filters().matches(this, row.value(), kind.tags().apply(row.value()), filters));
    if (maxResults == null) {
      return new Page<>(matching.map(Row::value).toList(), null);
    }
    List<Row<T>> page = matching.limit(maxResults + 1L).toList();
    boolean more = page.size() > maxResults;
    List<Row<T>> shown = more ? page.subList(0, maxResults) : page;
    return new Page<>(
        shown.stream().map(Row::value).toList(), more ? token(shown.getLast().key().id()) : null);
  }

  private static String token(String id) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(id.getBytes(StandardCharsets.UTF_8));
  }

  private static String read(String token) {
    try {
      return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notOurs) {
      throw Errors.of("InvalidNextToken", "The token '%s' is invalid", token);
    }
  }
}
