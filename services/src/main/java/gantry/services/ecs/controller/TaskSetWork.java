package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.planner.ScaleIn;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps each task set of a service with an external controller at its share of the desired count.
 */
final class TaskSetWork {

  private final ServiceController services;
  private final View view;
  private final Scope scope;
  private final ServiceRow row;
  private final List<Row<TaskRow>> tasks;
  private final List<TaskView> views;
  private final List<Row<TaskSetRow>> sets;

  TaskSetWork(ServiceController services, View view, Scope scope, ServiceRow row, Instant now) {
    this.services = services;
    this.view = view;
    this.scope = scope;
    this.row = row;
    tasks = Views.tasks(view, scope, row);
    views = new TaskViews(view, scope, row, now).of(tasks);
    sets =
        EcsTables.under(view, EcsTables.TASK_SETS, scope, row.cluster() + "/" + row.name() + "/")
            .toList();
  }

  /** Rounded up, as documented. */
  static int computedDesired(ServiceRow service, TaskSetRow set) {
    if (set.draining() || set.set().scale() == null) {
      return 0;
    }
    int desired = service.service().desiredCount() == null ? 0 : service.service().desiredCount();
    return (int) Math.ceil(desired * set.set().scale().value() / 100.0);
  }

  /**
   * What is to be done.
   *
   * @param ready tasks that have their place
   * @param settled tasks that have ended
   * @param gone sets of which nothing is left
   * @param steady sets that have all their tasks, healthy, and no others
   */
  record Due(
      List<Launcher.Prepared.Ready> ready,
      List<String> stops,
      List<String> settled,
      List<Key> gone,
      List<String> steady,
      Decision.@Nullable Refused refused) {}

  Due due() {
    List<Launcher.Prepared.Ready> ready = new ArrayList<>();
    List<String> stops = new ArrayList<>();
    List<Key> gone = new ArrayList<>();
    List<String> steady = new ArrayList<>();
    Decision.Refused refused = null;
    for (Row<TaskSetRow> each : sets) {
      TaskSetRow set = each.value();
      String id = set.deployment().id();
      List<TaskView> own = live(set);
      List<TaskView> good = own.stream().filter(task -> !task.isUnhealthy()).toList();
      int wanted = computedDesired(row, set);
      own.stream().filter(TaskView::isUnhealthy).map(TaskView::id).forEach(stops::add);
      for (int i = good.size(); i < wanted && refused == null; i++) {
        refused = services.prepare(view, scope, row, set.deployment(), null, null, tasks, ready);
      }
      ScaleIn.choose(good, good.size() - wanted).stream().map(TaskView::id).forEach(stops::add);
      boolean empty =
          views.stream()
              .noneMatch(
                  task -> task.deployment().equals(id) && task.phase() != TaskView.Phase.STOPPED);
      if (set.draining() && empty) {
        gone.add(each.key());
      }
      if (!set.draining()
          && own.size() == wanted
          && own.stream().allMatch(task -> task.isHealthy() && !task.instanceDraining())) {
        steady.add(id);
      }
    }
    List<String> settled =
        views.stream()
            .filter(task -> task.phase() == TaskView.Phase.STOPPED && !task.settled())
            .map(TaskView::id)
            .toList();
    return new Due(ready, stops, settled, gone, steady, refused);
  }

  private List<TaskView> live(TaskSetRow set) {
    return views.stream()
        .filter(task -> task.deployment().equals(set.deployment().id()) && task.isLive())
        .toList();
  }

  /** For each set that lacks tasks: why there is no place for one. */
  List<NoPlace> noPlace() {
    List<NoPlace> nowhere = new ArrayList<>();
    for (Row<TaskSetRow> each : sets) {
      TaskSetRow set = each.value();
      if (live(set).size() < computedDesired(row, set)) {
        NoPlace none = services.noPlace(view, scope, row, set.deployment(), null, null, tasks);
        if (none != null) {
          nowhere.add(none);
        }
      }
    }
    return nowhere;
  }
}
