package gantry.app.api;

import gantry.wire.Operation;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts calls and times them, cheaply enough to do it for each one. */
public final class CallMetrics {

  /** Upper bounds in seconds, as Prometheus wants them. */
  private static final double[] BOUNDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private static final int WELL = 200;

  private static final class Cell {
    private final LongAdder nanos = new LongAdder();
    private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];

    Cell() {
      Arrays.setAll(buckets, i -> new LongAdder());
    }

    long total() {
      long total = 0;
      for (LongAdder bucket : buckets) {
        total += bucket.sum();
      }
      return total;
    }
  }

  /** Of one operation: the calls that went well, and the others by their status. */
  private static final class Series {
    private final Cell well = new Cell();
    private final Map<Integer, Cell> others = new ConcurrentSkipListMap<>();

    Cell of(int status) {
      return status == WELL ? well : others.computeIfAbsent(status, one -> new Cell());
    }

    /** Those of which there are any, in the order of their statuses. */
    SortedMap<Integer, Cell> all() {
      SortedMap<Integer, Cell> all = new TreeMap<>(others);
      all.put(WELL, well);
      all.values().removeIf(cell -> cell.total() == 0);
      return all;
    }
  }

  private final Map<Operation, Series> series = new ConcurrentHashMap<>();

  public void count(Operation operation, int status, long nanos) {
    Series known = series.get(operation);
    Cell cell =
        (known != null ? known : series.computeIfAbsent(operation, one -> new Series())).of(status);
    cell.nanos.add(nanos);
    int bucket = 0;
    double seconds = nanos / 1e9;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
      bucket++;
    }
    cell.buckets[bucket].increment();
  }

  /** In Prometheus's text format. */
  public void write(StringBuilder out) {
    out.append("# HELP gantry_request_seconds API calls, by service, operation and status.\n");
    out.append("# TYPE gantry_request_seconds histogram\n");
    List<Operation> operations =
        series.keySet().stream().sorted(Comparator.comparing(Operation::toString)).toList();
    for (Operation operation : operations) {
      Objects.requireNonNull(series.get(operation))
          .all()
          .forEach((status, cell) -> write(out, operation, status, cell));
    }
  }

  private static void write(StringBuilder out, Operation operation, int status, Cell cell) {
    String labels =
        "service=\""
            + operation.service().info().signingName()
            + "\",operation=\""
            + operation.name()
            + "\",status=\""
            + status
            + "\"";
    long total = 0;
    for (int i = 0; i <= BOUNDS.length; i++) {
      total += cell.buckets[i].sum();
      String bound = i == BOUNDS.length ? "+Inf" : Double.toString(BOUNDS[i]);
      out.append("gantry_request_seconds_bucket{").append(labels).append(",le=\"");
      out.append(bound).append("\"} ").append(total).append('\n');
    }
    out.append("gantry_request_seconds_sum{").append(labels).append("} ");
    out.append(cell.nanos.sum() / 1e9).append('\n');
    out.append("gantry_request_seconds_count{").append(labels).append("} ");
    out.append(total).append('\n');
  }
}
