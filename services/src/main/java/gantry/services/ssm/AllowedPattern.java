package gantry.services.ssm;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import software.amazon.awssdk.services.ssm.model.InvalidAllowedPatternException;
import software.amazon.awssdk.services.ssm.model.ParameterPatternMismatchException;

/**
 * A parameter's own rule for its values: a regular expression from a user, so it is given little.
 */
final class AllowedPattern {

  /** How many characters matching may look at before it is given up: some expressions never end. */
  static final int MAX_STEPS = 1_000_000;

  private AllowedPattern() {}

  static void check(String pattern, String value) {
    Pattern compiled;
    try {
      compiled = Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw InvalidAllowedPatternException.builder()
          .message("The request does not meet the regular expression requirement: " + pattern)
          .build();
    }
    boolean matches;
    try {
      matches = compiled.matcher(new Counted(value, new int[1])).matches();
    } catch (TooManySteps | StackOverflowError e) {
      throw InvalidAllowedPatternException.builder()
          .message("The regular expression takes too long: " + pattern)
          .build();
    }
    if (!matches) {
      throw ParameterPatternMismatchException.builder()
          .message("Parameter value, cannot be validated against allowedPattern: " + pattern)
          .build();
    }
  }

  private static final class TooManySteps extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @SuppressWarnings("ArrayRecordComponent") // a counter shared by the parts of one text
  private record Counted(CharSequence text, int[] steps) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++steps[0] > MAX_STEPS) {
        throw new TooManySteps();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.subSequence(start, end), steps);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
