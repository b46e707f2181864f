package gantry.sim.ecs;

import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.GetServiceResponse;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.InstanceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusRequest;
import software.amazon.awssdk.services.servicediscovery.model.UpdateInstanceCustomHealthStatusResponse;

/** As much of Cloud Map as ECS asks for: who is registered, and who is still remembered. */
public final class SimulatedNames implements ServiceDiscoveryClient {

  private static final long TTL_SECONDS = 5;

  private final Clock clock;
  private final Map<String, CustomHealthStatus> instances = new HashMap<>();
  private final Map<String, Instant> left = new HashMap<>();

  SimulatedNames(Clock clock) {
    this.clock = clock;
  }

  /** The ids of the tasks that names lead to. */
  public Set<String> instances() {
    return Set.copyOf(instances.keySet());
  }

  /**
   * Whether somebody may still be led to the task: by its name, or by a resolver's memory of it.
   */
  public boolean leadTo(String task) {
    Instant since = left.get(task);
    return instances.containsKey(task)
        || (since != null && clock.instant().isBefore(since.plusSeconds(TTL_SECONDS)));
  }

  /** Whether the task is registered, and was last said to be healthy. */
  public boolean healthy(String task) {
    return instances.get(task) == CustomHealthStatus.HEALTHY;
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
    known(request.instanceId());
    instances.put(request.instanceId(), request.status());
    return UpdateInstanceCustomHealthStatusResponse.builder().build();
  }

  @Override
  public RegisterInstanceResponse registerInstance(RegisterInstanceRequest request) {
    instances.put(
        request.instanceId(),
        CustomHealthStatus.fromValue(request.attributes().get("AWS_INIT_HEALTH_STATUS")));
    return RegisterInstanceResponse.builder().operationId("o").build();
  }

  @Override
  public DeregisterInstanceResponse deregisterInstance(DeregisterInstanceRequest request) {
    known(request.instanceId());
    instances.remove(request.instanceId());
    left.put(request.instanceId(), clock.instant());
    return DeregisterInstanceResponse.builder().operationId("o").build();
  }

  private void known(String instance) {
    if (!instances.containsKey(instance)) {
      throw InstanceNotFoundException.builder().message("No instance " + instance).build();
    }
  }
}
