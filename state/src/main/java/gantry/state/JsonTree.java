package gantry.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as maps, lists, strings, Long or Double, booleans and null: what an {@link Upgrade} sees.
 */
final class JsonTree {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private JsonTree() {}

  @SuppressWarnings("unchecked") // objects are read as such maps
  static Map<String, Object> read(byte[] bytes) {
    try (JsonParser in = JSON.createParser(bytes)) {
      in.nextToken();
      return (Map<String, Object>) (Map<?, ?>) object(in);
    } catch (IOException e) {
      throw new UncheckedIOException("a row is not JSON", e);
    }
  }

  static byte[] write(Map<String, ?> row) {
    try (ByteArrayBuilder bytes = new ByteArrayBuilder();
        JsonGenerator out = JSON.createGenerator(bytes)) {
      write(out, row);
      out.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, @Nullable Object> object(JsonParser in) throws IOException {
    Shapes.expect(in, JsonToken.START_OBJECT);
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      in.nextToken();
      map.put(name, value(in));
    }
    return map;
  }

  private static @Nullable Object value(JsonParser in) throws IOException {
    return switch (in.currentToken()) {
      case START_OBJECT -> object(in);
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(in));
        }
        yield list;
      }
      case VALUE_STRING -> in.getText();
      case VALUE_NUMBER_INT -> in.getLongValue();
      case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new IOException("unexpected " + in.currentToken());
    };
  }

  private static void write(JsonGenerator out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.writeFieldName((String) entry.getKey());
          write(out, entry.getValue());
        }
        out.writeEndObject();
      }
      case List<?> list -> {
        out.writeStartArray();
        for (Object each : list) {
          write(out, each);
        }
        out.writeEndArray();
      }
      case String text -> out.writeString(text);
      case Long number -> out.writeNumber(number);
      case Integer number -> out.writeNumber(number);
      case Double number -> out.writeNumber(number);
      case Boolean truth -> out.writeBoolean(truth);
      default -> throw new IOException("JSON cannot hold a " + value.getClass().getName());
    }
  }
}
