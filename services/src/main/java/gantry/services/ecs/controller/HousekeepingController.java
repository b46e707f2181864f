package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.services.ecs.rows.DeletedClusterRow;
import gantry.services.ecs.rows.EventRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Controller.Again;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionStatus;

/** Forgets what is past its time, a bounded number of rows in each sweep. */
public final class HousekeepingController implements Controller {

  /** Stopped tasks with their last lines: Describe shows an hour of them, explanations all. */
  public static final Duration TASKS_KEPT = Duration.ofDays(7);

  /**
   * Clusters, services and container instances that are INACTIVE: Describe shows them meanwhile.
   */
  static final Duration INACTIVE_KEPT = Duration.ofHours(24);

  static final Duration DEPLOYMENTS_KEPT = Duration.ofDays(90);
  static final Duration EVENTS_KEPT = Duration.ofHours(24);
  public static final Duration TOKENS_KEPT = Duration.ofHours(24);
  static final Duration SWEEP = Duration.ofHours(1);
  static final int MAX_ROWS = 1_000;

  private static final Key SWEEPER = new Scope("", "").key("sweep");

  private final ServiceContext context;

  public HousekeepingController(ServiceContext context) {
    this.context = context;
  }

  @Override
  public String name() {
    return "ecs.housekeeping";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return Stream.of(SWEEPER);
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    Instant now = context.clock().instant();
    boolean full = false;
    full |=
        forget(
            view,
            EcsTables.TASKS,
            (TaskRow row) ->
                row.isStopped()
                    && row.task().stoppedAt() != null
                    && row.task().stoppedAt().plus(TASKS_KEPT).isBefore(now));
    full |=
        forget(
            view,
            EcsTables.INSTANCES,
            (InstanceRow row) ->
                row.inactiveAt() != null && row.inactiveAt().plus(INACTIVE_KEPT).isBefore(now));
    full |=
        forget(
            view,
            EcsTables.SERVICES,
            (ServiceRow row) ->
                row.inactiveAt() != null && row.inactiveAt().plus(INACTIVE_KEPT).isBefore(now));
    full |=
        forget(
            view,
            EcsTables.SERVICE_DEPLOYMENTS,
            (ServiceDeployment row) ->
                row.finishedAt() != null && row.finishedAt().plus(DEPLOYMENTS_KEPT).isBefore(now));
    full |=
        forget(
            view, EcsTables.EVENTS, (EventRow row) -> row.time().plus(EVENTS_KEPT).isBefore(now));
    full |=
        forget(
            view,
            EcsTables.CLIENT_TOKENS,
            (ClientTokenRow row) -> row.createdAt().plus(TOKENS_KEPT).isBefore(now));
    full |= clusters(view, now);
    full |= definitions(view);
    full |= serviceEvents(view);
    return Again.after(full ? Duration.ZERO : SWEEP);
  }

  /** True when there may be more. */
  private <V> boolean forget(View view, Table<V> table, Predicate<V> past) {
    List<Row<V>> gone =
        view.scanAll(table).filter(row -> past.test(row.value())).limit(MAX_ROWS).toList();
    if (gone.isEmpty()) {
      return false;
    }
    context
        .store()
        .write(
            tx -> {
              for (Row<V> row : gone) {
                tx.delete(table, row.key());
                if (row.value() instanceof TaskRow task) {
                  tx.delete(EcsTables.TAGS, row.key().scope().key(task.arn()));
                }
                if (row.value() instanceof ServiceRow service) {
                  ServiceEvents.clear(tx, row.key().scope(), service.cluster(), service.name());
                  Deployments.forget(tx, row.key().scope(), service.cluster(), service.name());
                  tx.delete(EcsTables.TAGS, row.key().scope().key(service.service().serviceArn()));
                }
                if (row.value() instanceof ServiceDeployment record) {
                  Deployments.forget(tx, new Row<>(row.key(), record));
                }
              }
              return gone.size();
            });
    return gone.size() == MAX_ROWS;
  }

  /** A deleted cluster can be described for a while; one of an older program is noted first. */
  private boolean clusters(View view, Instant now) {
    List<Key> gone =
        view.scanAll(EcsTables.CLUSTERS)
            .filter(row -> "INACTIVE".equals(row.value().status()))
            .map(Row::key)
            .filter(
                key -> {
                  DeletedClusterRow deleted = view.get(EcsTables.DELETED_CLUSTERS, key);
                  return deleted == null || deleted.since().plus(INACTIVE_KEPT).isBefore(now);
                })
            .limit(MAX_ROWS)
            .toList();
    if (!gone.isEmpty()) {
      context
          .store()
          .write(
              tx -> {
                gone.forEach(key -> forgetCluster(tx, key, now));
                return gone.size();
              });
    }
    return gone.size() == MAX_ROWS;
  }

  private static void forgetCluster(Tx tx, Key key, Instant now) {
    Cluster cluster = tx.get(EcsTables.CLUSTERS, key);
    if (cluster == null || !"INACTIVE".equals(cluster.status())) {
      return; // made anew meanwhile
    }
    DeletedClusterRow deleted = tx.get(EcsTables.DELETED_CLUSTERS, key);
    if (deleted == null) {
      tx.put(EcsTables.DELETED_CLUSTERS, key, new DeletedClusterRow(now));
    } else if (deleted.since().plus(INACTIVE_KEPT).isBefore(now)) {
      tx.delete(EcsTables.CLUSTERS, key);
      tx.delete(EcsTables.DELETED_CLUSTERS, key);
    }
  }

  private boolean serviceEvents(View view) {
    List<Key> gone =
        view.scanAll(EcsTables.SERVICES)
            .flatMap(
                row ->
                    ServiceEvents.old(
                        view, row.key().scope(), row.value().cluster(), row.value().name())
                        .stream())
            .limit(MAX_ROWS)
            .toList();
    if (!gone.isEmpty()) {
      context
          .store()
          .write(
              tx -> {
                gone.forEach(key -> tx.delete(EcsTables.SERVICE_EVENTS, key));
                return gone.size();
              });
    }
    return gone.size() == MAX_ROWS;
  }

  /** A definition that is being deleted goes when no task and no service refers to it. */
  private boolean definitions(View view) {
    List<Row<TaskDefinitionRow>> gone = new ArrayList<>();
    view.scanAll(EcsTables.TASK_DEFINITIONS)
        .filter(row -> row.value().definition().status() == TaskDefinitionStatus.DELETE_IN_PROGRESS)
        .filter(row -> !inUse(view, row))
        .limit(MAX_ROWS)
        .forEach(gone::add);
    if (!gone.isEmpty()) {
      context
          .store()
          .write(
              tx -> {
                for (Row<TaskDefinitionRow> row : gone) {
                  tx.delete(EcsTables.TASK_DEFINITIONS, row.key());
                  tx.delete(
                      EcsTables.TAGS,
                      row.key().scope().key(row.value().definition().taskDefinitionArn()));
                }
                return gone.size();
              });
    }
    return gone.size() == MAX_ROWS;
  }

  private static boolean inUse(View view, Row<TaskDefinitionRow> row) {
    String arn = row.value().definition().taskDefinitionArn();
    return view.lookup(EcsTables.TASKS_OF_DEFINITION, row.key().scope(), arn).findAny().isPresent()
        || view.scan(EcsTables.SERVICES, row.key().scope())
            .map(Row::value)
            .flatMap(service -> service.deployments().stream())
            .anyMatch(each -> arn.equals(each.revision().taskDefinition()));
  }
}
