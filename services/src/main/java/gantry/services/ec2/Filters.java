package gantry.services.ec2;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.Tag;

/**
 * What a kind of resource can be filtered by: a name and how its values are read. A resource passes
 * when, for each filter, one of its values matches one of the filter's; {@code *} and {@code ?} are
 * wildcards. {@code tag:KEY}, {@code tag-key} and {@code tag-value} work for everything that has
 * tags.
 */
final class Filters<T> {

  private final Map<String, BiFunction<Lookup, T, ? extends Collection<String>>> accessors =
      new HashMap<>();

  Filters<T> one(String name, Function<T, @Nullable Object> value) {
    accessors.put(
        name,
        (lookup, row) -> {
          Object one = value.apply(row);
          return one == null ? List.of() : List.of(one.toString());
        });
    return this;
  }

  Filters<T> many(String name, Function<T, ? extends Collection<String>> values) {
    accessors.put(name, (lookup, row) -> values.apply(row));
    return this;
  }

  /** For what AWS documents and nothing has here: such a filter leaves nothing over. */
  Filters<T> none(String... names) {
    for (String name : names) {
      accessors.put(name, (lookup, row) -> List.of());
    }
    return this;
  }

  /** For what stands in other rows. */
  Filters<T> found(String name, BiFunction<Lookup, T, ? extends Collection<String>> values) {
    accessors.put(name, values);
    return this;
  }

  boolean matches(Lookup lookup, T row, List<Tag> tags, Collection<Filter> filters) {
    return filters.stream().allMatch(filter -> matches(lookup, row, tags, filter));
  }

  private boolean matches(Lookup lookup, T row, List<Tag> tags, Filter filter) {
    String name = filter.name() == null ? "" : filter.name();
    Collection<String> values;
    if (name.startsWith("tag:")) {
      String key = name.substring("tag:".length());
      values = tags.stream().filter(tag -> key.equals(tag.key())).map(Filters::value).toList();
    } else if (name.equals("tag-key")) {
      values = tags.stream().map(Tag::key).toList();
    } else if (name.equals("tag-value")) {
      values = tags.stream().map(Filters::value).toList();
    } else {
      BiFunction<Lookup, T, ? extends Collection<String>> accessor = accessors.get(name);
      if (accessor == null) {
        throw Errors.of("InvalidParameterValue", "The filter '%s' is invalid", name);
      }
      values = accessor.apply(lookup, row);
    }
    return filter.values().stream()
        .anyMatch(wanted -> values.stream().filter(Objects::nonNull).anyMatch(matcher(wanted)));
  }

  /** Refuses unknown names also where there is nothing to filter. */
  void check(Collection<Filter> filters) {
    for (Filter filter : filters) {
      String name = filter.name() == null ? "" : filter.name();
      if (!name.startsWith("tag:")
          && !name.equals("tag-key")
          && !name.equals("tag-value")
          && !accessors.containsKey(name)) {
        throw Errors.of("InvalidParameterValue", "The filter '%s' is invalid", name);
      }
    }
  }

  private static String value(Tag tag) {
    return tag.value() == null ? "" : tag.value();
  }

  private static java.util.function.Predicate<String> matcher(String wanted) {
    if (wanted.indexOf('*') < 0 && wanted.indexOf('?') < 0) {
      return wanted::equals;
    }
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < wanted.length(); i++) {
      char c = wanted.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        case '\\' -> {
          boolean escapes = i + 1 < wanted.length();
          regex.append(Pattern.quote(escapes ? wanted.substring(++i, i + 1) : "\\"));
        }
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL).asMatchPredicate();
  }
}
