package gantry.services.iam.policy;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The condition keys of one request. Asked only for the keys that a policy names, so values may be
 * made on demand.
 */
@FunctionalInterface
public interface Context {

  /**
   * A request without any. No constant: lambdas of an interface that has both something to set up
   * and methods of its own are left out of the start-up cache.
   */
  static Context empty() {
    return key -> null;
  }

  /**
   * The values of a condition key, or null where the request has none.
   *
   * @param lowerCaseKey key names are not case-sensitive; callers give them in lower case
   */
  @Nullable List<String> values(String lowerCaseKey);

  static Context of(Map<String, List<String>> values) {
    Map<String, List<String>> byLowerCase = new TreeMap<>();
    values.forEach((key, list) -> byLowerCase.put(key.toLowerCase(Locale.ROOT), List.copyOf(list)));
    return byLowerCase::get;
  }

  /** This context, with {@code other} asked for what this one lacks. */
  default Context or(Context other) {
    return key -> {
      List<String> mine = values(key);
      return mine == null ? other.values(key) : mine;
    };
  }
}
