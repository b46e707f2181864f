package gantry.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.state.RowCodec.Shape;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkPojo;

/**
 * The shapes of types: primitives and their boxes, String, BigDecimal, BigInteger, Instant,
 * Duration, UUID, URI, {@code byte[]}, SdkBytes, enums, Optional, lists, sets, maps (keys: String,
 * enum, Integer, Long), records, sealed interfaces of records, SDK model objects.
 */
final class Shapes {

  private final Map<Type, Shape> known = new ConcurrentHashMap<>();

  /** The members of SDK objects are found when they are met: their classes may be recursive. */
  Shape of(Type type) {
    Shape shape = known.get(type);
    if (shape == null) {
      shape = make(type);
      known.put(type, shape);
    }
    return shape;
  }

  private Shape make(Type type) {
    if (type instanceof Class<?> c) {
      Shape scalar = SCALARS.get(c);
      if (scalar != null) {
        return scalar;
      }
      if (c.isEnum()) {
        return new EnumShape(c);
      }
      if (SdkPojo.class.isAssignableFrom(c) && !c.isInterface()) {
        return new SdkShape(c);
      }
      if (c.isRecord() && c.getTypeParameters().length == 0) {
        return new RecordShape(c, this);
      }
      if (c.isSealed() && c.isInterface()) {
        return new SealedShape(c, this);
      }
    } else if (type instanceof ParameterizedType generic
        && generic.getRawType() instanceof Class<?> raw) {
      Type[] arguments = generic.getActualTypeArguments();
      if (raw == Optional.class) {
        return new OptionalShape(arguments[0], this);
      }
      Function<List<@Nullable Object>, Collection<?>> collection = COLLECTIONS.get(raw);
      if (collection != null) {
        return new CollectionShape(arguments[0], collection, this);
      }
      if (raw == Map.class || raw == SortedMap.class || raw == NavigableMap.class) {
        return new MapShape(arguments[0], arguments[1], raw != Map.class, this);
      }
    }
    throw new IllegalArgumentException("rows cannot hold a " + type.getTypeName());
  }

  /** {@code List.copyOf} refuses null elements; SDK lists may have them. */
  private static final Map<Class<?>, Function<List<@Nullable Object>, Collection<?>>> COLLECTIONS =
      Map.of(
          List.class, Collections::unmodifiableList,
          Collection.class, Collections::unmodifiableList,
          Set.class, list -> Collections.unmodifiableSet(new LinkedHashSet<>(list)),
          SortedSet.class, list -> Collections.unmodifiableNavigableSet(new TreeSet<>(list)),
          NavigableSet.class, list -> Collections.unmodifiableNavigableSet(new TreeSet<>(list)));

  // ---------------------------------------------------------------- scalars

  private static final Map<Class<?>, Shape> SCALARS = new HashMap<>();

  static {
    scalar(String.class, null, (out, v) -> out.writeString((String) v), JsonParser::getText);
    number(
        int.class,
        Integer.class,
        0,
        (out, v) -> out.writeNumber((Integer) v),
        JsonParser::getIntValue);
    number(
        long.class,
        Long.class,
        0L,
        (out, v) -> out.writeNumber((Long) v),
        JsonParser::getLongValue);
    number(
        short.class,
        Short.class,
        (short) 0,
        (out, v) -> out.writeNumber((Short) v),
        JsonParser::getShortValue);
    number(
        byte.class,
        Byte.class,
        (byte) 0,
        (out, v) -> out.writeNumber((Byte) v),
        JsonParser::getByteValue);
    // Not-a-number and the infinities stand as strings.
    number(
        double.class,
        Double.class,
        0.0,
        (out, v) -> out.writeNumber((Double) v),
        in ->
            in.currentToken() == JsonToken.VALUE_STRING
                ? Double.valueOf(in.getText())
                : (Object) in.getDoubleValue());
    number(
        float.class,
        Float.class,
        0.0f,
        (out, v) -> out.writeNumber((Float) v),
        in ->
            in.currentToken() == JsonToken.VALUE_STRING
                ? Float.valueOf(in.getText())
                : (Object) in.getFloatValue());
    number(
        boolean.class,
        Boolean.class,
        false,
        (out, v) -> out.writeBoolean((Boolean) v),
        JsonParser::getBooleanValue);
    scalar(
        BigDecimal.class,
        null,
        (out, v) -> out.writeString(v.toString()),
        in -> new BigDecimal(in.getText()));
    scalar(
        BigInteger.class,
        null,
        (out, v) -> out.writeString(v.toString()),
        in -> new BigInteger(in.getText()));
    scalar(
        Instant.class,
        null,
        (out, v) -> out.writeString(v.toString()),
        in -> Instant.parse(in.getText()));
    scalar(
        Duration.class,
        null,
        (out, v) -> out.writeString(v.toString()),
        in -> Duration.parse(in.getText()));
    scalar(
        UUID.class,
        null,
        (out, v) -> out.writeString(v.toString()),
        in -> UUID.fromString(in.getText()));
    scalar(
        URI.class, null, (out, v) -> out.writeString(v.toString()), in -> URI.create(in.getText()));
    scalar(byte[].class, null, (out, v) -> out.writeBinary((byte[]) v), JsonParser::getBinaryValue);
    scalar(
        SdkBytes.class,
        null,
        (out, v) -> out.writeBinary(((SdkBytes) v).asByteArrayUnsafe()),
        in -> SdkBytes.fromByteArrayUnsafe(in.getBinaryValue()));
  }

