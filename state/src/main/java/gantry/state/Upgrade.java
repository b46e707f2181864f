package gantry.state;

import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * One step from a version of the rows to the next. It works on plain JSON (maps, lists, strings,
 * numbers, booleans, null), never on the classes of today, which will have changed again when an
 * old database meets it. All steps of an opening are done together or not at all.
 */
public interface Upgrade {

  /** The version that the rows have afterwards. */
  int to();

  void apply(Rows rows);

  /** The rows of a database that is being upgraded. */
  interface Rows {

    /**
     * Replaces each row of a table; null deletes it. The map that is handed over may be changed.
     */
    void replaceAll(
        String table, BiFunction<Key, Map<String, Object>, @Nullable Map<String, Object>> change);

    /** Gives a table another name. */
    void renameTable(String from, String to);

    void put(String table, Key key, Map<String, Object> row);

    void delete(String table, Key key);
  }

  static Upgrade of(int to, java.util.function.Consumer<Rows> step) {
    return new Upgrade() {
      @Override
      public int to() {
        return to;
      }

      @Override
      public void apply(Rows rows) {
        step.accept(rows);
      }
    };
  }
}
