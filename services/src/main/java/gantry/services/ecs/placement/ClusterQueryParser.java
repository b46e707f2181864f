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
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Recursive descent over a hand-made tokenizer: words, quoted words, brackets, operators. */
final class ClusterQueryParser {
  private static final int MAX_DEPTH = 100;

  private static final int MAX_KNOWN = 1_000;
  private static final Map<String, ClusterQuery> KNOWN = new ConcurrentHashMap<>();

  private static final Map<String, ClusterQuery.Operator> OPERATORS =
      Map.ofEntries(
          Map.entry("==", ClusterQuery.Operator.EQUALS),
          Map.entry("equals", ClusterQuery.Operator.EQUALS),
          Map.entry(">", ClusterQuery.Operator.GREATER),
          Map.entry("greater_than", ClusterQuery.Operator.GREATER),
          Map.entry(">=", ClusterQuery.Operator.GREATER_EQUAL),
          Map.entry("greater_than_equal", ClusterQuery.Operator.GREATER_EQUAL),
          Map.entry("<", ClusterQuery.Operator.LESS),
          Map.entry("less_than", ClusterQuery.Operator.LESS),
          Map.entry("<=", ClusterQuery.Operator.LESS_EQUAL),
          Map.entry("less_than_equal", ClusterQuery.Operator.LESS_EQUAL),
          Map.entry("exists", ClusterQuery.Operator.EXISTS),
          Map.entry("in", ClusterQuery.Operator.IN),
          Map.entry("=~", ClusterQuery.Operator.MATCHES),
          Map.entry("matches", ClusterQuery.Operator.MATCHES));

  private static final Map<String, ClusterQuery.Operator> NEGATED =
      Map.ofEntries(
          Map.entry("!=", ClusterQuery.Operator.EQUALS),
          Map.entry("not_equals", ClusterQuery.Operator.EQUALS),
          Map.entry("!exists", ClusterQuery.Operator.EXISTS),
          Map.entry("not_exists", ClusterQuery.Operator.EXISTS),
          Map.entry("!in", ClusterQuery.Operator.IN),
          Map.entry("not_in", ClusterQuery.Operator.IN),
          Map.entry("!~", ClusterQuery.Operator.MATCHES),
          Map.entry("not_matches", ClusterQuery.Operator.MATCHES));

  private final String text;
  private int at;
  private int depth;

  private ClusterQueryParser(String text) {
    this.text = text;
  }

  /** The same text again, as with every task that a service starts, costs a look-up. */
  static ClusterQuery parse(String text) {
    ClusterQuery known = KNOWN.get(text);
    if (known == null) {
      known = new ClusterQuery.Stated(text, new ClusterQueryParser(text).whole());
      if (KNOWN.size() >= MAX_KNOWN) {
        KNOWN.clear();
      }
      KNOWN.put(text, known);
    }
    return known;
  }

  private ClusterQuery whole() {
    ClusterQuery query = or();
    blanks();
    if (at < text.length()) {
      throw new ClusterQuery.Malformed("unexpected '" + text.substring(at) + "'");
    }
    return query;
  }

  private ClusterQuery or() {
    ClusterQuery left = and();
    while (word("or") || symbol("||")) {
      left = new ClusterQuery.Or(left, and());
    }
    return left;
  }

  private ClusterQuery and() {
    ClusterQuery left = unary();
    while (word("and") || symbol("&&")) {
      left = new ClusterQuery.And(left, unary());
    }
    return left;
  }

  private ClusterQuery unary() {
    if (++depth > MAX_DEPTH) {
      throw new ClusterQuery.Malformed("nested too deeply");
    }
    try {
      if (word("not") || symbol("!")) {
        return new ClusterQuery.Not(unary());
      }
      if (symbol("(")) {
        ClusterQuery inner = or();
        if (!symbol(")")) {
          throw new ClusterQuery.Malformed("')' is missing");
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
    ClusterQuery.Operator known = negated ? NEGATED.get(operator) : OPERATORS.get(operator);
    if (known == null) {
      throw new ClusterQuery.Malformed("unknown operator '" + operator + "'");
    }
    List<String> arguments =
        switch (known) {
          case EXISTS -> List.of();
          case IN -> list();
          case MATCHES -> List.of(pattern());
          default -> List.of(argument());
        };
    ClusterQuery.Regex regex = null;
    if (known == ClusterQuery.Operator.MATCHES) {
      try {
        regex = new ClusterQuery.Regex(arguments.getFirst(), Pattern.compile(arguments.getFirst()));
      } catch (PatternSyntaxException badPattern) {
        throw new ClusterQuery.Malformed(
            "'" + arguments.getFirst() + "' is not a regular expression");
      }
    }
    check(subject, known, arguments);
    return new ClusterQuery.Comparison(subject, known, negated, arguments, regex);
  }

  private static void check(
      String subject, ClusterQuery.Operator operator, List<String> arguments) {
    for (String argument : arguments) {
      if (operator == ClusterQuery.Operator.MATCHES) {
        continue;
      }
      switch (subject) {
        case "runningTasksCount" -> {
          try {
            Long.parseLong(argument);
          } catch (NumberFormatException notANumber) {
            throw new ClusterQuery.Malformed("'" + argument + "' is not a number");
          }
        }
        case "registeredAt" -> time(argument);
        case "agentConnected" -> {
          if (!argument.equals("true") && !argument.equals("false")) {
            throw new ClusterQuery.Malformed("'" + argument + "' is not true or false");
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
      throw new ClusterQuery.Malformed(
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
    while (at < text.length() && (Character.isLetter(text.charAt(at)) || text.charAt(at) == '_')) {
      at++;
    }
    return text.substring(start, at).toLowerCase(Locale.ROOT);
  }

  private List<String> list() {
    if (!symbol("[")) {
      throw new ClusterQuery.Malformed("'[' is missing");
    }
    List<String> items = new ArrayList<>();
    do {
      items.add(argument());
    } while (symbol(","));
    if (!symbol("]")) {
      throw new ClusterQuery.Malformed("']' is missing");
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
      throw new ClusterQuery.Malformed("a quotation is not closed");
    }
    String inner = text.substring(at + 1, end);
    at = end + 1;
    return inner;
  }

  private static String nonEmpty(String argument) {
    if (argument.isEmpty()) {
      throw new ClusterQuery.Malformed("an argument is missing");
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

  static Instant time(String text) {
    try {
      if (text.length() == 10) {
        return LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
      }
      if (text.endsWith("Z") || text.matches(".*[+-]\\d\\d:?\\d\\d$")) {
        return OffsetDateTime.parse(text).toInstant();
      }
      return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    } catch (DateTimeParseException notATime) {
      throw new ClusterQuery.Malformed("'" + text + "' is not a time");
    }
  }
}
