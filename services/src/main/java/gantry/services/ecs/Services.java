package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Deployments;
import gantry.services.ecs.placement.StrategySplit;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.CreateServiceResponse;
import software.amazon.awssdk.services.ecs.model.DeploymentController;
import software.amazon.awssdk.services.ecs.model.DeploymentControllerType;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.SchedulingStrategy;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceConnectServiceResource;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.UpdateServiceRequest;
import software.amazon.awssdk.services.ecs.model.UpdateServiceResponse;

/** Services: create and update. What then happens is the controllers'. */
final class Services {

  static final int MAX_TOKEN = 36;

  private final ServiceContext context;
  private final Deployments deployments;
  private final ServiceRules rules;
  private final ServiceConnect connect;
  private final LaunchRules launching;

  Services(ServiceContext context, Deployments deployments, LaunchRules launching) {
    this.context = context;
    this.deployments = deployments;
    this.rules = new ServiceRules(context);
    this.connect = new ServiceConnect(context);
    this.launching = launching;
  }

  CreateServiceResponse create(CreateServiceRequest request) {
    Caller caller = Caller.current();
    Scope scope = caller.scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    ServiceRules.name(request.serviceName());
    Key key = EcsTables.member(scope, cluster.clusterName(), request.serviceName());
    IdempotencyTokens.check(request.clientToken(), MAX_TOKEN);
    String fingerprint = IdempotencyTokens.fingerprint(request);
    ServiceRow existing = view.get(EcsTables.SERVICES, key);
    if (existing != null
        && existing.isActive()
        && repeated(view, scope, cluster.clusterName(), request.clientToken(), fingerprint)) {
      return CreateServiceResponse.builder()
          .service(ShownServices.shown(view, scope, existing, true))
          .build();
    }
    checkFree(existing);
    DeploymentControllerType controller = ServiceRules.controller(request.deploymentController());
    boolean external = controller == DeploymentControllerType.EXTERNAL;
    boolean daemon = request.schedulingStrategy() == SchedulingStrategy.DAEMON;
    EcsErrors.oneOf(
        "schedulingStrategy",
        request.schedulingStrategyAsString(),
        SchedulingStrategy.knownValues());
    int desired = ServiceRules.desired(request.desiredCount(), daemon, external);
    ServiceRules.notHere(
        !request.volumeConfigurations().isEmpty(), !request.vpcLatticeConfigurations().isEmpty());
    ServiceRules.grace(request.healthCheckGracePeriodSeconds());
    ServiceRules.words(
        request.propagateTagsAsString(), request.availabilityZoneRebalancingAsString());
    Tags.check(request.tags());
    PlacementRules.check(request.placementConstraints(), request.placementStrategy());
    if (daemon && (!request.placementStrategy().isEmpty() || external)) {
      throw EcsErrors.invalid(
          "The DAEMON scheduling strategy does not support placement strategies or a deployment"
              + " controller other than ECS.");
    }
    var configuration =
        DeploymentRules.configuration(null, request.deploymentConfiguration(), daemon, external);
    DeploymentRules.advanced(
        configuration, request.loadBalancers(), request.serviceConnectConfiguration());
    Service.Builder service =
        Service.builder()
            .serviceArn(Arns.service(scope, cluster.clusterName(), request.serviceName()))
            .serviceName(request.serviceName())
            .clusterArn(cluster.clusterArn())
            .status("ACTIVE")
            .desiredCount(desired)
            .loadBalancers(List.copyOf(request.loadBalancers()))
            .serviceRegistries(List.copyOf(request.serviceRegistries()))
            .placementConstraints(List.copyOf(request.placementConstraints()))
            .placementStrategy(PlacementRules.normal(request.placementStrategy()))
            .schedulingStrategy(daemon ? SchedulingStrategy.DAEMON : SchedulingStrategy.REPLICA)
            .deploymentController(DeploymentController.builder().type(controller).build())
            .deploymentConfiguration(configuration)
            .healthCheckGracePeriodSeconds(
                Objects.requireNonNullElse(request.healthCheckGracePeriodSeconds(), 0))
            .enableECSManagedTags(Boolean.TRUE.equals(request.enableECSManagedTags()))
            .propagateTags(Objects.requireNonNullElse(request.propagateTags(), PropagateTags.NONE))
            .enableExecuteCommand(Boolean.TRUE.equals(request.enableExecuteCommand()))
            .availabilityZoneRebalancing(
                ServiceRules.rebalancing(
                    request.availabilityZoneRebalancing(),
                    null,
                    ServiceRules.rebalancingRefusal(
                        daemon,
                        external,
                        configuration.maximumPercent(),
                        request.placementStrategy(),
                        request.placementConstraints())))
            .createdAt(context.clock().instant())
            .createdBy(caller.arn())
            .roleArn(ServiceRules.role(scope, request))
            .networkConfiguration(LaunchRules.filled(request.networkConfiguration()));
    TaskDefinition definition = null;
    if (external) {
      if (TaskDefinitionRules.given(request.taskDefinition())
          || !request.loadBalancers().isEmpty()) {
        throw EcsErrors.invalid(
            "A service with the EXTERNAL deployment controller takes its task definition and load"
                + " balancers from its task sets.");
      }
    } else {
      definition =
          References.activeDefinition(view, scope, request.taskDefinition(), EcsErrors::client)
              .definition();
      PlacementRules.total(definition, request.placementConstraints());
      NetworkConfiguration network =
          LaunchRules.network(definition, request.networkConfiguration());
      List<CapacityProviderStrategyItem> strategy =
          request.launchTypeAsString() != null && !request.launchTypeAsString().isEmpty()
              ? List.of()
              : request.capacityProviderStrategy().isEmpty()
                  ? cluster.defaultCapacityProviderStrategy()
                  : request.capacityProviderStrategy();
      LaunchType type =
          launch(
              view,
              scope,
              cluster,
              request.launchTypeAsString(),
              request.capacityProviderStrategy(),
              definition,
              network,
              request.platformVersion(),
              daemon);
      if (type == LaunchType.FARGATE
          && !(request.placementConstraints().isEmpty() && request.placementStrategy().isEmpty())) {
        throw EcsErrors.invalid(
            "Placement constraints and strategies are not supported with launch type FARGATE.");
      }
      rules.balancers(request.loadBalancers(), definition);
      ServiceRules.registries(request.serviceRegistries(), definition);
      service
          .taskDefinition(definition.taskDefinitionArn())
          .capacityProviderStrategy(ServiceRules.filled(strategy));
      ServiceRules.platform(
          service, type, strategy.isEmpty(), request.platformVersion(), definition);
    }
    ServiceConnect.Ready connected =
        request.serviceConnectConfiguration() == null
            ? null
            : connect.ready(
                view,
                scope,
                cluster,
                request.serviceName(),
                request.serviceConnectConfiguration(),
                definition);
    Instant now = context.clock().instant();
    TaskDefinition runs = definition;
    ServiceRow made =
        context
            .store()
            .write(
                tx -> {
                  checkFree(tx.get(EcsTables.SERVICES, key));
                  ServiceRow row =
                      new ServiceRow(
                          service.build(),
                          cluster.clusterName(),
                          List.of(),
                          connected == null ? null : connected.configuration(),
                          List.of(),
                          Map.of(),
                          false,
                          false,
                          null);
                  ServiceEvents.clear(tx, scope, cluster.clusterName(), request.serviceName());
                  Deployments.forget(tx, scope, cluster.clusterName(), request.serviceName());
                  if (runs != null) {
                    ServiceRevision revision = deployments.revision(scope, row, runs, now);
                    row = deployments.begin(tx, scope, row, revision, runs, "", now);
                  }
                  tx.put(EcsTables.SERVICES, key, row);
                  keep(tx, key, connected);
                  Tags.put(tx, scope, row.service().serviceArn(), request.tags());
                  IdempotencyTokens.put(
                      tx,
                      scope,
                      "CreateService",
                      cluster.clusterName(),
                      request.clientToken(),
                      new ClientTokenRow(fingerprint, now, List.of(row.service().serviceArn())));
                  return row;
                });
    return CreateServiceResponse.builder()
        .service(ShownServices.shown(context.store().snapshot(), scope, made, true))
        .build();
  }

