package gantry.wire.protocol;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import gantry.wire.WireException;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkNumber;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/** Structures as JSON bytes, streamed straight into and out of the SDK's builders. */
final class JsonBody {
  /** Deeper than any real request; each level costs a stack frame or two. */
  static final int MAX_DEPTH = 200;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .recyclerPool(new JsonBuffers())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(400)
                  .maxStringLength(gantry.wire.RequestBody.MAX_BYTES)
                  .build())
          .build();

  private JsonBody() {}

  // ---- in

  static void read(byte[] json, Shape shape, Object builder) {
    if (saysNothing(json)) {
      return;
    }
    try (JsonParser p = FACTORY.createParser(json)) {
      if (p.nextToken() != JsonToken.START_OBJECT) {
        throw mismatch(p, "Structure");
      }
      members(p, shape, builder);
      end(p);
    } catch (JacksonException e) {
      throw malformed(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A whole body that is one member: a structure, a document, anything. */
  static @Nullable Object readValue(byte[] json, Member member) {
    if (blank(json)) {
      return null;
    }
    try (JsonParser p = FACTORY.createParser(json)) {
      p.nextToken();
      Object value = value(p, member);
      end(p);
      return value;
    } catch (JacksonException e) {
      throw malformed(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(JsonParser p) throws IOException {
    if (p.nextToken() != null) {
      throw WireException.serialization("There is more after the end of the JSON document.");
    }
  }

  /**
   * Clients leave the body of an empty request out, or send {@code {}}. Neither needs a parser, the
   * first of which costs a start 30 ms: it has constants of BigDecimal, and Java prepares that
   * class by raising 5 to the 65,536th power.
   */
  private static boolean saysNothing(byte[] json) {
    return json.length == 2 && json[0] == '{' && json[1] == '}' || blank(json);
  }

  private static boolean blank(byte[] json) {
    for (byte b : json) {
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        return false;
      }
    }
    return true;
  }

  private static WireException malformed(JacksonException e) {
    return WireException.serialization(e.getOriginalMessage());
  }

  private static void members(JsonParser p, Shape shape, Object builder) throws IOException {
    while (true) {
      String name = p.nextFieldName();
      if (name == null) {
        return; // END_OBJECT: nothing else can stand here
      }
      Member member = shape.member(name);
      p.nextToken();
      if (member == null) {
        p.skipChildren();
        continue;
      }
      Object value = value(p, member);
      if (value != null) {
        member.set(builder, value);
      }
    }
  }

  private static @Nullable Object value(JsonParser p, Member member) throws IOException {
    JsonToken token = p.currentToken();
    if (token == null) {
      throw WireException.serialization("The JSON document ends before its end.");
    }
    if (member.kind == Kind.DOCUMENT) {
      return document(p);
    }
    if (token == JsonToken.VALUE_NULL) {
      return null;
    }
    return switch (member.kind) {
      case STRING -> {
        if (token != JsonToken.VALUE_STRING) {
          throw mismatch(p, "String");
        }
        yield p.getText();
      }
      case BOOLEAN ->
          switch (token) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw mismatch(p, "Boolean");
          };
      case BYTE -> (byte) integer(p, "Byte", Byte.MIN_VALUE, Byte.MAX_VALUE);
      case SHORT -> (short) integer(p, "Short", Short.MIN_VALUE, Short.MAX_VALUE);
      case INTEGER -> (int) integer(p, "Integer", Integer.MIN_VALUE, Integer.MAX_VALUE);
      case LONG -> integer(p, "Long", Long.MIN_VALUE, Long.MAX_VALUE);
      case FLOAT -> (float) real(p, "Float");
      case DOUBLE -> real(p, "Double");
      case BIG_DECIMAL -> {
        if (!token.isNumeric()) {
          throw mismatch(p, "BigDecimal");
        }
        yield p.getDecimalValue();
      }
      case TIMESTAMP -> timestamp(p, member);
      case BLOB -> {
        if (token != JsonToken.VALUE_STRING) {
          throw mismatch(p, "Blob");
        }
        yield SdkBytes.fromByteArrayUnsafe(p.getBinaryValue());
      }
      case LIST -> list(p, member);
      case MAP -> map(p, member);
      case STRUCTURE -> {
        if (token != JsonToken.START_OBJECT) {
          throw mismatch(p, "Structure");
        }
        Shape shape = member.shape();
        Object builder = shape.newBuilder();
        members(p, shape, builder);
        yield shape.build(builder);
      }
      case DOCUMENT -> throw new IllegalStateException("read above");
    };
  }

  private static List<@Nullable Object> list(JsonParser p, Member member) throws IOException {
    if (p.currentToken() != JsonToken.START_ARRAY) {
      throw mismatch(p, "List");
    }
    Member element = member.element();
    List<@Nullable Object> list = new ArrayList<>();
    while (p.nextToken() != JsonToken.END_ARRAY) {
      Object value = value(p, element);
      if (value == null && !member.sparse) {
        throw nullElement(member);
      }
      list.add(value);
    }
    return list;
  }

  private static Map<String, @Nullable Object> map(JsonParser p, Member member) throws IOException {
    if (p.currentToken() != JsonToken.START_OBJECT) {
      throw mismatch(p, "Map");
    }
    Member element = member.element();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (String key = p.nextFieldName(); key != null; key = p.nextFieldName()) {
      p.nextToken();
      Object value = value(p, element);
      if (value == null && !member.sparse) {
        throw nullElement(member);
      }
      map.put(key, value);
    }
    return map;
  }

  private static WireException nullElement(Member member) {
    return WireException.serialization(member.wireName + " must not hold null.");
  }

  private static long integer(JsonParser p, String type, long min, long max) throws IOException {
    if (p.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      switch (p.getNumberType()) {
        case INT, LONG -> {
          long value = p.getLongValue();
          if (value >= min && value <= max) {
            return value;
          }
        }
        default -> {}
      }
      throw mismatch(p, type);
    }
    if (p.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
      // AWS truncates 1.5 to 1; a double is exact as far as that matters here.
      double value = p.getDoubleValue();
      if (value > min && value < max) {
        return (long) value;
      }
    }
    throw mismatch(p, type);
  }

  private static double real(JsonParser p, String type) throws IOException {
    JsonToken token = p.currentToken();
    if (token.isNumeric()) {
      return p.getDoubleValue();
    }
    if (token == JsonToken.VALUE_STRING) {
      switch (p.getText()) {
        case "NaN" -> {
          return Double.NaN;
        }
        case "Infinity" -> {
          return Double.POSITIVE_INFINITY;
        }
        case "-Infinity" -> {
          return Double.NEGATIVE_INFINITY;
        }
        default -> {}
      }
    }
    throw mismatch(p, type);
  }

  private static Instant timestamp(JsonParser p, Member member) throws IOException {
    if (p.currentToken().isNumeric()) {
      if (p.currentToken() == JsonToken.VALUE_NUMBER_INT
          && p.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
        long seconds = p.getLongValue();
        if (seconds >= Instant.MIN.getEpochSecond() && seconds <= Instant.MAX.getEpochSecond()) {
          return Instant.ofEpochSecond(seconds);
        }
        throw mismatch(p, "Timestamp");
      }
      return Scalars.epochSeconds(p.getDecimalValue());
    }
    if (p.currentToken() == JsonToken.VALUE_STRING) {
      Format format = member.timestampFormat;
      return Scalars.timestamp(
          p.getText(),
          format == null || format == Format.UNIX_TIMESTAMP ? Format.ISO_8601 : format);
    }
    throw mismatch(p, "Timestamp");
  }

  private static Document document(JsonParser p) throws IOException {
    return switch (p.currentToken()) {
      case VALUE_NULL -> Document.fromNull();
      case VALUE_TRUE -> Document.fromBoolean(true);
      case VALUE_FALSE -> Document.fromBoolean(false);
      case VALUE_STRING -> Document.fromString(p.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          Document.fromNumber(SdkNumber.fromString(p.getText()));
      case START_ARRAY -> {
        List<Document> list = new ArrayList<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
          list.add(document(p));
        }
        yield Document.fromList(list);
      }
      case START_OBJECT -> {
        Map<String, Document> map = new LinkedHashMap<>();
        for (String key = p.nextFieldName(); key != null; key = p.nextFieldName()) {
          p.nextToken();
          map.put(key, document(p));
        }
        yield Document.fromMap(map);
      }
      default -> throw mismatch(p, "Document");
    };
  }

  /** In the words of AWS's own parser. */
  private static WireException mismatch(JsonParser p, String type) throws IOException {
    JsonToken token = p.currentToken();
    if (token == null) {
      return WireException.serialization("The JSON document ends before its end.");
    }
    return WireException.serialization(
        switch (token) {
          case START_OBJECT -> "Start of structure or map found where not expected.";
          case START_ARRAY -> "Start of list found where not expected.";
          case VALUE_STRING -> "STRING_VALUE cannot be converted to " + type;
          case VALUE_TRUE -> "TRUE_VALUE cannot be converted to " + type;
          case VALUE_FALSE -> "FALSE_VALUE cannot be converted to " + type;
          case VALUE_NULL -> "NULL_VALUE cannot be converted to " + type;
          default -> "NUMBER_VALUE cannot be converted to " + type;
        });
  }

  // ---- out

  /** Writes into a JSON object that the caller has opened. */
  interface Fields {
    void write(JsonGenerator g) throws IOException;
  }

  static byte[] object(Fields fields) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator g = FACTORY.createGenerator(out)) {
      g.writeStartObject();
      fields.write(g);
      g.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] write(Shape shape, Object value) {
    return object(g -> members(g, shape, value));
  }

  static byte[] writeValue(Member member, Object value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator g = FACTORY.createGenerator(out)) {
      value(g, member, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static void members(JsonGenerator g, Shape shape, Object structure) throws IOException {
    for (Member member : shape.bodyMembers) {
      Object value = member.get(structure);
      if (!SdkShapes.absent(value)) {
        g.writeFieldName(member.jsonName);
        value(g, member, value);
      }
    }
  }

  private static void value(JsonGenerator g, Member member, @Nullable Object value)
      throws IOException {
    if (value == null) {
      g.writeNull();
      return;
    }
    switch (member.kind) {
      case STRING -> g.writeString((String) value);
      case BOOLEAN -> g.writeBoolean((Boolean) value);
      case BYTE, SHORT, INTEGER -> g.writeNumber(((Number) value).intValue());
      case LONG -> g.writeNumber((Long) value);
      case FLOAT, DOUBLE -> {
        double number = ((Number) value).doubleValue();
        if (Double.isNaN(number)) {
          g.writeString("NaN");
        } else if (Double.isInfinite(number)) {
          g.writeString(number > 0 ? "Infinity" : "-Infinity");
        } else if (value instanceof Float f) {
          g.writeNumber(f.floatValue());
        } else {
          g.writeNumber(number);
        }
      }
      case BIG_DECIMAL -> g.writeNumber((BigDecimal) value);
      case TIMESTAMP -> timestamp(g, member, (Instant) value);
      case BLOB -> g.writeBinary(((SdkBytes) value).asByteArrayUnsafe());
      case DOCUMENT -> document(g, (Document) value);
      case LIST -> {
        Member element = member.element();
        g.writeStartArray();
        for (Object one : (List<?>) value) {
          value(g, element, one);
        }
        g.writeEndArray();
      }
      case MAP -> {
        Member element = member.element();
        g.writeStartObject();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          g.writeFieldName(entry.getKey().toString());
          value(g, element, entry.getValue());
        }
        g.writeEndObject();
      }
      case STRUCTURE -> {
        g.writeStartObject();
        members(g, member.shape(), value);
        g.writeEndObject();
      }
    }
  }

  private static void timestamp(JsonGenerator g, Member member, Instant value) throws IOException {
    Format format = member.timestampFormat;
    if (format == Format.ISO_8601 || format == Format.RFC_822) {
      g.writeString(Scalars.format(value, format));
      return;
    }
    long millis = value.toEpochMilli();
    if (millis % 1000 == 0) {
      g.writeNumber(millis / 1000);
    } else {
      g.writeNumber(BigDecimal.valueOf(millis, 3));
    }
  }

  private static void document(JsonGenerator g, Document value) throws IOException {
    if (value.isNull()) {
      g.writeNull();
    } else if (value.isBoolean()) {
      g.writeBoolean(value.asBoolean());
    } else if (value.isNumber()) {
      g.writeNumber(value.asNumber().stringValue());
    } else if (value.isString()) {
      g.writeString(value.asString());
    } else if (value.isList()) {
      g.writeStartArray();
      for (Document one : value.asList()) {
        document(g, one);
      }
      g.writeEndArray();
    } else {
      g.writeStartObject();
      for (Map.Entry<String, Document> entry : value.asMap().entrySet()) {
        g.writeFieldName(entry.getKey());
        document(g, entry.getValue());
      }
      g.writeEndObject();
    }
  }
}
