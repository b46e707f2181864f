package gantry.app.http;

import gantry.services.HttpExchange;
import org.jspecify.annotations.Nullable;

/** An exchange whose request may have come as a whole already. */
public interface WholeExchange extends HttpExchange {

  /** The body when all of it is there; null when it is still to be read from its stream. */
  byte @Nullable [] whole();
}
