package gantry.services.logs;

import java.util.regex.Pattern;
import software.amazon.awssdk.services.cloudwatchlogs.model.CloudWatchLogsException;

/** A filter pattern while it is read. */
final class PatternText {

  /** At the end of the text. */
  static final char END = '\0';

  /** How many regular expressions one pattern may have. */
  private static final int MAX_REGEX = 2;

  /** What stands in them beside letters and digits. */
  private static final String REGEX_SYMBOLS = " :_#=@/;,-^$?[]{}|\\*+.";

  private final String text;
  private int at;
  private int regexes;

  PatternText(String text) {
    this.text = text;
  }

  char peek() {
    return at < text.length() ? text.charAt(at) : END;
  }

  char next() {
    char c = peek();
    at++;
    return c;
  }

  void blanks() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  boolean take(String expected) {
    blanks();
    if (!text.startsWith(expected, at)) {
      return false;
    }
    at += expected.length();
    return true;
  }

  /** A word in capitals or not, which ends where the word ends. */
  boolean takeWord(String word) {
    blanks();
    int end = at + word.length();
    if (!text.regionMatches(true, at, word, 0, word.length())
        || end < text.length() && Character.isLetterOrDigit(text.charAt(end))) {
      return false;
    }
    at = end;
    return true;
  }

  void expect(String expected) {
    if (!take(expected)) {
      throw wrong("'" + expected + "' is expected at position " + at);
    }
  }

  /**
   * Between quotes, the first of which comes next; a backslash takes the next character as it is.
   */
  String quoted() {
    char quote = next();
    StringBuilder value = new StringBuilder();
    while (true) {
      char c = next();
      if (c == END && at > text.length()) {
        throw wrong("a quote is not closed");
      }
      if (c == quote) {
        return value.toString();
      }
      if (c == '\\' && (peek() == quote || peek() == '\\')) {
        c = next();
      }
      value.append(c);
    }
  }

  /** Everything up to one of {@code stops}, a blank, or the end. */
  String bare(String stops) {
    int start = at;
    while (at < text.length()
        && !Character.isWhitespace(text.charAt(at))
        && stops.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return text.substring(start, at);
  }

  /** Between percent signs, the first of which comes next. */
  Pattern regex() {
    if (++regexes > MAX_REGEX) {
      throw wrong("more than " + MAX_REGEX + " regular expressions");
    }
    next();
    StringBuilder regex = new StringBuilder();
    while (true) {
      char c = next();
      if (c == END && at > text.length()) {
        throw wrong("a regular expression is not closed");
      }
      if (c == '%') {
        break;
      }
      if (c == '(' || c == ')') {
        throw wrong("a regular expression has no groups here");
      }
      if (c > '~' || !Character.isLetterOrDigit(c) && REGEX_SYMBOLS.indexOf(c) < 0) {
        throw wrong("a regular expression has no '" + c + "' here");
      }
      regex.append(c);
      if (c == '\\') {
        char escaped = next();
        if (Character.isLetterOrDigit(escaped) && "dDsSwWx".indexOf(escaped) < 0) {
          throw wrong("a regular expression has no \\" + escaped + " here");
        }
        regex.append(escaped);
      }
    }
    try {
      return Pattern.compile(regex.toString());
    } catch (java.util.regex.PatternSyntaxException e) {
      throw wrong(e.getDescription());
    }
  }

  /** How many regular expressions have been read. */
  int regexes() {
    return regexes;
  }

  boolean atEnd() {
    blanks();
    return at >= text.length();
  }

  CloudWatchLogsException wrong(String why) {
    return Errors.invalid("Invalid filter pattern: " + why);
  }
}
