package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * Looks after instances whose agent is away: when its lease ends, what was on it is taken for lost
 * and replaced elsewhere. What it still runs is removed when it comes back.
 */
public final class InstanceController implements Controller {

  /** How long an agent may be away before its tasks are given up. */
  public static final Duration LEASE = Duration.ofMinutes(5);

  private final ServiceContext context;

  public InstanceController(ServiceContext context) {
    this.context = context;
  }

  static boolean leaseEnded(InstanceRow row, Instant now) {
    return row.disconnectedAt() != null && !now.isBefore(row.disconnectedAt().plus(LEASE));
  }

  @Override
  public String name() {
    return "ecs.instances";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == EcsTables.INSTANCES ? Stream.of(change.key()) : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.INSTANCES).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    InstanceRow row = view.get(EcsTables.INSTANCES, key);
    if (row == null || row.disconnectedAt() == null || "INACTIVE".equals(row.instance().status())) {
      return Again.WHEN_CHANGED;
    }
    Instant now = context.clock().instant();
    if (!leaseEnded(row, now)) {
      return Again.after(Duration.between(now, row.disconnectedAt().plus(LEASE)));
    }
    List<Row<TaskRow>> lost =
        view.lookupAll(EcsTables.TASKS_ON_INSTANCE, row.arn())
            .filter(task -> !task.value().isStopping())
            .toList();
    if (!lost.isEmpty()) {
      String host =
          row.instance().ec2InstanceId() == null ? row.arn() : row.instance().ec2InstanceId();
      context
          .store()
          .write(
              tx -> {
                for (Row<TaskRow> each : lost) {
                  TaskRow current = tx.get(EcsTables.TASKS, each.key());
                  if (current != null) {
                    Outbox.put(
                        tx,
                        each.key(),
                        current,
                        Stops.ordered(
                            current,
                            new StopOrder(
                                TaskStopCode.TERMINATION_NOTICE,
                                "Host EC2 (instance " + host + ") stopped.",
                                now)),
                        now);
                  }
                }
                return lost.size();
              });
    }
    return Again.WHEN_CHANGED;
  }
}
