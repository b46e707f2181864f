package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.Refusal;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What is said of a service: its own events, and EventBridge's service actions beside them. */
final class ServiceTelling {

  /** The same event is not repeated within this time. */
  static final Duration REPEAT_EVENT = Duration.ofHours(6);

  /** Task ids that one event names. */
  static final int IDS_IN_EVENT = 10;

  static final String TROUBLESHOOTING =
      " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

  private static final String PLACEMENT = "placement ";

  private final ServiceContext context;
  private final Tx tx;
  private final Scope scope;
  private final ServiceRow row;
  private final Instant now;
  private final Map<String, Instant> said;

  ServiceTelling(ServiceContext context, Tx tx, Scope scope, ServiceRow row, Instant now) {
    this.context = context;
    this.tx = tx;
    this.scope = scope;
    this.row = row;
    this.now = now;
    this.said = new HashMap<>(row.said());
  }

  void say(String message) {
    write("(service " + row.name() + ") " + message);
  }

  void sayOfSet(String set, String message) {
    write("(service " + row.name() + ", taskSet " + set + ") " + message);
  }

  private void write(String message) {
    ServiceEvents.say(tx, scope, row.cluster(), row.name(), context.ids().uuid(), message, now);
  }

  void action(String type, String name, Map<String, Object> more) {
    Outbox.serviceAction(
        tx, scope, row.service().serviceArn(), row.service().clusterArn(), type, name, more, now);
  }

  void steady() {
    say("has reached a steady state.");
    action("INFO", "SERVICE_STEADY_STATE", Map.of());
    if (!providers().isEmpty()) {
      action("INFO", "CAPACITY_PROVIDER_STEADY_STATE", providers());
    }
  }

  private Map<String, Object> providers() {
    List<String> arns =
        row.service().capacityProviderStrategy().stream()
            .map(each -> Arns.capacityProvider(scope, each.capacityProvider()))
            .toList();
    return arns.isEmpty() ? Map.of() : Map.of("capacityProviderArns", arns);
  }

  /** What has been said, by kind, and when. */
  Map<String, Instant> said() {
    return said;
  }

  /** True when this kind of event is due; it is then remembered. */
  boolean due(String kind) {
    Instant last = said.get(kind);
    if (last != null && now.isBefore(last.plus(REPEAT_EVENT))) {
      return false;
    }
    said.put(kind, now);
    return true;
  }

  /** The cause is over: the next time it is told at once. */
  void over(String kind) {
    said.remove(kind);
  }

  void started(List<TaskRow> tasks, boolean rebalances, int replaced) {
    say(
        "has started "
            + tasks.size()
            + " tasks"
            + (rebalances ? " in AZ to AZ Rebalance" : "")
            + ": "
            + ids(tasks)
            + "."
            + (replaced == 0
                ? ""
                : " Amazon ECS replaced " + replaced + " tasks due to an unhealthy status."));
    action("INFO", "TASKS_STARTED", Map.of());
    placed();
  }

  /** Tasks find places again. */
  void placed() {
    said.keySet().removeIf(kind -> kind.startsWith(PLACEMENT));
  }

  void stopped(List<TaskRow> running, int pending, boolean rebalances) {
    if (!running.isEmpty()) {
      say(
          "has stopped "
              + running.size()
              + " running tasks"
              + (rebalances ? " in AZ due to AZ rebalancing" : "")
              + ": "
              + ids(running)
              + ".");
    }
    if (pending > 0) {
      say("stopped " + pending + " pending tasks.");
    }
    if (pending > 0 || !running.isEmpty()) {
      action("INFO", "TASKS_STOPPED", Map.of());
    }
  }

  private static String ids(List<TaskRow> tasks) {
    return tasks.stream()
        .limit(IDS_IN_EVENT)
        .map(each -> "(task " + each.id() + ")")
        .collect(Collectors.joining(" "));
  }

  /** A task found no place. */
  void unplaced(Decision.Refused why, boolean fargate) {
    // Another cause is told at once, the same one not again until tasks have found a place.
    if (!due(PLACEMENT + (why.crowded() ? "crowded" : String.valueOf(why.closestRefusal())))) {
      return;
    }
    if (why.crowded()) {
      say(
          "was unable to place tasks in your cluster because the tasks provisioning capacity limit"
              + " was exceeded.");
      return;
    }
    say(unplacedText(why, fargate));
    Refusal closest = why.closestRefusal();
    Map<String, Object> more = new LinkedHashMap<>(providers());
    if (!fargate && why.closest() != null) {
      more.put("containerInstanceArns", List.of(why.closest()));
    }
    more.put(
        "reason",
        fargate ? "RESOURCE:FARGATE" : closest == null ? "NO ACTIVE INSTANCES" : closest.reason());
    action("ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", more);
  }

  private static String unplacedText(Decision.Refused why, boolean fargate) {
    if (fargate) {
      return "was unable to place a task. Reason: Capacity is unavailable at this time. Please try"
          + " again later or in a different availability zone."
          + TROUBLESHOOTING;
    }
    String start =
        "was unable to place a task because no container instance met all of its requirements.";
    Refusal closest = why.closestRefusal();
    if (closest == null || why.closest() == null) {
      return start
          + " Reason: No Container Instances were found in your cluster."
          + TROUBLESHOOTING;
    }
    return start
        + " The closest matching (container-instance "
        + why.closest().substring(why.closest().lastIndexOf('/') + 1)
        + ") "
        + closest.words()
        + "."
        + TROUBLESHOOTING;
  }
}
