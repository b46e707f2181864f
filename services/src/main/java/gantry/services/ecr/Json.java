package gantry.services.ecr;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON documents that are not shapes of the AWS API (manifests, policies, vulnerability lists) as
 * plain maps, lists, strings, numbers and booleans. What is missing or of another type reads as
 * absent, so callers say once what they need.
 */
final class Json {

  private static final int MAX_DEPTH = 64;
  private static final int MAX_STRING = 32 * 1024 * 1024;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_STRING)
                  .build())
          .build();

  private Json() {}

  /** An object; null when the bytes are not one whole JSON object. */
  static @Nullable Map<String, Object> object(byte[] json) {
    try (JsonParser parser = FACTORY.createParser(json)) {
      return object(parser);
    } catch (IOException e) {
      return null;
    }
  }

  static @Nullable Map<String, Object> object(String json) {
    return object(json.getBytes(StandardCharsets.UTF_8));
  }

  /** One object, or the objects of an array. */
  static List<Map<String, Object>> objects(InputStream json) throws IOException {
    try (JsonParser parser = FACTORY.createParser(json)) {
      parser.nextToken();
      Object value = value(parser);
      if (value instanceof List<?> list) {
        List<Map<String, Object>> found = new ArrayList<>();
        for (Object each : list) {
          found.add(asObject(each));
        }
        return found;
      }
      return List.of(asObject(value));
    }
  }

  private static @Nullable Map<String, Object> object(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return null;
    }
    Map<String, Object> object = asObject(value(parser));
    return parser.nextToken() == null ? object : null;
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new IOException("there is no JSON");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          Object value = value(parser);
          if (value != null) {
            object.put(name, value);
          }
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          Object value = value(parser);
          if (value != null) {
            list.add(value);
          }
        }
        yield list;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT ->
          parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? (Object) parser.getDecimalValue()
              : (Object) parser.getLongValue();
      case VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new IOException("unexpected " + token);
    };
  }

  // ---- reading

  @SuppressWarnings("unchecked") // every map that this class makes has text for keys
  static Map<String, Object> asObject(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  static Map<String, Object> child(Map<String, Object> object, String name) {
    return asObject(object.get(name));
  }

  static @Nullable String text(Map<String, Object> object, String name) {
    return object.get(name) instanceof String text ? text : null;
  }

  static @Nullable Long number(Map<String, Object> object, String name) {
    return object.get(name) instanceof Long number ? number : null;
  }

  static List<Map<String, Object>> children(Map<String, Object> object, String name) {
    List<Map<String, Object>> found = new ArrayList<>();
    if (object.get(name) instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Map<?, ?>) {
          found.add(asObject(each));
        }
      }
    }
    return found;
  }

  /** A list of texts, where one text alone stands for a list of one, as IAM policies write it. */
  static List<String> texts(Map<String, Object> object, String name) {
    Object value = object.get(name);
    if (value instanceof String text) {
      return List.of(text);
    }
    List<String> found = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object each : list) {
        found.add(each instanceof String text ? text : String.valueOf(each));
      }
    } else if (value != null && !(value instanceof Map<?, ?>)) {
      found.add(String.valueOf(value));
    }
    return found;
  }

  // ---- writing

  static byte[] write(@Nullable Object value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(out)) {
      write(generator, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator generator, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> generator.writeNull();
      case Map<?, ?> map -> {
        generator.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          generator.writeFieldName(String.valueOf(entry.getKey()));
          write(generator, entry.getValue());
        }
        generator.writeEndObject();
      }
      case List<?> list -> {
        generator.writeStartArray();
        for (Object each : list) {
          write(generator, each);
        }
        generator.writeEndArray();
      }
      case Boolean flag -> generator.writeBoolean(flag);
      case Integer number -> generator.writeNumber(number);
      case Long number -> generator.writeNumber(number);
      case java.math.BigDecimal number -> generator.writeNumber(number);
      default -> generator.writeString(value.toString());
    }
  }
}
