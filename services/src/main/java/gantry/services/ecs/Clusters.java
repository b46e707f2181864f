package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.DeletedClusterRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ClusterConfiguration;
import software.amazon.awssdk.services.ecs.model.ClusterContainsContainerInstancesException;
import software.amazon.awssdk.services.ecs.model.ClusterContainsServicesException;
import software.amazon.awssdk.services.ecs.model.ClusterContainsTasksException;
import software.amazon.awssdk.services.ecs.model.ClusterField;
import software.amazon.awssdk.services.ecs.model.ClusterServiceConnectDefaults;
import software.amazon.awssdk.services.ecs.model.ClusterServiceConnectDefaultsRequest;
import software.amazon.awssdk.services.ecs.model.ClusterSetting;
import software.amazon.awssdk.services.ecs.model.ClusterSettingName;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;
import software.amazon.awssdk.services.ecs.model.CreateClusterResponse;
import software.amazon.awssdk.services.ecs.model.DeleteClusterRequest;
import software.amazon.awssdk.services.ecs.model.DeleteClusterResponse;
import software.amazon.awssdk.services.ecs.model.DescribeClustersRequest;
import software.amazon.awssdk.services.ecs.model.DescribeClustersResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ListClustersRequest;
import software.amazon.awssdk.services.ecs.model.ListClustersResponse;
import software.amazon.awssdk.services.ecs.model.PutClusterCapacityProvidersRequest;
import software.amazon.awssdk.services.ecs.model.PutClusterCapacityProvidersResponse;
import software.amazon.awssdk.services.ecs.model.UpdateClusterRequest;
import software.amazon.awssdk.services.ecs.model.UpdateClusterResponse;
import software.amazon.awssdk.services.ecs.model.UpdateClusterSettingsRequest;
import software.amazon.awssdk.services.ecs.model.UpdateClusterSettingsResponse;

