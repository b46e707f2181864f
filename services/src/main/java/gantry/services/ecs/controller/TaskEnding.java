package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Controller.Again;
import gantry.state.Key;
import gantry.state.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;

/**
 * The way of a task from its stop order to STOPPED: out of names, out of targets, drained, stopped
 * by its node, its interface given back. Whoever gave the order, the steps are the same.
 */
final class TaskEnding {

  /** How often a draining target is looked at. */
  static final Duration DRAIN_POLL = Duration.ofSeconds(1);

  /**
   * Longer than the longest deregistration delay there is: a balancer that says nothing is not
   * waited for.
   */
  static final Duration MAX_DRAIN = Duration.ofMinutes(61);

  private final ServiceContext context;
  private final Networks networks;
  private final Routing routing;
  private final TaskNames names;
  private final TaskChanges rows;

  TaskEnding(
      ServiceContext context,
      Networks networks,
      Routing routing,
      TaskNames names,
      TaskChanges rows) {
    this.context = context;
    this.networks = networks;
    this.routing = routing;
    this.names = names;
    this.rows = rows;
  }

  Again step(Key key, TaskRow row) {
    if (!row.names().isEmpty()) {
      Duration remembered = names.deregister(key.scope(), row);
      Instant until = remembered.isZero() ? null : context.clock().instant().plus(remembered);
      rows.change(
          key,
          each ->
              each.edit()
                  .names(List.of())
                  .namedUntil(until)
                  .task(leaving(each.task(), "DEACTIVATING"))
                  .done());
      return Again.WHEN_CHANGED;
    }
    if (row.targets().stream().anyMatch(target -> !target.isGone())) {
      return drain(key, row);
    }
    if (!row.containersGone()) {
      Instant now = context.clock().instant();
      if (row.namedUntil() != null && now.isBefore(row.namedUntil())) {
        return Again.after(Duration.between(now, row.namedUntil()));
      }
      if (row.node() == null || isLost(key.scope(), row)) {
        rows.change(key, each -> each.edit().containersGone(true).done());
        return Again.WHEN_CHANGED;
      }
      if (row.node() != TaskRow.NodeWish.STOP) {
        rows.change(
            key,
            each ->
                each.edit()
                    .node(TaskRow.NodeWish.STOP)
                    .task(leaving(each.task(), "STOPPING"))
                    .done());
      }
      return Again.after(LOST_POLL);
    }
    if (row.eni() != null) {
      if (!"DEPROVISIONING".equals(row.task().lastStatus())) {
        rows.change(key, each -> each.edit().task(leaving(each.task(), "DEPROVISIONING")).done());
        return Again.WHEN_CHANGED;
      }
      networks.delete(key.scope(), row.eni());
    }
    Instant now = context.clock().instant();
    rows.change(
        key,
        each ->
            each.edit()
                .task(
                    each.task().toBuilder()
                        .lastStatus("STOPPED")
                        .desiredStatus("STOPPED")
                        .stoppedAt(now)
                        .stoppingAt(
                            each.task().stoppingAt() == null ? now : each.task().stoppingAt())
                        .executionStoppedAt(
                            each.task().executionStoppedAt() == null
                                    && each.task().startedAt() != null
                                ? now
                                : each.task().executionStoppedAt())
                        .attachments(
                            each.task().attachments().stream()
                                .map(one -> one.toBuilder().status("DELETED").build())
                                .toList())
                        .containers(
                            each.task().containers().stream()
                                .map(one -> one.toBuilder().lastStatus("STOPPED").build())
                                .toArray(Container[]::new))
                        .build())
                .done());
    return Again.WHEN_CHANGED;
  }

  /** A task whose instance is gone for good is not waited for. */
  private static final Duration LOST_POLL = Duration.ofSeconds(15);

  private boolean isLost(Scope scope, TaskRow row) {
    if (row.task().containerInstanceArn() == null) {
      return true;
    }
    InstanceRow instance =
        TaskController.instance(
            context.store().snapshot(), scope, row.task().containerInstanceArn());
    return instance == null
        || "INACTIVE".equals(instance.instance().status())
        || InstanceController.leaseEnded(instance, context.clock().instant());
  }

  private Again drain(Key key, TaskRow row) {
    boolean asked = row.targets().stream().noneMatch(TaskEnding::isOpen);
    Instant now = context.clock().instant();
    if (!asked) {
      List<TargetRow> next = new ArrayList<>();
      for (TargetRow target : row.targets()) {
        if (target.isGone() || target.state().equals("draining")) {
          next.add(target);
        } else if (routing.deregister(key.scope(), target)) {
          next.add(target.with("draining", "Target.DeregistrationInProgress", null));
        } else {
          next.add(target.with(TargetRow.GONE, null, null));
        }
      }
      context
          .store()
          .write(
              tx -> {
                TaskRow current = tx.get(EcsTables.TASKS, key);
                if (current == null) {
                  return false;
                }
                Outbox.put(
                    tx,
                    key,
                    current,
                    current
                        .edit()
                        .targets(next)
                        .task(leaving(current.task(), "DEACTIVATING"))
                        .done(),
                    now);
                if (current.serviceName() != null) {
                  for (TargetRow target : next) {
                    ServiceEvents.say(
                        tx,
                        key.scope(),
                        current.cluster(),
                        current.serviceName(),
                        context.ids().uuid(),
                        "(service "
                            + current.serviceName()
                            + ") deregistered 1 targets in (target-group "
                            + target.targetGroupArn()
                            + ")",
                        now);
                  }
                  ServiceEvents.say(
                      tx,
                      key.scope(),
                      current.cluster(),
                      current.serviceName(),
                      context.ids().uuid(),
                      "(service "
                          + current.serviceName()
                          + ", taskSet "
                          + current.deploymentId()
                          + ") has begun draining connections on 1 tasks.",
                      now);
                }
                return true;
              });
      return Again.after(DRAIN_POLL);
    }
    Instant since = row.stop() == null ? now : row.stop().at();
    // Nothing answers behind a target whose containers are gone: its connections need no time.
    boolean waited = row.containersGone() || now.isAfter(since.plus(MAX_DRAIN));
    Map<String, Map<String, TargetHealthDescription>> health = new HashMap<>();
    List<TargetRow> next = new ArrayList<>();
    for (TargetRow target : row.targets()) {
      if (target.isGone()) {
        next.add(target);
      } else if (waited) {
        next.add(target.with(TargetRow.GONE, null, null));
      } else {
        var group =
            health.computeIfAbsent(
                target.targetGroupArn(), arn -> routing.health(key.scope(), arn));
        TargetRow seen = Routing.seen(target, group);
        next.add(
            seen.state().equals("draining") || seen.isGone()
                ? seen
                : target.with(TargetRow.GONE, null, null));
      }
    }
    if (!next.equals(row.targets())) {
      rows.change(key, each -> each.edit().targets(next).done());
    }
    return next.stream().allMatch(TargetRow::isGone) ? Again.WHEN_CHANGED : Again.after(DRAIN_POLL);
  }

  private static boolean isOpen(TargetRow target) {
    return !target.isGone() && !target.state().equals("draining");
  }

  private Task leaving(Task task, String status) {
    return task.toBuilder()
        .lastStatus(status)
        .desiredStatus("STOPPED")
        .stoppingAt(task.stoppingAt() == null ? context.clock().instant() : task.stoppingAt())
        .build();
  }
}
