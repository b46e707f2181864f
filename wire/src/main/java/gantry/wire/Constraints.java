package gantry.wire;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a service's model demands of requests; each shape is read from its line when first met. */
final class Constraints {
  private final List<String> lines;
  private final AtomicReferenceArray<@Nullable Rule> rules;

  Constraints(List<String> lines) {
    this.lines = lines;
    this.rules = new AtomicReferenceArray<>(lines.size());
  }

  sealed interface Rule {}

  record Part(@Nullable Integer shape, boolean required) {}

  record Structure(Map<String, Part> members) implements Rule {}

  record Items(@Nullable BigDecimal min, @Nullable BigDecimal max, @Nullable Integer element)
      implements Rule {}

  record Entries(
      @Nullable BigDecimal min,
      @Nullable BigDecimal max,
      @Nullable Integer key,
      @Nullable Integer value)
      implements Rule {}

  record Simple(
      boolean number,
      @Nullable BigDecimal min,
      @Nullable BigDecimal max,
      @Nullable Pattern pattern,
      String patternText,
      List<String> values)
      implements Rule {}

  Rule rule(int shape) {
    Rule rule = rules.get(shape);
    if (rule == null) {
      rule = parse(lines.get(shape).split("\t", -1));
      rules.set(shape, rule);
    }
    return rule;
  }

  private static Rule parse(String[] f) {
    return switch (f[0]) {
      case "structure" -> {
        Map<String, Part> members = new LinkedHashMap<>();
        for (int i = 1; i < f.length; i++) {
          int colon = f[i].indexOf(':');
          String target = f[i].substring(colon + 1);
          boolean required = target.contains("!");
          members.put(
              f[i].substring(0, colon),
              new Part(ModelFile.shapeIndex(target.replace("!", "").replace("~", "")), required));
        }
        yield new Structure(members);
      }
      case "list" -> new Items(limit(f[1]), limit(f[2]), ModelFile.shapeIndex(f[3]));
      case "map" ->
          new Entries(
              limit(f[1]), limit(f[2]), ModelFile.shapeIndex(f[3]), ModelFile.shapeIndex(f[4]));
      default -> {
        String pattern = ModelFile.unescape(f[3]);
        List<String> values = new ArrayList<>();
        for (int i = 4; i < f.length; i++) {
          values.add(ModelFile.unescape(f[i]));
        }
        boolean number = !f[0].equals("string") && !f[0].equals("blob");
        yield new Simple(
            number,
            limit(f[1]),
            limit(f[2]),
            pattern.isEmpty() ? null : Pattern.compile(pattern),
            pattern,
            values);
      }
    };
  }

  private static @Nullable BigDecimal limit(String text) {
    return text.isEmpty() ? null : new BigDecimal(text);
  }
}
