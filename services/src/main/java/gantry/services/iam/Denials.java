package gantry.services.iam;

import gantry.services.Reason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What was refused, or would have been, newest last; one entry however often the same was asked.
 */
public final class Denials {

  public static final int LIMIT = 1000;

  /**
   * A refusal.
   *
   * @param principal the user, role or session that asked, without a session's name
   * @param remedy the smallest statement that would allow it; null where a Deny stands against it,
   *     which only its own change lifts
   */
  public record Denial(
      String account,
      String principal,
      String action,
      String resource,
      String message,
      @Nullable String remedy,
      boolean enforced,
      long count,
      Instant first,
      Instant last) {}

  private record Key(String principal, String action, String resource) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, Denial> all = new LinkedHashMap<>();

  void add(Denial denial) {
    Key key = new Key(denial.principal(), denial.action(), denial.resource());
    lock.lock();
    try {
      Denial before = all.remove(key);
      if (before == null && all.size() >= LIMIT) {
        all.remove(all.keySet().iterator().next());
      }
      all.put(
          key,
          before == null
              ? denial
              : new Denial(
                  denial.account(),
                  denial.principal(),
                  denial.action(),
                  denial.resource(),
                  denial.message(),
                  denial.remedy(),
                  denial.enforced(),
                  before.count() + 1,
                  before.first(),
                  denial.last()));
    } finally {
      lock.unlock();
    }
  }

  /** The latest first, each with the statement that would have allowed it. */
  public List<Reason> reasons() {
    List<Reason> told = new ArrayList<>(list().reversed().stream().map(Denials::reason).toList());
    return told.isEmpty() ? List.of(Reason.of("no call was refused, nor would have been")) : told;
  }

  private static Reason reason(Denial denial) {
    String remedy = denial.remedy();
    return Reason.of(
        (denial.enforced() ? "refused" : "would be refused")
            + (denial.count() == 1 ? "" : " " + denial.count() + " times, last at " + denial.last())
            + ": "
            + denial.message(),
        Reason.of(
            remedy == null
                ? "an explicit deny stands against it: only a change of that statement lifts it"
                : "this statement would allow it: " + remedy));
  }

  public List<Denial> list() {
    lock.lock();
    try {
      return new ArrayList<>(all.values());
    } finally {
      lock.unlock();
    }
  }
}
