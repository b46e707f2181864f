package gantry.state;

import java.util.Collection;
import java.util.function.Function;

/** A secondary index of a table, declared with it and kept by the store. */
public final class Index<V> {

  private final Table<V> table;
  private final int position;
  private final String name;
  private final Function<V, ? extends Collection<String>> values;

  Index(
      Table<V> table, int position, String name, Function<V, ? extends Collection<String>> values) {
    this.table = table;
    this.position = position;
    this.name = name;
    this.values = values;
  }

  public Table<V> table() {
    return table;
  }

  public String name() {
    return name;
  }

  int position() {
    return position;
  }

  Collection<String> valuesOf(V row) {
    return values.apply(row);
  }
}
