package gantry.services.secretsmanager;

import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.util.stream.Stream;

/** Makes copies follow where the call that changed the original did not come to it. */
final class Replication implements Controller {

  private final Replicas replicas;

  Replication(Replicas replicas) {
    this.replicas = replicas;
  }

  @Override
  public String name() {
    return "secretsmanager.replication";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == SecretTables.SECRETS
            && change.after() instanceof SecretRow row
            && !row.replicas().isEmpty()
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(SecretTables.SECRETS)
        .filter(row -> !row.value().replicas().isEmpty())
        .map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    replicas.sync(key);
    return Again.WHEN_CHANGED;
  }
}
