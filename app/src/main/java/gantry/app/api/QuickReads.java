package gantry.app.api;

import gantry.services.cloudtrail.AuditRecord;
import gantry.wire.Operation;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which calls are answered by the thread that read them: reads of services that look into tables in
 * memory and nowhere else, while they are seen to be quick.
 */
final class QuickReads {

  private static final Set<String> FROM_TABLES = Set.of("ecs", "ssm", "servicediscovery");

  private static final long QUICK_NANOS = 2_000_000;

  /** Quick calls count up, others down: most of the last ones decide, whatever the machine does. */
  private static final int MOST = 64;

  private static final int BELIEVED = 32;

  private final Map<String, Tally> tallies = new ConcurrentHashMap<>();

  /** Races only make it a little wrong. */
  private static final class Tally {
    private volatile int score;
  }

  /** By the header that names service and operation. */
  boolean quick(@Nullable String target) {
    if (target == null) {
      return false;
    }
    Tally tally = tallies.get(target);
    return tally != null && tally.score >= BELIEVED;
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
    int score = tally.score;
    int next = nanos <= QUICK_NANOS ? Math.min(MOST, score + 1) : Math.max(0, score - 1);
    if (next != score) {
      tally.score = next;
    }
  }
}
