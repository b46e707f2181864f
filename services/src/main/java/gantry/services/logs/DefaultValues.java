package gantry.services.logs;

import gantry.services.logs.LogTables.FilterRow;
import gantry.state.Key;
import gantry.state.Store;
import gantry.state.Timers;
import gantry.state.View;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * The default values of metric filters: each is reported once for a minute in which events came and
 * none of them was found. Which filters wait for the end of a minute is in memory only: a program
 * that ends in it does not report them.
 */
final class DefaultValues {

  private static final long MINUTE = 60_000;

  private final Store store;
  private final Clock clock;
  private final Timers timers;
  private final MetricSink metrics;

  /** The filters to whose groups events came in this minute, and whether any was found. */
  private final Map<Key, Boolean> found = new HashMap<>();

  private long minute;

  DefaultValues(Store store, Clock clock, Timers timers, MetricSink metrics) {
    this.store = store;
    this.clock = clock;
    this.timers = timers;
    this.metrics = metrics;
  }

  synchronized void came(Key filter, boolean any) {
    long now = clock.millis();
    report(now / MINUTE); // should its timer be late
    if (found.isEmpty()) {
      minute = now / MINUTE;
      Duration rest = Duration.ofMillis(MINUTE - now % MINUTE);
      timers.after(rest, () -> report(clock.millis() / MINUTE));
    }
    found.merge(filter, any, Boolean::logicalOr);
  }

  /** Reports the minute that is over, if one is. */
  private synchronized void report(long now) {
    if (found.isEmpty() || now <= minute) {
      return;
    }
    Instant at = Instant.ofEpochMilli(minute * MINUTE);
    View view = store.snapshot();
    found.forEach(
        (key, any) -> {
          FilterRow row = any ? null : view.get(LogTables.FILTERS, key);
          if (row != null) {
            metrics.put(key.scope(), MetricPoints.defaults(row.filter(), at));
          }
        });
    found.clear();
  }
}
