package gantry.services.ecs.rows;

import java.util.List;
import software.amazon.awssdk.services.ecs.model.ServiceConnectServiceResource;

/**
 * What Service Connect made in Cloud Map for a service.
 *
 * @param namespaceArn where its names are
 * @param resources one Cloud Map service for each discovery name
 */
public record ConnectRow(String namespaceArn, List<ServiceConnectServiceResource> resources) {

  /** The id of the Cloud Map service that a discovery name has. */
  public String serviceId(String discoveryName) {
    for (ServiceConnectServiceResource resource : resources) {
      if (resource.discoveryName().equals(discoveryName)) {
        return resource.discoveryArn().substring(resource.discoveryArn().lastIndexOf('/') + 1);
      }
    }
    throw new IllegalStateException("no discovery service was made for " + discoveryName);
  }
}
