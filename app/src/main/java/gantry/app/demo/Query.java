package gantry.app.demo;

import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** As much of the CLI's {@code --query} as the demo asks: {@code Vpcs[0].VpcId}, {@code a[].b}. */
final class Query {

  private Query() {}

  /** What the path leads to, as text, in order; nothing where a part of it is absent. */
  static List<String> texts(Object response, String path) {
    List<Object> at = List.of(response);
    for (String step : path.split("\\.")) {
      int bracket = step.indexOf('[');
      String name = bracket < 0 ? step : step.substring(0, bracket);
      List<Object> next = new ArrayList<>();
      for (Object one : at) {
        Object value = member(one, name);
        if (value == null || SdkShapes.absent(value)) {
          continue;
        }
        if (bracket < 0) {
          next.add(value);
        } else {
          List<?> list = (List<?>) value;
          String index = step.substring(bracket + 1, step.length() - 1);
          if (index.isEmpty()) {
            next.addAll(list);
          } else if (Integer.parseInt(index) < list.size()) {
            next.add(list.get(Integer.parseInt(index)));
          }
        }
      }
      at = next;
    }
    return at.stream()
        .flatMap(
            each -> each instanceof List<?> list ? list.stream() : java.util.stream.Stream.of(each))
        .map(String::valueOf)
        .toList();
  }

  private static @Nullable Object member(Object structure, String name) {
    if (structure instanceof Map<?, ?> map) {
      return map.get(name);
    }
    for (Member member : SdkShapes.of(structure.getClass()).members) {
      if (member.name.equals(name)) {
        return member.get(structure);
      }
    }
    throw new IllegalArgumentException(
        structure.getClass().getSimpleName() + " has no member " + name);
  }
}
