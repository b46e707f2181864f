package gantry.wire.protocol;

import gantry.wire.WireException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code Tags.member.1.Key=a} as a tree. */
final class FormTree {
  /** Deeper than any real parameter's name. */
  private static final int MAX_DEPTH = 100;

  @Nullable String value;
  private @Nullable Map<String, FormTree> children;

  static FormTree of(Map<String, List<String>> parameters) {
    FormTree root = new FormTree();
    parameters.forEach(
        (name, values) -> {
          FormTree node = root;
          int start = 0;
          int depth = 0;
          while (start <= name.length()) {
            if (++depth > MAX_DEPTH) {
              throw new WireException(
                  "MalformedQueryString", 400, "A parameter's name has too many parts.");
            }
            int dot = name.indexOf('.', start);
            String part = dot < 0 ? name.substring(start) : name.substring(start, dot);
            node = node.grow(part);
            if (dot < 0) {
              break;
            }
            start = dot + 1;
          }
          node.value = values.getLast();
        });
    return root;
  }

  private FormTree grow(String name) {
    Map<String, FormTree> map = children;
    if (map == null) {
      map = new LinkedHashMap<>();
      children = map;
    }
    return map.computeIfAbsent(name, k -> new FormTree());
  }

  @Nullable FormTree child(String name) {
    return children == null ? null : children.get(name);
  }

  private record Numbered(int index, FormTree node) {}

  /** The numbered children by their numbers; gaps close. */
  List<FormTree> numbered(String where) {
    if (children == null) {
      return List.of();
    }
    List<Numbered> found = new ArrayList<>(children.size());
    children.forEach((name, node) -> found.add(new Numbered(index(name, where), node)));
    found.sort(Comparator.comparingInt(Numbered::index));
    return found.stream().map(Numbered::node).toList();
  }

  private static int index(String name, String where) {
    try {
      int index = Integer.parseInt(name);
      if (index >= 0) {
        return index;
      }
    } catch (NumberFormatException e) {
      throw WireException.serialization("'" + name + "' is no index into the list " + where + ".");
    }
    throw WireException.serialization("'" + name + "' is no index into the list " + where + ".");
  }
}
