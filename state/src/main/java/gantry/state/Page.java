package gantry.state;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing; {@code nextToken} is null on the last.
 *
 * <pre>
 *   String listing = "ListTasks/" + cluster;
 *   String after = PageToken.lastId(listing, request.nextToken());
 *   Page&lt;Row&lt;Task&gt;&gt; page =
 *       Page.cut(view.scanAfter(TASKS, scope, after).filter(...), limit, row -> row.key().id(), listing);
 * </pre>
 */
public record Page<T>(List<T> items, @Nullable String nextToken) {

  public Page {
    items = List.copyOf(items);
  }

  /** The first {@code limit} of {@code rest}, which begins after the last page and is in order. */
  public static <T> Page<T> cut(Stream<T> rest, int limit, Function<T, String> id, String listing) {
    if (limit < 1) {
      throw new IllegalArgumentException("a page of " + limit);
    }
    List<T> items = new ArrayList<>();
    Iterator<T> iterator = rest.iterator();
    while (items.size() < limit && iterator.hasNext()) {
      items.add(iterator.next());
    }
    return new Page<>(
        items, iterator.hasNext() ? PageToken.of(listing, id.apply(items.getLast())) : null);
  }
}
