package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Tx;
import java.time.Instant;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/** Changes of tasks' rows, each with the event that tells of it. */
final class TaskChanges {

  private final ServiceContext context;

  TaskChanges(ServiceContext context) {
    this.context = context;
  }

  /** Changes the row as it stands now; true when the change was made. */
  boolean change(Key key, UnaryOperator<TaskRow> change) {
    return change(key, (tx, row) -> change.apply(row));
  }

  boolean change(Key key, BiFunction<Tx, TaskRow, TaskRow> change) {
    Instant now = context.clock().instant();
    return context
        .store()
        .write(
            tx -> {
              TaskRow current = tx.get(EcsTables.TASKS, key);
              if (current == null || current.isStopped()) {
                return false;
              }
              TaskRow next = change.apply(tx, current);
              if (next.equals(current)) {
                return false;
              }
              Outbox.put(tx, key, current, next, now);
              return true;
            });
  }
}
