package gantry.state;

import java.util.function.Function;

/** The tables of a program, in memory for readers and in a log for ever. */
public interface Store extends AutoCloseable {

  /** The newest durable snapshot; never waits for a writer. */
  View snapshot();

  default <R> R read(Function<View, R> reader) {
    return reader.apply(snapshot());
  }

  /**
   * Runs {@code writer} alone, keeps all of its changes or (when it throws) none, and returns when
   * they are durable.
   *
   * @throws LogUnavailable when the log cannot be written; nothing was changed
   */
  <R> R write(Function<Tx, R> writer);

  Feed feed();

  @Override
  void close();

  /** The log takes no writes (disk full, file gone): reads go on, writes fail with a 503. */
  final class LogUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LogUnavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
