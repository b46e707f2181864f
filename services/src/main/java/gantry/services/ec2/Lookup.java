package gantry.services.ec2;

import gantry.services.ec2.Paging.Page;
import gantry.state.Index;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.Filter;

/** Reads one account's and region's resources. */
class Lookup {

  private final View view;
  private final Scope scope;

  Lookup(View view, Scope scope) {
    this.view = view;
    this.scope = scope;
  }

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
      throw Errors.missing(kind.parameter());
    }
    kind.check(id);
    T row = find(kind, id);
    if (row == null) {
      throw kind.notFound(id);
    }
    return row;
  }

  <T> Stream<T> all(Kind<T> kind) {
    return view.scan(kind.table(), scope).map(Row::value);
  }

  <T> Stream<T> all(Index<T> index, String value) {
    return view.lookup(index, scope, value).map(Row::value);
  }

  <T> Page<T> describe(
      Kind<T> kind,
      Collection<String> ids,
      Collection<Filter> filters,
      @Nullable Integer maxResults,
      @Nullable String nextToken) {
    return describe(kind, Paging.USUAL, ids, filters, maxResults, nextToken);
  }

  /** What a Describe operation answers: the named ones, each of which must exist, or all. */
  <T> Page<T> describe(
      Kind<T> kind,
      Paging paging,
      Collection<String> ids,
      Collection<Filter> filters,
      @Nullable Integer maxResults,
      @Nullable String nextToken) {
    kind.filters().check(filters);
    int size = paging.size(maxResults);
    if (!ids.isEmpty()) {
      ids.forEach(kind::check);
      return new Page<>(
          ids.stream().distinct().map(id -> get(kind, id)).toList().stream()
              .filter(row -> matches(kind, row, filters))
              .toList(),
          null);
    }
    Stream<Row<T>> rows =
        nextToken == null
            ? view.scan(kind.table(), scope)
            : view.scanAfter(kind.table(), scope, Paging.place(nextToken));
    List<Row<T>> page =
        rows.filter(row -> matches(kind, row.value(), filters)).limit(size + 1L).toList();
    boolean more = page.size() > size;
    List<Row<T>> shown = more ? page.subList(0, size) : page;
    return new Page<>(
        shown.stream().map(Row::value).toList(),
        more ? Paging.token(shown.getLast().key().id()) : null);
  }

  private <T> boolean matches(Kind<T> kind, T row, Collection<Filter> filters) {
    return kind.filters().matches(this, row, kind.tags().apply(row), filters);
  }
}
