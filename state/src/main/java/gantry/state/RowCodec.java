package gantry.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * Rows to compact JSON and back: records, SDK model objects, sealed interfaces of records, and what
 * they are made of (see {@link Shapes} for the whole list).
 *
 * <p>Members go by name. One that this program does not know is skipped; one that is missing is
 * null, or empty for a collection that is not {@code @Nullable}, or zero for a primitive; so adding
 * and removing members needs no {@link Upgrade}, and a record's canonical constructor can fill in a
 * better default. Text that is no valid Unicode (a lone surrogate) survives too.
 */
public final class RowCodec {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final Shapes shapes = new Shapes();

  /**
   * Whether rows of {@code type} can be kept.
   *
   * @throws IllegalArgumentException naming the member that cannot
   */
  public void check(Type type) {
    shapes.of(type).check();
  }

  public <V> byte[] encode(Class<V> type, V row) {
    Shape shape = shapes.of(type);
    try (ByteArrayBuilder bytes = new ByteArrayBuilder(512);
        JsonGenerator out = JSON.createGenerator(bytes)) {
      shape.write(out, row);
      out.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("a row of " + type.getName() + " cannot be written", e);
    }
  }

  public <V> V decode(Class<V> type, byte[] bytes) {
    Shape shape = shapes.of(type);
    try (JsonParser in = JSON.createParser(bytes)) {
      in.nextToken();
      Object row = shape.readOrNull(in);
      if (row == null) {
        throw new IOException("it is null");
      }
      return type.cast(row);
    } catch (IOException | ClassCastException e) {
      throw new IllegalStateException(
          "a row of " + type.getName() + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** How values of one type stand in JSON. */
  interface Shape {
    void write(JsonGenerator out, Object value) throws IOException;

    /** The parser stands at the value's first token, and is left at its last; it is not null. */
    @Nullable Object read(JsonParser in) throws IOException;

    default @Nullable Object readOrNull(JsonParser in) throws IOException {
      return in.currentToken() == JsonToken.VALUE_NULL ? null : read(in);
    }

    /** What a value is when nothing was written. */
    default @Nullable Object missing() {
      return null;
    }

    /** Whether {@code value} reads back the same when it is not written at all. */
    default boolean isMissing(Object value) {
      return false;
    }

    /** Looks at what it is made of; throws when something of it cannot be kept. */
    default void check() {}
  }
}
