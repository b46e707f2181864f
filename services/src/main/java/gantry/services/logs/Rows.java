package gantry.services.logs;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Wanted rows of one segment and how far they have been read, in the order that is asked for. */
final class Rows {

  static final Rows NONE =
      new Rows(
          new Columns(new long[0], new long[0], new long[0], new long[0], new int[0], new byte[0]),
          new int[0],
          false);

  private final Columns columns;
  private final int[] rows;
  private final boolean newestFirst;
  private int at;

  private Rows(Columns columns, int[] rows, boolean newestFirst) {
    this.columns = columns;
    this.rows = rows;
    this.newestFirst = newestFirst;
  }

  /** {@code candidates} is null when every row is one. */
  static Rows of(Columns columns, int @Nullable [] candidates, Wanted wanted) {
    IntStream all =
        candidates == null ? IntStream.range(0, columns.count) : IntStream.of(candidates);
    int[] rows =
        all.filter(
                row ->
                    wanted.has(
                        columns.timestamps[row], columns.sequences[row], columns.streams[row]))
            .toArray();
    return new Rows(columns, rows, wanted.newestFirst());
  }

  boolean isEmpty() {
    return at == rows.length;
  }

  private int row() {
    return rows[newestFirst ? rows.length - 1 - at : at];
  }

  long timestamp() {
    return columns.timestamps[row()];
  }

  /** Which of the two comes to its next event first. */
  static int inOrder(Rows one, Rows other) {
    int a = one.row();
    int b = other.row();
    int byTime = Long.compare(one.columns.timestamps[a], other.columns.timestamps[b]);
    return byTime != 0
        ? byTime
        : Long.compare(one.columns.sequences[a], other.columns.sequences[b]);
  }

  Event take() {
    Event event = columns.event(row());
    at++;
    return event;
  }
}
