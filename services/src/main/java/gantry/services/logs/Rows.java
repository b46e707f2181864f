package gantry.services.logs;

import java.util.stream.IntStream;

/** Wanted rows of one segment and how far they have been read, in the order that is asked for. */
final class Rows {

  static final Rows NONE = new Rows(Columns.NONE, new int[0], false);

  private final Columns columns;
  private final int[] rows;
  private final boolean newestFirst;
  private int at;

  private Rows(Columns columns, int[] rows, boolean newestFirst) {
    this.columns = columns;
    this.rows = rows;
    this.newestFirst = newestFirst;
  }

  static Rows of(Columns columns, Wanted wanted) {
    int[] rows =
        IntStream.range(0, columns.count)
            .filter(
                row ->
                    wanted.has(
                        columns.timestamps[row], columns.sequences[row], columns.streams[row]))
            .toArray();
    return new Rows(columns, rows, wanted.newestFirst());
  }

  boolean isEmpty() {
    return at == rows.length;
  }

  int left() {
    return rows.length - at;
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
