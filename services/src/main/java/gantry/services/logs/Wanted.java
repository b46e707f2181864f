package gantry.services.logs;

import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which events of a group are asked for.
 *
 * @param from the first time
 * @param to the time that is too late
 * @param after only what stands behind
 * @param before only what stands in front
 * @param literal bytes that every wanted message contains
 * @param newestFirst the order of the answer
 */
record Wanted(
    long from,
    long to,
    LongPredicate stream,
    @Nullable Position after,
    @Nullable Position before,
    @Nullable Literal literal,
    boolean newestFirst) {

  static Wanted all() {
    return new Wanted(0, Long.MAX_VALUE, stream -> true, null, null, null, false);
  }

  boolean has(long timestamp, long sequence, long number) {
    return timestamp >= from
        && timestamp < to
        && stream.test(number)
        && (after == null || after.compareTo(new Position(timestamp, sequence)) < 0)
        && (before == null || before.compareTo(new Position(timestamp, sequence)) > 0);
  }
}
