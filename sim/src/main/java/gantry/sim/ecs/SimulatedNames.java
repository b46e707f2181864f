package gantry.sim.ecs;

import java.util.HashSet;
import java.util.Set;
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

/** As much of Cloud Map as ECS asks for: who is registered. */
public final class SimulatedNames implements ServiceDiscoveryClient {

  private static final long TTL_SECONDS = 5;

  private final Set<String> instances = new HashSet<>();

  /** The ids of the tasks that names lead to. */
  public Set<String> instances() {
    return Set.copyOf(instances);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  /** With health as those who register say it, and records that resolvers keep for a while. */
  @Override
  public GetServiceResponse getService(GetServiceRequest request) {
    return GetServiceResponse.builder()
        .service(
            s ->
                s.id(request.id())
                    .healthCheckCustomConfig(HealthCheckCustomConfig.builder().build())
                    .dnsConfig(d -> d.dnsRecords(r -> r.type("A").ttl(TTL_SECONDS))))
        .build();
  }

  @Override
  public UpdateInstanceCustomHealthStatusResponse updateInstanceCustomHealthStatus(
      UpdateInstanceCustomHealthStatusRequest request) {
    return UpdateInstanceCustomHealthStatusResponse.builder().build();
  }

  @Override
  public RegisterInstanceResponse registerInstance(RegisterInstanceRequest request) {
    instances.add(request.instanceId());
    return RegisterInstanceResponse.builder().operationId("o").build();
  }

  @Override
  public DeregisterInstanceResponse deregisterInstance(DeregisterInstanceRequest request) {
    instances.remove(request.instanceId());
    return DeregisterInstanceResponse.builder().operationId("o").build();
  }
}
