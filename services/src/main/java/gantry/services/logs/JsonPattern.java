package gantry.services.logs;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A condition over the members of an event that is JSON: {@code { $.status = 404 && … }}. */
final class JsonPattern implements FilterPattern {

  private static final String STOPS = ")}&|";

  private final Predicate<Object> condition;
  private final Set<String> selectors;

  private JsonPattern(Predicate<Object> condition, Set<String> selectors) {
    this.condition = condition;
    this.selectors = selectors;
  }

  static FilterPattern parse(PatternText in) {
    Set<String> selectors = new LinkedHashSet<>();
    in.expect("{");
    Predicate<Object> condition = either(in, selectors);
    in.expect("}");
    if (!in.atEnd()) {
      throw in.wrong("there is more behind the '}'");
    }
    return new JsonPattern(condition, selectors);
  }

  private static Predicate<Object> either(PatternText in, Set<String> selectors) {
    Predicate<Object> left = both(in, selectors);
    while (in.take("||")) {
      left = left.or(both(in, selectors));
    }
    return left;
  }

  private static Predicate<Object> both(PatternText in, Set<String> selectors) {
    Predicate<Object> left = one(in, selectors);
    while (in.take("&&")) {
      left = left.and(one(in, selectors));
    }
    return left;
  }

  private static Predicate<Object> one(PatternText in, Set<String> selectors) {
    if (in.take("(")) {
      Predicate<Object> inner = either(in, selectors);
      in.expect(")");
      return inner;
    }
    in.blanks();
    JsonPath path = JsonPath.parse(in);
    selectors.add(path.text());
    if (in.takeWord("NOT")) {
      if (!in.takeWord("EXISTS")) {
        throw in.wrong("'EXISTS' is expected behind NOT");
      }
      return root -> path.all(root).isEmpty();
    }
    if (in.takeWord("IS")) {
      for (String word : List.of("NULL", "TRUE", "FALSE")) {
        if (in.takeWord(word)) {
          Object expected = word.equals("NULL") ? Json.NULL : (Object) word.equals("TRUE");
          return root -> path.all(root).contains(expected);
        }
      }
      throw in.wrong("NULL, TRUE or FALSE is expected behind IS");
    }
    Comparison comparison = Comparison.read(in, STOPS);
    if (comparison == null) {
      throw in.wrong("an operator is expected behind " + path.text());
    }
    return root -> path.all(root).stream().anyMatch(value -> holds(comparison, value));
  }

  private static boolean holds(Comparison comparison, Object value) {
    return switch (value) {
      case String text -> comparison.holds(text, null, comparison.right().number() == null);
      case BigDecimal number -> comparison.holds(Json.text(number), number, true);
      case Boolean truth -> comparison.holds(truth.toString(), null, true);
      default -> false; // an object, an array, or null
    };
  }

  @Override
  public boolean matches(String message) {
    Object root = Json.parse(message);
    return root != null && condition.test(root);
  }

  @Override
  public Map<String, String> extract(String message) {
    Object root = Json.parse(message);
    Map<String, String> values = new LinkedHashMap<>();
    if (root != null) {
      for (String selector : selectors) {
        String value = value(selector, root);
        if (value != null) {
          values.put(selector, value);
        }
      }
    }
    return values;
  }

  @Override
  public @Nullable String value(String selector, String message) {
    Object root = Json.parse(message);
    return root == null ? null : value(selector, root);
  }

  private static @Nullable String value(String selector, Object root) {
    List<Object> found = new ArrayList<>(JsonPath.parse(new PatternText(selector)).all(root));
    return found.isEmpty() ? null : Json.scalar(found.getFirst());
  }
}
