package gantry.services.logs;

import gantry.services.logs.Insights.Expression;
import gantry.services.logs.Insights.Named;
import gantry.services.logs.Insights.NamedAggregate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the query language of Insights. */
final class InsightsParser {

  private static final Pattern GROUP_NAME = Pattern.compile("\\(\\?<([A-Za-z][A-Za-z0-9]*)>");

  private final InsightsText in;

  private InsightsParser(String text) {
    this.in = new InsightsText(text);
  }

  static Insights parse(String query) {
    return new InsightsParser(query).query();
  }

  private Insights query() {
    Insights query = new Insights();
    do {
      in.blanks();
      if (in.atEnd()) {
        break; // a bar at the end
      }
      command(query);
    } while (in.take("|"));
    if (!in.atEnd()) {
      throw in.wrong("unexpected symbol found " + in.peek());
    }
    return query;
  }

  private void command(Insights query) {
    String name = in.word().toLowerCase(Locale.ROOT);
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
        int rows = (int) in.numberLiteral();
        if (rows < 1 || rows > EventsIn.MAX_EVENTS) {
          throw in.wrong("limit is between 1 and " + EventsIn.MAX_EVENTS);
        }
        query.limit(rows);
      }
      case "parse" -> parse(query);
      case "dedup" -> query.dedup(named());
      default -> throw in.wrong("the command '" + name + "' is not supported");
    }
  }

  private List<Named> named() {
    List<Named> all = new ArrayList<>();
    do {
      int start = in.next();
      Expression expression = sum();
      String written = in.written(start);
      String plain = written.startsWith("`") ? written.substring(1, written.length() - 1) : written;
      all.add(new Named(in.takeWord("as") ? in.word() : plain, expression));
    } while (in.take(","));
    return all;
  }

  private void sort(Insights query) {
    List<Insights.Order> orders = new ArrayList<>();
    do {
      Expression by = sum();
      boolean ascending = in.takeWord("asc");
      if (!ascending) {
        in.takeWord("desc"); // which is what it is without
      }
      orders.add(new Insights.Order(by, !ascending));
    } while (in.take(","));
    query.sort(orders);
  }

  private void parse(Insights query) {
    in.blanks();
    Expression from = row -> row.get("@message");
    if (in.peek() != '"' && in.peek() != '\'' && in.peek() != '/') {
      from = primary();
      in.blanks();
    }
    if (in.peek() == '/') {
      String regex = in.regexText();
      List<String> names = new ArrayList<>();
      Matcher groups = GROUP_NAME.matcher(regex);
      while (groups.find()) {
        names.add(groups.group(1));
      }
      Pattern pattern = in.compile(regex);
      if (names.isEmpty() || pattern.matcher("").groupCount() != names.size()) {
        throw in.wrong("parse needs named groups and no others");
      }
      query.parse(from, pattern, names);
      return;
    }
    String glob = in.quoted();
    if (!in.takeWord("as")) {
      throw in.wrong("'as' is expected behind the pattern of parse");
    }
    List<String> names = new ArrayList<>();
    do {
      names.add(in.word());
    } while (in.take(","));
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
      throw in.wrong("parse has " + stars + " '*' and " + names.size() + " names");
    }
    query.parse(from, Pattern.compile(regex.toString(), Pattern.DOTALL), names);
  }

  private void stats(Insights query) {
    List<NamedAggregate> aggregates = new ArrayList<>();
    do {
      int start = in.next();
      String function = in.word().toLowerCase(Locale.ROOT);
      List<Expression> arguments = new ArrayList<>();
      in.expect("(");
      if (!in.take("*") && in.peekAfterBlanks() != ')') {
        do {
          arguments.add(sum());
        } while (in.take(","));
      }
      in.expect(")");
      String written = in.written(start);
      Insights.Aggregate aggregate = Aggregates.of(function, arguments);
      if (aggregate == null) {
        throw in.wrong("the function '" + function + "' is not supported in stats");
      }
      aggregates.add(new NamedAggregate(in.takeWord("as") ? in.word() : written, aggregate));
    } while (in.take(","));
    query.stats(aggregates, in.takeWord("by") ? named() : List.of());
  }

  // ---------------------------------------------------------------- conditions

  /** Text in every message that the filter being read lets pass. */
  private @Nullable String contained;

  private Expression or() {
    String before = contained;
    Expression left = and();
    boolean several = false;
    while (in.takeWord("or")) {
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
    while (in.takeWord("and")) {
      Expression one = left;
      Expression other = not();
      left = row -> isTrue(one.of(row)) && isTrue(other.of(row));
    }
    return left;
  }

  private Expression not() {
    if (in.takeWord("not")) {
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
    int start = in.next();
    Expression left = sum();
    String written = in.written(start);
    boolean negated = in.takeWord("not");
    if (in.takeWord("like") || !negated && in.take("=~")) {
      in.blanks();
      if (in.peek() == '/') {
        Pattern pattern = in.compile(in.regexText());
        return row -> {
          Object value = left.of(row);
          return (value != null && pattern.matcher(Insights.text(value)).find()) != negated;
        };
      }
      String part = in.quoted();
      if (!negated && written.equals("@message") && !part.isEmpty()) {
        contained = part;
      }
      return row -> {
        Object value = left.of(row);
        return (value != null && Insights.text(value).contains(part)) != negated;
      };
    }
    if (in.takeWord("in")) {
      List<Expression> members = new ArrayList<>();
      in.expect("[");
      do {
        members.add(sum());
      } while (in.take(","));
      in.expect("]");
      return row -> {
        Object value = left.of(row);
        boolean found =
            value != null
                && members.stream().anyMatch(one -> Insights.compare(value, one.of(row)) == 0);
        return found != negated;
      };
    }
    if (negated) {
      throw in.wrong("'like' or 'in' is expected behind 'not'");
    }
    for (String operator : List.of("!=", "<=", ">=", "==", "=", "<", ">")) {
      if (in.take(operator)) {
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
      if (in.take("+")) {
        left = arithmetic(left, product(), Double::sum);
      } else if (in.take("-")) {
        left = arithmetic(left, product(), (a, b) -> a - b);
      } else {
        return left;
      }
    }
  }

  private Expression product() {
    Expression left = primary();
    while (true) {
      if (in.take("*")) {
        left = arithmetic(left, primary(), (a, b) -> a * b);
      } else if (in.take("/")) {
        left = arithmetic(left, primary(), (a, b) -> a / b);
      } else if (in.take("%")) {
        left = arithmetic(left, primary(), (a, b) -> a % b);
      } else if (in.take("^")) {
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
    in.blanks();
    char c = in.peek();
    if (in.take("(")) {
      Expression inner = or();
      in.expect(")");
      return inner;
    }
    if (c == '"' || c == '\'') {
      String value = in.quoted();
      return row -> value;
    }
    if (Character.isDigit(c) || c == '-') {
      Double value = in.numberLiteral();
      return row -> value;
    }
    String name = in.word();
    if (in.peekAfterBlanks() != '(') {
      return row -> row.get(name);
    }
    in.expect("(");
    String function = name.toLowerCase(Locale.ROOT);
    if (function.equals("bin")) {
      long step = in.duration();
      in.expect(")");
      return row -> floor(row.get("@timestamp"), step);
    }
    if (function.equals("datefloor") || function.equals("dateceil")) {
      Expression time = sum();
      in.expect(",");
      long step = in.duration();
      in.expect(")");
      boolean up = function.equals("dateceil");
      return row -> {
        Instant floor = floor(time.of(row), step);
        return floor == null || !up || floor.equals(time.of(row)) ? floor : floor.plusMillis(step);
      };
    }
    List<Expression> arguments = new ArrayList<>();
    if (in.peekAfterBlanks() != ')') {
      do {
        arguments.add(or());
      } while (in.take(","));
    }
    in.expect(")");
    Expression call = Functions.of(function, arguments);
    if (call == null) {
      throw in.wrong(
          String.format(
              Locale.ROOT,
              "the function '%s' with %d arguments is not supported",
              name,
              arguments.size()));
    }
    return call;
  }

  private static @Nullable Instant floor(@Nullable Object time, long step) {
    Double millis = Insights.number(time);
    return millis == null
        ? null
        : Instant.ofEpochMilli(Math.floorDiv(millis.longValue(), step) * step);
  }
}
