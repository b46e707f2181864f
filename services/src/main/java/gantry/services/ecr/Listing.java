package gantry.services.ecr;

import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One call of a paged operation.
 *
 * @param name the operation and what selects its rows: a token is good for that alone
 */
record Listing(String name, @Nullable String token, int limit) {

  private static final int DEFAULT = 100;

  static Listing of(String name, @Nullable String token, @Nullable Integer maxResults) {
    return new Listing(name, token, maxResults == null ? DEFAULT : maxResults);
  }

  /** The id after which the page begins; empty for the first. */
  String after() {
    try {
      return PageToken.lastId(name, token);
    } catch (PageToken.Invalid e) {
      throw EcrErrors.invalid("NextToken", "Invalid next token provided");
    }
  }

  /**
   * A page of a table's rows in a scope.
   *
   * @param id what the keys of the rows are
   */
  <V> Page<V> rows(
      View view, Table<V> table, Scope scope, Predicate<V> wanted, Function<V, String> id) {
    return cut(view.scanAfter(table, scope, after()).map(Row::value).filter(wanted), id);
  }

  /** What comes after the token, cut to the page. */
  <T> Page<T> cut(Stream<T> rest, Function<T, String> id) {
    return Page.cut(rest, limit, id, name);
  }
}
