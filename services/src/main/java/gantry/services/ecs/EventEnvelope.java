package gantry.services.ecs;

import gantry.services.ecs.rows.EventRow;
import gantry.state.Key;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** An event as EventBridge delivers it: its detail and, around it, what every event has. */
public final class EventEnvelope {

  private EventEnvelope() {}

  /** One line of JSON. The same row always has the same id. */
  public static String json(Key key, EventRow row) {
    Map<String, Object> around = new LinkedHashMap<>();
    around.put("version", "0");
    around.put(
        "id",
        UUID.nameUUIDFromBytes((key.scope() + row.id()).getBytes(StandardCharsets.UTF_8))
            .toString());
    around.put("detail-type", row.detailType());
    around.put("source", "aws.ecs");
    around.put("account", key.scope().account());
    // EventBridge's times have no fractions.
    around.put("time", row.time().truncatedTo(ChronoUnit.SECONDS).toString());
    around.put("region", key.scope().region());
    around.put("resources", row.resources());
    String open = EcsJson.write(around);
    return open.substring(0, open.length() - 1) + ",\"detail\":" + row.detail() + "}";
  }
}
