package gantry.wire.protocol;

import gantry.wire.RequestHead;
import gantry.wire.Uris;
import gantry.wire.WireException;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.protocol.MarshallLocation;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/** What the REST protocols carry outside of the body: labels, query, headers, the status. */
final class RestHead {
  private RestHead() {}

  static void read(Shape shape, Object builder, RequestHead head, Map<String, String> labels) {
    if (!shape.hasHeadMembers) {
      return;
    }
    Map<String, List<String>> query = Uris.parameters(head.query());
    for (Member member : shape.members) {
      switch (member.location) {
        case PATH, GREEDY_PATH -> {
          String label = labels.get(member.wireName);
          if (label != null) {
            member.set(builder, Scalars.parse(member, label, Format.ISO_8601));
          }
        }
        case QUERY_PARAM -> query(member, builder, query);
        case HEADER -> header(member, builder, head);
        case PAYLOAD, STATUS_CODE -> {}
      }
    }
  }

  private static void query(Member member, Object builder, Map<String, List<String>> query) {
    if (member.kind == Kind.MAP) {
      // A map takes every parameter, those that other members name too.
      Map<String, Object> map = new LinkedHashMap<>();
      query.forEach(
          (name, values) -> {
            map.put(
                name, member.element().kind == Kind.LIST ? List.copyOf(values) : values.getFirst());
          });
      if (!map.isEmpty()) {
        member.set(builder, map);
      }
      return;
    }
    List<String> values = query.get(member.wireName);
    if (values == null) {
      return;
    }
    if (member.kind == Kind.LIST) {
      List<Object> list = new ArrayList<>(values.size());
      for (String value : values) {
        list.add(Scalars.parse(member.element(), value, Format.ISO_8601));
      }
      member.set(builder, list);
    } else {
      String value = values.getFirst();
      if (!value.isEmpty() || member.kind == Kind.STRING) {
        member.set(builder, Scalars.parse(member, value, Format.ISO_8601));
      }
    }
  }

  private static void header(Member member, Object builder, RequestHead head) {
    if (member.kind == Kind.MAP) {
      String prefix = member.wireName.toLowerCase(Locale.ROOT);
      Map<String, Object> map = new LinkedHashMap<>();
      head.headers()
          .forEach(
              (name, value) -> {
                if (name.toLowerCase(Locale.ROOT).startsWith(prefix)) {
                  map.put(name.substring(prefix.length()), value);
                }
              });
      if (!map.isEmpty()) {
        member.set(builder, map);
      }
      return;
    }
    if (member.kind == Kind.LIST) {
      List<Object> list = new ArrayList<>();
      for (String value : head.headers().all(member.wireName)) {
        for (String part : split(value, date(member.element()))) {
          list.add(Scalars.parse(member.element(), part, Format.RFC_822));
        }
      }
      if (!list.isEmpty()) {
        member.set(builder, list);
      }
      return;
    }
    String value = head.header(member.wireName);
    if (value == null) {
      return;
    }
    if (member.jsonValue) {
      try {
        value = new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw WireException.serialization("The header " + member.wireName + " is not base64.");
      }
    }
    if (!value.isEmpty() || member.kind == Kind.STRING) {
      member.set(builder, Scalars.parse(member, value, Format.RFC_822));
    }
  }

  private static boolean date(Member element) {
    return element.kind == Kind.TIMESTAMP
        && (element.timestampFormat == null || element.timestampFormat == Format.RFC_822);
  }

  /** Parts at commas outside of quotes; an HTTP date has a comma of its own. */
  private static List<String> split(String value, boolean dates) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean quoted = false;
    boolean wasQuoted = false;
    int commas = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (quoted) {
        if (c == '\\' && i + 1 < value.length()) {
          part.append(value.charAt(++i));
        } else if (c == '"') {
          quoted = false;
        } else {
          part.append(c);
        }
      } else if (c == '"' && part.toString().isBlank()) {
        part.setLength(0);
        quoted = true;
        wasQuoted = true;
      } else if (c == ',' && (!dates || ++commas % 2 == 0)) {
        parts.add(wasQuoted ? part.toString() : part.toString().strip());
        part.setLength(0);
        wasQuoted = false;
      } else if (!(wasQuoted && c == ' ')) {
        part.append(c);
      }
    }
    parts.add(wasQuoted ? part.toString() : part.toString().strip());
    return parts;
  }

  private static final Pattern QUOTE_NEEDED = Pattern.compile("[,\"]");

  /** Adds the head members of an answer and returns its status. */
  static int write(
      Shape shape, Object output, int status, List<Map.Entry<String, String>> headers) {
    int found = status;
    if (!shape.hasHeadMembers) {
      return found;
    }
    for (Member member : shape.members) {
      if (member.location != MarshallLocation.HEADER
          && member.location != MarshallLocation.STATUS_CODE) {
        continue;
      }
      Object value = member.get(output);
      if (SdkShapes.absent(value) || value == null) {
        continue;
      }
      if (member.location == MarshallLocation.STATUS_CODE) {
        found = (Integer) value;
      } else if (member.kind == Kind.MAP) {
        ((Map<?, ?>) value)
            .forEach((name, one) -> headers.add(Map.entry(member.wireName + name, one.toString())));
      } else if (member.kind == Kind.LIST) {
        List<String> parts = new ArrayList<>();
        for (Object one : (List<?>) value) {
          String text = Scalars.format(member.element(), one, Format.RFC_822);
          boolean quote = member.element().kind == Kind.STRING && QUOTE_NEEDED.matcher(text).find();
          parts.add(quote ? '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"' : text);
        }
        if (!parts.isEmpty()) {
          headers.add(Map.entry(member.wireName, String.join(", ", parts)));
        }
      } else {
        String text = Scalars.format(member, value, Format.RFC_822);
        headers.add(
            Map.entry(
                member.wireName,
                member.jsonValue
                    ? Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))
                    : text));
      }
    }
    return found;
  }

  static boolean has(List<Map.Entry<String, String>> headers, String name) {
    return headers.stream().anyMatch(h -> h.getKey().equalsIgnoreCase(name));
  }
}
