package gantry.services.ecs.placement;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
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
        case "registeredAt" -> Instant.parse(value).compareTo(time(argument));
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
    ClusterQuery known = Parser.KNOWN.get(text);
    if (known == null) {
      known = new Parser(text).parse();
      if (Parser.KNOWN.size() >= Parser.MAX_KNOWN) {
        Parser.KNOWN.clear();
      }
      Parser.KNOWN.put(text, known);
    }
    return known;
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

  private static Instant time(String text) {
    try {
      if (text.length() == 10) {
        return LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
      }
      if (text.endsWith("Z") || text.matches(".*[+-]\\d\\d:?\\d\\d$")) {
        return OffsetDateTime.parse(text).toInstant();
      }
      return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    } catch (DateTimeParseException notATime) {
      throw new Malformed("'" + text + "' is not a time");
    }
  }

  /** Recursive descent over a hand-made tokenizer: words, quoted words, brackets, operators. */
  final class Parser {
    private static final int MAX_DEPTH = 100;

    private static final int MAX_KNOWN = 1_000;
    private static final Map<String, ClusterQuery> KNOWN = new ConcurrentHashMap<>();

    private static final Map<String, Operator> OPERATORS =
        Map.ofEntries(
            Map.entry("==", Operator.EQUALS),
            Map.entry("equals", Operator.EQUALS),
            Map.entry(">", Operator.GREATER),
            Map.entry("greater_than", Operator.GREATER),
            Map.entry(">=", Operator.GREATER_EQUAL),
            Map.entry("greater_than_equal", Operator.GREATER_EQUAL),
            Map.entry("<", Operator.LESS),
            Map.entry("less_than", Operator.LESS),
            Map.entry("<=", Operator.LESS_EQUAL),
            Map.entry("less_than_equal", Operator.LESS_EQUAL),
            Map.entry("exists", Operator.EXISTS),
            Map.entry("in", Operator.IN),
            Map.entry("=~", Operator.MATCHES),
            Map.entry("matches", Operator.MATCHES));

    private static final Map<String, Operator> NEGATED =
        Map.ofEntries(
            Map.entry("!=", Operator.EQUALS),
            Map.entry("not_equals", Operator.EQUALS),
            Map.entry("!exists", Operator.EXISTS),
            Map.entry("not_exists", Operator.EXISTS),
            Map.entry("!in", Operator.IN),
            Map.entry("not_in", Operator.IN),
            Map.entry("!~", Operator.MATCHES),
            Map.entry("not_matches", Operator.MATCHES));

    private final String text;
    private int at;
    private int depth;

    Parser(String text) {
      this.text = text;
    }

    ClusterQuery parse() {
      ClusterQuery query = or();
      blanks();
      if (at < text.length()) {
        throw new Malformed("unexpected '" + text.substring(at) + "'");
      }
      return query;
    }

    private ClusterQuery or() {
      ClusterQuery left = and();
      while (word("or") || symbol("||")) {
        left = new Or(left, and());
      }
      return left;
    }

    private ClusterQuery and() {
      ClusterQuery left = unary();
      while (word("and") || symbol("&&")) {
        left = new And(left, unary());
      }
      return left;
    }

    private ClusterQuery unary() {
      if (++depth > MAX_DEPTH) {
        throw new Malformed("nested too deeply");
      }
      try {
        if (word("not") || symbol("!")) {
          return new Not(unary());
        }
        if (symbol("(")) {
          ClusterQuery inner = or();
          if (!symbol(")")) {
            throw new Malformed("')' is missing");
          }
          return inner;
        }
        return comparison();
      } finally {
        depth--;
      }
    }

    private ClusterQuery comparison() {
      String subject = subject();
      String operator = operator();
      boolean negated = NEGATED.containsKey(operator);
      Operator known = negated ? NEGATED.get(operator) : OPERATORS.get(operator);
      if (known == null) {
        throw new Malformed("unknown operator '" + operator + "'");
      }
      List<String> arguments =
          switch (known) {
            case EXISTS -> List.of();
            case IN -> list();
            case MATCHES -> List.of(pattern());
            default -> List.of(argument());
          };
      Regex regex = null;
      if (known == Operator.MATCHES) {
        try {
          regex = new Regex(arguments.getFirst(), Pattern.compile(arguments.getFirst()));
        } catch (PatternSyntaxException badPattern) {
          throw new Malformed("'" + arguments.getFirst() + "' is not a regular expression");
        }
      }
      check(subject, known, arguments);
      return new Comparison(subject, known, negated, arguments, regex);
    }

    private static void check(String subject, Operator operator, List<String> arguments) {
      for (String argument : arguments) {
        if (operator == Operator.MATCHES) {
          continue;
        }
        switch (subject) {
          case "runningTasksCount" -> {
            try {
              Long.parseLong(argument);
            } catch (NumberFormatException notANumber) {
              throw new Malformed("'" + argument + "' is not a number");
            }
          }
          case "registeredAt" -> time(argument);
          case "agentConnected" -> {
            if (!argument.equals("true") && !argument.equals("false")) {
              throw new Malformed("'" + argument + "' is not true or false");
            }
          }
          default -> {}
        }
      }
    }

    private String subject() {
      blanks();
      int start = at;
      while (at < text.length() && isSubject(text.charAt(at))) {
        at++;
      }
      String subject = text.substring(start, at);
      boolean known =
          switch (subject) {
            case "agentConnected",
                "agentVersion",
                "ec2InstanceId",
                "registeredAt",
                "runningTasksCount",
                "task:group" ->
                true;
            default -> subject.startsWith("attribute:") && subject.length() > "attribute:".length();
          };
      if (!known) {
        throw new Malformed(
            subject.isEmpty()
                ? "a subject is missing at '" + text.substring(start) + "'"
                : "unknown subject '" + subject + "'");
      }
      return subject;
    }

    private static boolean isSubject(char c) {
      return Character.isLetterOrDigit(c) || "_-./\\:".indexOf(c) >= 0;
    }

    private String operator() {
      blanks();
      int start = at;
      for (String symbol : List.of("==", "!=", ">=", "<=", "=~", "!~", ">", "<")) {
        if (text.startsWith(symbol, at)) {
          at += symbol.length();
          return symbol;
        }
      }
      if (at < text.length() && text.charAt(at) == '!') {
        at++;
      }
      while (at < text.length()
          && (Character.isLetter(text.charAt(at)) || text.charAt(at) == '_')) {
        at++;
      }
      return text.substring(start, at).toLowerCase(Locale.ROOT);
    }

    private List<String> list() {
      if (!symbol("[")) {
        throw new Malformed("'[' is missing");
      }
      List<String> items = new ArrayList<>();
      do {
        items.add(argument());
      } while (symbol(","));
      if (!symbol("]")) {
        throw new Malformed("']' is missing");
      }
      return List.copyOf(items);
    }

    private String argument() {
      return scan(" \t\r\n)],");
    }

    /** A pattern may hold brackets and commas; it ends at a blank or at an unmatched ')'. */
    private String pattern() {
      blanks();
      if (at < text.length() && isQuote(text.charAt(at))) {
        return quoted();
      }
      int start = at;
      int open = 0;
      while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
        char c = text.charAt(at);
        if (c == '(') {
          open++;
        } else if (c == ')' && --open < 0) {
          break;
        }
        at++;
      }
      return nonEmpty(text.substring(start, at));
    }

    private String scan(String ends) {
      blanks();
      if (at < text.length() && isQuote(text.charAt(at))) {
        return quoted();
      }
      int start = at;
      while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return nonEmpty(text.substring(start, at));
    }

    private static boolean isQuote(char c) {
      return c == '\'' || c == '"';
    }

    private String quoted() {
      char quote = text.charAt(at);
      int end = text.indexOf(quote, at + 1);
      if (end < 0) {
        throw new Malformed("a quotation is not closed");
      }
      String inner = text.substring(at + 1, end);
      at = end + 1;
      return inner;
    }

    private static String nonEmpty(String argument) {
      if (argument.isEmpty()) {
        throw new Malformed("an argument is missing");
      }
      return argument;
    }

    private void blanks() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
    }

    private boolean symbol(String symbol) {
      blanks();
      if (!text.startsWith(symbol, at)) {
        return false;
      }
      at += symbol.length();
      return true;
    }

    /** A keyword only when it stands alone: {@code order} does not begin with {@code or}. */
    private boolean word(String keyword) {
      blanks();
      int end = at + keyword.length();
      if (!text.regionMatches(true, at, keyword, 0, keyword.length())
          || (end < text.length() && isSubject(text.charAt(end)))) {
        return false;
      }
      at = end;
      return true;
    }
  }
}
