package gantry.state;

import java.util.Comparator;

/**
 * Names one row of one table. Rows of a scope stand in the order of their ids, which is what pages
 * are cut by: a page's token is the last id that was shown, so it survives whatever is added or
 * deleted in between.
 */
public record Key(Scope scope, String id) implements Comparable<Key> {

  private static final Comparator<Key> ORDER =
      Comparator.comparing(Key::scope).thenComparing(Key::id);

  @Override
  public int compareTo(Key other) {
    return ORDER.compare(this, other);
  }
}
