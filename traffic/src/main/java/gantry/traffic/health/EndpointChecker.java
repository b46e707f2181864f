package gantry.traffic.health;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Checks endpoints, each at its interval, and says what was found. A verdict changes only after so
 * many checks in a row as the endpoint says; the first success is a verdict at once.
 */
public final class EndpointChecker implements AutoCloseable {

  /** So many checks may be under way; more wait for their turn. */
  static final int AT_ONCE = 64;

  private final Reports reports;
  private final EndpointProbe.Resolver resolver;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("health checks").factory());
  private final Semaphore turns = new Semaphore(AT_ONCE);
  private final Map<String, Watched> watched = new HashMap<>();

  /** Hears of every check. */
  @FunctionalInterface
  public interface Reports {
    /**
     * A check was made.
     *
     * @param healthy the verdict; null while there were too few checks
     * @param succeeded this check alone
     */
    void checked(Endpoint endpoint, @Nullable Boolean healthy, boolean succeeded, String status);
  }

  /** How the names of endpoints become addresses. */
  @FunctionalInterface
  public interface Names {
    InetAddress resolve(String name) throws IOException;
  }

  private static final class Watched {
    final Endpoint endpoint;
    @Nullable ScheduledFuture<?> schedule;
    int successes;
    int failures;
    @Nullable Boolean verdict;
    boolean busy;

    Watched(Endpoint endpoint) {
      this.endpoint = endpoint;
    }
  }

  public EndpointChecker(Reports reports, Names names) {
    this.reports = reports;
    this.resolver = names::resolve;
  }

  /** Exactly these are checked from now on; one that did not change keeps what is known of it. */
  public synchronized void update(Collection<Endpoint> endpoints) {
    Map<String, Endpoint> wanted = new HashMap<>();
    endpoints.forEach(endpoint -> wanted.put(endpoint.id(), endpoint));
    watched
        .entrySet()
        .removeIf(
            entry -> {
              if (entry.getValue().endpoint.equals(wanted.get(entry.getKey()))) {
                return false;
              }
              ScheduledFuture<?> schedule = entry.getValue().schedule;
              if (schedule != null) {
                schedule.cancel(false);
              }
              return true;
            });
    wanted.forEach(
        (id, endpoint) -> {
          if (!watched.containsKey(id)) {
            Watched one = new Watched(endpoint);
            watched.put(id, one);
            one.schedule =
                clock.scheduleAtFixedRate(
                    () -> begin(one), 0, endpoint.interval().toMillis(), TimeUnit.MILLISECONDS);
          }
        });
  }

  private void begin(Watched one) {
    synchronized (this) {
      if (one.busy || watched.get(one.endpoint.id()) != one) {
        return;
      }
      one.busy = true;
    }
    Thread.ofVirtual().name("health check " + one.endpoint.id()).start(() -> check(one));
  }

  /** One is over when it was heard of: else the next, if it is quicker, is heard of before it. */
  private void check(Watched one) {
    try {
      judge(one, found(one.endpoint));
    } finally {
      // Also after a mistake of ours, which whoever owns the thread tells of.
      synchronized (this) {
        one.busy = false;
      }
    }
  }

  private EndpointProbe.Found found(Endpoint endpoint) {
    turns.acquireUninterruptibly();
    try {
      return EndpointProbe.check(endpoint, resolver);
    } finally {
      turns.release();
    }
  }

  private void judge(Watched one, EndpointProbe.Found found) {
    Boolean verdict;
    synchronized (this) {
      if (watched.get(one.endpoint.id()) != one) {
        return;
      }
      one.successes = found.well() ? one.successes + 1 : 0;
      one.failures = found.well() ? 0 : one.failures + 1;
      int needed = one.verdict == null && found.well() ? 1 : one.endpoint.failures();
      if (Math.max(one.successes, one.failures) >= needed) {
        one.verdict = found.well();
      }
      verdict = one.verdict;
    }
    reports.checked(one.endpoint, verdict, found.well(), found.status());
  }

  @Override
  public synchronized void close() {
    watched.clear();
    clock.shutdownNow();
  }
}
