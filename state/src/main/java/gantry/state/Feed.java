package gantry.state;

import java.util.function.Consumer;

/**
 * The ordered change feed: every commit exactly once, in the order of revisions, after it is
 * durable. Consumers are called one after another for each commit and must be quick: whoever has
 * work to do puts it in a queue of its own.
 */
public interface Feed {

  /**
   * Calls {@code consumer} for each commit after {@code revision}, beginning with those that are
   * past.
   */
  Subscription subscribe(long revision, Consumer<Commit> consumer);

  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * The commits that {@link #subscribe} was asked for are no longer kept: begin again from a
   * snapshot.
   */
  final class TooOld extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TooOld(long asked, long oldest) {
      super("revision " + asked + " is older than the oldest kept, " + oldest);
    }
  }
}
