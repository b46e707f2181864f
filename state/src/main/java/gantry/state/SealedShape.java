package gantry.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.state.RowCodec.Shape;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A sealed interface of records: the record with its simple name as a first member. Renaming such a
 * record needs an {@link Upgrade}.
 */
final class SealedShape implements Shape {

  private static final String TYPE = "@type";

  private final Class<?> type;
  private final Map<String, Class<?>> records = new LinkedHashMap<>();
  private final Shapes shapes;

  SealedShape(Class<?> type, Shapes shapes) {
    this.type = type;
    this.shapes = shapes;
    gather(type);
  }

  private void gather(Class<?> sealed) {
    for (Class<?> permitted : sealed.getPermittedSubclasses()) {
      if (permitted.isSealed() && permitted.isInterface()) {
        gather(permitted);
      } else if (!permitted.isRecord()) {
        throw new IllegalArgumentException(
            "rows cannot hold a " + permitted.getName() + ": it is no record");
      } else {
        Class<?> other = records.put(permitted.getSimpleName(), permitted);
        if (other != null && other != permitted) {
          throw new IllegalArgumentException(
              type.getName() + " has two records named " + permitted.getSimpleName());
        }
      }
    }
  }

  private RecordShape record(Class<?> record) {
    return (RecordShape) shapes.of(record);
  }

  @Override
  public void write(JsonGenerator out, Object value) throws IOException {
    out.writeStartObject();
    out.writeStringField(TYPE, value.getClass().getSimpleName());
    record(value.getClass()).writeMembers(out, value);
    out.writeEndObject();
  }

  @Override
  public Object read(JsonParser in) throws IOException {
    Shapes.expect(in, JsonToken.START_OBJECT);
    in.nextToken();
    if (!TYPE.equals(in.currentName())) {
      throw new IOException("a " + type.getName() + " does not say which");
    }
    String name = in.nextTextValue();
    Class<?> record = records.get(name);
    if (record == null) {
      throw new IOException(type.getName() + " has no record " + name);
    }
    in.nextToken();
    return record(record).readMembers(in);
  }

  @Override
  public void check() {
    records.values().forEach(record -> shapes.of(record).check());
  }
}
