package gantry.services.elbv2;

import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

/** Takes a deregistered target out when its delay is over. */
final class DrainEnd implements Controller {

  private final ServiceContext context;

  DrainEnd(ServiceContext context) {
    this.context = context;
  }

  @Override
  public String name() {
    return "elbv2 drain";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == Rows.TARGETS
            && change.after() instanceof TargetRow row
            && row.drainUntil() != null
        ? Stream.of(change.key())
        : Stream.of();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(Rows.TARGETS).filter(row -> row.value().drainUntil() != null).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    TargetRow row = context.store().snapshot().get(Rows.TARGETS, key);
    if (row == null || row.drainUntil() == null) {
      return Again.WHEN_CHANGED;
    }
    Instant now = context.clock().instant();
    if (now.isBefore(row.drainUntil())) {
      return Again.after(Duration.between(now, row.drainUntil()));
    }
    context
        .store()
        .write(
            tx -> {
              TargetRow still = tx.get(Rows.TARGETS, key);
              if (still != null
                  && still.drainUntil() != null
                  && !now.isBefore(still.drainUntil())) {
                tx.delete(Rows.TARGETS, key);
              }
              return null;
            });
    return Again.WHEN_CHANGED;
  }
}
