package gantry.services.logs;

import gantry.services.logs.Insights.Accumulator;
import gantry.services.logs.Insights.Aggregate;
import gantry.services.logs.Insights.Expression;
import gantry.services.logs.Insights.Row;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The functions of Insights over many rows. */
final class Aggregates {

  private Aggregates() {}

  /** Null for a function, or a number of arguments, that is not there. */
  static @Nullable Aggregate of(String name, List<Expression> a) {
    return switch (name + "/" + a.size()) {
      case "count/0" -> () -> new Sum(row -> 1.0);
      case "count/1" -> () -> new Sum(row -> a.getFirst().of(row) == null ? null : (Object) 1.0);
      case "count_distinct/1" -> () -> new Distinct(a.getFirst());
      case "sum/1" -> () -> new Sum(a.getFirst());
      case "avg/1" -> () -> new Numbers(a.getFirst(), -1);
      case "stddev/1" -> () -> new Numbers(a.getFirst(), -2);
      case "median/1" -> () -> new Numbers(a.getFirst(), 50);
      case "pct/2" -> percentile(a);
      case "min/1" -> () -> new Best(a.getFirst(), a.getFirst(), -1);
      case "max/1" -> () -> new Best(a.getFirst(), a.getFirst(), 1);
      case "sortsfirst/1" -> () -> new Best(asText(a.getFirst()), a.getFirst(), -1);
      case "sortslast/1" -> () -> new Best(asText(a.getFirst()), a.getFirst(), 1);
      case "earliest/1" -> () -> new Best(row -> row.get("@timestamp"), a.getFirst(), -1);
      case "latest/1" -> () -> new Best(row -> row.get("@timestamp"), a.getFirst(), 1);
      default -> null;
    };
  }

  private static @Nullable Aggregate percentile(List<Expression> a) {
    Double which = Insights.number(a.get(1).of(new Row(null, "", "")));
    return which == null || which < 0 || which > 100
        ? null
        : () -> new Numbers(a.getFirst(), which);
  }

  /** With a letter in front nothing is compared as a number. */
  private static Expression asText(Expression expression) {
    return row -> {
      Object value = expression.of(row);
      return value == null ? null : "t" + Insights.text(value);
    };
  }

  private static final class Sum implements Accumulator {
    private final Expression of;
    private double sum;

    Sum(Expression of) {
      this.of = of;
    }

    @Override
    public void add(Row row) {
      Double value = Insights.number(of.of(row));
      sum += value == null ? 0 : value;
    }

    @Override
    public Object result() {
      return sum;
    }
  }

  private static final class Distinct implements Accumulator {
    private final Expression of;
    private final Set<Object> seen = new HashSet<>();

    Distinct(Expression of) {
      this.of = of;
    }

    @Override
    public void add(Row row) {
      Object value = of.of(row);
      if (value != null) {
        seen.add(value);
      }
    }

    @Override
    public Object result() {
      return (double) seen.size();
    }
  }

  /** The row where {@code by} is the greatest or the least, and what {@code of} is there. */
  private static final class Best implements Accumulator {
    private final Expression by;
    private final Expression of;
    private final int sign;
    private @Nullable Object best;
    private @Nullable Object result;

    Best(Expression by, Expression of, int sign) {
      this.by = by;
      this.of = of;
      this.sign = sign;
    }

    @Override
    public void add(Row row) {
      Object value = by.of(row);
      Object candidate = of.of(row);
      if (value != null
          && candidate != null
          && (best == null || Insights.compare(value, best) * sign > 0)) {
        best = value;
        result = candidate;
      }
    }

    @Override
    public @Nullable Object result() {
      return result;
    }
  }

  /** What needs all the numbers: {@code which} is a percentile, -1 the mean, -2 the deviation. */
  private static final class Numbers implements Accumulator {
    private static final double MEAN = -1;

    private final Expression of;
    private final double which;
    private double[] values = new double[16];
    private int count;

    Numbers(Expression of, double which) {
      this.of = of;
      this.which = which;
    }

    @Override
    public void add(Row row) {
      Double value = Insights.number(of.of(row));
      if (value == null) {
        return;
      }
      if (count == values.length) {
        values = Arrays.copyOf(values, count * 2);
      }
      values[count++] = value;
    }

    @Override
    public @Nullable Object result() {
      if (count == 0) {
        return null;
      }
      if (which >= 0) {
        Arrays.sort(values, 0, count);
        int rank = (int) Math.ceil(which / 100 * count);
        return values[Math.max(0, rank - 1)];
      }
      double mean = Arrays.stream(values, 0, count).sum() / count;
      if (which == MEAN) {
        return mean;
      }
      double squares =
          Arrays.stream(values, 0, count).map(value -> (value - mean) * (value - mean)).sum();
      return Math.sqrt(squares / count);
    }
  }
}
