package gantry.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.state.RowCodec.Shape;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A record: an object with a member for each component that says something. */
final class RecordShape implements Shape {

  private final Class<?> type;
  private final Shapes shapes;
  private final RecordComponent[] components;
  private final Method[] accessors;
  private final boolean[] nullable;
  private final Constructor<?> constructor;
  private final Map<String, Integer> positions = new HashMap<>();
  private final AtomicBoolean checked = new AtomicBoolean();

  RecordShape(Class<?> type, Shapes shapes) {
    this.type = type;
    this.shapes = shapes;
    this.components = type.getRecordComponents();
    this.accessors = new Method[components.length];
    this.nullable = new boolean[components.length];
    Class<?>[] parameters = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      parameters[i] = components[i].getType();
      accessors[i] = components[i].getAccessor();
      accessors[i].setAccessible(true);
      nullable[i] = components[i].getAnnotatedType().isAnnotationPresent(Nullable.class);
      positions.put(components[i].getName(), i);
    }
    try {
      constructor = type.getDeclaredConstructor(parameters);
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(type + " has no canonical constructor", e);
    }
    constructor.setAccessible(true);
  }

  private Shape shape(int component) {
    return shapes.of(components[component].getGenericType());
  }

  @Override
  public void write(JsonGenerator out, Object value) throws IOException {
    out.writeStartObject();
    writeMembers(out, value);
    out.writeEndObject();
  }

  void writeMembers(JsonGenerator out, Object value) throws IOException {
    for (int i = 0; i < components.length; i++) {
      Object member = invoke(accessors[i], value);
      if (member == null) {
        continue;
      }
      Shape shape = shape(i);
      if (!nullable[i] && shape.isMissing(member)) {
        continue;
      }
      out.writeFieldName(components[i].getName());
      shape.write(out, member);
    }
  }

  @Override
  public Object read(JsonParser in) throws IOException {
    Shapes.expect(in, JsonToken.START_OBJECT);
    in.nextToken();
    return readMembers(in);
  }

  /** The parser stands at the first member's name, or at the end of the object. */
  Object readMembers(JsonParser in) throws IOException {
    @Nullable Object[] values = new @Nullable Object[components.length];
    boolean[] present = new boolean[components.length];
    for (; in.currentToken() != JsonToken.END_OBJECT; in.nextToken()) {
      Integer position = positions.get(in.currentName());
      in.nextToken();
      if (position == null) {
        in.skipChildren();
      } else {
        values[position] = shape(position).readOrNull(in);
        present[position] = values[position] != null;
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (!present[i] && !nullable[i]) {
        values[i] = shape(i).missing();
      }
    }
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IOException("its constructor refuses: " + e.getCause(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IOException(e);
    }
  }

  private @Nullable Object invoke(Method accessor, Object value) throws IOException {
    try {
      return accessor.invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new IOException("member " + accessor.getName() + " of " + type.getName(), e);
    }
  }

  @Override
  public void check() {
    if (!checked.compareAndSet(false, true)) {
      return; // a record that holds itself
    }
    for (int i = 0; i < components.length; i++) {
      try {
        shape(i).check();
      } catch (IllegalArgumentException e) {
        checked.set(false);
        throw new IllegalArgumentException(
            type.getName() + "." + components[i].getName() + ": " + e.getMessage(), e);
      }
    }
  }
}
