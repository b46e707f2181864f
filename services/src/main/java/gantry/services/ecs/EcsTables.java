package gantry.services.ecs;

import gantry.services.ecs.rows.AccountSettingRow;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.DeletedClusterRow;
import gantry.services.ecs.rows.EventRow;
import gantry.services.ecs.rows.FamilyRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceEventRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Index;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.util.List;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ecs.model.CapacityProvider;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;

/** The tables of ECS and how their keys are spelt. */
public final class EcsTables {

  /** By cluster name. */
  public static final Table<Cluster> CLUSTERS = Table.of("ecs.clusters", Cluster.class);

  /** By name: since when clusters are deleted that are INACTIVE still. */
  public static final Table<DeletedClusterRow> DELETED_CLUSTERS =
      Table.of("ecs.deleted-clusters", DeletedClusterRow.class);

  /** By family. */
  public static final Table<FamilyRow> FAMILIES = Table.of("ecs.families", FamilyRow.class);

  /** By family and revision, in the order ListTaskDefinitions shows them. */
  public static final Table<TaskDefinitionRow> TASK_DEFINITIONS =
      Table.of("ecs.task-definitions", TaskDefinitionRow.class);

  /** By ARN. */
  public static final Table<TagsRow> TAGS = Table.of("ecs.tags", TagsRow.class);

  /** By setting name, then principal. */
  public static final Table<AccountSettingRow> ACCOUNT_SETTINGS =
      Table.of("ecs.account-settings", AccountSettingRow.class);

  /** By cluster and id. */
  public static final Table<InstanceRow> INSTANCES =
      Table.of("ecs.container-instances", InstanceRow.class);

  /** By cluster and id. */
  public static final Table<TaskRow> TASKS = Table.of("ecs.tasks", TaskRow.class);

  /** Tasks whose containers an instance has or is to have, by the instance's ARN. */
  public static final Index<TaskRow> TASKS_ON_INSTANCE =
      TASKS.index(
          "instance", row -> row.holdsResources() ? row.task().containerInstanceArn() : null);

  /** Tasks that concern their service still: alive, or ended without its having noted how. */
  public static final Index<TaskRow> TASKS_OF_SERVICE =
      TASKS.index(
          "service",
          row ->
              row.serviceName() != null
                      && (!row.isStopped() || row.counted() == TaskRow.Outcome.OPEN)
                  ? row.cluster() + "/" + row.serviceName()
                  : null);

  /** Tasks that are not STOPPED, by task definition ARN. */
  public static final Index<TaskRow> TASKS_OF_DEFINITION =
      TASKS.index("definition", row -> row.isStopped() ? null : row.task().taskDefinitionArn());

  /** Tasks that are not STOPPED, by cluster. */
  public static final Index<TaskRow> LIVE_TASKS =
      TASKS.index("live", row -> row.isStopped() ? null : row.cluster());

  /** By cluster and name. */
  public static final Table<ServiceRow> SERVICES = Table.of("ecs.services", ServiceRow.class);

  /** By cluster and service: what Service Connect made for it. */
  public static final Table<ConnectRow> CONNECT = Table.of("ecs.service-connect", ConnectRow.class);

  /** By cluster, service, commit and number, oldest first. */
  public static final Table<ServiceEventRow> SERVICE_EVENTS =
      Table.of("ecs.service-events", ServiceEventRow.class);

  /** By cluster, service and age. */
  public static final Table<ServiceDeployment> SERVICE_DEPLOYMENTS =
      Table.of("ecs.service-deployments", ServiceDeployment.class);

  public static final Index<ServiceDeployment> SERVICE_DEPLOYMENT_ARNS =
      SERVICE_DEPLOYMENTS.index("arn", ServiceDeployment::serviceDeploymentArn);

  /** By ARN. */
  public static final Table<ServiceRevision> SERVICE_REVISIONS =
      Table.of("ecs.service-revisions", ServiceRevision.class);

  /** By cluster, service and id. */
  public static final Table<TaskSetRow> TASK_SETS = Table.of("ecs.task-sets", TaskSetRow.class);

  /** By name. */
  public static final Table<CapacityProvider> CAPACITY_PROVIDERS =
      Table.of("ecs.capacity-providers", CapacityProvider.class);

  /** By operation, cluster and token. */
  public static final Table<ClientTokenRow> CLIENT_TOKENS =
      Table.of("ecs.client-tokens", ClientTokenRow.class);

  /** EventBridge's events, oldest first. */
  public static final Table<EventRow> EVENTS = Table.of("ecs.events", EventRow.class);

  public static final List<Table<?>> ALL =
      List.of(
          CLUSTERS,
          DELETED_CLUSTERS,
          FAMILIES,
          TASK_DEFINITIONS,
          TAGS,
          ACCOUNT_SETTINGS,
          INSTANCES,
          TASKS,
          SERVICES,
          CONNECT,
          SERVICE_EVENTS,
          SERVICE_DEPLOYMENTS,
          SERVICE_REVISIONS,
          TASK_SETS,
          CAPACITY_PROVIDERS,
          CLIENT_TOKENS,
          EVENTS);

  private EcsTables() {}

  public static Key member(Scope scope, String cluster, String name) {
    return scope.key(cluster + "/" + name);
  }

  /**
   * A space sorts before whatever a family name can hold, so that {@code web} comes before {@code
   * web-a}.
   */
  public static Key taskDefinition(Scope scope, String family, int revision) {
    return scope.key(family + " " + padded(revision, 7));
  }

  /** The number with zeros before it, so that names sort as numbers do. */
  public static String padded(long number, int digits) {
    String text = Long.toString(number);
    return "0".repeat(Math.max(0, digits - text.length())) + text;
  }

  /** The rows whose id begins with {@code prefix}. */
  public static <V> Stream<Row<V>> under(View view, Table<V> table, Scope scope, String prefix) {
    return view.scanAfter(table, scope, prefix).takeWhile(row -> row.key().id().startsWith(prefix));
  }

  /** The rows of a cluster, after one of them. */
  public static <V> Stream<Row<V>> inCluster(
      View view, Table<V> table, Scope scope, String cluster, String afterId) {
    String prefix = cluster + "/";
    return view.scanAfter(table, scope, afterId.isEmpty() ? prefix : afterId)
        .takeWhile(row -> row.key().id().startsWith(prefix));
  }
}
