package gantry.services;

import java.io.IOException;

/**
 * Serves requests of a protocol that is not one of AWS's own, such as the image registry's under
 * {@code /v2/}. The program's one listener calls it, on a thread of the request's own: it may
 * block.
 */
@FunctionalInterface
public interface HttpHandler {

  /**
   * Answers the request. An exception that leaves here before anything was sent is answered with a
   * plain 500; afterwards the connection is cut, so that a client never takes half a body for a
   * whole one.
   */
  void handle(HttpExchange exchange) throws IOException;
}
