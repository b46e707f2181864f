package gantry.services.logs;

import gantry.services.logs.Insights.Expression;
import gantry.services.logs.Insights.Named;
import gantry.services.logs.Insights.NamedAggregate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.CloudWatchLogsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.MalformedQueryException;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryCompileError;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryCompileErrorLocation;

/** Reads the query language of Insights. */
final class InsightsParser {

  private static final Pattern DURATION =
      Pattern.compile("([0-9]+)(ms|s|m|h|d|w)", Pattern.CASE_INSENSITIVE);
  private static final Pattern GROUP_NAME = Pattern.compile("\\(\\?<([A-Za-z][A-Za-z0-9]*)>");

  private final String text;
  private int at;

  private InsightsParser(String text) {
    this.text = text;
  }

  static Insights parse(String query) {
    return new InsightsParser(query).query();
  }

  private Insights query() {
    Insights query = new Insights();
    do {
      blanks();
      if (at >= text.length()) {
        break; // a bar at the end
      }
      command(query);
    } while (take("|"));
    if (at < text.length()) {
      throw wrong("unexpected symbol found " + text.charAt(at));
    }
    return query;
  }

  private void command(Insights query) {
    String name = word().toLowerCase(Locale.ROOT);
    switch (name) {
      case "fields" -> query.fields(named());
      case "display" -> query.display(named());
      case "filter" -> {
        contained = null;
        Expression condition = or();
        query.filter(condition, contained);
      }
      case "stats" -> stats(query);
      case "sort" -> sort(query);
      case "limit" -> {
        int rows = (int) numberLiteral();
        if (rows < 1 || rows > EventsIn.MAX_EVENTS) {
          throw wrong("limit is between 1 and " + EventsIn.MAX_EVENTS);
        }
        query.limit(rows);
      }
      case "parse" -> parse(query);
      case "dedup" -> query.dedup(named());
      default -> throw wrong("the command '" + name + "' is not supported");
    }
  }

  private List<Named> named() {
    List<Named> all = new ArrayList<>();
    do {
      blanks();
      int start = at;
      Expression expression = sum();
      String written = text.substring(start, at).strip();
      String plain = written.startsWith("`") ? written.substring(1, written.length() - 1) : written;
      all.add(new Named(takeWord("as") ? word() : plain, expression));
    } while (take(","));
    return all;
  }

  private void sort(Insights query) {
    List<Insights.Order> orders = new ArrayList<>();
    do {
      Expression by = sum();
      boolean ascending = takeWord("asc");
      if (!ascending) {
        takeWord("desc"); // which is what it is without
      }
      orders.add(new Insights.Order(by, !ascending));
    } while (take(","));
    query.sort(orders);
  }

  private void parse(Insights query) {
    blanks();
    Expression from = row -> row.get("@message");
    if (peek() != '"' && peek() != '\'' && peek() != '/') {
      from = primary();
      blanks();
    }
    if (peek() == '/') {
      String regex = regexText();
      List<String> names = new ArrayList<>();
      Matcher groups = GROUP_NAME.matcher(regex);
      while (groups.find()) {
        names.add(groups.group(1));
      }
      Pattern pattern = compile(regex);
      if (names.isEmpty() || pattern.matcher("").groupCount() != names.size()) {
        throw wrong("parse needs named groups and no others");
      }
      query.parse(from, pattern, names);
      return;
    }
    String glob = quoted();
    if (!takeWord("as")) {
      throw wrong("'as' is expected behind the pattern of parse");
    }
    List<String> names = new ArrayList<>();
    do {
      names.add(word());
    } while (take(","));
    StringBuilder regex = new StringBuilder();
    int stars = 0;
    String[] parts = glob.split("\\*", -1);
    for (int i = 0; i < parts.length; i++) {
      regex.append(Pattern.quote(parts[i]));
      if (i < parts.length - 1) {
        stars++;
        regex.append(i == parts.length - 2 && parts[i + 1].isEmpty() ? "(.*)" : "(.*?)");
      }
    }
    if (stars != names.size()) {
      throw wrong("parse has " + stars + " '*' and " + names.size() + " names");
    }
    query.parse(from, Pattern.compile(regex.toString(), Pattern.DOTALL), names);
  }

  private void stats(Insights query) {
    List<NamedAggregate> aggregates = new ArrayList<>();
    do {
      blanks();
      int start = at;
      String function = word().toLowerCase(Locale.ROOT);
      List<Expression> arguments = new ArrayList<>();
      expect("(");
      if (!take("*") && peekAfterBlanks() != ')') {
        do {
          arguments.add(sum());
        } while (take(","));
      }
      expect(")");
      String written = text.substring(start, at).strip();
      Insights.Aggregate aggregate = Aggregates.of(function, arguments);
      if (aggregate == null) {
        throw wrong("the function '" + function + "' is not supported in stats");
      }
      aggregates.add(new NamedAggregate(takeWord("as") ? word() : written, aggregate));
    } while (take(","));
    query.stats(aggregates, takeWord("by") ? named() : List.of());
  }

