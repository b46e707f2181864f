package gantry.services.iam;

import gantry.services.Caller;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which resource a request speaks of, from its members' names: {@code resources.txt} beside this
 * class has a line for each kind of resource, not for each call. The first line of a service whose
 * operations and members fit decides; where none fits the action is checked on {@code *}.
 */
final class ResourceRules {

  private ResourceRules() {}

  /**
   * One line.
   *
   * @param operations prefixes ending in a star, or whole names; empty for all
   * @param members the names of which the first that is set gives the id; empty for none
   */
  private record Rule(List<String> operations, List<String> members, String template) {
    boolean speaksOf(String operation) {
      return operations.isEmpty()
          || operations.stream()
              .anyMatch(
                  name ->
                      name.endsWith("*")
                          ? operation.startsWith(name.substring(0, name.length() - 1))
                          : operation.equals(name));
    }
  }

  private static final class Table {
    static final Map<String, List<Rule>> BY_SERVICE = read();

    private static Map<String, List<Rule>> read() {
      Map<String, List<Rule>> rules = new HashMap<>();
      try (InputStream in = ResourceRules.class.getResourceAsStream("resources.txt")) {
        if (in == null) {
          throw new IllegalStateException("resources.txt is missing");
        }
        var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.isBlank() || line.startsWith("#")) {
            continue;
          }
          String[] words = line.trim().split("\\s+", -1);
          if (words.length != 4) {
            throw new IllegalStateException("resources.txt: " + line);
          }
          rules
              .computeIfAbsent(words[0], service -> new ArrayList<>())
              .add(new Rule(list(words[1]), list(words[2]), words[3]));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return rules;
    }

    private static List<String> list(String word) {
      return word.equals("-") ? List.of() : List.of(word.split(","));
    }
  }

  /** The ARNs that a call is checked on; never empty. */
  static List<String> resources(String service, String operation, Caller caller, Members members) {
    for (Rule rule : Table.BY_SERVICE.getOrDefault(service, List.of())) {
      if (!rule.speaksOf(operation)) {
        continue;
      }
      if (rule.members().isEmpty()) {
        return rule.template().equals("*")
            ? List.of("*")
            : List.of(String.valueOf(arn(rule.template(), "", caller, members)));
      }
      List<String> ids = List.of();
      for (String member : rule.members()) {
        ids = members.texts(member);
        if (!ids.isEmpty()) {
          break;
        }
      }
      List<String> arns = new ArrayList<>();
      for (String id : ids) {
        String arn = arn(rule.template(), id, caller, members);
        if (arn != null) {
          arns.add(arn);
        }
      }
      if (!arns.isEmpty()) {
        return arns;
      }
    }
    return List.of("*");
  }

  /**
   * The value of a member as a condition key shows it: an ARN where the member names a resource.
   */
  static String shown(String service, String member, String id, Caller caller, Members members) {
    if (id.startsWith("arn:")) {
      return id;
    }
    for (Rule rule : Table.BY_SERVICE.getOrDefault(service, List.of())) {
      if (rule.operations().isEmpty()
          && rule.members().stream().anyMatch(name -> name.equalsIgnoreCase(member))) {
        String arn = arn(rule.template(), id, caller, members);
        if (arn != null) {
          return arn;
        }
      }
    }
    return id;
  }

  /**
   * {@code @} is the id, {@code {member|default}} another member's last part. Null where a member
   * without default is missing.
   */
  private static @Nullable String arn(String template, String id, Caller caller, Members members) {
    if (id.startsWith("arn:")) {
      return id;
    }
    StringBuilder text = new StringBuilder();
    int at = 0;
    while (at < template.length()) {
      char c = template.charAt(at);
      if (c == '@') {
        text.append(id);
      } else if (c == '{') {
        int end = template.indexOf('}', at);
        String[] inside = template.substring(at + 1, end).split("\\|", 2);
        String value =
            switch (inside[0]) {
              case "account" -> caller.account();
              case "region" -> caller.region();
              case "caller" -> caller.arn();
              default -> {
                List<String> given = members.texts(inside[0]);
                yield given.isEmpty() ? null : lastPart(given.getFirst());
              }
            };
        if (value == null && inside.length == 1) {
          return null;
        }
        text.append(value == null ? inside[1] : value);
        at = end;
      } else {
        text.append(c);
      }
      at++;
    }
    String arn = text.toString();
    // Paths come with slashes of their own; nowhere else is a double one collapsed.
    return arn.startsWith("arn:aws:iam:") || arn.contains(":parameter/")
        ? arn.replaceAll("/{2,}", "/")
        : arn;
  }

  private static String lastPart(String value) {
    return value.startsWith("arn:") ? value.substring(value.lastIndexOf('/') + 1) : value;
  }

  static String plain(String memberOrKey) {
    return memberOrKey.replace("-", "").toLowerCase(Locale.ROOT);
  }
}
