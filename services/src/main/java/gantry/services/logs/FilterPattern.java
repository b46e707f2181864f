package gantry.services.logs;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A filter pattern: terms, a JSON condition, or the fields of a line that spaces divide. */
interface FilterPattern {

  int MAX_LENGTH = 1024;

  boolean matches(String message);

  /** The values that the pattern names, of a message that it matches. */
  default Map<String, String> extract(String message) {
    return Map.of();
  }

  /** Text that every matching message contains, if the pattern says one. */
  default @Nullable String literal() {
    return null;
  }

  /** A number or field of the message for a metric, by {@code $name} or {@code $.selector}. */
  default @Nullable String value(String selector, String message) {
    return extract(message).get(selector);
  }

  /**
   * @throws software.amazon.awssdk.services.cloudwatchlogs.model.InvalidParameterException when it
   *     is none
   */
  static FilterPattern parse(@Nullable String text) {
    return text == null || text.isBlank()
        ? message -> true
        : read(text, new PatternText(text.strip()));
  }

  /** Whether a sound pattern has a regular expression in it: a group takes few of them. */
  static boolean hasRegex(String text) {
    if (text.isBlank()) {
      return false;
    }
    PatternText in = new PatternText(text.strip());
    read(text, in);
    return in.regexes() > 0;
  }

  private static FilterPattern read(String text, PatternText in) {
    if (text.length() > MAX_LENGTH) {
      throw Errors.constraint(text, "filterPattern", "have length less than or equal to 1024");
    }
    return switch (in.peek()) {
      case '{' -> JsonPattern.parse(in);
      case '[' -> SpacePattern.parse(in);
      default -> TermPattern.parse(in);
    };
  }
}
