package gantry.services.ecs.controller;

import gantry.services.ecs.EcsJson;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.EventRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Task;

/** Writes rows of tasks and instances, and with each visible change the event that tells of it. */
public final class Outbox {

  private Outbox() {}

  /**
   * Puts the task. When anything shows that did not before, its version rises and an event says so.
   */
  public static TaskRow put(Tx tx, Key key, @Nullable TaskRow before, TaskRow after, Instant now) {
    if (before != null && before.task().equals(after.task())) {
      if (!before.equals(after)) {
        tx.put(EcsTables.TASKS, key, after);
      }
      return after;
    }
    long version = before == null ? 1 : before.task().version() + 1;
    TaskRow row = after.edit().task(after.task().toBuilder().version(version).build()).done();
    tx.put(EcsTables.TASKS, key, row);
    event(
        tx,
        key.scope(),
        "task-" + row.id() + "-" + version,
        "ECS Task State Change",
        List.of(row.arn()),
        detail(row.shown(), now),
        now);
    return row;
  }

  /** What EventBridge's events of a task leave out of it. */
  private static final Set<String> UNTOLD = Set.of("tags", "healthStatus");

  private static String detail(Task task, Instant now) {
    Task shown =
        task.attachments().isEmpty()
            ? task
            : task.toBuilder()
                .attachments(task.attachments().stream().map(Outbox::eni).toList())
                .build();
    return EcsJson.write(shown, UNTOLD, Map.of("updatedAt", now));
  }

  private static Attachment eni(Attachment attachment) {
    return "ElasticNetworkInterface".equals(attachment.type())
        ? attachment.toBuilder().type("eni").build()
        : attachment;
  }

  /** Puts the instance, whose version rises, and tells of it. */
  public static void put(
      Tx tx, Key key, @Nullable InstanceRow before, InstanceRow after, Instant now) {
    long version = before == null ? 1 : before.instance().version() + 1;
    InstanceRow row = after.with(after.instance().toBuilder().version(version).build());
    tx.put(EcsTables.INSTANCES, key, row);
    if (!row.isFargate()) {
      event(
          tx,
          key.scope(),
          "instance-" + key.id() + "-" + version,
          "ECS Container Instance State Change",
          List.of(row.arn()),
          EcsJson.write(row.instance(), Set.of("tags"), Map.of("updatedAt", now)),
          now);
    }
  }

  /** {@code ECS Service Action}. */
  public static void serviceAction(
      Tx tx,
      Scope scope,
      String serviceArn,
      String clusterArn,
      String type,
      String name,
      Map<String, Object> more,
      Instant now) {
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("eventType", type);
    detail.put("eventName", name);
    detail.put("clusterArn", clusterArn);
    detail.put("createdAt", now);
    detail.putAll(more);
    event(
        tx,
        scope,
        "action-" + serviceArn.substring(serviceArn.lastIndexOf('/') + 1) + "-" + name,
        "ECS Service Action",
        List.of(serviceArn),
        EcsJson.write(detail),
        now);
  }

  /** {@code ECS Deployment State Change}. */
  public static void deployment(
      Tx tx,
      Scope scope,
      String serviceArn,
      String type,
      String name,
      String deploymentId,
      String reason,
      Instant now) {
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("eventType", type);
    detail.put("eventName", name);
    detail.put("deploymentId", deploymentId);
    detail.put("updatedAt", now);
    detail.put("reason", reason);
    event(
        tx,
        scope,
        "deployment-" + deploymentId.replace('/', '-') + "-" + name,
        "ECS Deployment State Change",
        List.of(serviceArn),
        EcsJson.write(detail),
        now);
  }

  private static void event(
      Tx tx,
      Scope scope,
      String name,
      String detailType,
      List<String> resources,
      String detail,
      Instant now) {
    String id = HexFormat.of().toHexDigits(tx.revision()) + "-" + name;
    tx.put(EcsTables.EVENTS, scope.key(id), new EventRow(id, detailType, now, resources, detail));
  }
}
