package gantry.services.ecs.placement;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The cluster query language: {@code subject operator [argument]}, combined with and, or, not and
 * parentheses.
 *
 * <pre>
 * or         = and { ("or" | "||") and }
 * and        = unary { ("and" | "&amp;&amp;") unary }
 * unary      = ("not" | "!") unary | "(" or ")" | comparison
 * comparison = subject operator [ word | "[" word { "," word } "]" ]
 * </pre>
 */
public sealed interface ClusterQuery {

  /** An instance as expressions see it. */
  interface Subject {
    /** The attribute's value, "" for one that is only a name, null for one that it has not. */
    @Nullable String attribute(String name);

    boolean agentConnected();

    @Nullable String agentVersion();

    @Nullable String ec2InstanceId();

    @Nullable Instant registeredAt();

    int runningTasksCount();

    Set<String> taskGroups();
  }

  boolean matches(Subject instance);

  /** Its answer changes with the tasks on the instance, not only with the instance itself. */
  boolean dependsOnTasks();

  /** An expression with the words it was written in, for whoever has to tell of it. */
  record Stated(String text, ClusterQuery query) implements ClusterQuery {
    @Override
    public boolean matches(Subject instance) {
      return query.matches(instance);
    }

    @Override
    public boolean dependsOnTasks() {
      return query.dependsOnTasks();
    }

    /** The words say all of it, and keep their hash. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Stated stated && stated.text.equals(text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }

    @Override
    public String toString() {
      return text;
    }
  }

  record Or(ClusterQuery left, ClusterQuery right) implements ClusterQuery {
    @Override
    public boolean matches(Subject instance) {
      return left.matches(instance) || right.matches(instance);
    }

    @Override
    public boolean dependsOnTasks() {
      return left.dependsOnTasks() || right.dependsOnTasks();
    }
  }

  record And(ClusterQuery left, ClusterQuery right) implements ClusterQuery {
    @Override
    public boolean matches(Subject instance) {
      return left.matches(instance) && right.matches(instance);
    }

    @Override
    public boolean dependsOnTasks() {
      return left.dependsOnTasks() || right.dependsOnTasks();
    }
  }

  record Not(ClusterQuery of) implements ClusterQuery {
    @Override
    public boolean matches(Subject instance) {
      return !of.matches(instance);
    }

    @Override
    public boolean dependsOnTasks() {
      return of.dependsOnTasks();
    }
  }

  /** The operators, without their negated twins: those are parsed as a flag. */
  enum Operator {
    EQUALS,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    EXISTS,
    IN,
    MATCHES
  }

  /**
   * One subject held against its arguments.
   *
   * @param negated {@code !=}, {@code !in}, {@code !~}, {@code !exists}: true where the plain
   *     operator is false, so also on an instance that lacks the attribute
   */
  record Comparison(
      String subject,
      Operator operator,
      boolean negated,
      List<String> arguments,
      @Nullable Regex regex)
      implements ClusterQuery {

    @Override
    public boolean matches(Subject instance) {
      return plain(instance) != negated;
    }

    @Override
    public boolean dependsOnTasks() {
      return subject.equals("task:group") || subject.equals("runningTasksCount");
    }

    private boolean plain(Subject instance) {
      if (subject.equals("task:group")) {
        Set<String> groups = instance.taskGroups();
        return operator == Operator.EXISTS
            ? !groups.isEmpty()
            : groups.stream().anyMatch(this::holds);
      }
      String value =
          switch (subject) {
            case "agentConnected" -> Boolean.toString(instance.agentConnected());
            case "agentVersion" -> instance.agentVersion();
            case "ec2InstanceId" -> instance.ec2InstanceId();
            case "registeredAt" -> {
              Instant at = instance.registeredAt();
              yield at == null ? null : at.toString();
            }
            case "runningTasksCount" -> Integer.toString(instance.runningTasksCount());
            default -> instance.attribute(subject.substring("attribute:".length()));
          };
      return value != null && (operator == Operator.EXISTS || holds(value));
    }

    private boolean holds(String value) {
      return switch (operator) {
        case EXISTS -> true;
        case EQUALS -> order(value, arguments.getFirst()) == 0;
        case GREATER -> order(value, arguments.getFirst()) > 0;
        case GREATER_EQUAL -> order(value, arguments.getFirst()) >= 0;
        case LESS -> order(value, arguments.getFirst()) < 0;
        case LESS_EQUAL -> order(value, arguments.getFirst()) <= 0;
        case IN -> arguments.stream().anyMatch(each -> order(value, each) == 0);
        case MATCHES -> regex != null && regex.pattern().matcher(value).matches();
      };
    }

    private int order(String value, String argument) {
      return switch (subject) {
        case "runningTasksCount" -> Long.compare(Long.parseLong(value), Long.parseLong(argument));
        case "registeredAt" -> Instant.parse(value).compareTo(ClusterQueryParser.time(argument));
        case "agentVersion" -> versions(value, argument);
        default -> value.compareTo(argument);
      };
    }
  }

  /** A pattern that compares by its text. */
  record Regex(String text, Pattern pattern) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Regex regex && regex.text.equals(text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }
  }

  /** The text is no expression; the message says where and why. */
  final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Malformed(String message) {
      super(message);
    }
  }

  /** The same text again, as with every task that a service starts, costs a look-up. */
  static ClusterQuery parse(String text) {
    return ClusterQueryParser.parse(text);
  }

  private static int versions(String left, String right) {
    String[] a = left.split("[.+-]", -1);
    String[] b = right.split("[.+-]", -1);
    for (int i = 0; i < Math.max(a.length, b.length); i++) {
      int order = Long.compare(part(a, i), part(b, i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static long part(String[] parts, int index) {
    if (index >= parts.length) {
      return 0;
    }
    String digits = parts[index].replaceAll("\\D", "");
    return digits.isEmpty()
        ? 0
        : Long.parseLong(digits.substring(0, Math.min(digits.length(), 18)));
  }
}
