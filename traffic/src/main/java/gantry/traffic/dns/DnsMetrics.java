package gantry.traffic.dns;

import java.util.concurrent.atomic.LongAdder;

/** What a server has done since it started. */
public final class DnsMetrics {
  private final LongAdder answered = new LongAdder();
  private final LongAdder forwarded = new LongAdder();
  private final LongAdder cached = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final LongAdder failed = new LongAdder();

  /** A reading of all counters. */
  public record Reading(
      long answered, long forwarded, long cached, long refused, long dropped, long failed) {}

  void answered() {
    answered.increment();
  }

  void forwarded() {
    forwarded.increment();
  }

  void cached() {
    cached.increment();
  }

  void refused() {
    refused.increment();
  }

  void dropped() {
    dropped.increment();
  }

  void failed() {
    failed.increment();
  }

  public Reading read() {
    return new Reading(
        answered.sum(), forwarded.sum(), cached.sum(), refused.sum(), dropped.sum(), failed.sum());
  }
}
