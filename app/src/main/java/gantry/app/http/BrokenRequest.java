package gantry.app.http;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A request's body that did not arrive as HTTP says: the connection is of no more use. */
public final class BrokenRequest extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  BrokenRequest(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }

  /** The broken request that is at the bottom of some failure. */
  public static @Nullable BrokenRequest in(@Nullable Throwable failure) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < 8; depth++) {
      if (at instanceof BrokenRequest broken) {
        return broken;
      }
      at = at.getCause();
    }
    return null;
  }
}