  // ---------------------------------------------------------------- conditions

  /** Text in every message that the filter being read lets pass. */
  private @Nullable String contained;

  private Expression or() {
    String before = contained;
    Expression left = and();
    boolean several = false;
    while (takeWord("or")) {
      several = true;
      Expression one = left;
      Expression other = and();
      left = row -> isTrue(one.of(row)) || isTrue(other.of(row));
    }
    if (several) {
      contained = before; // either side may be missing
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (takeWord("and")) {
      Expression one = left;
      Expression other = not();
      left = row -> isTrue(one.of(row)) && isTrue(other.of(row));
    }
    return left;
  }

  private Expression not() {
    if (takeWord("not")) {
      String before = contained;
      Expression inner = not();
      contained = before;
      return row -> !isTrue(inner.of(row));
    }
    return comparison();
  }

  private static boolean isTrue(@Nullable Object value) {
    return Boolean.TRUE.equals(value);
  }

  private Expression comparison() {
    blanks();
    int start = at;
    Expression left = sum();
    String written = text.substring(start, at).strip();
    boolean negated = takeWord("not");
    if (takeWord("like") || !negated && take("=~")) {
      blanks();
      if (peek() == '/') {
        Pattern pattern = compile(regexText());
        return row -> {
          Object value = left.of(row);
          return (value != null && pattern.matcher(Insights.text(value)).find()) != negated;
        };
      }
      String part = quoted();
      if (!negated && written.equals("@message") && !part.isEmpty()) {
        contained = part;
      }
      return row -> {
        Object value = left.of(row);
        return (value != null && Insights.text(value).contains(part)) != negated;
      };
    }
    if (takeWord("in")) {
      List<Expression> members = new ArrayList<>();
      expect("[");
      do {
        members.add(sum());
      } while (take(","));
      expect("]");
      return row -> {
        Object value = left.of(row);
        boolean found =
            value != null
                && members.stream().anyMatch(one -> Insights.compare(value, one.of(row)) == 0);
        return found != negated;
      };
    }
    if (negated) {
      throw wrong("'like' or 'in' is expected behind 'not'");
    }
    for (String operator : List.of("!=", "<=", ">=", "==", "=", "<", ">")) {
      if (take(operator)) {
        Expression right = sum();
        return row -> holds(operator, left.of(row), right.of(row));
      }
    }
    return left;
  }

  private static boolean holds(String operator, @Nullable Object left, @Nullable Object right) {
    if (left == null || right == null) {
      return operator.equals("!=") && left != right;
    }
    int order = Insights.compare(left, right);
    return switch (operator) {
      case "!=" -> order != 0;
      case "<=" -> order <= 0;
      case ">=" -> order >= 0;
      case "<" -> order < 0;
      case ">" -> order > 0;
      default -> order == 0;
    };
  }

  private Expression sum() {
    Expression left = product();
    while (true) {
      if (take("+")) {
        left = arithmetic(left, product(), Double::sum);
      } else if (take("-")) {
        left = arithmetic(left, product(), (a, b) -> a - b);
      } else {
        return left;
      }
    }
  }

  private Expression product() {
    Expression left = primary();
    while (true) {
      if (take("*")) {
        left = arithmetic(left, primary(), (a, b) -> a * b);
      } else if (take("/")) {
        left = arithmetic(left, primary(), (a, b) -> a / b);
      } else if (take("%")) {
        left = arithmetic(left, primary(), (a, b) -> a % b);
      } else if (take("^")) {
        left = arithmetic(left, primary(), Math::pow);
      } else {
        return left;
      }
    }
  }

  private static Expression arithmetic(
      Expression left, Expression right, java.util.function.DoubleBinaryOperator operator) {
    return row -> {
      Double one = Insights.number(left.of(row));
      Double other = Insights.number(right.of(row));
      return one == null || other == null ? null : (Object) operator.applyAsDouble(one, other);
    };
  }

  private Expression primary() {
    blanks();
    char c = peek();
    if (c == '(') {
      at++;
      Expression inner = or();
      expect(")");
      return inner;
    }
    if (c == '"' || c == '\'') {
      String value = quoted();
      return row -> value;
    }
    if (Character.isDigit(c) || c == '-') {
      Double value = numberLiteral();
      return row -> value;
    }
    String name = word();
    if (peekAfterBlanks() != '(') {
      return row -> row.get(name);
    }
    expect("(");
    String function = name.toLowerCase(Locale.ROOT);
    if (function.equals("bin")) {
      long step = duration();
      expect(")");
      return row -> floor(row.get("@timestamp"), step);
    }
    if (function.equals("datefloor") || function.equals("dateceil")) {
      Expression time = sum();
      expect(",");
      long step = duration();
      expect(")");
      boolean up = function.equals("dateceil");
      return row -> {
        Instant floor = floor(time.of(row), step);
        return floor == null || !up || floor.equals(time.of(row)) ? floor : floor.plusMillis(step);
      };
    }
    List<Expression> arguments = new ArrayList<>();
    if (peekAfterBlanks() != ')') {
      do {
        arguments.add(or());
      } while (take(","));
    }
    expect(")");
    Expression call = Functions.of(function, arguments);
    if (call == null) {
      throw wrong(
          "the function '%s' with %d arguments is not supported".formatted(name, arguments.size()));
    }
    return call;
  }

  private static @Nullable Instant floor(@Nullable Object time, long step) {
    Double millis = Insights.number(time);
    return millis == null
        ? null
        : Instant.ofEpochMilli(Math.floorDiv(millis.longValue(), step) * step);
  }

  // ---------------------------------------------------------------- symbols

  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private char peekAfterBlanks() {
    blanks();
    return peek();
  }

  private void blanks() {
    while (at < text.length()) {
      if (text.charAt(at) == '#') {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
      } else if (Character.isWhitespace(text.charAt(at))) {
        at++;
      } else {
        return;
      }
    }
  }

  private boolean take(String symbol) {
    blanks();
    if (!text.startsWith(symbol, at)) {
      return false;
    }
    at += symbol.length();
    return true;
  }

  private static boolean inWord(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '@' || c == '.';
  }

  private boolean takeWord(String word) {
    blanks();
    int end = at + word.length();
    if (!text.regionMatches(true, at, word, 0, word.length())
        || end < text.length() && inWord(text.charAt(end))) {
      return false;
    }
    at = end;
    return true;
  }

  private void expect(String symbol) {
    if (!take(symbol)) {
      throw wrong("'" + symbol + "' is expected");
    }
  }

  private String word() {
    blanks();
    int start = at;
    if (peek() == '`') {
      int end = text.indexOf('`', at + 1);
      if (end < 0) {
        throw wrong("a backtick is not closed");
      }
      at = end + 1;
      return text.substring(start + 1, end);
    }
    while (at < text.length() && inWord(text.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw wrong(at < text.length() ? "unexpected symbol found " + peek() : "unexpected end");
    }
    return text.substring(start, at);
  }

  private double numberLiteral() {
    blanks();
    int start = at;
    if (peek() == '-') {
      at++;
    }
    while (Character.isDigit(peek()) || peek() == '.') {
      at++;
    }
    Double value = Insights.number(text.substring(start, at));
    if (value == null) {
      throw wrong("a number is expected");
    }
    return value;
  }

  private long duration() {
    String written = word();
    Matcher matcher = DURATION.matcher(written);
    if (!matcher.matches() || matcher.group(1).length() > 9) {
      throw wrong("'" + written + "' is no period such as 5m");
    }
    long unit =
        switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          case "d" -> 86_400_000;
          default -> 604_800_000;
        };
    return Math.max(1, Long.parseLong(matcher.group(1)) * unit);
  }

  private String quoted() {
    blanks();
    char quote = peek();
    if (quote != '"' && quote != '\'') {
      throw wrong("a string is expected");
    }
    at++;
    StringBuilder value = new StringBuilder();
    while (at < text.length() && text.charAt(at) != quote) {
      if (text.charAt(at) == '\\' && at + 1 < text.length()) {
        at++;
      }
      value.append(text.charAt(at++));
    }
    if (at >= text.length()) {
      throw wrong("a string is not closed");
    }
    at++;
    return value.toString();
  }

  private String regexText() {
    at++;
    int start = at;
    while (at < text.length() && text.charAt(at) != '/') {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    if (at >= text.length()) {
      throw wrong("a regular expression is not closed");
    }
    return text.substring(start, at++).replace("\\/", "/");
  }

  private Pattern compile(String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw wrong(Objects.requireNonNullElse(e.getDescription(), "a bad regular expression"));
    }
  }

  private CloudWatchLogsException wrong(String why) {
    int from = Math.min(at, text.length());
    return MalformedQueryException.builder()
        .message(why + " at position " + from)
        .queryCompileError(
            QueryCompileError.builder()
                .message(why)
                .location(
                    QueryCompileErrorLocation.builder()
                        .startCharOffset(from)
                        .endCharOffset(Math.min(from + 1, text.length()))
                        .build())
                .build())
        .build();
  }
}
