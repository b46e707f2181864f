package gantry.services.logs;

import java.math.BigDecimal;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An operator and what stands at its right, in JSON conditions and in those of fields. */
record Comparison(String operator, Operand right) {

  /**
   * @param text the value without quotes
   * @param number what an unquoted number is, otherwise null
   * @param glob how a text with {@code *}, or a regular expression, is looked for
   */
  record Operand(String text, @Nullable BigDecimal number, @Nullable Pattern glob, boolean whole) {}

  private static final String[] OPERATORS = {"!=", "<=", ">=", "=", "<", ">"};

  /** Null when no operator comes next. */
  static @Nullable Comparison read(PatternText in, String stops) {
    String operator = null;
    for (String each : OPERATORS) {
      if (operator == null && in.take(each)) {
        operator = each;
      }
    }
    if (operator == null) {
      return null;
    }
    in.blanks();
    Operand right = operand(in, stops);
    boolean orders = operator.startsWith("<") || operator.startsWith(">");
    if (orders && right.number() == null) {
      throw in.wrong("'" + operator + "' needs a number");
    }
    return new Comparison(operator, right);
  }

  private static Operand operand(PatternText in, String stops) {
    if (in.peek() == '%') {
      return new Operand("", null, in.regex(), false);
    }
    if (in.peek() == '"') {
      String text = in.quoted();
      return new Operand(text, null, glob(text), true);
    }
    String text = in.bare(stops);
    if (text.isEmpty()) {
      throw in.wrong("a value is missing");
    }
    return new Operand(text, number(text), glob(text), true);
  }

  static @Nullable BigDecimal number(String text) {
    try {
      return text.length() > 100 ? null : new BigDecimal(text);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static @Nullable Pattern glob(String text) {
    if (text.indexOf('*') < 0) {
      return null;
    }
    StringBuilder regex = new StringBuilder();
    for (String part : text.splitWithDelimiters("\\*", -1)) {
      regex.append(part.equals("*") ? ".*" : Pattern.quote(part));
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** Whether a value stands so to the right side; {@code number} is what it is as a number. */
  boolean holds(String text, @Nullable BigDecimal number, boolean alsoText) {
    Pattern glob = right.glob();
    BigDecimal wanted = right.number();
    if (glob != null) {
      boolean found = right.whole() ? glob.matcher(text).matches() : glob.matcher(text).find();
      return operator.equals("!=") != found;
    }
    if (wanted != null && number != null) {
      int order = number.compareTo(wanted);
      return switch (operator) {
        case "=" -> order == 0;
        case "!=" -> order != 0;
        case "<" -> order < 0;
        case ">" -> order > 0;
        case "<=" -> order <= 0;
        default -> order >= 0;
      };
    }
    return switch (operator) {
      case "=" -> alsoText && text.equals(right.text());
      case "!=" -> alsoText && !text.equals(right.text());
      default -> false;
    };
  }
}
