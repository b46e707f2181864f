package gantry.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Header fields; names are compared without regard to case. */
public interface Headers {

  @Nullable String first(String name);

  /** Every field in the order it came. */
  void forEach(BiConsumer<String, String> field);

  default List<String> all(String name) {
    List<String> found = new ArrayList<>(1);
    forEach(
        (key, value) -> {
          if (key.equalsIgnoreCase(name)) {
            found.add(value);
          }
        });
    return found;
  }

  /** Fields from a list, for tests and callers inside the program. */
  static Headers of(List<Map.Entry<String, String>> fields) {
    return new Headers() {
      @Override
      public @Nullable String first(String name) {
        for (Map.Entry<String, String> field : fields) {
          if (field.getKey().equalsIgnoreCase(name)) {
            return field.getValue();
          }
        }
        return null;
      }

      @Override
      public void forEach(BiConsumer<String, String> field) {
        fields.forEach(f -> field.accept(f.getKey(), f.getValue()));
      }
    };
  }
}
