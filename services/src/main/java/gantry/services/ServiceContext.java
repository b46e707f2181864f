package gantry.services;

import gantry.state.Ids;
import gantry.state.Store;
import gantry.state.Timers;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What a service is given: everything outside of it that it may touch.
 *
 * @param bulk where bulk data (layers, log lines) is kept, a folder for each service
 * @param endpoint where the program is reached from this machine, for the addresses that answers
 *     carry
 */
public record ServiceContext(
    Store store,
    Clock clock,
    Timers timers,
    Ids ids,
    Clients clients,
    Path bulk,
    Endpoint endpoint) {

  /** {@code http://host:port} of the API. */
  public record Endpoint(String host, int port) {
    public String url() {
      return "http://" + host + ":" + port;
    }
  }
}
