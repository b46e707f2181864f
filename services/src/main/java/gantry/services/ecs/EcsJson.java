package gantry.services.ecs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;

/**
 * Model objects as JSON, timestamps as ISO text with milliseconds: the details of events, and the
 * measure of a definition's size.
 */
public final class EcsJson {

  private static final JsonFactory FACTORY = new JsonFactory();
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private EcsJson() {}

  public static String write(SdkPojo value) {
    return write(value, Set.of(), Map.of());
  }

  /**
   * The object with some members left out and others added.
   *
   * @param without members of the outermost object to leave out
   * @param with members to add to it
   */
  public static String write(SdkPojo value, Set<String> without, Map<String, Object> with) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      members(json, value, without);
      for (var extra : with.entrySet()) {
        json.writeFieldName(extra.getKey());
        value(json, extra.getValue());
      }
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return text.toString();
  }

  public static String write(Map<String, Object> members) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      value(json, members);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return text.toString();
  }

  private static void members(JsonGenerator json, SdkPojo pojo, Set<String> without)
      throws IOException {
    for (SdkField<?> field : pojo.sdkFields()) {
      Object value = field.getValueOrDefault(pojo);
      if (value == null
          || value instanceof SdkAutoConstructList
          || value instanceof SdkAutoConstructMap
          || without.contains(field.locationName())) {
        continue;
      }
      json.writeFieldName(field.locationName());
      value(json, value);
    }
  }

  private static void value(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number);
      case Long number -> json.writeNumber(number);
      case Float number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      case Instant time -> json.writeString(MILLIS.format(time));
      case List<?> list -> {
        json.writeStartArray();
        for (Object item : list) {
          value(json, item);
        }
        json.writeEndArray();
      }
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (var entry : map.entrySet()) {
          json.writeFieldName(String.valueOf(entry.getKey()));
          value(json, entry.getValue());
        }
        json.writeEndObject();
      }
      case SdkPojo pojo -> {
        json.writeStartObject();
        members(json, pojo, Set.of());
        json.writeEndObject();
      }
      default -> json.writeString(value.toString());
    }
  }
}