  private boolean repeated(
      View view, Scope scope, String cluster, @Nullable String token, String fingerprint) {
    ClientTokenRow known =
        IdempotencyTokens.known(
            view, scope, "CreateService", cluster, token, context.clock().instant());
    return known != null && known.fingerprint().equals(fingerprint);
  }

  private static void checkFree(@Nullable ServiceRow existing) {
    if (existing != null && existing.isActive()) {
      throw EcsErrors.invalid("Creation of service was not idempotent.");
    }
    if (existing != null && existing.isDraining()) {
      throw EcsErrors.invalid("Unable to Start a service that is still Draining.");
    }
  }

  /** The launch type that the tasks will have, checked against the definition. */
  private LaunchType launch(
      View view,
      Scope scope,
      Cluster cluster,
      @Nullable String given,
      List<CapacityProviderStrategyItem> strategy,
      TaskDefinition definition,
      @Nullable NetworkConfiguration network,
      @Nullable String platformVersion,
      boolean daemon) {
    List<StrategySplit.Item> items = LaunchRules.strategy(view, scope, cluster, given, strategy);
    String provider = items.isEmpty() ? null : items.getFirst().provider();
    LaunchType type = LaunchRules.launchType(given, provider);
    if (daemon && type == LaunchType.FARGATE) {
      throw EcsErrors.invalid("The daemon scheduling strategy is not supported with Fargate.");
    }
    launching.checkCompatible(definition, type, network, platformVersion);
    return type;
  }

