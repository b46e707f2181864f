package gantry.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.state.RowCodec.Shape;
import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallingKnownType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.utils.builder.Buildable;

/**
 * An SDK model object, by the fields that the SDK itself knows of it. A list or map that was never
 * set stays so ({@code hasX()} is part of equality); an enum value that this SDK does not know
 * stays the string it is.
 */
final class SdkShape implements Shape {

  private final Class<?> type;
  private final Method newBuilder;

  SdkShape(Class<?> type) {
    this.type = type;
    try {
      newBuilder = type.getMethod("builder");
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(type + " has no builder", e);
    }
    newBuilder.setAccessible(true);
  }

  @Override
  public void write(JsonGenerator out, Object value) throws IOException {
    writePojo(out, (SdkPojo) value);
  }

  @Override
  public Object read(JsonParser in) throws IOException {
    SdkPojo builder;
    try {
      builder = (SdkPojo) newBuilder.invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new IOException("builder of " + type.getName(), e);
    }
    return readInto(builder, in);
  }

  /** The fields of builder classes; the SDK's own map goes by the names of a protocol. */
  private static final Map<Class<?>, Map<String, SdkField<?>>> MEMBERS = new ConcurrentHashMap<>();

  private static Map<String, SdkField<?>> membersOf(SdkPojo builder) {
    Map<String, SdkField<?>> known = MEMBERS.get(builder.getClass());
    if (known == null) {
      known = new HashMap<>();
      for (SdkField<?> field : builder.sdkFields()) {
        known.put(field.memberName(), field);
      }
      MEMBERS.put(builder.getClass(), known);
    }
    return known;
  }

  // ---------------------------------------------------------------- writing

  private static void writePojo(JsonGenerator out, SdkPojo pojo) throws IOException {
    out.writeStartObject();
    for (SdkField<?> field : pojo.sdkFields()) {
      Object value = field.getValueOrDefault(pojo);
      if (value == null
          || value instanceof SdkAutoConstructList
          || value instanceof SdkAutoConstructMap) {
        continue;
      }
      out.writeFieldName(field.memberName());
      writeValue(out, value);
    }
    out.writeEndObject();
  }

  private static void writeValue(JsonGenerator out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case String text -> out.writeString(text);
      case Integer number -> out.writeNumber(number);
      case Long number -> out.writeNumber(number);
      case Boolean truth -> out.writeBoolean(truth);
      case Double number -> out.writeNumber(number);
      case Float number -> out.writeNumber(number);
      case Short number -> out.writeNumber(number);
      case Byte number -> out.writeNumber(number);
      case BigDecimal number -> out.writeString(number.toString());
      case Instant instant -> out.writeString(instant.toString());
      case SdkBytes bytes -> out.writeBinary(bytes.asByteArrayUnsafe());
      case SdkPojo pojo -> writePojo(out, pojo);
      case Document document -> writeDocument(out, document);
      case List<?> list -> {
        out.writeStartArray();
        for (Object each : list) {
          writeValue(out, each);
        }
        out.writeEndArray();
      }
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.writeFieldName((String) entry.getKey());
          writeValue(out, entry.getValue());
        }
        out.writeEndObject();
      }
      default -> throw new IOException("rows cannot hold a " + value.getClass().getName());
    }
  }

  private static void writeDocument(JsonGenerator out, Document document) throws IOException {
    if (document.isNull()) {
      out.writeNull();
    } else if (document.isBoolean()) {
      out.writeBoolean(document.asBoolean());
    } else if (document.isNumber()) {
      out.writeNumber(document.asNumber().stringValue());
    } else if (document.isString()) {
      out.writeString(document.asString());
    } else if (document.isList()) {
      out.writeStartArray();
      for (Document each : document.asList()) {
        writeDocument(out, each);
      }
      out.writeEndArray();
    } else {
      out.writeStartObject();
      for (Map.Entry<String, Document> entry : document.asMap().entrySet()) {
        out.writeFieldName(entry.getKey());
        writeDocument(out, entry.getValue());
      }
      out.writeEndObject();
    }
  }

  // ---------------------------------------------------------------- reading

  private static Document readDocument(JsonParser in) throws IOException {
    return switch (in.currentToken()) {
      case VALUE_NULL -> Document.fromNull();
      case VALUE_TRUE -> Document.fromBoolean(true);
      case VALUE_FALSE -> Document.fromBoolean(false);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> Document.fromNumber(in.getText());
      case VALUE_STRING -> Document.fromString(in.getText());
      case START_ARRAY -> {
        List<Document> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(readDocument(in));
        }
        yield Document.fromList(list);
      }
      case START_OBJECT -> {
        Map<String, Document> map = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
          String name = in.currentName();
          in.nextToken();
          map.put(name, readDocument(in));
        }
        yield Document.fromMap(map);
      }
      default -> throw new IOException("unexpected " + in.currentToken());
    };
  }

  private static Object readInto(SdkPojo builder, JsonParser in) throws IOException {
    Map<String, SdkField<?>> known = membersOf(builder);
    Shapes.expect(in, JsonToken.START_OBJECT);
    while (in.nextToken() != JsonToken.END_OBJECT) {
      SdkField<?> field = known.get(in.currentName());
      in.nextToken();
      if (field == null) {
        in.skipChildren();
      } else {
        field.set(builder, readValue(field, in));
      }
    }
    return ((Buildable) builder).build();
  }

  private static @Nullable Object readValue(SdkField<?> field, JsonParser in) throws IOException {
    MarshallingKnownType kind = field.marshallingType().getKnownType();
    if (in.currentToken() == JsonToken.VALUE_NULL && kind != MarshallingKnownType.DOCUMENT) {
      return null;
    }
    return switch (kind) {
      case STRING -> in.getText();
      case INTEGER -> in.getIntValue();
      case LONG -> in.getLongValue();
      case SHORT -> in.getShortValue();
      case BYTE -> in.getByteValue();
      case BOOLEAN -> in.getBooleanValue();
      case DOUBLE ->
          in.currentToken() == JsonToken.VALUE_STRING
              ? Double.valueOf(in.getText())
              : Double.valueOf(in.getDoubleValue());
      case FLOAT ->
          in.currentToken() == JsonToken.VALUE_STRING
              ? Float.valueOf(in.getText())
              : Float.valueOf(in.getFloatValue());
      case BIG_DECIMAL -> new BigDecimal(in.getText());
      case INSTANT -> Instant.parse(in.getText());
      case SDK_BYTES -> SdkBytes.fromByteArrayUnsafe(in.getBinaryValue());
      case SDK_POJO -> readInto(field.constructor().get(), in);
      case DOCUMENT -> readDocument(in);
      case LIST -> {
        SdkField<?> element = field.getRequiredTrait(ListTrait.class).memberFieldInfo();
        Shapes.expect(in, JsonToken.START_ARRAY);
        List<@Nullable Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(readValue(element, in));
        }
        yield list;
      }
      case MAP -> {
        SdkField<?> element = field.getRequiredTrait(MapTrait.class).valueFieldInfo();
        Shapes.expect(in, JsonToken.START_OBJECT);
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
          String name = in.currentName();
          in.nextToken();
          map.put(name, readValue(element, in));
        }
        yield map;
      }
      default -> throw new IOException("rows cannot hold a " + kind);
    };
  }
}
