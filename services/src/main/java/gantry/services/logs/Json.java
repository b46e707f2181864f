package gantry.services.logs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON in messages: maps, lists, strings, decimals, booleans and {@link #NULL}. */
final class Json {

  static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** Null for a message that is no JSON object or array. */
  static @Nullable Object parse(String message) {
    String text = message.stripLeading();
    if (!text.startsWith("{") && !text.startsWith("[")) {
      return null;
    }
    try (JsonParser in = FACTORY.createParser(text)) {
      in.nextToken();
      Object value = read(in);
      return in.nextToken() == null ? value : null;
    } catch (IOException e) {
      return null; // a line that only begins like one
    }
  }

  private static Object read(JsonParser in) throws IOException {
    JsonToken token = in.currentToken();
    if (token == null) {
      throw new IOException("it ends too early");
    }
    switch (token) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
          String name = in.currentName();
          in.nextToken();
          map.put(name, read(in));
        }
        return map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(read(in));
        }
        return list;
      }
      case VALUE_STRING -> {
        return in.getText();
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        return in.getDecimalValue();
      }
      case VALUE_TRUE -> {
        return true;
      }
      case VALUE_FALSE -> {
        return false;
      }
      case VALUE_NULL -> {
        return NULL;
      }
      default -> throw new IOException("unexpected " + token);
    }
  }

  static String text(BigDecimal number) {
    // 1E+400000000 in plain digits would fill the memory.
    return Math.abs((long) number.scale()) > 50 ? number.toString() : number.toPlainString();
  }

  /** A scalar as text; null for an object or an array. */
  static @Nullable String scalar(Object value) {
    return switch (value) {
      case BigDecimal number -> text(number);
      case Map<?, ?> map -> null;
      case List<?> list -> null;
      default -> value.toString();
    };
  }
}
