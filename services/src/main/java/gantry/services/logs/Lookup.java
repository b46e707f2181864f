package gantry.services.logs;

import static gantry.services.logs.LogTables.GROUPS;
import static gantry.services.logs.LogTables.STREAMS;
import static gantry.services.logs.LogTables.inGroup;

import gantry.services.Caller;
import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.state.PageToken;
import gantry.state.Scope;
import gantry.state.View;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.*;

/** How requests name groups and streams, and how listings are cut into pages. */
final class Lookup {

  static final int MAX_PAGE = 50;

  private static final Pattern GROUP_NAME = Pattern.compile("[.\\-_/#A-Za-z0-9]{1,512}");
  static final Pattern GROUP_ARN =
      Pattern.compile("arn:[^:]+:logs:([^:]*):([^:]*):log-group:([^:]+)(:\\*)?");

  private Lookup() {}

  static Scope scope() {
    return Caller.current().scope();
  }

  static GroupRow group(View view, Scope scope, String name) {
    checkGroupName(name);
    GroupRow group = view.get(GROUPS, scope.key(name));
    if (group == null) {
      throw Errors.noGroup();
    }
    return group;
  }

  static GroupRow either(
      View view, Scope scope, @Nullable String name, @Nullable String identifier) {
    if (name != null && identifier != null) {
      throw Errors.invalid("Only one of logGroupName and logGroupIdentifier can be specified.");
    }
    if (name == null && identifier == null) {
      throw Errors.missing("logGroupName");
    }
    return group(
        view,
        scope,
        name != null ? name : nameOf(scope, required(identifier, "logGroupIdentifier")));
  }

  /** A group is named by its name or its ARN. */
  static String nameOf(Scope scope, String identifier) {
    var arn = GROUP_ARN.matcher(identifier);
    if (!arn.matches()) {
      return identifier;
    }
    if (!scope.region().equals(arn.group(1)) || !scope.account().equals(arn.group(2))) {
      throw Errors.noGroup();
    }
    return arn.group(3);
  }

  static StreamRow stream(View view, Scope scope, GroupRow group, String name) {
    StreamRow stream = view.get(STREAMS, inGroup(scope, group, name));
    if (stream == null) {
      throw Errors.noStream();
    }
    return stream;
  }

  static void checkGroupName(String name) {
    if (!GROUP_NAME.matcher(name).matches()) {
      throw Errors.constraint(
          name, "logGroupName", "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
    }
  }

  static String arn(Scope scope, String group) {
    return "arn:aws:logs:%s:%s:log-group:%s".formatted(scope.region(), scope.account(), group);
  }

  static int limit(@Nullable Integer asked, int usual, int most) {
    int limit = asked == null ? usual : asked;
    if (limit < 1 || limit > most) {
      throw Errors.constraint(limit, "limit", "have value between 1 and " + most);
    }
    return limit;
  }

  record Cut<T>(List<T> items, @Nullable String nextToken) {}

  /** One page of what stands in the order of {@code order}, or the other way round. */
  static <T> Cut<T> cut(
      List<T> all,
      Function<T, String> order,
      boolean descending,
      @Nullable Integer limit,
      @Nullable String token,
      String listing) {
    String after = lastId(listing, token);
    Comparator<T> ascending = Comparator.comparing(order);
    List<T> rest =
        all.stream()
            .sorted(descending ? ascending.reversed() : ascending)
            .filter(
                one ->
                    after.isEmpty()
                        || (descending
                            ? order.apply(one).compareTo(after) < 0
                            : order.apply(one).compareTo(after) > 0))
            .toList();
    int size = limit(limit, MAX_PAGE, MAX_PAGE);
    if (rest.size() <= size) {
      return new Cut<>(rest, null);
    }
    List<T> page = rest.subList(0, size);
    return new Cut<>(page, PageToken.of(listing, order.apply(page.getLast())));
  }

  static String lastId(String listing, @Nullable String token) {
    try {
      return PageToken.lastId(listing, token);
    } catch (PageToken.Invalid e) {
      throw Errors.invalid("The specified nextToken is invalid.");
    }
  }

  static <T> T required(@Nullable T value, String member) {
    if (value == null) {
      throw Errors.missing(member);
    }
    return value;
  }
}
