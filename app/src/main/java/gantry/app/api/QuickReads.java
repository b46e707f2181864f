package gantry.app.api;

import gantry.services.cloudtrail.AuditRecord;
import gantry.wire.Operation;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which calls are answered by the thread that read them: reads of services that look into tables in
 * memory and nowhere else, after they were seen to be quick, and until they are seen not to be.
 */
final class QuickReads {

  private static final Set<String> FROM_TABLES = Set.of("ecs", "ssm", "servicediscovery");

  /** So many quick calls in a row are believed. */
  private static final int BELIEVED = 32;

  private static final long QUICK_NANOS = 2_000_000;

  /** Others on the connection's thread would notice this. */
  private static final long SLOW_NANOS = 10_000_000;

  private final Map<String, Tally> tallies = new ConcurrentHashMap<>();

  /** Races only make it a little wrong. */
  private static final class Tally {
    private volatile int inRow;
  }

  /** By the header that names service and operation. */
  boolean quick(@Nullable String target) {
    if (target == null) {
      return false;
    }
    Tally tally = tallies.get(target);
    return tally != null && tally.inRow >= BELIEVED;
  }

  /** How long a call took. */
  void took(@Nullable String target, Operation operation, long nanos) {
    if (target == null) {
      return;
    }
    Tally tally = tallies.get(target);
    if (tally == null) {
      if (!FROM_TABLES.contains(operation.service().info().signingName())
          || !AuditRecord.readOnly(operation.name())) {
        return;
      }
      // Only targets of operations that exist get here: the map is bounded by the models.
      tally = tallies.computeIfAbsent(target, name -> new Tally());
    }
    int seen = tally.inRow;
    if (nanos > (seen < BELIEVED ? QUICK_NANOS : SLOW_NANOS)) {
      tally.inRow = 0;
    } else if (seen < BELIEVED) {
      tally.inRow = seen + 1;
    }
  }
}
