package gantry.traffic.lb;

import org.jspecify.annotations.Nullable;

/** What stands behind a listening socket: it finds the listener that a request is for. */
interface Entry {

  /** Null when no listener answers (any more, or to that host). */
  @Nullable Compiled resolve(Head h);

  /** The listener whose limits hold before a request has come; null when there is none yet. */
  @Nullable Compiled any();

  /** The port that the client used. */
  int port();
}
