package gantry.services.ecr;

import java.util.regex.Pattern;

/** What repositories and tags may be called. */
final class Names {

  private static final int MAX_REPOSITORY = 256;
  private static final Pattern COMPONENT =
      Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

  private Names() {}

  /** Component by component: one expression over the whole would backtrack on long names. */
  static boolean isRepository(String name) {
    if (name.length() < 2 || name.length() > MAX_REPOSITORY) {
      return false;
    }
    for (String component : name.split("/", -1)) {
      if (!COMPONENT.matcher(component).matches()) {
        return false;
      }
    }
    return true;
  }

  static boolean isTag(String tag) {
    return TAG.matcher(tag).matches();
  }

  /** Whether {@code text} is {@code pattern}, in which {@code *} stands for any run. */
  static boolean matches(String pattern, String text) {
    int p = 0;
    int t = 0;
    int star = -1;
    int mark = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
