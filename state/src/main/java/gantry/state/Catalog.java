package gantry.state;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tables that a store was opened with, each with its place in the arrays of a snapshot. */
final class Catalog {

  private final List<Table<?>> tables;
  private final Map<Table<?>, Integer> positions = new HashMap<>();

  Catalog(Collection<? extends Table<?>> tables) {
    this.tables = List.copyOf(tables);
    Map<String, Table<?>> names = new HashMap<>();
    for (Table<?> table : this.tables) {
      if (names.put(table.name(), table) != null) {
        throw new IllegalArgumentException("two tables have the name " + table.name());
      }
      positions.put(table, positions.size());
    }
  }

  List<Table<?>> tables() {
    return tables;
  }

  int size() {
    return tables.size();
  }

  int positionOf(Table<?> table) {
    Integer position = positions.get(table);
    if (position == null) {
      throw new IllegalArgumentException("table " + table + " is not one of this store");
    }
    return position;
  }
}
