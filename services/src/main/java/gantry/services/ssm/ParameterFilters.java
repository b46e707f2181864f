package gantry.services.ssm;

import gantry.services.ssm.ParameterTables.VersionRow;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.model.InvalidFilterKeyException;
import software.amazon.awssdk.services.ssm.model.InvalidFilterOptionException;
import software.amazon.awssdk.services.ssm.model.InvalidFilterValueException;
import software.amazon.awssdk.services.ssm.model.ParameterStringFilter;
import software.amazon.awssdk.services.ssm.model.ParametersFilter;

/**
 * Filters of DescribeParameters and GetParametersByPath: all must hold, any value of one will do.
 */
final class ParameterFilters {

  static final int MAX_VALUES = 50;

  private static final List<String> DESCRIBE_KEYS =
      List.of("Path", "Name", "Type", "KeyId", "Tier", "DataType");
  private static final List<String> PATH_KEYS = List.of("Type", "KeyId", "Label");

  private ParameterFilters() {}

  /** What a filter looks at. */
  record Candidate(VersionRow row, Map<String, String> tags) {}

  static Predicate<Candidate> describe(List<ParameterStringFilter> filters) {
    return all(filters, DESCRIBE_KEYS, true);
  }

  static Predicate<Candidate> byPath(List<ParameterStringFilter> filters) {
    return all(filters, PATH_KEYS, false);
  }

  private static Predicate<Candidate> all(
      List<ParameterStringFilter> filters, List<String> keys, boolean tags) {
    Predicate<Candidate> result = candidate -> true;
    for (ParameterStringFilter filter : filters) {
      result = result.and(one(filter, keys, tags));
    }
    return result;
  }

  private static Predicate<Candidate> one(
      ParameterStringFilter filter, List<String> keys, boolean tags) {
    String key = filter.key();
    boolean isTag = tags && key.startsWith("tag:");
    if (!isTag && !keys.contains(key)) {
      throw InvalidFilterKeyException.builder()
          .message(
              "The following filter key is not valid: %s. Valid filter keys include: [%s]."
                  .formatted(key, String.join(", ", keys)))
          .build();
    }
    List<String> values = filter.values();
    if (values.size() > MAX_VALUES) {
      throw InvalidFilterValueException.builder()
          .message(String.format(Locale.ROOT, "A filter can have %d values at most.", MAX_VALUES))
          .build();
    }
    String option = filter.option();
    if (isTag) {
      String tag = key.substring("tag:".length());
      BiPredicate<String, String> test = comparison(option, false);
      // Without a value any will do.
      return candidate -> {
        String value = candidate.tags().get(tag);
        return value != null && (values.isEmpty() || any(values, value, test));
      };
    }
    if (values.isEmpty()) {
      throw InvalidFilterValueException.builder()
          .message("The following filter values are missing: " + key)
          .build();
    }
    return switch (key) {
      case "Path" -> path(option, values);
      case "Name" -> {
        BiPredicate<String, String> test = comparison(option, true);
        yield candidate -> any(values, candidate.row().name(), test);
      }
      case "Label" -> {
        BiPredicate<String, String> test = comparison(option, false);
        yield candidate ->
            candidate.row().labels().stream().anyMatch(label -> any(values, label, test));
      }
      default -> {
        BiPredicate<String, String> test = comparison(option, false);
        yield candidate -> {
          String value = member(candidate.row(), key);
          return value != null && any(values, value, test);
        };
      }
    };
  }

  private static Predicate<Candidate> path(@Nullable String option, List<String> paths) {
    boolean recursive =
        switch (option) {
          case null -> false;
          case "OneLevel" -> false;
          case "Recursive" -> true;
          default -> throw invalidOption(option, "[OneLevel, Recursive]");
        };
    for (String path : paths) {
      checkPath(path);
    }
    return candidate ->
        paths.stream().anyMatch(path -> isUnder(candidate.row().name(), path, recursive));
  }

  static void checkPath(String path) {
    if (!path.startsWith("/") || !path.matches("[a-zA-Z0-9_.\\-/]+") || path.contains("//")) {
      throw SsmErrors.validation(
          "The parameter doesn't meet the parameter name requirements. The parameter name must begin"
              + " with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\""
              + " (case-insensitive). It must use only letters, numbers, or the following symbols: ."
              + " (period), - (hyphen), _ (underscore). Special characters are not allowed. All"
              + " sub-paths, if specified, must use the forward slash symbol \"/\". Valid example:"
              + " /get/parameters2-/by1./path0_.");
    }
  }

  /** A name without a slash stands at the top, like one with a leading slash only. */
  static boolean isUnder(String name, String path, boolean recursive) {
    String full = name.startsWith("/") ? name : "/" + name;
    String prefix = path.endsWith("/") ? path : path + "/";
    return full.startsWith(prefix) && (recursive || full.indexOf('/', prefix.length()) < 0);
  }

  private static @Nullable String member(VersionRow row, String key) {
    return switch (key) {
      case "Type" -> row.type();
      case "KeyId" -> row.keyId();
      case "Tier" -> row.tier();
      case "DataType" -> row.dataType();
      default -> throw new IllegalArgumentException(key);
    };
  }

  private static BiPredicate<String, String> comparison(
      @Nullable String option, boolean containsToo) {
    String valid = containsToo ? "[Equals, BeginsWith, Contains]" : "[Equals, BeginsWith]";
    return switch (option) {
      case null -> String::equals;
      case "Equals" -> String::equals;
      case "BeginsWith" -> String::startsWith;
      case "Contains" -> {
        if (!containsToo) {
          throw invalidOption(option, valid);
        }
        yield String::contains;
      }
      default -> throw invalidOption(option, valid);
    };
  }

  private static InvalidFilterOptionException invalidOption(String option, String valid) {
    return InvalidFilterOptionException.builder()
        .message(
            "The following filter option is not valid: %s. Valid options include: %s."
                .formatted(option, valid))
        .build();
  }

  private static boolean any(
      List<String> wanted, String value, BiPredicate<String, String> comparison) {
    return wanted.stream().anyMatch(one -> comparison.test(value, one));
  }

  /** The older form: names by their beginning, the rest by equality. */
  static Predicate<Candidate> older(List<ParametersFilter> filters) {
    Predicate<Candidate> result = candidate -> true;
    for (ParametersFilter filter : filters) {
      Predicate<Candidate> next =
          switch (filter.key()) {
            case NAME ->
                candidate -> any(filter.values(), candidate.row().name(), String::startsWith);
            case TYPE -> candidate -> filter.values().contains(candidate.row().type());
            case KEY_ID ->
                candidate -> {
                  String key = candidate.row().keyId();
                  return key != null && filter.values().contains(key);
                };
            case UNKNOWN_TO_SDK_VERSION ->
                throw SsmErrors.constraint(
                    filter.keyAsString(), "filters", "satisfy enum value set: [Name, Type, KeyId]");
          };
      result = result.and(next);
    }
    return result;
  }
}
