package gantry.traffic.dns;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the askers of one VPC see: the zones that answer them, and who they are for latency and
 * geolocation. Immutable; a server holds one and is given the next one whole.
 */
public final class View {

  private final NameMap<Zone> zones;
  private final String region;
  private final boolean forwards;

  private View(NameMap<Zone> zones, String region, boolean forwards) {
    this.zones = zones;
    this.region = region;
    this.forwards = forwards;
  }

  /**
   * Puts zones together.
   *
   * @param zones of two with the same name the first wins
   * @param region where the askers are
   * @param forwards whether names of no zone are asked of the host's resolvers; otherwise they are
   *     refused
   */
  public static View of(List<Zone> zones, String region, boolean forwards) {
    Map<String, Zone> first = new HashMap<>();
    zones.forEach(zone -> first.putIfAbsent(Names.toText(zone.origin()), zone));
    return new View(new NameMap<>(first), region, forwards);
  }

  String region() {
    return region;
  }

  boolean forwards() {
    return forwards;
  }

  /** The zone that is responsible for a name: of several the most specific. */
  @Nullable Zone zoneOf(byte[] buffer, int from, int to) {
    for (int at = from; at < to; at += buffer[at] + 1) {
      Zone zone = zones.get(buffer, at, to);
      if (zone != null) {
        return zone;
      }
    }
    return null;
  }
}
