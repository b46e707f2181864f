package gantry.sim.ecs;

import java.util.HashSet;
import java.util.Set;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceResponse;

/** As much of Cloud Map as ECS asks for: who is registered. */
public final class SimulatedNames implements ServiceDiscoveryClient {

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
