package gantry.state;

import java.time.Duration;
import java.util.stream.Stream;

/**
 * Reconciles what is with what should be, one key at a time. A wake-up never says what changed: the
 * controller reads the newest snapshot and does the next thing, so the code that runs after a crash
 * is the code that runs every day. Calls for one key never overlap; wake-ups that arrive meanwhile
 * become one.
 */
public interface Controller {

  /** Names it in logs, metrics and errors. */
  String name();

  /** The keys that a change concerns; empty for most changes. */
  Stream<Key> wokenBy(Change<?> change);

  /** The keys to look at when the program starts. */
  Stream<Key> all(View view);

  /** Does the next thing for {@code key}. An exception means: again, after a growing while. */
  Again reconcile(Key key);

  /** When to look at a key again though nothing changed. */
  sealed interface Again {
    record WhenChanged() implements Again {}

    record After(Duration delay) implements Again {}

    Again WHEN_CHANGED = new WhenChanged();

    static Again after(Duration delay) {
      return new After(delay);
    }
  }
}
