package gantry.services.ssm;

import static gantry.services.ssm.ParameterTables.PARAMETERS;

import gantry.services.ssm.ParameterTables.ParameterRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

/** Deletes parameters when their Expiration policy says so. */
final class Expirations implements Controller {

  private final Store store;
  private final Clock clock;

  Expirations(Store store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "ssm-expirations";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.after() instanceof ParameterRow row && row.expiresAt() != null
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(PARAMETERS)
        .filter(row -> row.value().expiresAt() != null)
        .map(row -> row.key());
  }

  @Override
  public Again reconcile(Key key) {
    return store.write(
        tx -> {
          ParameterRow row = tx.get(PARAMETERS, key);
          Instant expiresAt = row == null ? null : row.expiresAt();
          if (row == null || expiresAt == null) {
            return Again.WHEN_CHANGED;
          }
          Duration left = Duration.between(clock.instant(), expiresAt);
          if (left.isPositive()) {
            return Again.after(left);
          }
          Ssm.delete(tx, key.scope(), row);
          return Again.WHEN_CHANGED;
        });
  }
}
