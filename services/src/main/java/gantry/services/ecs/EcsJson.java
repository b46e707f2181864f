package gantry.services.ecs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.SerializedString;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

  private EcsJson() {}

  public static String write(SdkPojo value) {
    return write(value, Set.of(), Map.of());
  }

  /**
   * The object with some members left out and others added.
   *
   * @param without members to leave out, wherever they stand
   * @param with members to add to the outermost object
   */
  public static String write(SdkPojo value, Set<String> without, Map<String, Object> with) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      members(json, value, without);
      for (var extra : with.entrySet()) {
        json.writeFieldName(extra.getKey());
        value(json, extra.getValue(), Set.of());
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
      value(json, members, Set.of());
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return text.toString();
  }

  /** A member of a class of the model: what its field says, asked once, for it is asked often. */
  private record Member(SdkField<?> field, String name, SerializedString encoded) {}

  private static final Map<Class<?>, List<Member>> MEMBERS = new ConcurrentHashMap<>();

  private static List<Member> members(SdkPojo pojo) {
    return MEMBERS.computeIfAbsent(
        pojo.getClass(),
        type ->
            pojo.sdkFields().stream()
                .map(
                    field ->
                        new Member(
                            field,
                            field.locationName(),
                            new SerializedString(field.locationName())))
                .toList());
  }

  private static void members(JsonGenerator json, SdkPojo pojo, Set<String> without)
      throws IOException {
    for (Member member : members(pojo)) {
      Object value = member.field.getValueOrDefault(pojo);
      if (value == null
          || value instanceof SdkAutoConstructList
          || value instanceof SdkAutoConstructMap
          || (!without.isEmpty() && without.contains(member.name))) {
        continue;
      }
      json.writeFieldName(member.encoded);
      value(json, value, without);
    }
  }

  private static void value(JsonGenerator json, @Nullable Object value, Set<String> without)
      throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number);
      case Long number -> json.writeNumber(number);
      case Float number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      case Instant time -> json.writeString(text(time));
      case List<?> list -> {
        json.writeStartArray();
        for (Object item : list) {
          value(json, item, without);
        }
        json.writeEndArray();
      }
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (var entry : map.entrySet()) {
          json.writeFieldName(String.valueOf(entry.getKey()));
          value(json, entry.getValue(), without);
        }
        json.writeEndObject();
      }
      case SdkPojo pojo -> {
        json.writeStartObject();
        members(json, pojo, without);
        json.writeEndObject();
      }
      default -> json.writeString(value.toString());
    }
  }

  /** As the pattern {@code yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}, by hand: events are full of times. */
  static String text(Instant time) {
    LocalDateTime at = LocalDateTime.ofEpochSecond(time.getEpochSecond(), 0, ZoneOffset.UTC);
    StringBuilder text = new StringBuilder(24);
    digits(text, at.getYear(), 4).append('-');
    digits(text, at.getMonthValue(), 2).append('-');
    digits(text, at.getDayOfMonth(), 2).append('T');
    digits(text, at.getHour(), 2).append(':');
    digits(text, at.getMinute(), 2).append(':');
    digits(text, at.getSecond(), 2).append('.');
    return digits(text, time.getNano() / 1_000_000, 3).append('Z').toString();
  }

  private static StringBuilder digits(StringBuilder text, int number, int digits) {
    for (int power = digits == 4 ? 1000 : digits == 3 ? 100 : 10; power > 0; power /= 10) {
      text.append((char) ('0' + number / power % 10));
    }
    return text;
  }
}
