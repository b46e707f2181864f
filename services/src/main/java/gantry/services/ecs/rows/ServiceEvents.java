package gantry.services.ecs.rows;

import gantry.services.ecs.EcsTables;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.ServiceEvent;

/**
 * The events of a service, of which the newest hundred are shown. To say one costs the same however
 * many there are; what is too old goes with the housekeeping.
 */
public final class ServiceEvents {

  public static final int KEPT = 100;

  /** Of the number of an event among those of one commit. */
  private static final int DIGITS = 6;

  private ServiceEvents() {}

  private static String prefix(String cluster, String service) {
    return cluster + "/" + service + "/";
  }

  public static void say(
      Tx tx, Scope scope, String cluster, String service, String id, String message, Instant now) {
    // A letter, so that it comes after the bare numbers that data of older versions has.
    String commit =
        prefix(cluster, service) + "r" + HexFormat.of().toHexDigits(tx.revision()) + "-";
    long number = EcsTables.under(tx, EcsTables.SERVICE_EVENTS, scope, commit).count();
    tx.put(
        EcsTables.SERVICE_EVENTS,
        scope.key(commit + EcsTables.padded(number, DIGITS)),
        new ServiceEventRow(id, now, message));
  }

  /** Newest first. */
  public static List<ServiceEvent> of(View view, Scope scope, String cluster, String service) {
    List<ServiceEventRow> rows =
        EcsTables.under(view, EcsTables.SERVICE_EVENTS, scope, prefix(cluster, service))
            .map(Row::value)
            .toList();
    return rows.subList(Math.max(0, rows.size() - KEPT), rows.size()).reversed().stream()
        .map(
            row ->
                ServiceEvent.builder()
                    .id(row.id())
                    .createdAt(row.createdAt())
                    .message(row.message())
                    .build())
        .toList();
  }

  /** Those that are not shown any more. */
  public static List<Key> old(View view, Scope scope, String cluster, String service) {
    List<Key> keys =
        EcsTables.under(view, EcsTables.SERVICE_EVENTS, scope, prefix(cluster, service))
            .map(Row::key)
            .toList();
    return keys.subList(0, Math.max(0, keys.size() - KEPT));
  }

  public static void clear(Tx tx, Scope scope, String cluster, String service) {
    EcsTables.under(tx, EcsTables.SERVICE_EVENTS, scope, prefix(cluster, service))
        .map(Row::key)
        .toList()
        .forEach(key -> tx.delete(EcsTables.SERVICE_EVENTS, key));
  }
}
