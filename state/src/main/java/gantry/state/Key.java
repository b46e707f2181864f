package gantry.state;

/**
 * Names one row of one table. Rows of a scope stand in the order of their ids, which is what pages
 * are cut by: a page's token is the last id that was shown, so it survives whatever is added or
 * deleted in between.
 */
public record Key(Scope scope, String id) implements Comparable<Key> {

  /** Written out, as a record's own is put together when it is first asked for: at each start. */
  @Override
  public int hashCode() {
    return 31 * scope.hashCode() + id.hashCode();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Key key && id.equals(key.id) && scope.equals(key.scope);
  }

  @Override
  public int compareTo(Key other) {
    int order = scope.compareTo(other.scope);
    return order != 0 ? order : id.compareTo(other.id);
  }
}