  private interface Writer {
    void write(JsonGenerator out, Object value) throws IOException;
  }

  private interface Reader {
    Object read(JsonParser in) throws IOException;
  }

  private record Scalar(@Nullable Object missing, Writer writer, Reader reader) implements Shape {
    @Override
    public void write(JsonGenerator out, Object value) throws IOException {
      writer.write(out, value);
    }

    @Override
    public Object read(JsonParser in) throws IOException {
      if (!in.currentToken().isScalarValue()) {
        throw new IOException("a plain value was expected, not " + in.currentToken());
      }
      return reader.read(in);
    }

    @Override
    public boolean isMissing(Object value) {
      return value.equals(missing);
    }
  }

  private static void scalar(
      Class<?> type, @Nullable Object missing, Writer writer, Reader reader) {
    SCALARS.put(type, new Scalar(missing, writer, reader));
  }

  /** A primitive that is missing is zero; a box that is missing is null. */
  private static void number(
      Class<?> primitive, Class<?> box, Object zero, Writer writer, Reader reader) {
    scalar(primitive, zero, writer, reader);
    scalar(box, null, writer, reader);
  }

  private static final class EnumShape implements Shape {
    private final Class<?> type;
    private final Map<String, Object> constants = new HashMap<>();

    EnumShape(Class<?> type) {
      this.type = type;
      for (Object constant : type.getEnumConstants()) {
        constants.put(((Enum<?>) constant).name(), constant);
      }
    }

    @Override
    public void write(JsonGenerator out, Object value) throws IOException {
      out.writeString(((Enum<?>) value).name());
    }

    @Override
    public Object read(JsonParser in) throws IOException {
      return named(in.getText());
    }

    Object named(String name) throws IOException {
      Object constant = constants.get(name);
      if (constant == null) {
        throw new IOException(type.getName() + " has no constant " + name);
      }
      return constant;
    }
  }

  // ---------------------------------------------------------------- containers

  private static final class OptionalShape implements Shape {
    private final Type type;
    private final Shapes shapes;

    OptionalShape(Type type, Shapes shapes) {
      this.type = type;
      this.shapes = shapes;
    }

    @Override
    public void write(JsonGenerator out, Object value) throws IOException {
      Optional<?> optional = (Optional<?>) value;
      if (optional.isPresent()) {
        shapes.of(type).write(out, optional.get());
      } else {
        out.writeNull();
      }
    }

    @Override
    public @Nullable Object read(JsonParser in) throws IOException {
      return Optional.ofNullable(shapes.of(type).read(in));
    }

    @Override
    public @Nullable Object readOrNull(JsonParser in) throws IOException {
      return in.currentToken() == JsonToken.VALUE_NULL ? Optional.empty() : read(in);
    }

    @Override
    public Object missing() {
      return Optional.empty();
    }

    @Override
    public boolean isMissing(Object value) {
      return ((Optional<?>) value).isEmpty();
    }