/** Clusters, their settings and their capacity providers. */
final class Clusters {

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,255}");
  private static final int MAX_DESCRIBED = 100;

  /** There is nothing to attach: capacity providers make no resources of their own here. */
  private static final String ATTACHED = "UPDATE_COMPLETE";

  private final ServiceContext context;
  private final AccountSettings settings;

  Clusters(ServiceContext context, AccountSettings settings) {
    this.context = context;
    this.settings = settings;
  }

  /** Making what exists answers what exists. */
  CreateClusterResponse create(CreateClusterRequest request) {
    Scope scope = Caller.current().scope();
    String name =
        request.clusterName() == null || request.clusterName().isEmpty()
            ? References.DEFAULT_CLUSTER
            : request.clusterName();
    if (!NAME.matcher(name).matches()) {
      throw EcsErrors.invalid(
          "Invalid cluster name. Up to 255 letters (uppercase and lowercase), numbers, underscores,"
              + " and hyphens are allowed.");
    }
    Tags.check(request.tags());
    checkSettings(request.settings());
    checkConfiguration(request.configuration());
    String defaultInsights = settings.effective(scope, Caller.current().arn(), "containerInsights");
    ClusterServiceConnectDefaults namespace =
        defaults(scope, name, request.serviceConnectDefaults());
    Cluster cluster =
        context
            .store()
            .write(
                tx -> {
                  Cluster existing = tx.get(EcsTables.CLUSTERS, scope.key(name));
                  if (existing != null && !"INACTIVE".equals(existing.status())) {
                    return existing;
                  }
                  CapacityProviders.checkAttachable(tx, scope, request.capacityProviders());
                  CapacityProviders.checkStrategy(
                      request.defaultCapacityProviderStrategy(), request.capacityProviders());
                  Cluster made =
                      Cluster.builder()
                          .clusterArn(Arns.cluster(scope, name))
                          .clusterName(name)
                          .status("ACTIVE")
                          .settings(merge(List.of(insights(defaultInsights)), request.settings()))
                          .configuration(request.configuration())
                          .serviceConnectDefaults(namespace)
                          .capacityProviders(List.copyOf(request.capacityProviders()))
                          .defaultCapacityProviderStrategy(
                              ServiceRules.filled(request.defaultCapacityProviderStrategy()))
                          .build();
                  tx.put(EcsTables.CLUSTERS, scope.key(name), made);
                  tx.delete(EcsTables.DELETED_CLUSTERS, scope.key(name));
                  Tags.put(tx, scope, made.clusterArn(), request.tags());
                  return made;
                });
    View view = context.store().snapshot();
    return CreateClusterResponse.builder()
        .cluster(
            counted(view, scope, cluster)
                .tags(Tags.of(view, scope, cluster.clusterArn()))
                .statistics(List.of())
                .build())
        .build();
  }

  private static ClusterSetting insights(String value) {
    return ClusterSetting.builder()
        .name(ClusterSettingName.CONTAINER_INSIGHTS)
        .value(value)
        .build();
  }

  /** The default namespace, made where there is none; called before anything is written. */
  private @Nullable ClusterServiceConnectDefaults defaults(
      Scope scope, String name, @Nullable ClusterServiceConnectDefaultsRequest request) {
    if (request == null || request.namespace() == null || request.namespace().isEmpty()) {
      return null;
    }
    return ClusterServiceConnectDefaults.builder()
        .namespace(
            new ServiceConnect(context)
                .defaultNamespace(scope, Arns.cluster(scope, name), request.namespace()))
        .build();
  }

  private static void checkSettings(List<ClusterSetting> settings) {
    for (ClusterSetting setting : settings) {
      if (setting.name() != ClusterSettingName.CONTAINER_INSIGHTS) {
        throw EcsErrors.invalid("Invalid setting name: " + setting.nameAsString());
      }
      if (!List.of("enabled", "disabled", "enhanced").contains(setting.value())) {
        throw EcsErrors.invalid("Invalid value for setting containerInsights: " + setting.value());
      }
    }
  }

  private static void checkConfiguration(@Nullable ClusterConfiguration configuration) {
    if (configuration != null && configuration.managedStorageConfiguration() != null) {
      throw EcsErrors.invalid(
          "managedStorageConfiguration is not supported: the storage of tasks is not encrypted with"
              + " keys of AWS KMS.");
    }
  }

  private static List<ClusterSetting> merge(
      List<ClusterSetting> old, List<ClusterSetting> changes) {
    Map<String, ClusterSetting> merged = new TreeMap<>();
    old.forEach(setting -> merged.put(setting.nameAsString(), setting));
    changes.forEach(setting -> merged.put(setting.nameAsString(), setting));
    return List.copyOf(merged.values());
  }

  DescribeClustersResponse describe(DescribeClustersRequest request) {
    Scope scope = Caller.current().scope();
    List<String> names =
        request.clusters().isEmpty() ? List.of(References.DEFAULT_CLUSTER) : request.clusters();
    if (names.size() > MAX_DESCRIBED) {
      throw EcsErrors.invalid("Clusters cannot have more than " + MAX_DESCRIBED + " elements.");
    }
    EcsErrors.eachOneOf("include", request.includeAsStrings(), ClusterField.knownValues());
    View view = context.store().snapshot();
    List<Cluster> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : names) {
      String name = References.clusterName(reference);
      Cluster cluster = view.get(EcsTables.CLUSTERS, scope.key(name));
      if (cluster == null) {
        failures.add(Failure.builder().arn(Arns.cluster(scope, name)).reason("MISSING").build());
        continue;
      }
      found.add(shown(view, scope, cluster, request.include()));
    }
    return DescribeClustersResponse.builder().clusters(found).failures(failures).build();
  }

  private static Cluster shown(
      View view, Scope scope, Cluster cluster, List<ClusterField> include) {
    Cluster.Builder shown = counted(view, scope, cluster);
    shown.tags(
        include.contains(ClusterField.TAGS)
            ? Tags.of(view, scope, cluster.clusterArn())
            : List.of());
    shown.settings(include.contains(ClusterField.SETTINGS) ? cluster.settings() : List.of());
    if (!include.contains(ClusterField.CONFIGURATIONS)) {
      shown.configuration((ClusterConfiguration) null);
    }
    shown.statistics(
        include.contains(ClusterField.STATISTICS)
            ? statistics(view, scope, cluster.clusterName())
            : List.of());
    if (include.contains(ClusterField.ATTACHMENTS) && !cluster.capacityProviders().isEmpty()) {
      shown.attachments(List.of()).attachmentsStatus(ATTACHED);
    }
    return shown.build();
  }

  /** The cluster with what it counts, for whoever shows more or less of it. */
  private static Cluster.Builder counted(View view, Scope scope, Cluster cluster) {
    String name = cluster.clusterName();
    int running = 0;
    int pending = 0;
    var tasks = view.lookup(EcsTables.LIVE_TASKS, scope, name).map(Row::value).iterator();
    while (tasks.hasNext()) {
      switch (tasks.next().task().lastStatus()) {
        case "RUNNING" -> running++;
        case "PROVISIONING", "PENDING", "ACTIVATING" -> pending++;
        default -> {}
      }
    }
    return cluster.toBuilder()
        .registeredContainerInstancesCount(
            (int)
                EcsTables.inCluster(view, EcsTables.INSTANCES, scope, name, "")
                    .filter(row -> !"INACTIVE".equals(row.value().instance().status()))
                    .count())
        .runningTasksCount(running)
        .pendingTasksCount(pending)
        .activeServicesCount(
            (int)
                EcsTables.inCluster(view, EcsTables.SERVICES, scope, name, "")
                    .filter(row -> row.value().isActive())
                    .count());
  }

  private static List<KeyValuePair> statistics(View view, Scope scope, String cluster) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String type : List.of("EC2", "Fargate", "External")) {
      counts.put("running" + type + "TasksCount", 0);
      counts.put("pending" + type + "TasksCount", 0);
      counts.put("active" + type + "ServiceCount", 0);
      counts.put("draining" + type + "ServiceCount", 0);
    }
    view.lookup(EcsTables.LIVE_TASKS, scope, cluster)
        .map(Row::value)
        .forEach(
            row -> {
              String type = word(row.task().launchType());
              switch (row.task().lastStatus()) {
                case "RUNNING" -> counts.merge("running" + type + "TasksCount", 1, Integer::sum);
                case "PROVISIONING", "PENDING", "ACTIVATING" ->
                    counts.merge("pending" + type + "TasksCount", 1, Integer::sum);
                default -> {}
              }
            });
    EcsTables.inCluster(view, EcsTables.SERVICES, scope, cluster, "")
        .map(Row::value)
        .forEach(
            row -> {
              String type = word(launchType(row));
              if (row.isActive()) {
                counts.merge("active" + type + "ServiceCount", 1, Integer::sum);
              } else if (row.isDraining()) {
                counts.merge("draining" + type + "ServiceCount", 1, Integer::sum);
              }
            });
    List<KeyValuePair> pairs = new ArrayList<>();
    counts.forEach(
        (name, value) ->
            pairs.add(KeyValuePair.builder().name(name).value(value.toString()).build()));
    return pairs;
  }

  private static LaunchType launchType(ServiceRow row) {
    for (CapacityProviderStrategyItem item : row.service().capacityProviderStrategy()) {
      if (item.capacityProvider().startsWith("FARGATE")) {
        return LaunchType.FARGATE;
      }
    }
    return Objects.requireNonNullElse(row.service().launchType(), LaunchType.EC2);
  }

  private static String word(@Nullable LaunchType type) {
    if (type == LaunchType.FARGATE) {
      return "Fargate";
    }
    return type == LaunchType.EXTERNAL ? "External" : "EC2";
  }

  ListClustersResponse list(ListClustersRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    var page =
        Paging.<Row<Cluster>>page(
            "clusters",
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after ->
                view.scanAfter(EcsTables.CLUSTERS, scope, after)
                    .filter(row -> !"INACTIVE".equals(row.value().status())),
            row -> row.key().id());
    return ListClustersResponse.builder()
        .clusterArns(page.items().stream().map(row -> row.value().clusterArn()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  DeleteClusterResponse delete(DeleteClusterRequest request) {
    Scope scope = Caller.current().scope();
    if (request.cluster() == null || request.cluster().isEmpty()) {
      throw EcsErrors.invalid("Cluster can not be blank.");
    }
    String name = References.clusterName(request.cluster());
    return context
        .store()
        .write(
            tx -> {
              Cluster cluster = tx.get(EcsTables.CLUSTERS, scope.key(name));
              if (cluster == null) {
                throw EcsErrors.clusterNotFound();
              }
              if (EcsTables.inCluster(tx, EcsTables.SERVICES, scope, name, "")
                  .anyMatch(row -> row.value().isActive() || row.value().isDraining())) {
                throw ClusterContainsServicesException.builder()
                    .message("The Cluster cannot be deleted while Services are active.")
                    .build();
              }
              if (tx.lookup(EcsTables.LIVE_TASKS, scope, name).findAny().isPresent()) {
                throw ClusterContainsTasksException.builder()
                    .message("The Cluster cannot be deleted while Tasks are active.")
                    .build();
              }
              if (EcsTables.inCluster(tx, EcsTables.INSTANCES, scope, name, "")
                  .map(Row::value)
                  .anyMatch(row -> row.isActive() || row.isDraining())) {
                throw ClusterContainsContainerInstancesException.builder()
                    .message(
                        "The Cluster cannot be deleted while Container Instances are active or"
                            + " draining.")
                    .build();
              }
              Cluster gone = cluster.toBuilder().status("INACTIVE").build();
              tx.put(EcsTables.CLUSTERS, scope.key(name), gone);
              if (!"INACTIVE".equals(cluster.status())) {
                tx.put(
                    EcsTables.DELETED_CLUSTERS,
                    scope.key(name),
                    new DeletedClusterRow(context.clock().instant()));
              }
              Tags.put(tx, scope, cluster.clusterArn(), List.of());
              return DeleteClusterResponse.builder()
                  .cluster(counted(tx, scope, gone).build())
                  .build();
            });
  }

  UpdateClusterResponse update(UpdateClusterRequest request) {
    checkSettings(request.settings());
    checkConfiguration(request.configuration());
    ClusterServiceConnectDefaults namespace =
        defaults(
            Caller.current().scope(),
            References.clusterName(request.cluster()),
            request.serviceConnectDefaults());
    Cluster changed =
        change(
            request.cluster(),
            cluster -> {
              Cluster.Builder next = cluster.toBuilder();
              next.settings(merge(cluster.settings(), request.settings()));
              if (request.configuration() != null) {
                next.configuration(request.configuration());
              }
              if (request.serviceConnectDefaults() != null) {
                next.serviceConnectDefaults(namespace);
              }
              return next.build();
            });
    return UpdateClusterResponse.builder().cluster(changed).build();
  }

  UpdateClusterSettingsResponse updateSettings(UpdateClusterSettingsRequest request) {
    checkSettings(request.settings());
    Cluster changed =
        change(
            request.cluster(),
            cluster ->
                cluster.toBuilder()
                    .settings(merge(cluster.settings(), request.settings()))
                    .build());
    return UpdateClusterSettingsResponse.builder().cluster(changed).build();
  }

  PutClusterCapacityProvidersResponse putCapacityProviders(
      PutClusterCapacityProvidersRequest request) {
    Scope scope = Caller.current().scope();
    String name = References.clusterName(request.cluster());
    Cluster changed =
        context
            .store()
            .write(
                tx -> {
                  Cluster cluster = References.cluster(tx, scope, request.cluster());
                  CapacityProviders.checkAttachable(tx, scope, request.capacityProviders());
                  CapacityProviders.checkStrategy(
                      request.defaultCapacityProviderStrategy(), request.capacityProviders());
                  for (String attached : cluster.capacityProviders()) {
                    if (!request.capacityProviders().contains(attached)
                        && inUse(tx, scope, name, attached)) {
                      throw EcsErrors.resourceInUse(
                          "The specified capacity provider is in use and cannot be removed.");
                    }
                  }
                  Cluster next =
                      cluster.toBuilder()
                          .capacityProviders(List.copyOf(request.capacityProviders()))
                          .defaultCapacityProviderStrategy(
                              ServiceRules.filled(request.defaultCapacityProviderStrategy()))
                          .build();
                  tx.put(EcsTables.CLUSTERS, scope.key(name), next);
                  return next;
                });
    return PutClusterCapacityProvidersResponse.builder()
        .cluster(
            counted(context.store().snapshot(), scope, changed).attachmentsStatus(ATTACHED).build())
        .build();
  }

  private static boolean inUse(View view, Scope scope, String cluster, String provider) {
    return EcsTables.inCluster(view, EcsTables.SERVICES, scope, cluster, "")
            .map(Row::value)
            .filter(row -> row.isActive() || row.isDraining())
            .flatMap(row -> row.service().capacityProviderStrategy().stream())
            .anyMatch(item -> item.capacityProvider().equals(provider))
        || view.lookup(EcsTables.LIVE_TASKS, scope, cluster)
            .map(Row::value)
            .map(TaskRow::task)
            .anyMatch(task -> provider.equals(task.capacityProviderName()));
  }

  private interface Change {
    Cluster of(Cluster cluster);
  }

  private Cluster change(@Nullable String reference, Change change) {
    Scope scope = Caller.current().scope();
    String name = References.clusterName(reference);
    Cluster changed =
        context
            .store()
            .write(
                tx -> {
                  Cluster next = change.of(References.cluster(tx, scope, reference));
                  tx.put(EcsTables.CLUSTERS, scope.key(name), next);
                  return next;
                });
    View view = context.store().snapshot();
    return counted(view, scope, changed).tags(Tags.of(view, scope, changed.clusterArn())).build();
  }
}
