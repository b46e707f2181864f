package gantry.services.logs;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A query of CloudWatch Logs Insights, compiled: stages through which rows go. */
final class Insights {

  /** What a cell holds: null, a String, a Double, a Boolean or an Instant. */
  interface Expression {
    @Nullable Object of(Row row);
  }

  record Named(String name, Expression expression) {}

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS").withZone(ZoneOffset.UTC);

  private static final List<String> SYSTEM_FIELDS =
      List.of("@timestamp", "@message", "@ingestionTime", "@logStream", "@log");

  private static final int MAX_ROWS = 500_000;

  private final List<Function<Stream<Row>, Stream<Row>>> stages = new ArrayList<>();

  /** The columns of the answer; empty means those that a row has by itself. */
  private List<String> columns = List.of();

  private boolean aggregated;
  private @Nullable Integer limit;
  private @Nullable String literal;

  /** How many rows passed the last filter; below zero when there is none. */
  private long matched = -1;

  /** The query asks for more than is held at once. */
  static final class TooMuch extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooMuch() {
      super("the query sorts or groups more than " + MAX_ROWS + " rows");
    }
  }

  /** One row: an event and what was made of it, or a group of events. */
  static final class Row {
    private final Map<String, @Nullable Object> made = new LinkedHashMap<>();
    private final @Nullable Event event;
    private @Nullable Object json;
    private boolean parsed;

    Row(@Nullable Event event, String log, String stream) {
      this.event = event;
      if (event != null) {
        made.put("@log", log);
        made.put("@logStream", stream);
      }
    }

    @Nullable Object get(String name) {
      if (made.containsKey(name)) {
        return made.get(name);
      }
      Event from = event;
      if (from == null) {
        return null;
      }
      return switch (name) {
        case "@message" -> from.message();
        case "@timestamp" -> Instant.ofEpochMilli(from.timestamp());
        case "@ingestionTime" -> Instant.ofEpochMilli(from.ingested());
        case "@ptr" -> pointer(from);
        default -> name.startsWith("@") ? null : member(from, name);
      };
    }

    private String pointer(Event from) {
      // The label is the account and the group.
      String label = String.valueOf(made.get("@log"));
      return new LogPointer(label.substring(label.indexOf(':') + 1), from.position()).text();
    }

    /** Everything that the event says: its members by their paths, and what is known of it. */
    Map<String, String> record() {
      Map<String, String> all = new TreeMap<>();
      Event from = event;
      Object root = from == null ? null : Json.parse(from.message());
      if (root != null) {
        collect("", root, all);
      }
      for (String name : SYSTEM_FIELDS) {
        Object value = get(name);
        if (value != null) {
          all.put(
              name, value instanceof Instant time ? "" + time.toEpochMilli() : value.toString());
        }
      }
      return all;
    }

    private static void collect(String path, Object value, Map<String, String> into) {
      String prefix = path.isEmpty() ? "" : path + ".";
      switch (value) {
        case Map<?, ?> map -> map.forEach((name, inner) -> collect(prefix + name, inner, into));
        case List<?> list -> {
          for (int i = 0; i < list.size(); i++) {
            collect(prefix + i, list.get(i), into);
          }
        }
        default -> into.put(path, String.valueOf(Json.scalar(value)));
      }
    }

    private @Nullable Object member(Event from, String name) {
      if (!parsed) {
        json = Json.parse(from.message());
        parsed = true;
      }
      Object found = json == null ? null : find(json, name);
      return switch (found) {
        case null -> null;
        case BigDecimal number -> number.doubleValue();
        case Boolean truth -> truth;
        case String text -> text;
        default -> null;
      };
    }

    /** A name with dots is a path, unless a member has the dots in its own name. */
    private static @Nullable Object find(Object value, String name) {
      if (value instanceof Map<?, ?> map) {
        Object whole = map.get(name);
        if (whole != null) {
          return whole;
        }
        for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
          Object inner = map.get(name.substring(0, dot));
          if (inner != null) {
            return find(inner, name.substring(dot + 1));
          }
        }
      } else if (value instanceof List<?> list) {
        int dot = name.indexOf('.');
        String index = dot < 0 ? name : name.substring(0, dot);
        if (index.matches("[0-9]{1,6}") && Integer.parseInt(index) < list.size()) {
          Object inner = list.get(Integer.parseInt(index));
          return dot < 0 || inner == null ? inner : find(inner, name.substring(dot + 1));
        }
      }
      return null;
    }
  }

  @Nullable String literal() {
    return literal;
  }

  @Nullable Integer limit() {
    return limit;
  }

  long matched() {
    return matched;
  }

  Stream<Row> run(Stream<Row> rows) {
    Stream<Row> out = rows;
    for (Function<Stream<Row>, Stream<Row>> stage : stages) {
      out = stage.apply(out);
    }
    return out;
  }

  /** The cells of one row as the answer gives them; what is null is left out. */
  Map<String, String> cells(Row row) {
    Map<String, String> cells = new LinkedHashMap<>();
    List<String> names =
        columns.isEmpty() && !aggregated ? List.of("@timestamp", "@message") : columns;
    for (String name : names) {
      Object value = row.get(name);
      if (value != null) {
        cells.put(name, text(value));
      }
    }
    if (row.event != null) {
      cells.put("@ptr", row.pointer(row.event));
    }
    return cells;
  }

  // ---------------------------------------------------------------- commands

  void fields(List<Named> fields) {
    List<String> more = new ArrayList<>(columns);
    fields.stream().map(Named::name).filter(name -> !more.contains(name)).forEach(more::add);
    columns = List.copyOf(more);
    compute(fields);
  }

  void display(List<Named> fields) {
    columns = fields.stream().map(Named::name).toList();
    compute(fields);
  }

  private void compute(List<Named> fields) {
    each(
        row -> {
          for (Named field : fields) {
            row.made.put(field.name(), field.expression().of(row));
          }
        });
  }

  private void each(java.util.function.Consumer<Row> change) {
    stages.add(
        rows ->
            rows.map(
                row -> {
                  change.accept(row);
                  return row;
                }));
  }

  /**
   * @param contained text that every message contains which the condition lets pass
   */
  void filter(Expression condition, @Nullable String contained) {
    if (contained != null && stages.isEmpty()) {
      literal = contained;
    }
    stages.add(
        rows -> {
          matched = 0;
          return rows.filter(
              row -> {
                boolean passes = Boolean.TRUE.equals(condition.of(row));
                matched += passes ? 1 : 0;
                return passes;
              });
        });
  }

  void parse(Expression from, Pattern pattern, List<String> names) {
    each(
        row -> {
          Object value = from.of(row);
          Matcher matcher = value == null ? null : pattern.matcher(text(value));
          if (matcher != null && matcher.find()) {
            for (int i = 0; i < names.size(); i++) {
              row.made.put(names.get(i), matcher.group(i + 1));
            }
          }
        });
  }

  void limit(int rows) {
    limit = rows;
    stages.add(all -> all.limit(rows));
  }

  void dedup(List<Named> by) {
    stages.add(
        rows -> {
          Set<List<@Nullable Object>> seen = new HashSet<>();
          return rows.filter(row -> room(seen.size()) && seen.add(values(by, row)));
        });
  }

  record Order(Expression by, boolean descending) {}

  void sort(List<Order> orders) {
    Comparator<Row> comparator = null;
    for (Order order : orders) {
      Comparator<Row> next = (one, other) -> compare(order.by().of(one), order.by().of(other));
      Comparator<Row> directed = order.descending() ? next.reversed() : next;
      comparator = comparator == null ? directed : comparator.thenComparing(directed);
    }
    Comparator<Row> by = comparator == null ? (one, other) -> 0 : comparator;
    stages.add(
        rows -> {
          int[] count = {0};
          return rows.filter(row -> room(count[0]++)).sorted(by);
        });
  }

  interface Aggregate {
    Accumulator start();
  }

  interface Accumulator {
    void add(Row row);

    @Nullable Object result();
  }

  record NamedAggregate(String name, Aggregate aggregate) {}

  void stats(List<NamedAggregate> aggregates, List<Named> by) {
    List<String> names = new ArrayList<>();
    by.forEach(named -> names.add(named.name()));
    aggregates.forEach(named -> names.add(named.name()));
    columns = List.copyOf(names);
    aggregated = true;
    stages.add(
        rows -> {
          Map<List<@Nullable Object>, List<Accumulator>> groups = new LinkedHashMap<>();
          rows.forEach(
              row -> {
                room(groups.size());
                groups
                    .computeIfAbsent(
                        values(by, row),
                        key -> aggregates.stream().map(a -> a.aggregate().start()).toList())
                    .forEach(accumulator -> accumulator.add(row));
              });
          return groups.entrySet().stream()
              .map(
                  group -> {
                    Row row = new Row(null, "", "");
                    for (int i = 0; i < by.size(); i++) {
                      row.made.put(by.get(i).name(), group.getKey().get(i));
                    }
                    for (int i = 0; i < aggregates.size(); i++) {
                      row.made.put(aggregates.get(i).name(), group.getValue().get(i).result());
                    }
                    return row;
                  });
        });
  }

  private static boolean room(int count) {
    if (count >= MAX_ROWS) {
      throw new TooMuch();
    }
    return true;
  }

  private static List<@Nullable Object> values(List<Named> by, Row row) {
    List<@Nullable Object> values = new ArrayList<>();
    for (Named named : by) {
      values.add(named.expression().of(row));
    }
    return values;
  }

  // ---------------------------------------------------------------- values

  static @Nullable Double number(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Double number -> number;
      case Boolean truth -> truth ? 1.0 : 0.0;
      case Instant time -> (double) time.toEpochMilli();
      case String text -> {
        BigDecimal number = Comparison.number(text.strip());
        yield number == null ? null : number.doubleValue();
      }
      default -> null;
    };
  }

  static String text(Object value) {
    return switch (value) {
      case Instant time -> TIME.format(time);
      case Double number when number.isNaN() || number.isInfinite() -> number.toString();
      case Double number -> Json.text(new BigDecimal(number.toString()).stripTrailingZeros());
      case Boolean truth -> truth ? "1" : "0";
      default -> value.toString();
    };
  }

  /** Numbers by size, everything else by its text; what is not there comes first. */
  static int compare(@Nullable Object one, @Nullable Object other) {
    if (one == null || other == null) {
      return Boolean.compare(one != null, other != null);
    }
    Double left = number(one);
    Double right = number(other);
    return left != null && right != null
        ? Double.compare(left, right)
        : text(one).compareTo(text(other));
  }
}
