package gantry.services.elbv2;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/** Which regular expressions a rule may have: those that are matched in linear time. */
final class Regexes {

  private Regexes() {}

  /**
   * Refuses what AWS refuses: look-around, backreferences, atomic groups, possessive quantifiers,
   * recursion and Unicode classes. All but the last are no syntax of the engine's anyway.
   *
   * @return how many groups it has
   */
  static int check(String regex) {
    if (regex.contains("\\p") || regex.contains("\\P")) {
      throw Errors.validation(
          "The regular expression '" + regex + "' is not valid: no Unicode classes are supported");
    }
    try {
      return Pattern.compile(regex).groupCount();
    } catch (PatternSyntaxException e) {
      throw Errors.validation(
          "The regular expression '" + regex + "' is not valid: " + e.getMessage());
    }
  }
}