  UpdateServiceResponse update(UpdateServiceRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    Key key = References.service(scope, cluster.clusterName(), String.valueOf(request.service()));
    ServiceRow before = active(view, key);
    ServiceRules.notHere(
        !request.volumeConfigurations().isEmpty(), !request.vpcLatticeConfigurations().isEmpty());
    ServiceRules.grace(request.healthCheckGracePeriodSeconds());
    ServiceRules.words(
        request.propagateTagsAsString(), request.availabilityZoneRebalancingAsString());
    PlacementRules.check(request.placementConstraints(), request.placementStrategy());
    if (request.deploymentController() != null
        && ServiceRules.controller(request.deploymentController())
            != before.service().deploymentController().type()) {
      throw EcsErrors.unsupported(
          "Changing the deployment controller of a service is not supported.");
    }
    ServiceChange change = change(view, scope, cluster, before, request);
    ServiceConnect.Ready connected = connected(view, scope, cluster, before, request, change);
    Instant now = context.clock().instant();
    ServiceRow updated =
        context
            .store()
            .write(
                tx -> {
                  ServiceRow current = active(tx, key);
                  // The rest of the row is the controllers' and may have moved on.
                  ServiceRow row =
                      current
                          .with(change.service(current.service()))
                          .withConfiguration(
                              connected != null
                                  ? connected.configuration()
                                  : current.serviceConnect(),
                              current.volumes());
                  TaskDefinition definition = change.definition();
                  if (definition != null && change.deploys()) {
                    ServiceRevision revision = deployments.revision(scope, row, definition, now);
                    row = deployments.begin(tx, scope, row, revision, definition, "", now);
                  }
                  tx.put(EcsTables.SERVICES, key, row);
                  keep(tx, key, connected);
                  return row;
                });
    return UpdateServiceResponse.builder()
        .service(ShownServices.shown(context.store().snapshot(), scope, updated, true))
        .build();
  }

  /** Null where nothing of Service Connect changes; a new task definition is checked against it. */
  private ServiceConnect.@Nullable Ready connected(
      View view,
      Scope scope,
      Cluster cluster,
      ServiceRow before,
      UpdateServiceRequest request,
      ServiceChange change) {
    ServiceConnectConfiguration wanted =
        request.serviceConnectConfiguration() != null
            ? request.serviceConnectConfiguration()
            : before.serviceConnect();
    return wanted == null || change.definition() == null
        ? null
        : connect.ready(view, scope, cluster, before.name(), wanted, change.definition());
  }

  /**
   * What was made in Cloud Map; where Service Connect is off now, it stays until the service goes.
   */
  private static void keep(Tx tx, Key key, ServiceConnect.@Nullable Ready connected) {
    ConnectRow row = connected == null ? null : connected.row();
    if (row == null) {
      return;
    }
    ConnectRow before = tx.get(EcsTables.CONNECT, key);
    Map<String, ServiceConnectServiceResource> all = new java.util.TreeMap<>();
    if (before != null) {
      // Tasks of the deployment before go by their names until they have ended.
      before.resources().forEach(each -> all.put(each.discoveryName(), each));
    }
    row.resources().forEach(each -> all.put(each.discoveryName(), each));
    tx.put(EcsTables.CONNECT, key, new ConnectRow(row.namespaceArn(), List.copyOf(all.values())));
  }

