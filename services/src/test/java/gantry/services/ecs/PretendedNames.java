package gantry.services.ecs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.CreateHttpNamespaceRequest;
import software.amazon.awssdk.services.servicediscovery.model.CreateHttpNamespaceResponse;
import software.amazon.awssdk.services.servicediscovery.model.CreateServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.CreateServiceResponse;
import software.amazon.awssdk.services.servicediscovery.model.DeleteServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeleteServiceResponse;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceResponse;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.ListNamespacesRequest;
import software.amazon.awssdk.services.servicediscovery.model.ListNamespacesResponse;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceSummary;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.ServiceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusRequest;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusResponse;

/** Remembers which instances are registered, and what was said of their health. */
final class PretendedNames implements ServiceDiscoveryClient {

  static final long TTL = 5;

  final Map<String, Map<String, String>> instances = new TreeMap<>();

  final List<String> namespaces = new ArrayList<>();
  final Set<String> services = new TreeSet<>();

  /** What was said of custom health, in order. */
  final List<String> told = new ArrayList<>();

  /** Whether services have a custom health check. */
  boolean custom;

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public ListNamespacesResponse listNamespaces(ListNamespacesRequest request) {
    return ListNamespacesResponse.builder()
        .namespaces(namespaces.stream().map(PretendedNames::namespace).toList())
        .build();
  }

  private static NamespaceSummary namespace(String name) {
    return NamespaceSummary.builder()
        .name(name)
        .id("ns-" + name)
        .arn("arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-" + name)
        .build();
  }

  @Override
  public CreateHttpNamespaceResponse createHttpNamespace(CreateHttpNamespaceRequest request) {
    namespaces.add(request.name());
    return CreateHttpNamespaceResponse.builder().operationId("o").build();
  }

  @Override
  public CreateServiceResponse createService(CreateServiceRequest request) {
    String arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-" + request.name();
    if (!services.add(request.name())) {
      throw ServiceAlreadyExistsException.builder().serviceArn(arn).build();
    }
    return CreateServiceResponse.builder().service(s -> s.arn(arn)).build();
  }

  @Override
  public DeleteServiceResponse deleteService(DeleteServiceRequest request) {
    services.remove(request.id().substring("srv-".length()));
    return DeleteServiceResponse.builder().build();
  }

  @Override
  public GetServiceResponse getService(GetServiceRequest request) {
    return GetServiceResponse.builder()
        .service(
            s ->
                s.id(request.id())
                    .healthCheckCustomConfig(
                        custom ? HealthCheckCustomConfig.builder().build() : null)
                    .dnsConfig(d -> d.dnsRecords(r -> r.type("A").ttl(TTL))))
        .build();
  }

  @Override
  public UpdateInstanceCustomHealthStatusResponse updateInstanceCustomHealthStatus(
      UpdateInstanceCustomHealthStatusRequest request) {
    told.add(request.instanceId() + " " + request.statusAsString());
    return UpdateInstanceCustomHealthStatusResponse.builder().build();
  }

  @Override
  public RegisterInstanceResponse registerInstance(RegisterInstanceRequest request) {
    instances.put(request.instanceId(), request.attributes());
    return RegisterInstanceResponse.builder().operationId("o").build();
  }

  @Override
  public DeregisterInstanceResponse deregisterInstance(DeregisterInstanceRequest request) {
    instances.remove(request.instanceId());
    return DeregisterInstanceResponse.builder().operationId("o").build();
  }
}
