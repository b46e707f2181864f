package gantry.services.cloudtrail;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.Caller;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call on one line of the trail. CloudTrail's record is written out only for calls whose
 * parameters are kept; that of a read can be made of the other fields when somebody asks for it,
 * and most reads nobody ever asks for.
 */
final class AuditLine {

  private static final JsonFactory JSON = new JsonFactory();

  private AuditLine() {}

  static void write(JsonBytes line, long sequence, AuditRecord record) {
    Caller caller = record.caller();
    line.raw("{\"n\":").number(sequence);
    text(line, ",\"id\":", record.eventId());
    text(line, ",\"name\":", record.eventName());
    text(line, ",\"source\":", record.eventSource());
    line.raw(record.readOnly() ? ",\"read\":true" : ",\"read\":false");
    text(line, ",\"user\":", EventJson.userName(caller));
    text(line, ",\"key\":", caller.accessKeyId());
    line.raw(",\"time\":").number(record.time().toEpochMilli());
    text(line, ",\"account\":", caller.account());
    text(line, ",\"region\":", caller.region());
    if (record.request() == null) {
      text(line, ",\"arn\":", caller.arn());
      text(line, ",\"userId\":", caller.userId());
      text(line, ",\"request\":", caller.requestId());
      text(line, ",\"ip\":", caller.sourceIp());
      text(line, ",\"agent\":", caller.userAgent());
      text(line, ",\"via\":", caller.via());
      text(line, ",\"error\":", record.error());
      text(line, ",\"message\":", record.errorMessage());
      line.raw(",\"nanos\":").number(record.time().getNano());
    } else {
      line.raw(",\"resources\":[");
      boolean first = true;
      for (String name : EventJson.resourceNames(record)) {
        if (!first) {
          line.raw(',');
        }
        line.text(name);
        first = false;
      }
      line.raw(']');
      text(line, ",\"event\":", EventJson.of(record));
    }
    line.raw("}\n");
  }

  private static void text(JsonBytes line, String member, @Nullable String value) {
    if (value != null) {
      line.raw(member).text(value);
    }
  }

  /** Null for what is no line of ours. */
  static AuditTrail.@Nullable Entry read(String line) {
    Map<String, String> fields = new LinkedHashMap<>();
    List<String> resources = new ArrayList<>();
    try (JsonParser json = JSON.createParser(line)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (json.nextToken() == JsonToken.START_ARRAY) {
          while (json.nextToken() != JsonToken.END_ARRAY) {
            resources.add(json.getText());
          }
        } else {
          fields.put(name, json.getText());
        }
      }
      Instant time = Instant.ofEpochMilli(Long.parseLong(fields.getOrDefault("time", "")));
      String event = fields.get("event");
      return new AuditTrail.Entry(
          Long.parseLong(fields.getOrDefault("n", "")),
          fields.getOrDefault("id", ""),
          fields.getOrDefault("name", ""),
          fields.getOrDefault("source", ""),
          "true".equals(fields.get("read")),
          fields.getOrDefault("user", ""),
          fields.get("key"),
          time,
          fields.getOrDefault("account", ""),
          fields.getOrDefault("region", ""),
          resources,
          event == null ? event(fields, time) : event);
    } catch (IOException | NumberFormatException e) {
      return null;
    }
  }

  private static String event(Map<String, String> fields, Instant time) {
    int nanos = Integer.parseInt(fields.getOrDefault("nanos", "0"));
    return EventJson.of(
        new AuditRecord(
            fields.getOrDefault("id", ""),
            Instant.ofEpochSecond(time.getEpochSecond(), nanos),
            new Caller(
                fields.getOrDefault("account", ""),
                fields.getOrDefault("region", ""),
                fields.getOrDefault("arn", ""),
                fields.getOrDefault("userId", ""),
                fields.get("key"),
                Map.of(),
                fields.getOrDefault("request", ""),
                fields.get("ip"),
                fields.get("agent"),
                fields.get("via")),
            fields.getOrDefault("source", ""),
            fields.getOrDefault("name", ""),
            "true".equals(fields.get("read")),
            null,
            fields.get("error"),
            fields.get("message")));
  }
}
