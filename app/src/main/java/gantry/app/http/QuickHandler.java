package gantry.app.http;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;

/**
 * A handler some of whose requests take microseconds and never wait. They are answered by the
 * thread that read them: handing them to another one would cost more than they do.
 */
public interface QuickHandler extends HttpHandler {

  /** Whether this request is such a one. Its body is there, and is not touched by the question. */
  boolean quick(HttpExchange exchange);
}
