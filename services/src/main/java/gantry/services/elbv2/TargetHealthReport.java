package gantry.services.elbv2;

import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Scope;
import gantry.state.Store;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the data plane found out about a target: the entry by which it is written back.
 *
 * @param state initial, healthy or unhealthy
 */
public record TargetHealthReport(
    String targetGroupArn,
    String targetId,
    int port,
    String state,
    @Nullable String reason,
    @Nullable String description) {

  /** Writes reports in one go; those of targets that are gone or draining say nothing any more. */
  public static void write(Store store, List<TargetHealthReport> reports) {
    boolean news =
        store.read(
            view ->
                reports.stream()
                    .anyMatch(
                        report -> {
                          TargetRow row = view.get(Rows.TARGETS, report.key());
                          return row != null && report.changes(row);
                        }));
    if (!news) {
      return;
    }
    store.write(
        tx -> {
          for (TargetHealthReport report : reports) {
            TargetRow row = tx.get(Rows.TARGETS, report.key());
            if (row != null && report.changes(row)) {
              tx.put(
                  Rows.TARGETS,
                  report.key(),
                  row.with(report.state, report.reason, report.description));
            }
          }
          return null;
        });
  }

  private gantry.state.Key key() {
    Scope scope = Rows.scopeOf(targetGroupArn);
    return Rows.targetKey(scope, targetGroupArn, targetId, port);
  }

  private boolean changes(TargetRow row) {
    return row.drainUntil() == null
        && !(row.state().equals(state)
            && Objects.equals(row.reason(), reason)
            && Objects.equals(row.description(), description));
  }
}
