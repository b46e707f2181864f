package gantry.services.logs;

import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.cloudwatchlogs.model.MetricFilter;

/**
 * The rows of CloudWatch Logs: groups by name; streams and filters by their group's id and name.
 */
final class LogTables {

  private LogTables() {}

  static final Table<GroupRow> GROUPS = Table.of("logs.groups", GroupRow.class);
  static final Table<StreamRow> STREAMS = Table.of("logs.streams", StreamRow.class);
  static final Table<FilterRow> FILTERS = Table.of("logs.metric-filters", FilterRow.class);

  /**
   * @param id the name of its folder: of two groups with one name, one after the other, each has
   *     its own
   */
  record GroupRow(
      String name,
      String id,
      long created,
      String logGroupClass,
      @Nullable Integer retentionDays,
      boolean isProtected,
      Map<String, String> tags) {

    GroupRow withRetention(@Nullable Integer days) {
      return new GroupRow(name, id, created, logGroupClass, days, isProtected, tags);
    }

    GroupRow withProtection(boolean now) {
      return new GroupRow(name, id, created, logGroupClass, retentionDays, now, tags);
    }

    GroupRow withTags(Map<String, String> now) {
      return new GroupRow(
          name, id, created, logGroupClass, retentionDays, isProtected, Map.copyOf(now));
    }

    /** The time before which events are no more. */
    long oldest(long now) {
      return retentionDays == null ? 0 : Math.max(0, now - retentionDays * 86_400_000L);
    }
  }

  /**
   * @param number stands for it in the segments, and is never another's
   */
  record StreamRow(String group, String groupName, String name, long number, long created) {}

  record FilterRow(String group, MetricFilter filter) {}

  static Key inGroup(Scope scope, GroupRow group, String name) {
    return scope.key(group.id() + ":" + name);
  }

  static Stream<StreamRow> streams(View view, Scope scope, GroupRow group, String namePrefix) {
    return inGroup(view, STREAMS, scope, group, namePrefix);
  }

  static Stream<FilterRow> filters(View view, Scope scope, GroupRow group) {
    return inGroup(view, FILTERS, scope, group, "");
  }

  private static <V> Stream<V> inGroup(
      View view, Table<V> table, Scope scope, GroupRow group, String namePrefix) {
    String all = group.id() + ":";
    String prefix = all + namePrefix;
    Stream<V> after =
        view.scanAfter(table, scope, prefix)
            .takeWhile(row -> row.key().id().startsWith(prefix))
            .map(row -> row.value());
    // What is called exactly as the prefix stands before everything behind it.
    V exact = namePrefix.isEmpty() ? null : view.get(table, scope.key(prefix));
    return exact == null ? after : Stream.concat(Stream.of(exact), after);
  }
}
