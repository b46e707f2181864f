package gantry.node.vpc;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads counters and counted sets out of a namespace's firewall. */
final class NftReader {

  private static final JsonFactory JSON = new JsonFactory();

  private final Commands commands;

  NftReader(Commands commands) {
    this.commands = commands;
  }

  /** One element of a set with a counter. */
  record Counted(List<String> key, long packets, long bytes) {}

  /** The packets of every named counter. */
  Map<String, Long> counters(String namespace) {
    Map<String, Long> counters = new HashMap<>();
    for (Object object : objects(namespace, "counters")) {
      if (object instanceof Map<?, ?> one && one.get("counter") instanceof Map<?, ?> counter) {
        counters.put(String.valueOf(counter.get("name")), number(counter.get("packets")));
      }
    }
    return counters;
  }

  List<Counted> elements(String namespace, String set) {
    List<Counted> elements = new ArrayList<>();
    for (Object object : objects(namespace, "set", "ip", "gantry", set)) {
      if (object instanceof Map<?, ?> one
          && one.get("set") instanceof Map<?, ?> body
          && body.get("elem") instanceof List<?> members) {
        for (Object member : members) {
          if (member instanceof Map<?, ?> wrapped
              && wrapped.get("elem") instanceof Map<?, ?> element
              && element.get("val") instanceof Map<?, ?> value
              && value.get("concat") instanceof List<?> key
              && element.get("counter") instanceof Map<?, ?> counter) {
            elements.add(
                new Counted(
                    key.stream().map(String::valueOf).toList(),
                    number(counter.get("packets")),
                    number(counter.get("bytes"))));
          }
        }
      }
    }
    return elements;
  }

  /** A protocol as nftables prints it: a name of {@code /etc/protocols}, or a number. */
  static int protocol(String text) {
    return switch (text) {
      case "icmp" -> 1;
      case "tcp" -> 6;
      case "udp" -> 17;
      case "gre" -> 47;
      case "esp" -> 50;
      case "ah" -> 51;
      case "sctp" -> 132;
      case "udplite" -> 136;
      default -> text.matches("\\d{1,3}") ? Integer.parseInt(text) : 255;
    };
  }

  private List<?> objects(String namespace, String... what) {
    List<String> command = new ArrayList<>(List.of("nft", "-j", "list"));
    command.addAll(List.of(what));
    String text = commands.inside(namespace, command, "");
    try (JsonParser parser = JSON.createParser(text)) {
      parser.nextToken();
      return read(parser) instanceof Map<?, ?> all && all.get("nftables") instanceof List<?> list
          ? list
          : List.of();
    } catch (IOException e) {
      throw new CommandFailed("nft -j printed what is not JSON: " + e.getMessage(), e);
    }
  }

  private static long number(@org.jspecify.annotations.Nullable Object value) {
    return value instanceof Long number ? number : 0;
  }

  private static Object read(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> object = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          object.put(name, read(parser));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(read(parser));
        }
        yield array;
      }
      case VALUE_NUMBER_INT -> parser.getLongValue();
      default -> String.valueOf(parser.getText());
    };
  }
}
