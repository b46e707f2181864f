package gantry.services.ecs;

import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DeregisterInstanceResponse;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceRequest;
import software.amazon.awssdk.services.servicediscovery.model.RegisterInstanceResponse;

/** Remembers which instances are registered. */
final class PretendedNames implements ServiceDiscoveryClient {

  final Map<String, Map<String, String>> instances = new TreeMap<>();

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

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
