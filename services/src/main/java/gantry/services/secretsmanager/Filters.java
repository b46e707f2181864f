package gantry.services.secretsmanager;

import gantry.services.secretsmanager.SecretTables.SecretRow;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awssdk.services.secretsmanager.model.Filter;

/**
 * The filters of ListSecrets and BatchGetSecretValue: all of them must match, by any of their
 * values.
 */
final class Filters {

  private Filters() {}

  static boolean match(SecretRow row, List<Filter> filters) {
    return filters.stream().allMatch(filter -> matches(row, filter));
  }

  private static boolean matches(SecretRow row, Filter filter) {
    boolean plain = filter.values().stream().anyMatch(value -> !value.startsWith("!"));
    boolean found = false;
    for (String value : filter.values()) {
      boolean negated = value.startsWith("!");
      boolean hit = hit(row, filter.keyAsString(), negated ? value.substring(1) : value);
      if (negated && hit) {
        return false;
      }
      found |= !negated && hit;
    }
    return found || !plain;
  }

  private static boolean hit(SecretRow row, String key, String value) {
    Map<String, String> tags = row.tags() == null ? Map.of() : row.tags();
    return switch (key) {
      case "name" -> row.name().startsWith(value);
      case "description" -> words(row.description() == null ? "" : row.description(), value);
      case "tag-key" -> tags.keySet().stream().anyMatch(tag -> tag.startsWith(value));
      case "tag-value" -> tags.values().stream().anyMatch(tag -> tag.startsWith(value));
      case "all" ->
          Stream.of("name", "description", "tag-key", "tag-value")
              .anyMatch(one -> hit(row, one, value));
      case "primary-region" -> row.primaryRegion() != null && row.primaryRegion().startsWith(value);
      case "owning-service" -> false; // no service here owns a secret
      default -> throw SecretErrors.parameter("Invalid filter key: " + key);
    };
  }

  /** Every word of the value begins a word of the text, whatever the case. */
  private static boolean words(String text, String value) {
    List<String> there = List.of(text.toLowerCase(Locale.ROOT).split("\\W+", -1));
    return Stream.of(value.toLowerCase(Locale.ROOT).split("\\W+", -1))
        .allMatch(word -> there.stream().anyMatch(one -> one.startsWith(word)));
  }
}
