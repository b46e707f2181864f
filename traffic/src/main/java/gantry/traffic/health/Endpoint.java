package gantry.traffic.health;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What is to be asked, and how.
 *
 * @param id the asker's name for it
 * @param address where to connect: an address, or a name to resolve each time
 * @param host what the request says it is for, and what TLS is told where {@code sni} is set
 * @param secure over TLS; certificates are not judged
 * @param search must stand in the first bytes of the body; null: any body will do
 * @param failures so many checks in a row must agree before the verdict changes
 */
public record Endpoint(
    String id,
    Kind kind,
    String address,
    int port,
    @Nullable String host,
    String path,
    boolean secure,
    boolean sni,
    @Nullable String search,
    Duration interval,
    int failures) {

  /** What is spoken. */
  public enum Kind {
    TCP,
    HTTP
  }
}
