package gantry.services.ecs.controller;

import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;

/** The one way in which a task is told to end. */
public final class Stops {

  private Stops() {}

  /** The task with the order; an order that it has already stays as it is. */
  public static TaskRow ordered(TaskRow row, StopOrder order) {
    if (row.isStopped() || row.stop() != null) {
      return row;
    }
    return row.edit()
        .stop(order)
        .task(
            row.task().toBuilder()
                .desiredStatus("STOPPED")
                .stopCode(order.code())
                .stoppedReason(order.reason())
                .stoppingAt(row.task().startedAt() == null ? null : order.at())
                .build())
        .done();
  }
}
