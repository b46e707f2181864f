package gantry.wire;

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
 * One service's model file, as tools/models writes it: lines of fields parted by tabs.
 *
 * <ul>
 *   <li>{@code O} an operation: name, HTTP method, URI template, status, the Query result element,
 *       the root element of a REST-XML answer, what must be in query and headers, the input's shape
 *   <li>{@code E} an error: shape, code, status, Sender or Receiver
 *   <li>{@code S} a shape that says something of its values, numbered from 0: kind, then {@code
 *       name:shape} with {@code !} if required and {@code ~} if an idempotency token; or minimum,
 *       maximum and element shapes; or minimum, maximum, pattern and the values of an enum
 * </ul>
 */
final class ModelFile {
  final Map<String, String[]> operations = new LinkedHashMap<>();
  final List<ErrorModel> errors = new ArrayList<>();
  final List<String> shapes = new ArrayList<>();

  /** An error as the model has it. */
  record ErrorModel(String shape, String code, int status, boolean sender) {}

  ModelFile(String id) {
    String text = text(id + ".model");
    int start = 0;
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      switch (text.charAt(start)) {
        case 'O' -> {
          String[] fields = text.substring(start + 2, end).split("\t", -1);
          operations.put(fields[0], fields);
        }
        case 'E' -> {
          String[] f = text.substring(start + 2, end).split("\t", -1);
          errors.add(new ErrorModel(f[0], f[1], Integer.parseInt(f[2]), f[3].equals("Sender")));
        }
        case 'S' -> shapes.add(text.substring(start + 2, end));
        default -> {}
      }
      start = end + 1;
    }
  }

  static String text(String name) {
    try (InputStream in = ModelFile.class.getResourceAsStream("models/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the model " + name + " is missing from this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String unescape(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    boolean escaped = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!escaped && c == '\\') {
        escaped = true;
        continue;
      }
      out.append(
          !escaped
              ? c
              : switch (c) {
                case 't' -> '\t';
                case 'n' -> '\n';
                case 'r' -> '\r';
                default -> c;
              });
      escaped = false;
    }
    return out.toString();
  }

  static @Nullable Integer shapeIndex(String field) {
    return field.isEmpty() ? null : Integer.valueOf(field);
  }
}
