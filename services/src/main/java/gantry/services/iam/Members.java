package gantry.services.iam;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;

/** A request read by the names of its members, whatever service it is for. */
final class Members {

  private static final int MAX_DEPTH = 8;

  private final Map<String, Object> top = new LinkedHashMap<>();
  private final SdkPojo request;

  Members(SdkPojo request) {
    this.request = request;
    for (SdkField<?> field : request.sdkFields()) {
      Object value = field.getValueOrDefault(request);
      if (value != null) {
        top.put(ResourceRules.plain(field.memberName()), value);
      }
    }
  }

  /** The texts of a member, one or a list; its name's case and dashes do not matter. */
  List<String> texts(String member) {
    Object value = top.get(ResourceRules.plain(member));
    List<String> texts = new ArrayList<>();
    if (value instanceof Collection<?> list) {
      for (Object item : list) {
        if (item instanceof String text && !text.isEmpty()) {
          texts.add(text);
        }
      }
    } else if (value instanceof String text) {
      if (!text.isEmpty()) {
        texts.add(text);
      }
    } else if (value instanceof Number || value instanceof Boolean) {
      texts.add(value.toString());
    }
    return texts;
  }

  /** A member that is a map of texts; empty where there is none. */
  Map<String, String> map(String member) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (top.get(ResourceRules.plain(member)) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> texts.put(String.valueOf(key), String.valueOf(value)));
    }
    return texts;
  }

  /** Tags that the request carries, whatever shape its service gives them. */
  Map<String, String> tags() {
    Map<String, String> tags = new LinkedHashMap<>();
    for (String name : List.of("tags", "taglist", "tagset")) {
      Object value = top.get(name);
      if (value instanceof Map<?, ?> map) {
        map.forEach((key, tag) -> tags.put(String.valueOf(key), String.valueOf(tag)));
      } else if (value instanceof Collection<?> list) {
        for (Object item : list) {
          if (item instanceof SdkPojo tag) {
            String key = field(tag, "key");
            String text = field(tag, "value");
            if (key != null) {
              tags.put(key, text == null ? "" : text);
            }
          }
        }
      }
    }
    return tags;
  }

  /** The keys of an untag call count as tag keys too. */
  List<String> tagKeys() {
    List<String> keys = new ArrayList<>(tags().keySet());
    keys.addAll(texts("TagKeys"));
    return keys;
  }

  private static @Nullable String field(SdkPojo pojo, String name) {
    for (SdkField<?> field : pojo.sdkFields()) {
      String plain = ResourceRules.plain(field.memberName());
      if (plain.equals(name) || plain.equals("tag" + name)) {
        Object value = field.getValueOrDefault(pojo);
        return value == null ? null : value.toString();
      }
    }
    return null;
  }

  /** Every text in the request, however deep, with the name of its member. */
  void eachText(BiConsumer<String, String> use) {
    walk(request, use, 0);
  }

  private static void walk(SdkPojo pojo, BiConsumer<String, String> use, int depth) {
    if (depth > MAX_DEPTH) {
      return;
    }
    for (SdkField<?> field : pojo.sdkFields()) {
      walkValue(field.memberName(), field.getValueOrDefault(pojo), use, depth);
    }
  }

  private static void walkValue(
      String name, @Nullable Object value, BiConsumer<String, String> use, int depth) {
    switch (value) {
      case String text -> use.accept(name, text);
      case SdkPojo inner -> walk(inner, use, depth + 1);
      case Collection<?> list -> list.forEach(item -> walkValue(name, item, use, depth));
      case Map<?, ?> map -> map.values().forEach(item -> walkValue(name, item, use, depth));
      case null, default -> {}
    }
  }
}
