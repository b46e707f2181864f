package gantry.services.secretsmanager;

import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

/** Removes deleted secrets when their recovery window has passed. */
final class Deletions implements Controller {

  private final Store store;
  private final Clock clock;

  Deletions(Store store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "secretsmanager.deletions";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == SecretTables.SECRETS ? Stream.of(change.key()) : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(SecretTables.SECRETS)
        .filter(row -> row.value().deletion() != null)
        .map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    SecretRow row = store.snapshot().get(SecretTables.SECRETS, key);
    Instant end = row == null ? null : row.deletion();
    if (end == null) {
      return Again.WHEN_CHANGED;
    }
    Instant now = clock.instant();
    if (now.isBefore(end)) {
      return Again.after(Duration.between(now, end));
    }
    store.write(
        tx -> {
          SecretRow current = tx.get(SecretTables.SECRETS, key);
          if (current != null && end.equals(current.deletion())) {
            tx.delete(SecretTables.SECRETS, key);
          }
          return null;
        });
    return Again.WHEN_CHANGED;
  }
}
