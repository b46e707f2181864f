package gantry.app.demo;

/** The demo cannot go on; the message is what a person is told. */
public final class DemoFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DemoFailed(String message) {
    super(message);
  }
}
