package gantry.node.vpc;

/** A command of the machine ended with an error; the message holds the command and what it said. */
public final class CommandFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CommandFailed(String message) {
    super(message);
  }

  CommandFailed(String message, Throwable cause) {
    super(message, cause);
  }
}
