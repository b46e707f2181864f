package gantry.traffic.dns;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records of one name and type as a zone is told of them. Several sets of one name and type are
 * alternatives, told apart by their {@link Routing}.
 *
 * @param name absolute; a {@code *} as its whole first label makes it a wildcard
 * @param values in the text form of zone files; empty for an alias
 * @param alias the name whose records of the same type are given in place of values, with their own
 *     time to live
 * @param healthy an unhealthy set is left out, unless all its alternatives are unhealthy too
 */
public record RecordSet(
    String name,
    RecordType type,
    long ttl,
    List<String> values,
    @Nullable String alias,
    Routing routing,
    boolean healthy) {

  /** How one of several sets is chosen. */
  public sealed interface Routing {
    record Simple() implements Routing {}

    record Multivalue() implements Routing {}

    record Weighted(int weight) implements Routing {}

    record Failover(boolean primary) implements Routing {}

    /** The region that the set's resource is in. */
    record Latency(String region) implements Routing {}

    /**
     * A continent ({@code EU}), a country ({@code FR}), a subdivision ({@code US-CA}), or {@code *}
     * for everybody else.
     */
    record Geolocation(String place) implements Routing {}

    Routing SIMPLE = new Simple();
  }

  public static RecordSet simple(String name, RecordType type, long ttl, String... values) {
    return new RecordSet(name, type, ttl, List.of(values), null, Routing.SIMPLE, true);
  }
}