    @Override
    public void check() {
      shapes.of(type).check();
    }
  }

  private static final class CollectionShape implements Shape {
    private final Type element;
    private final Function<List<@Nullable Object>, Collection<?>> finish;
    private final Shapes shapes;

    CollectionShape(
        Type element, Function<List<@Nullable Object>, Collection<?>> finish, Shapes shapes) {
      this.element = element;
      this.finish = finish;
      this.shapes = shapes;
    }

    @Override
    public void write(JsonGenerator out, Object value) throws IOException {
      Shape shape = shapes.of(element);
      out.writeStartArray();
      for (Object each : (Collection<?>) value) {
        writeOrNull(shape, out, each);
      }
      out.writeEndArray();
    }

    @Override
    public Object read(JsonParser in) throws IOException {
      Shape shape = shapes.of(element);
      expect(in, JsonToken.START_ARRAY);
      List<@Nullable Object> list = new ArrayList<>();
      while (in.nextToken() != JsonToken.END_ARRAY) {
        list.add(shape.readOrNull(in));
      }
      return finish.apply(list);
    }

    @Override
    public Object missing() {
      return finish.apply(List.of());
    }

    @Override
    public boolean isMissing(Object value) {
      return ((Collection<?>) value).isEmpty();
    }

    @Override
    public void check() {
      shapes.of(element).check();
    }
  }

  private static final class MapShape implements Shape {
    private final Type key;
    private final Type element;
    private final boolean sorted;
    private final Shapes shapes;

    MapShape(Type key, Type element, boolean sorted, Shapes shapes) {
      this.key = key;
      this.element = element;
      this.sorted = sorted;
      this.shapes = shapes;
    }

    @Override
    public void write(JsonGenerator out, Object value) throws IOException {
      Shape shape = shapes.of(element);
      out.writeStartObject();
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        Object name = entry.getKey();
        out.writeFieldName(name instanceof Enum<?> constant ? constant.name() : name.toString());
        writeOrNull(shape, out, entry.getValue());
      }
      out.writeEndObject();
    }

    @Override
    public Object read(JsonParser in) throws IOException {
      Shape shape = shapes.of(element);
      expect(in, JsonToken.START_OBJECT);
      Map<Object, @Nullable Object> map = sorted ? new TreeMap<>() : new LinkedHashMap<>();
      while (in.nextToken() != JsonToken.END_OBJECT) {
        Object name = keyNamed(in.currentName());
        in.nextToken();
        map.put(name, shape.readOrNull(in));
      }
      return finished(map);
    }

    private Object finished(Map<Object, @Nullable Object> map) {
      return map instanceof NavigableMap<Object, @Nullable Object> tree
          ? Collections.unmodifiableNavigableMap(tree)
          : Collections.unmodifiableMap(map);
    }

    private Object keyNamed(String name) throws IOException {
      if (key == String.class) {
        return name;
      }
      if (key == Integer.class) {
        return Integer.valueOf(name);
      }
      if (key == Long.class) {
        return Long.valueOf(name);
      }
      if (shapes.of(key) instanceof EnumShape constants) {
        return constants.named(name);
      }
      throw new IOException("rows cannot hold a map by " + key.getTypeName());
    }

    @Override
    public Object missing() {
      return finished(sorted ? new TreeMap<>() : new LinkedHashMap<>());
    }

    @Override
    public boolean isMissing(Object value) {
      return ((Map<?, ?>) value).isEmpty();
    }

    @Override
    public void check() {
      boolean fits =
          key == String.class
              || key == Integer.class
              || key == Long.class
              || (key instanceof Class<?> c && c.isEnum());
      if (!fits) {
        throw new IllegalArgumentException("rows cannot hold a map by " + key.getTypeName());
      }
      shapes.of(element).check();
    }
  }

  static void writeOrNull(Shape shape, JsonGenerator out, @Nullable Object value)
      throws IOException {
    if (value == null) {
      out.writeNull();
    } else {
      shape.write(out, value);
    }
  }

  static void expect(JsonParser in, JsonToken token) throws IOException {
    if (in.currentToken() != token) {
      throw new IOException(token + " was expected, not " + in.currentToken());
    }
  }
}
