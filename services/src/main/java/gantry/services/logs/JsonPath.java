package gantry.services.logs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A selector such as {@code $.users[0]['first name']}. */
record JsonPath(String text, List<Object> steps) {

  private static final char ROOT = '$';
  private static final String NAME_ENDS = ".[]=!<>)(&|}";
  private static final String INDEX_ENDS = "]";
  private static final Object ANY = new Object();

  static JsonPath parse(PatternText in) {
    if (in.peek() != ROOT) {
      throw in.wrong("a selector begins with '$'");
    }
    in.next();
    StringBuilder text = new StringBuilder().append(ROOT);
    List<Object> steps = new ArrayList<>();
    while (in.peek() == '.' || in.peek() == '[') {
      boolean dot = in.next() == '.';
      if (dot && in.peek() == '[') {
        continue; // $.['odd key'] is written with a dot too
      }
      if (dot) {
        String name = in.bare(NAME_ENDS);
        if (name.isEmpty()) {
          throw in.wrong("a name is missing in " + text);
        }
        text.append('.').append(name);
        steps.add(name.equals("*") ? ANY : name);
        continue;
      }
      if (in.peek() == '\'' || in.peek() == '"') {
        String name = in.quoted();
        text.append("['").append(name).append("']");
        steps.add(name);
      } else {
        String index = in.bare(INDEX_ENDS);
        if (!index.matches("\\*|[0-9]{1,6}")) {
          throw in.wrong("'" + index + "' is no index");
        }
        text.append('[').append(index).append(']');
        steps.add(index.equals("*") ? ANY : (Object) Integer.valueOf(index));
      }
      if (in.next() != ']') {
        throw in.wrong("']' is missing in " + text);
      }
    }
    if (steps.isEmpty()) {
      throw in.wrong("a selector names a member");
    }
    return new JsonPath(text.toString(), List.copyOf(steps));
  }

  /** What the selector finds: nothing, one value, or with {@code *} several. */
  List<Object> all(Object root) {
    List<Object> found = List.of(root);
    for (Object step : steps) {
      List<Object> deeper = new ArrayList<>();
      for (Object value : found) {
        if (value instanceof Map<?, ?> map) {
          if (step.equals(ANY)) {
            deeper.addAll(map.values());
          } else if (step instanceof String name) {
            Object member = map.get(name);
            if (member != null) {
              deeper.add(member);
            }
          }
        } else if (value instanceof List<?> list) {
          if (step.equals(ANY)) {
            deeper.addAll(list);
          } else if (step instanceof Integer index && index < list.size()) {
            deeper.add(list.get(index));
          }
        }
      }
      found = deeper;
    }
    return found;
  }
}