  private static ServiceRow active(View view, Key key) {
    ServiceRow row = view.get(EcsTables.SERVICES, key);
    if (row == null) {
      throw EcsErrors.serviceNotFound();
    }
    if (!row.isActive()) {
      throw EcsErrors.serviceNotActive();
    }
    return row;
  }

  private ServiceChange change(
      View view, Scope scope, Cluster cluster, ServiceRow before, UpdateServiceRequest request) {
    Service service = before.service();
    boolean force = Boolean.TRUE.equals(request.forceNewDeployment());
    if (request.desiredCount() != null) {
      ServiceRules.desired(request.desiredCount(), before.isDaemon(), before.isExternal());
    }
    if (before.isExternal()) {
      if (force || TaskDefinitionRules.given(request.taskDefinition())) {
        throw EcsErrors.invalid(
            "The task definition of a service with the EXTERNAL deployment controller is its task"
                + " sets'.");
      }
      return new ServiceChange(request, null, false, LaunchType.EC2, true, List.of());
    }
    boolean definitionChanges = false;
    TaskDefinition definition;
    if (TaskDefinitionRules.given(request.taskDefinition())) {
      definition =
          References.activeDefinition(view, scope, request.taskDefinition(), EcsErrors::client)
              .definition();
      definitionChanges = !definition.taskDefinitionArn().equals(service.taskDefinition());
    } else {
      var found = References.findDefinition(view, scope, service.taskDefinition());
      if (found == null) {
        throw EcsErrors.client("TaskDefinition not found.");
      }
      definition = found.definition();
    }
    PlacementRules.total(
        definition,
        request.hasPlacementConstraints()
            ? request.placementConstraints()
            : service.placementConstraints());
    List<CapacityProviderStrategyItem> strategy =
        request.hasCapacityProviderStrategy()
            ? request.capacityProviderStrategy()
            : service.capacityProviderStrategy();
    if (request.hasCapacityProviderStrategy()
        && !ServiceRules.filled(strategy).equals(service.capacityProviderStrategy())
        && !force) {
      throw EcsErrors.invalid(
          "When switching from launch type to capacity provider strategy on an existing service, or"
              + " making a change to a capacity provider strategy on a service that is already using"
              + " one, you must force a new deployment.");
    }
    boolean deploys =
        force
            || definitionChanges
            || ServiceRules.differs(
                LaunchRules.filled(request.networkConfiguration()),
                LaunchRules.filled(service.networkConfiguration()))
            || (TaskDefinitionRules.given(request.platformVersion())
                && !request.platformVersion().equals(service.platformVersion()))
            || (request.hasLoadBalancers()
                && !request.loadBalancers().equals(service.loadBalancers()))
            || (request.hasServiceRegistries()
                && !request.serviceRegistries().equals(service.serviceRegistries()))
            || request.serviceConnectConfiguration() != null;
    boolean typed = strategy.isEmpty();
    String given =
        typed ? (service.launchType() == null ? "EC2" : service.launchTypeAsString()) : null;
    LaunchType type = LaunchType.EC2;
    if (deploys) {
      NetworkConfiguration network =
          LaunchRules.network(
              definition,
              request.networkConfiguration() != null
                  ? request.networkConfiguration()
                  : service.networkConfiguration());
      type =
          launch(
              view,
              scope,
              cluster,
              given,
              strategy,
              definition,
              network,
              request.platformVersion(),
              before.isDaemon());
      rules.balancers(
          request.hasLoadBalancers() ? request.loadBalancers() : service.loadBalancers(),
          definition);
      ServiceRules.registries(
          request.hasServiceRegistries()
              ? request.serviceRegistries()
              : service.serviceRegistries(),
          definition);
    }
    // Refused here, before anything is written.
    var configuration =
        DeploymentRules.configuration(
            service.deploymentConfiguration(),
            request.deploymentConfiguration(),
            before.isDaemon(),
            before.isExternal());
    DeploymentRules.advanced(
        configuration,
        request.hasLoadBalancers() ? request.loadBalancers() : service.loadBalancers(),
        request.serviceConnectConfiguration() != null
            ? request.serviceConnectConfiguration()
            : before.serviceConnect());
    return new ServiceChange(
        request, deploys || definitionChanges ? definition : null, deploys, type, typed, strategy);
  }
}
