package gantry.services.ecs.rows;

import gantry.services.ecs.EcsTables;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.ServiceEvent;

/** The events of a service: the newest hundred. */
public final class ServiceEvents {

  public static final int KEPT = 100;

  private ServiceEvents() {}

  private static String prefix(String cluster, String service) {
    return cluster + "/" + service + "/";
  }

  public static void say(
      Tx tx, Scope scope, String cluster, String service, String id, String message, Instant now) {
    String prefix = prefix(cluster, service);
    List<Key> keys =
        EcsTables.under(tx, EcsTables.SERVICE_EVENTS, scope, prefix).map(Row::key).toList();
    long last = keys.isEmpty() ? 0 : Long.parseLong(keys.getLast().id().substring(prefix.length()));
    tx.put(
        EcsTables.SERVICE_EVENTS,
        scope.key(prefix + EcsTables.padded(last + 1, 12)),
        new ServiceEventRow(id, now, message));
    for (int i = 0; i < keys.size() - (KEPT - 1); i++) {
      tx.delete(EcsTables.SERVICE_EVENTS, keys.get(i));
    }
  }

  /** Newest first. */
  public static List<ServiceEvent> of(View view, Scope scope, String cluster, String service) {
    List<ServiceEvent> events = new ArrayList<>();
    EcsTables.under(view, EcsTables.SERVICE_EVENTS, scope, prefix(cluster, service))
        .map(Row::value)
        .forEach(
            row ->
                events.add(
                    ServiceEvent.builder()
                        .id(row.id())
                        .createdAt(row.createdAt())
                        .message(row.message())
                        .build()));
    Collections.reverse(events);
    return events;
  }

  public static void clear(Tx tx, Scope scope, String cluster, String service) {
    EcsTables.under(tx, EcsTables.SERVICE_EVENTS, scope, prefix(cluster, service))
        .map(Row::key)
        .toList()
        .forEach(key -> tx.delete(EcsTables.SERVICE_EVENTS, key));
  }
}
