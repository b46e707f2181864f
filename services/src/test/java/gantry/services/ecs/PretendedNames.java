package gantry.services.ecs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceResponse;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusRequest;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusResponse;

/** Remembers which instances are registered, and what was said of their health. */
final class PretendedNames implements ServiceDiscoveryClient {

  static final long TTL = 5;

  final Map<String, Map<String, String>> instances = new TreeMap<>();

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
