package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/** What the task sets of a service need, written in one transaction. */
final class TaskSetWriting {

  private final ServiceContext context;
  private final Launcher launcher;

  TaskSetWriting(ServiceContext context, Launcher launcher) {
    this.context = context;
    this.launcher = launcher;
  }

  /** False when the service has changed meanwhile: nothing is written then. */
  boolean write(Key key, ServiceRow row, TaskSetWork.Due due, Instant now) {
    boolean done = false;
    try {
      done =
          context
              .store()
              .write(
                  tx -> {
                    if (!row.equals(tx.get(EcsTables.SERVICES, key))) {
                      return false;
                    }
                    write(tx, key, row, due, now);
                    return true;
                  });
    } finally {
      if (done) {
        launcher.settled(due.ready());
      } else {
        launcher.forget(due.ready());
      }
    }
    return done;
  }

  private void write(Tx tx, Key key, ServiceRow row, TaskSetWork.Due due, Instant now) {
    Scope scope = key.scope();
    ServiceTelling telling = new ServiceTelling(context, tx, scope, row, now);
    if (!due.ready().isEmpty()) {
      telling.started(launcher.write(tx, scope, due.ready()), false, 0);
    }
    stop(tx, scope, row, due.stops(), telling, now);
    for (String id : due.settled()) {
      Key taskKey = EcsTables.member(scope, row.cluster(), id);
      TaskRow task = tx.get(EcsTables.TASKS, taskKey);
      if (task != null) {
        tx.put(EcsTables.TASKS, taskKey, task.edit().counted(TaskRow.Outcome.FAILED).done());
      }
    }
    due.gone().forEach(each -> tx.delete(EcsTables.TASK_SETS, each));
    if (due.refused() != null) {
      telling.unplaced(due.refused(), fargate(tx, scope, row));
    }
    steady(row, due, telling);
    ServiceRow after = row.withSaid(telling.said());
    if (!after.equals(row)) {
      tx.put(EcsTables.SERVICES, key, after);
    }
  }

  private static void stop(
      Tx tx, Scope scope, ServiceRow row, List<String> stops, ServiceTelling telling, Instant now) {
    List<TaskRow> running = new ArrayList<>();
    int pending = 0;
    for (String id : stops) {
      Key taskKey = EcsTables.member(scope, row.cluster(), id);
      TaskRow task = tx.get(EcsTables.TASKS, taskKey);
      if (task == null || task.isStopping()) {
        continue;
      }
      if (task.isRunning()) {
        running.add(task);
      } else {
        pending++;
      }
      StopOrder order =
          new StopOrder(
              TaskStopCode.SERVICE_SCHEDULER_INITIATED,
              "Scaling activity initiated by (taskSet " + task.deploymentId() + ")",
              now);
      Outbox.put(tx, taskKey, task, Stops.ordered(task, order), now);
    }
    telling.stopped(running, pending, false);
  }

  private static boolean fargate(View view, Scope scope, ServiceRow row) {
    return EcsTables.under(view, EcsTables.TASK_SETS, scope, row.cluster() + "/" + row.name() + "/")
        .anyMatch(each -> ServiceOrders.isFargate(each.value().deployment().revision()));
  }

  /** Once for each set, and again when it has become unsteady in between. */
  private static void steady(ServiceRow row, TaskSetWork.Due due, ServiceTelling telling) {
    for (String set : due.steady()) {
      if (telling.due(STEADY + set)) {
        telling.sayOfSet(set, "has reached a steady state.");
        telling.action("INFO", "TASKSET_STEADY_STATE", Map.of());
      }
    }
    for (String kind : row.said().keySet()) {
      if (kind.startsWith(STEADY) && !due.steady().contains(kind.substring(STEADY.length()))) {
        telling.over(kind);
      }
    }
  }

  private static final String STEADY = "steady ";
}
