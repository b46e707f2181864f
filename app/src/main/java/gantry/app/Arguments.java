package gantry.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A command's options: {@code --name value}, {@code --name=value} and {@code --flag}. By hand,
 * because {@code up} is measured in milliseconds and this is all there is to it.
 */
final class Arguments {

  /** Not what the command takes; the message is the one line that is shown. */
  static final class Wrong extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Wrong(String message) {
      super(message);
    }
  }

  private final Map<String, String> values = new LinkedHashMap<>();
  private final List<String> others = new ArrayList<>();

  /** Reads {@code arguments}; options are named without their dashes. */
  static Arguments read(String[] arguments, Set<String> valued, Set<String> flags) {
    Arguments read = new Arguments();
    for (int i = 0; i < arguments.length; i++) {
      String argument = arguments[i];
      if (!argument.startsWith("--")) {
        read.others.add(argument);
        continue;
      }
      int equals = argument.indexOf('=');
      String name = argument.substring(2, equals < 0 ? argument.length() : equals);
      if (flags.contains(name) && equals < 0) {
        read.values.put(name, "true");
      } else if (valued.contains(name)) {
        if (equals < 0 && i + 1 == arguments.length) {
          throw new Wrong("--" + name + " needs a value");
        }
        read.values.put(name, equals < 0 ? arguments[++i] : argument.substring(equals + 1));
      } else {
        throw new Wrong("there is no option " + argument);
      }
    }
    return read;
  }

  @Nullable String get(String name) {
    return values.get(name);
  }

  String get(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  List<String> others() {
    return others;
  }

  int port(int otherwise) {
    String text = get("port");
    if (text == null) {
      return otherwise;
    }
    try {
      int port = Integer.parseInt(text);
      if (port >= 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw new Wrong("--port " + text + " is not a port");
    }
    throw new Wrong("--port " + text + " is not a port");
  }
}
