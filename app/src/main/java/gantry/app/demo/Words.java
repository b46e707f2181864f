package gantry.app.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;

/**
 * The aws CLI's words for a request, made into the SDK's: {@code --cluster-name demo} sets {@code
 * clusterName}. What stands for a structure, a list of structures or a map is JSON; the CLI's
 * shorthand is not spoken here.
 */
final class Words {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Words() {}

  static SdkRequest request(Class<?> requestClass, List<String> words) {
    Shape shape = SdkShapes.of(requestClass);
    Object builder = shape.newBuilder();
    int at = 0;
    while (at < words.size()) {
      String option = words.get(at);
      if (!option.startsWith("--")) {
        throw new IllegalArgumentException("not an option: " + option);
      }
      int end = at + 1;
      while (end < words.size() && !words.get(end).startsWith("--")) {
        end++;
      }
      List<String> values = words.subList(at + 1, end);
      if (option.equals("--cli-input-json")) {
        JsonNode tree = json(values.getFirst());
        for (Member member : shape.members) {
          JsonNode node = named(tree, member.name);
          if (node != null) {
            member.set(builder, value(member, node));
          }
        }
      } else {
        option(shape, builder, option, values);
      }
      at = end;
    }
    return (SdkRequest) shape.build(builder);
  }

  private static void option(Shape shape, Object builder, String option, List<String> values) {
    String name = option.substring(2).replace("-", "");
    for (Member member : shape.members) {
      if (member.name.toLowerCase(Locale.ROOT).equals(name)) {
        member.set(builder, values.isEmpty() ? (Object) true : value(member, values));
        return;
      }
      if (member.kind == Kind.BOOLEAN && name.equals("no" + member.name.toLowerCase(Locale.ROOT))) {
        member.set(builder, false);
        return;
      }
    }
    throw new IllegalArgumentException(shape.name + " has no member for " + option);
  }

  private static @Nullable Object value(Member member, List<String> values) {
    return switch (member.kind) {
      case STRING -> values.getFirst();
      case LIST -> {
        boolean whole = values.size() == 1 && values.getFirst().startsWith("[");
        if (whole || member.element().kind == Kind.STRUCTURE) {
          yield value(member, json(values.getFirst()));
        }
        List<@Nullable Object> all = new ArrayList<>();
        values.forEach(each -> all.add(value(member.element(), List.of(each))));
        yield all;
      }
      default -> value(member, json(values.getFirst()));
    };
  }

  private static @Nullable Object value(Member member, JsonNode node) {
    return switch (member.kind) {
      case STRING -> node.isTextual() ? node.textValue() : node.toString();
      case BOOLEAN -> node.booleanValue();
      case SHORT -> node.shortValue();
      case INTEGER -> node.intValue();
      case LONG -> node.longValue();
      case FLOAT -> node.floatValue();
      case DOUBLE -> node.doubleValue();
      case LIST -> {
        List<@Nullable Object> all = new ArrayList<>();
        node.forEach(each -> all.add(value(member.element(), each)));
        yield all;
      }
      case MAP -> {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        node.properties().forEach(e -> all.put(e.getKey(), value(member.element(), e.getValue())));
        yield all;
      }
      case STRUCTURE -> structure(member.shape(), node);
      default -> throw new IllegalArgumentException(member + " cannot be given as a word");
    };
  }

  private static Object structure(Shape shape, JsonNode node) {
    Object builder = shape.newBuilder();
    node.properties()
        .forEach(
            entry -> {
              Member member =
                  shape.members.stream()
                      .filter(each -> each.name.equals(entry.getKey()))
                      .findFirst()
                      .orElseThrow(
                          () ->
                              new IllegalArgumentException(
                                  shape.name + " has no member " + entry.getKey()));
              member.set(builder, value(member, entry.getValue()));
            });
    return shape.build(builder);
  }

  private static @Nullable JsonNode named(JsonNode tree, String name) {
    return tree.get(name);
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + text, e);
    }
  }
}
