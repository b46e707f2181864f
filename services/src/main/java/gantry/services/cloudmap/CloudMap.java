package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;

import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.InstanceRow;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.OperationRow;
import gantry.services.cloudmap.Tables.ServiceRow;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.*;

/**
 * The Cloud Map API, operation by operation; the rules stand in the classes beside it, the
 * operations of namespaces in {@link NamespaceApi}.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class CloudMap extends NamespaceApi implements ServiceDiscoveryClient {

  public static final HostedService<ServiceDiscoveryClient> HOSTED =
      new HostedService<>(
          ServiceDiscoveryClient.class,
          CloudMap::new,
          List.of(Tables.NAMESPACES, Tables.SERVICES, Tables.INSTANCES, Tables.OPERATIONS),
          context -> List.of(new DnsController(context)),
          Why::new);

  static final int MAX_TAGS = 200;

  private final Services services;
  private final Instances instances;

  public CloudMap(ServiceContext context) {
    super(context);
    this.services = new Services(context, operations);
    this.instances = new Instances(context, operations);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- services

  @Override
  public CreateServiceResponse createService(CreateServiceRequest r) {
    return CreateServiceResponse.builder().service(services.create(r)).build();
  }

  @Override
  public GetServiceResponse getService(GetServiceRequest r) {
    View view = view();
    return GetServiceResponse.builder()
        .service(Services.shown(view, scope(), Services.require(view, scope(), r.id())))
        .build();
  }

  @Override
  public UpdateServiceResponse updateService(UpdateServiceRequest r) {
    return UpdateServiceResponse.builder()
        .operationId(services.update(r.id(), r.service()))
        .build();
  }

  @Override
  public DeleteServiceResponse deleteService(DeleteServiceRequest r) {
    services.delete(r.id());
    return DeleteServiceResponse.builder().build();
  }

  @Override
  public ListServicesResponse listServices(ListServicesRequest r) {
    View view = view();
    Page<Row<ServiceRow>> page =
        page(
            "ListServices",
            from ->
                view.scanAfter(Tables.SERVICES, scope(), from)
                    .filter(row -> matches(row.value(), r.filters())),
            row -> row.key().id(),
            r.nextToken(),
            r.maxResults());
    return ListServicesResponse.builder()
        .nextToken(page.nextToken())
        .services(
            page.items().stream()
                .map(row -> Services.shown(view, scope(), row.value()))
                .map(
                    s ->
                        ServiceSummary.builder()
                            .id(s.id())
                            .arn(s.arn())
                            .name(s.name())
                            .type(s.type())
                            .description(s.description())
                            .instanceCount(s.instanceCount())
                            .dnsConfig(s.dnsConfig())
                            .healthCheckConfig(s.healthCheckConfig())
                            .healthCheckCustomConfig(s.healthCheckCustomConfig())
                            .createDate(s.createDate())
                            .resourceOwner(s.resourceOwner())
                            .createdByAccount(s.createdByAccount())
                            .build())
                .toList())
        .build();
  }

  private static boolean matches(ServiceRow row, List<ServiceFilter> filters) {
    return filters.stream()
        .allMatch(
            filter ->
                switch (filter.name()) {
                  case NAMESPACE_ID ->
                      holds(
                          filter.condition(),
                          filter.values().stream().map(Namespaces::bareId).toList(),
                          row.service().namespaceId());
                  case RESOURCE_OWNER -> ownedBySelf(filter.values());
                  case UNKNOWN_TO_SDK_VERSION ->
                      throw invalid("There is no filter " + filter.nameAsString() + ".");
                });
  }

  @Override
  public GetServiceAttributesResponse getServiceAttributes(GetServiceAttributesRequest r) {
    Map<String, String> attributes = services.attributes(r.serviceId());
    ServiceRow row = Services.require(view(), scope(), r.serviceId());
    return GetServiceAttributesResponse.builder()
        .serviceAttributes(
            ServiceAttributes.builder()
                .serviceArn(row.service().arn())
                .resourceOwner(row.service().resourceOwner())
                .attributes(attributes)
                .build())
        .build();
  }

  @Override
  public UpdateServiceAttributesResponse updateServiceAttributes(UpdateServiceAttributesRequest r) {
    services.putAttributes(r.serviceId(), r.attributes());
    return UpdateServiceAttributesResponse.builder().build();
  }

  @Override
  public DeleteServiceAttributesResponse deleteServiceAttributes(DeleteServiceAttributesRequest r) {
    services.deleteAttributes(r.serviceId(), r.attributes());
    return DeleteServiceAttributesResponse.builder().build();
  }

  // ---- instances

  @Override
  public RegisterInstanceResponse registerInstance(RegisterInstanceRequest r) {
    return RegisterInstanceResponse.builder().operationId(instances.register(r)).build();
  }

  @Override
  public DeregisterInstanceResponse deregisterInstance(DeregisterInstanceRequest r) {
    return DeregisterInstanceResponse.builder()
        .operationId(instances.deregister(r.serviceId(), r.instanceId()))
        .build();
  }

  @Override
  public UpdateInstanceCustomHealthStatusResponse updateInstanceCustomHealthStatus(
      UpdateInstanceCustomHealthStatusRequest r) {
    instances.setHealth(r.serviceId(), r.instanceId(), r.status());
    return UpdateInstanceCustomHealthStatusResponse.builder().build();
  }

  @Override
  public GetInstanceResponse getInstance(GetInstanceRequest r) {
    View view = view();
    ServiceRow service = Services.require(view, scope(), r.serviceId());
    InstanceRow row = Instances.require(view, scope(), service.service().id(), r.instanceId());
    return GetInstanceResponse.builder()
        .resourceOwner(scope().account())
        .instance(Instances.shown(scope(), row))
        .build();
  }

  @Override
  public ListInstancesResponse listInstances(ListInstancesRequest r) {
    View view = view();
    ServiceRow service = Services.require(view, scope(), r.serviceId());
    Page<InstanceRow> page = instancesOf(view, service, r.nextToken(), r.maxResults());
    return ListInstancesResponse.builder()
        .resourceOwner(scope().account())
        .nextToken(page.nextToken())
        .instances(
            page.items().stream()
                .map(
                    row ->
                        InstanceSummary.builder()
                            .id(row.instanceId())
                            .attributes(new TreeMap<>(row.attributes()))
                            .createdByAccount(scope().account())
                            .build())
                .toList())
        .build();
  }

  @Override
  public GetInstancesHealthStatusResponse getInstancesHealthStatus(
      GetInstancesHealthStatusRequest r) {
    View view = view();
    ServiceRow service = Services.require(view, scope(), r.serviceId());
    r.instances().forEach(id -> Instances.require(view, scope(), service.service().id(), id));
    Page<InstanceRow> page = instancesOf(view, service, r.nextToken(), r.maxResults());
    Map<String, HealthStatus> health = new TreeMap<>();
    page.items().stream()
        .filter(row -> r.instances().isEmpty() || r.instances().contains(row.instanceId()))
        .forEach(row -> health.put(row.instanceId(), instances.health(scope(), service, row)));
    return GetInstancesHealthStatusResponse.builder()
        .status(health)
        .nextToken(page.nextToken())
        .build();
  }

  private Page<InstanceRow> instancesOf(
      View view, ServiceRow service, @Nullable String token, @Nullable Integer limit) {
    return page(
        "Instances/" + service.service().id(),
        from ->
            view.lookup(Tables.INSTANCES_BY_SERVICE, scope(), service.service().id())
                .map(Row::value)
                .filter(row -> row.instanceId().compareTo(from) > 0),
        InstanceRow::instanceId,
        token,
        limit);
  }

  @Override
  public DiscoverInstancesResponse discoverInstances(DiscoverInstancesRequest r) {
    Instances.Found found = instances.discover(r);
    return DiscoverInstancesResponse.builder()
        .instances(found.instances())
        .instancesRevision(found.revision())
        .build();
  }

  @Override
  public DiscoverInstancesRevisionResponse discoverInstancesRevision(
      DiscoverInstancesRevisionRequest r) {
    Scope scope =
        r.ownerAccount() == null ? scope() : new Scope(r.ownerAccount(), scope().region());
    return DiscoverInstancesRevisionResponse.builder()
        .instancesRevision(
            instances.named(view(), scope, r.namespaceName(), r.serviceName()).revision())
        .build();
  }

  // ---- operations

  @Override
  public GetOperationResponse getOperation(GetOperationRequest r) {
    return GetOperationResponse.builder()
        .operation(
            view()
                .find(Tables.OPERATIONS, scope().key(r.operationId()))
                .map(OperationRow::operation)
                .orElseThrow(
                    () ->
                        OperationNotFoundException.builder()
                            .message("No operation found with ID: " + r.operationId())
                            .build()))
        .build();
  }

  @Override
  public ListOperationsResponse listOperations(ListOperationsRequest r) {
    View view = view();
    Page<Row<OperationRow>> page =
        page(
            "ListOperations",
            from ->
                view.scanAfter(Tables.OPERATIONS, scope(), from)
                    .filter(row -> matches(row.value().operation(), r.filters())),
            row -> row.key().id(),
            r.nextToken(),
            r.maxResults());
    return ListOperationsResponse.builder()
        .nextToken(page.nextToken())
        .operations(
            page.items().stream()
                .map(row -> row.value().operation())
                .map(o -> OperationSummary.builder().id(o.id()).status(o.status()).build())
                .toList())
        .build();
  }

  private static boolean matches(Operation operation, List<OperationFilter> filters) {
    return filters.stream()
        .allMatch(
            filter ->
                switch (filter.name()) {
                  case NAMESPACE_ID ->
                      holds(filter.condition(), filter.values(), target(operation, "NAMESPACE"));
                  case SERVICE_ID ->
                      holds(filter.condition(), filter.values(), target(operation, "SERVICE"));
                  case STATUS ->
                      holds(filter.condition(), filter.values(), operation.statusAsString());
                  case TYPE -> holds(filter.condition(), filter.values(), operation.typeAsString());
                  case UPDATE_DATE -> between(filter, operation.updateDate());
                  case UNKNOWN_TO_SDK_VERSION ->
                      throw invalid("There is no filter " + filter.nameAsString() + ".");
                });
  }

  private static String target(Operation operation, String kind) {
    return operation.targetsAsStrings().getOrDefault(kind, "");
  }

  private static boolean between(OperationFilter filter, Instant date) {
    if (filter.condition() != FilterCondition.BETWEEN || filter.values().size() != 2) {
      throw invalid("The filter UPDATE_DATE needs the condition BETWEEN and two dates.");
    }
    try {
      double from = Double.parseDouble(filter.values().get(0));
      double to = Double.parseDouble(filter.values().get(1));
      double at = date.toEpochMilli() / 1000.0;
      return at >= from && at <= to;
    } catch (NumberFormatException notSeconds) {
      throw invalid("Dates are given in seconds since 1970.");
    }
  }

  // ---- tags

  @Override
  public TagResourceResponse tagResource(TagResourceRequest r) {
    changeTags(r.resourceARN(), tags -> tags.putAll(Namespaces.tags(r.tags())));
    return TagResourceResponse.builder().build();
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest r) {
    changeTags(r.resourceARN(), tags -> r.tagKeys().forEach(tags::remove));
    return UntagResourceResponse.builder().build();
  }

  private void changeTags(String arn, java.util.function.Consumer<Map<String, String>> change) {
    Scope scope = scope();
    context
        .store()
        .write(
            tx -> {
              String id = Namespaces.bareId(arn);
              NamespaceRow namespace = tx.get(Tables.NAMESPACES, scope.key(id));
              ServiceRow service = tx.get(Tables.SERVICES, scope.key(id));
              Map<String, String> tags = new TreeMap<>(tagsOf(arn, namespace, service));
              change.accept(tags);
              if (tags.size() > MAX_TAGS) {
                throw TooManyTagsException.builder()
                    .message("A resource may have 200 tags.")
                    .resourceName(arn)
                    .build();
              }
              if (namespace != null) {
                tx.put(Tables.NAMESPACES, scope.key(id), namespace.withTags(tags));
              } else if (service != null) {
                tx.put(Tables.SERVICES, scope.key(id), service.withTags(tags));
              }
              return null;
            });
  }

  private static Map<String, String> tagsOf(
      String arn, @Nullable NamespaceRow namespace, @Nullable ServiceRow service) {
    if (namespace != null) {
      return namespace.tags();
    }
    if (service != null) {
      return service.tags();
    }
    throw ResourceNotFoundException.builder().message("No resource found with ARN: " + arn).build();
  }

  @Override
  public ListTagsForResourceResponse listTagsForResource(ListTagsForResourceRequest r) {
    String id = Namespaces.bareId(r.resourceARN());
    View view = view();
    Map<String, String> tags =
        tagsOf(
            r.resourceARN(),
            view.get(Tables.NAMESPACES, scope().key(id)),
            view.get(Tables.SERVICES, scope().key(id)));
    return ListTagsForResourceResponse.builder()
        .tags(
            tags.entrySet().stream()
                .map(t -> Tag.builder().key(t.getKey()).value(t.getValue()).build())
                .toList())
        .build();
  }
}
