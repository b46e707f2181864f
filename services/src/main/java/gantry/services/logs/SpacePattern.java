package gantry.services.logs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The fields of a line that spaces divide: {@code [ip, user, ..., status=4*, bytes>1000]}. */
final class SpacePattern implements FilterPattern {

  private static final String STOPS = ",]()&|";

  /** The field that stands for any number of them. */
  private static final String ANY = "...";

  private record Field(String name, Predicate<String> condition) {}

  private final List<Field> fields;

  private SpacePattern(List<Field> fields) {
    this.fields = fields;
  }

  static FilterPattern parse(PatternText in) {
    in.expect("[");
    List<Field> fields = new ArrayList<>();
    boolean any = false;
    do {
      if (in.take(ANY)) {
        if (any) {
          throw in.wrong("'...' stands there twice");
        }
        any = true;
        fields.add(new Field(ANY, field -> true));
      } else {
        fields.add(field(in));
      }
    } while (in.take(","));
    in.expect("]");
    if (!in.atEnd()) {
      throw in.wrong("there is more behind the ']'");
    }
    return new SpacePattern(List.copyOf(fields));
  }

  private static Field field(PatternText in) {
    StringBuilder name = new StringBuilder();
    Predicate<String> condition = either(in, name);
    return new Field(name.toString(), condition);
  }

  private static Predicate<String> either(PatternText in, StringBuilder name) {
    Predicate<String> left = both(in, name);
    while (in.take("||")) {
      left = left.or(both(in, name));
    }
    return left;
  }

  private static Predicate<String> both(PatternText in, StringBuilder name) {
    Predicate<String> left = one(in, name);
    while (in.take("&&")) {
      left = left.and(one(in, name));
    }
    return left;
  }

  private static Predicate<String> one(PatternText in, StringBuilder name) {
    if (in.take("(")) {
      Predicate<String> inner = either(in, name);
      in.expect(")");
      return inner;
    }
    in.blanks();
    String own = in.bare("=!<>" + STOPS);
    if (!own.matches("[A-Za-z0-9_]+")) {
      throw in.wrong("'" + own + "' is no name of a field");
    }
    if (name.isEmpty()) {
      name.append(own);
    } else if (!name.toString().equals(own)) {
      throw in.wrong("the conditions of a field name one field");
    }
    Comparison comparison = Comparison.read(in, STOPS);
    return comparison == null
        ? field -> true
        : field -> comparison.holds(field, Comparison.number(field), true);
  }

  /** The fields of a line: what stands in quotes or brackets is one. */
  static List<String> split(String line) {
    List<String> fields = new ArrayList<>();
    int at = 0;
    while (at < line.length()) {
      char c = line.charAt(at);
      if (Character.isWhitespace(c)) {
        at++;
        continue;
      }
      char close = c == '"' ? '"' : c == '[' ? ']' : ' ';
      int end = close == ' ' ? -1 : line.indexOf(close, at + 1);
      if (end > 0) {
        fields.add(line.substring(at + 1, end));
        at = end + 1;
      } else {
        int start = at;
        while (at < line.length() && !Character.isWhitespace(line.charAt(at))) {
          at++;
        }
        fields.add(line.substring(start, at));
      }
    }
    return fields;
  }

  /** Which field of the line each of the pattern's is; null when their numbers differ. */
  private @Nullable Map<Field, String> assign(String message) {
    List<String> found = split(message);
    int skipped = -1;
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).name().equals(ANY)) {
        skipped = i;
      }
    }
    if (skipped < 0 ? found.size() != fields.size() : found.size() < fields.size() - 1) {
      return null;
    }
    Map<Field, String> assigned = new LinkedHashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      if (i != skipped) {
        int place = skipped < 0 || i < skipped ? i : found.size() - (fields.size() - i);
        assigned.put(fields.get(i), found.get(place));
      }
    }
    return assigned;
  }

  @Override
  public boolean matches(String message) {
    Map<Field, String> assigned = assign(message);
    return assigned != null
        && assigned.entrySet().stream()
            .allMatch(entry -> entry.getKey().condition().test(entry.getValue()));
  }

  @Override
  public Map<String, String> extract(String message) {
    Map<Field, String> assigned = assign(message);
    Map<String, String> values = new LinkedHashMap<>();
    if (assigned != null) {
      assigned.forEach((field, value) -> values.put("$" + field.name(), value));
    }
    return values;
  }
}
