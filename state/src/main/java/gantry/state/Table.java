package gantry.state;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A typed table: its name, the type of its rows, its indexes. A table is a constant of the package
 * that owns it, declared once together with its indexes; the store keeps the rows.
 *
 * <p>A row is an immutable record, an SDK model object, or a record that wraps some: whatever
 * {@link RowCodec} can write and read back.
 */
public final class Table<V> {

  private final String name;
  private final Class<V> type;
  private final List<Index<V>> indexes = new ArrayList<>();

  private Table(String name, Class<V> type) {
    this.name = name;
    this.type = type;
  }

  /** {@code name} is durable: {@code service.plural-noun}, such as {@code ecs.clusters}. */
  public static <V> Table<V> of(String name, Class<V> type) {
    return new Table<>(name, type);
  }

  /** An index by one value of the row; a row whose value is null is not in it. */
  public Index<V> index(String indexName, Function<V, @Nullable String> value) {
    return indexMany(
        indexName,
        row -> {
          String one = value.apply(row);
          return one == null ? List.of() : List.of(one);
        });
  }

  /** An index by any number of values of the row. */
  public Index<V> indexMany(String indexName, Function<V, ? extends Collection<String>> values) {
    Index<V> index = new Index<>(this, indexes.size(), indexName, values);
    indexes.add(index);
    return index;
  }

  public String name() {
    return name;
  }

  public Class<V> type() {
    return type;
  }

  public List<Index<V>> indexes() {
    return List.copyOf(indexes);
  }

  @Override
  public String toString() {
    return name;
  }
}
