package gantry.app.api;

import gantry.wire.Operation;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** Counts calls and times them, cheaply enough to do it for each one. */
public final class CallMetrics {

  /** Upper bounds in seconds, as Prometheus wants them. */
  private static final double[] BOUNDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private record Series(Operation operation, int status) {}

  private static final class Cell {
    private final LongAdder nanos = new LongAdder();
    private final AtomicLongArray buckets = new AtomicLongArray(BOUNDS.length + 1);
  }

  private final Map<Series, Cell> cells = new ConcurrentHashMap<>();

  /** Those of the calls that went well, which are found faster by the operation alone. */
  private final Map<Operation, Cell> well = new ConcurrentHashMap<>();

  public void count(Operation operation, int status, long nanos) {
    Cell cell = status == 200 ? well.get(operation) : null;
    if (cell == null) {
      cell = cells.computeIfAbsent(new Series(operation, status), s -> new Cell());
      if (status == 200) {
        well.put(operation, cell);
      }
    }
    cell.nanos.add(nanos);
    int bucket = 0;
    double seconds = nanos / 1e9;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
      bucket++;
    }
    cell.buckets.incrementAndGet(bucket);
  }

  /** In Prometheus's text format. */
  public void write(StringBuilder out) {
    out.append("# HELP gantry_request_seconds API calls, by service, operation and status.\n");
    out.append("# TYPE gantry_request_seconds histogram\n");
    List<Map.Entry<Series, Cell>> sorted =
        cells.entrySet().stream()
            .sorted(
                Comparator.comparing(
                    (Map.Entry<Series, Cell> e) ->
                        e.getKey().operation() + "/" + e.getKey().status()))
            .toList();
    for (Map.Entry<Series, Cell> entry : sorted) {
      Series series = entry.getKey();
      Cell cell = entry.getValue();
      String labels =
          "service=\""
              + series.operation().service().info().signingName()
              + "\",operation=\""
              + series.operation().name()
              + "\",status=\""
              + series.status()
              + "\"";
      long total = 0;
      for (int i = 0; i <= BOUNDS.length; i++) {
        total += cell.buckets.get(i);
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
}
