package gantry.services.logs;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import software.amazon.awssdk.services.cloudwatchlogs.model.CloudWatchLogsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.MalformedQueryException;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryCompileError;
import software.amazon.awssdk.services.cloudwatchlogs.model.QueryCompileErrorLocation;

/** The symbols of a query of Insights, one after the other. */
final class InsightsText {

  private static final Pattern DURATION =
      Pattern.compile("([0-9]+)(ms|s|m|h|d|w)", Pattern.CASE_INSENSITIVE);

  private final String text;
  private int at;

  /** Where the last symbol ended, and where the blanks behind it did. */
  private int end;

  private int behindBlanks = -1;

  InsightsText(String text) {
    this.text = text;
  }

  char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  char peekAfterBlanks() {
    blanks();
    return peek();
  }

  /** Goes on to what is no blank and no comment. */
  void blanks() {
    if (at != behindBlanks) {
      end = at;
    }
    while (at < text.length()) {
      if (text.charAt(at) == '#') {
        int line = text.indexOf('\n', at);
        at = line < 0 ? text.length() : line;
      } else if (Character.isWhitespace(text.charAt(at))) {
        at++;
      } else {
        break;
      }
    }
    behindBlanks = at;
  }

  /** Where the next symbol begins. */
  int next() {
    blanks();
    return at;
  }

  boolean atEnd() {
    blanks();
    return at >= text.length();
  }

  /** What is written from there up to the last symbol that was taken. */
  String written(int start) {
    blanks();
    return text.substring(start, end);
  }

  boolean take(String symbol) {
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

  boolean takeWord(String word) {
    blanks();
    int end = at + word.length();
    if (!text.regionMatches(true, at, word, 0, word.length())
        || end < text.length() && inWord(text.charAt(end))) {
      return false;
    }
    at = end;
    return true;
  }

  void expect(String symbol) {
    if (!take(symbol)) {
      throw wrong("'" + symbol + "' is expected");
    }
  }

  String word() {
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

  double numberLiteral() {
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

  long duration() {
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

  String quoted() {
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

  String regexText() {
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

  Pattern compile(String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw wrong(Objects.requireNonNullElse(e.getDescription(), "a bad regular expression"));
    }
  }

  CloudWatchLogsException wrong(String why) {
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
