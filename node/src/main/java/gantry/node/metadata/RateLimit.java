package gantry.node.metadata;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A token bucket for each container, as AWS has it, so that a hot loop shows here as it would
 * there.
 */
final class RateLimit {

  static final double PER_SECOND = 40;
  static final double BURST = 60;

  /** Containers that are remembered; the one that asked longest ago is forgotten first. */
  static final int MAX_KEYS = 10_000;

  private final Clock clock;
  private final Map<String, Bucket> buckets =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
          return size() > MAX_KEYS;
        }
      };

  private static final class Bucket {
    double tokens = BURST;
    Instant at;

    Bucket(Instant at) {
      this.at = at;
    }
  }

  RateLimit(Clock clock) {
    this.clock = clock;
  }

  synchronized boolean allows(String key) {
    Instant now = clock.instant();
    Bucket bucket = buckets.computeIfAbsent(key, each -> new Bucket(now));
    double passed = Duration.between(bucket.at, now).toNanos() / 1_000_000_000.0;
    bucket.tokens = Math.min(BURST, bucket.tokens + passed * PER_SECOND);
    bucket.at = now;
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens -= 1;
    return true;
  }
}
