package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;
import static gantry.services.cloudmap.Errors.noInstance;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.InstanceRow;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.ServiceRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.DiscoverInstancesRequest;
import software.amazon.awssdk.services.servicediscovery.model.HealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.HealthStatusFilter;
import software.amazon.awssdk.services.servicediscovery.model.HttpInstanceSummary;
import software.amazon.awssdk.services.servicediscovery.model.Instance;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.OperationType;
import software.amazon.awssdk.services.servicediscovery.model.RecordType;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.ResourceLimitExceededException;
import software.amazon.awssdk.services.servicediscovery.model.Service;
import software.amazon.awssdk.services.servicediscovery.model.ServiceNotFoundException;

/** Instances: registered, found, healthy or not. */
final class Instances {

  static final int MAX_PER_SERVICE = 1000;
  static final int DEFAULT_DISCOVERED = 100;
  static final int MAX_DISCOVERED = 1000;

  private final ServiceContext context;
  private final Operations operations;
  private final InstanceChecks healthChecks;

  Instances(ServiceContext context, Operations operations) {
    this.context = context;
    this.operations = operations;
    this.healthChecks = new InstanceChecks(context);
  }

  String register(RegisterInstanceRequest request) {
    Scope scope = Caller.current().scope();
    String operationId = NewIds.operation(context.ids());
    String instanceId = request.instanceId();
    if (!instanceId.matches("[0-9a-zA-Z_/:.@-]{1,64}")) {
      throw invalid("The instance id '" + instanceId + "' is not valid.");
    }
    return context
        .store()
        .write(
            tx -> {
              ServiceRow service = Services.require(tx, scope, request.serviceId());
              String serviceId = service.service().id();
              Attributes.check(service.service(), request.attributes());
              checkName(service.service(), instanceId);
              operations.checkIdle(tx, scope, serviceId, instanceId);
              String key = Tables.instanceKey(serviceId, instanceId);
              boolean isNew = tx.get(Tables.INSTANCES, scope.key(key)) == null;
              if (isNew
                  && tx.lookup(Tables.INSTANCES_BY_SERVICE, scope, serviceId).count()
                      >= MAX_PER_SERVICE) {
                throw ResourceLimitExceededException.builder()
                    .message("A service may have 1000 instances.")
                    .build();
              }
              boolean healthy =
                  service.service().healthCheckCustomConfig() == null
                      || !"UNHEALTHY".equals(request.attributes().get(Attributes.INIT_HEALTH));
              tx.put(
                  Tables.INSTANCES,
                  scope.key(key),
                  new InstanceRow(
                      serviceId,
                      instanceId,
                      Map.copyOf(request.attributes()),
                      healthy,
                      request.creatorRequestId(),
                      context.clock().instant(),
                      null));
              tx.put(Tables.SERVICES, scope.key(serviceId), service.nextRevision());
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.REGISTER_INSTANCE,
                  serviceId,
                  Map.of("INSTANCE", instanceId, "SERVICE", serviceId),
                  service.service().dnsConfig() == null);
            });
  }

  /** For SRV records the id is part of a DNS name. */
  private static void checkName(Service service, String instanceId) {
    boolean named =
        service.dnsConfig() != null
            && service.dnsConfig().dnsRecords().stream().anyMatch(r -> r.type() == RecordType.SRV);
    if (named && !instanceId.matches("[^.]{1,63}(\\.[^.]{1,63})*")) {
      throw invalid(
          "The instance id '"
              + instanceId
              + "' cannot be part of a DNS name, as SRV records need.");
    }
  }

  String deregister(String serviceIdOrArn, String instanceId) {
    Scope scope = Caller.current().scope();
    String operationId = NewIds.operation(context.ids());
    return context
        .store()
        .write(
            tx -> {
              ServiceRow service = Services.require(tx, scope, serviceIdOrArn);
              String serviceId = service.service().id();
              require(tx, scope, serviceId, instanceId);
              operations.checkIdle(tx, scope, serviceId, instanceId);
              tx.delete(Tables.INSTANCES, scope.key(Tables.instanceKey(serviceId, instanceId)));
              tx.put(Tables.SERVICES, scope.key(serviceId), service.nextRevision());
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.DEREGISTER_INSTANCE,
                  serviceId,
                  Map.of("INSTANCE", instanceId, "SERVICE", serviceId),
                  service.service().dnsConfig() == null);
            });
  }

  static InstanceRow require(View view, Scope scope, String serviceId, String instanceId) {
    return view.find(Tables.INSTANCES, scope.key(Tables.instanceKey(serviceId, instanceId)))
        .orElseThrow(() -> noInstance(instanceId));
  }

  static Instance shown(Scope scope, InstanceRow row) {
    return Instance.builder()
        .id(row.instanceId())
        .attributes(new TreeMap<>(row.attributes()))
        .creatorRequestId(row.creatorRequestId())
        .createdByAccount(scope.account())
        .build();
  }

  void setHealth(String serviceIdOrArn, String instanceId, CustomHealthStatus status) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              ServiceRow service = Services.require(tx, scope, serviceIdOrArn);
              if (service.service().healthCheckCustomConfig() == null) {
                throw CustomHealthNotFoundException.builder()
                    .message("Service " + service.service().id() + " has no custom health check.")
                    .build();
              }
              InstanceRow row = require(tx, scope, service.service().id(), instanceId);
              boolean healthy = status == CustomHealthStatus.HEALTHY;
              if (row.healthy() != healthy) {
                tx.put(
                    Tables.INSTANCES,
                    scope.key(Tables.instanceKey(row.serviceId(), instanceId)),
                    row.withHealth(healthy));
              }
              return null;
            });
  }

  /** UNKNOWN where nobody checks. */
  HealthStatus health(Scope scope, ServiceRow service, InstanceRow row) {
    boolean checked =
        service.service().healthCheckCustomConfig() != null
            || service.service().healthCheckConfig() != null;
    return !checked
        ? HealthStatus.UNKNOWN
        : isHealthy(scope, row) ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY;
  }

  private boolean isHealthy(Scope scope, InstanceRow row) {
    return row.healthy() && healthChecks.healthy(scope, row.healthCheckId());
  }

  /** What DiscoverInstances answers: found by names, filtered, in random order. */
  record Found(List<HttpInstanceSummary> instances, long revision) {}

  ServiceRow named(View view, Scope scope, String namespaceName, String serviceName) {
    NamespaceRow namespace =
        view.lookup(Tables.NAMESPACES_BY_HTTP_NAME, scope, namespaceName)
            .map(Row::value)
            .findFirst()
            .orElseThrow(
                () ->
                    NamespaceNotFoundException.builder()
                        .message("No namespace found with name: " + namespaceName)
                        .build());
    return view.lookup(Tables.SERVICES_BY_NAMESPACE, scope, namespace.namespace().id())
        .map(Row::value)
        .filter(row -> row.service().name().equalsIgnoreCase(serviceName))
        .findFirst()
        .orElseThrow(
            () ->
                ServiceNotFoundException.builder()
                    .message("No service found with name: " + serviceName)
                    .build());
  }

  Found discover(DiscoverInstancesRequest request) {
    Caller caller = Caller.current();
    Scope scope =
        request.ownerAccount() == null
            ? caller.scope()
            : new Scope(request.ownerAccount(), caller.region());
    View view = context.store().snapshot();
    ServiceRow service = named(view, scope, request.namespaceName(), request.serviceName());
    List<InstanceRow> required =
        view.lookup(Tables.INSTANCES_BY_SERVICE, scope, service.service().id())
            .map(Row::value)
            .filter(
                row ->
                    row.attributes().entrySet().containsAll(request.queryParameters().entrySet()))
            .toList();
    List<InstanceRow> preferred =
        required.stream()
            .filter(
                row ->
                    row.attributes()
                        .entrySet()
                        .containsAll(request.optionalParameters().entrySet()))
            .toList();
    List<InstanceRow> matching = preferred.isEmpty() ? required : preferred;
    List<InstanceRow> chosen =
        new ArrayList<>(byHealth(scope, service, matching, request.healthStatus()));
    shuffle(chosen);
    int limit = request.maxResults() == null ? DEFAULT_DISCOVERED : request.maxResults();
    return new Found(
        chosen.stream()
            .limit(Math.min(limit, MAX_DISCOVERED))
            .map(
                row ->
                    HttpInstanceSummary.builder()
                        .instanceId(row.instanceId())
                        .namespaceName(request.namespaceName())
                        .serviceName(service.service().name())
                        .healthStatus(health(scope, service, row))
                        .attributes(row.attributes())
                        .build())
            .toList(),
        service.revision());
  }

  private void shuffle(List<InstanceRow> rows) {
    for (int i = rows.size() - 1; i > 0; i--) {
      Collections.swap(rows, i, context.ids().below(i + 1));
    }
  }

  private List<InstanceRow> byHealth(
      Scope scope,
      ServiceRow service,
      List<InstanceRow> rows,
      @org.jspecify.annotations.Nullable HealthStatusFilter filter) {
    boolean checked =
        service.service().healthCheckCustomConfig() != null
            || service.service().healthCheckConfig() != null;
    if (!checked) {
      return rows;
    }
    List<InstanceRow> healthy = rows.stream().filter(row -> isHealthy(scope, row)).toList();
    return switch (filter == null ? HealthStatusFilter.HEALTHY : filter) {
      case HEALTHY -> healthy;
      case UNHEALTHY -> rows.stream().filter(row -> !isHealthy(scope, row)).toList();
      case ALL -> rows;
      case HEALTHY_OR_ELSE_ALL -> healthy.isEmpty() ? rows : healthy;
      case UNKNOWN_TO_SDK_VERSION -> throw invalid("There is no such health status.");
    };
  }
}
