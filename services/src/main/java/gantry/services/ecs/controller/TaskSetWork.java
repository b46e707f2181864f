package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.planner.ScaleIn;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/**
 * Keeps each task set of a service with an external controller at its share of the desired count.
 */
final class TaskSetWork {

  private final ServiceContext context;
  private final ServiceController services;
  private final View view;
  private final Key key;
  private final ServiceRow row;

  TaskSetWork(
      ServiceContext context, ServiceController services, View view, Key key, ServiceRow row) {
    this.context = context;
    this.services = services;
    this.view = view;
    this.key = key;
    this.row = row;
  }

  /** Rounded up, as documented. */
  static int computedDesired(ServiceRow service, TaskSetRow set) {
    if (set.draining() || set.set().scale() == null) {
      return 0;
    }
    int desired = service.service().desiredCount() == null ? 0 : service.service().desiredCount();
    return (int) Math.ceil(desired * set.set().scale().value() / 100.0);
  }

  Controller.Again run() {
    Scope scope = key.scope();
    Instant now = context.clock().instant();
    List<Row<TaskRow>> tasks = Views.tasks(view, scope, row);
    List<TaskView> views = new TaskViews(view, scope, row, now).of(tasks);
    List<Row<TaskSetRow>> sets =
        EcsTables.under(view, EcsTables.TASK_SETS, scope, row.cluster() + "/" + row.name() + "/")
            .toList();
    List<Launcher.Prepared.Ready> ready = new ArrayList<>();
    List<TaskView> stops = new ArrayList<>();
    List<Key> gone = new ArrayList<>();
    Decision.Refused refused = null;
    for (Row<TaskSetRow> each : sets) {
      TaskSetRow set = each.value();
      String id = set.deployment().id();
      List<TaskView> own =
          views.stream().filter(task -> task.deployment().equals(id) && task.isLive()).toList();
      int wanted = computedDesired(row, set);
      List<TaskView> bad = own.stream().filter(TaskView::isUnhealthy).toList();
      stops.addAll(bad);
      int good = own.size() - bad.size();
      for (int i = good; i < wanted && refused == null; i++) {
        refused = services.prepare(view, scope, row, set.deployment(), null, null, tasks, ready);
      }
      if (good > wanted) {
        stops.addAll(
            ScaleIn.choose(
                own.stream().filter(task -> !task.isUnhealthy()).toList(), good - wanted));
      }
      boolean empty =
          views.stream()
              .noneMatch(
                  task -> task.deployment().equals(id) && task.phase() != TaskView.Phase.STOPPED);
      if (set.draining() && empty) {
        gone.add(each.key());
      }
    }
    List<String> settled =
        views.stream()
            .filter(task -> task.phase() == TaskView.Phase.STOPPED && !task.settled())
            .map(TaskView::id)
            .toList();
    if (!ready.isEmpty() || !stops.isEmpty() || !gone.isEmpty() || !settled.isEmpty()) {
      services.writeTaskSets(key, ready, stops, settled, gone, this::order, now);
    }
    return refused == null
        ? Controller.Again.after(Duration.ofSeconds(30))
        : Controller.Again.after(ServiceController.PLACEMENT_RETRY);
  }

  private StopOrder order(TaskRow task) {
    return new StopOrder(
        TaskStopCode.SERVICE_SCHEDULER_INITIATED,
        "Scaling activity initiated by (taskSet " + task.deploymentId() + ")",
        context.clock().instant());
  }
}
