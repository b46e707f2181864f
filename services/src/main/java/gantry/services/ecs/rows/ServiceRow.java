package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentControllerType;
import software.amazon.awssdk.services.ecs.model.SchedulingStrategy;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceVolumeConfiguration;

/**
 * A service: what was asked for, and its deployments, newest first.
 *
 * @param service as described, without what is computed (counts, deployments, events, tags)
 * @param cluster the cluster's name
 * @param said when each kind of event was last written, so that a repetition stays out
 * @param steady it has said that it is in a steady state
 * @param balancing an AZ rebalancing is under way
 * @param inactiveAt when its last task had stopped after deletion
 */
public record ServiceRow(
    Service service,
    String cluster,
    List<DeploymentRow> deployments,
    @Nullable ServiceConnectConfiguration serviceConnect,
    List<ServiceVolumeConfiguration> volumes,
    Map<String, Instant> said,
    boolean steady,
    boolean balancing,
    @Nullable Instant inactiveAt) {

  public String name() {
    return service.serviceName();
  }

  public boolean isActive() {
    return "ACTIVE".equals(service.status());
  }

  public boolean isDraining() {
    return "DRAINING".equals(service.status());
  }

  public boolean isDaemon() {
    return service.schedulingStrategy() == SchedulingStrategy.DAEMON;
  }

  /** Its tasks belong to task sets that somebody else makes. */
  public boolean isExternal() {
    return service.deploymentController() != null
        && service.deploymentController().type() == DeploymentControllerType.EXTERNAL;
  }

  public DeploymentRow primary() {
    for (DeploymentRow deployment : deployments) {
      if (deployment.primary()) {
        return deployment;
      }
    }
    throw new IllegalStateException("service " + name() + " has no primary deployment");
  }

  public @Nullable DeploymentRow deployment(String id) {
    for (DeploymentRow deployment : deployments) {
      if (deployment.id().equals(id)) {
        return deployment;
      }
    }
    return null;
  }

  public ServiceRow with(Service changed) {
    return new ServiceRow(
        changed,
        cluster,
        deployments,
        serviceConnect,
        volumes,
        said,
        steady,
        balancing,
        inactiveAt);
  }

  public ServiceRow with(List<DeploymentRow> changed) {
    return new ServiceRow(
        service,
        cluster,
        List.copyOf(changed),
        serviceConnect,
        volumes,
        said,
        steady,
        balancing,
        inactiveAt);
  }

  public ServiceRow withSaid(Map<String, Instant> changed) {
    return new ServiceRow(
        service,
        cluster,
        deployments,
        serviceConnect,
        volumes,
        Collections.unmodifiableMap(new TreeMap<>(changed)),
        steady,
        balancing,
        inactiveAt);
  }

  public ServiceRow withSteady(boolean nowSteady, boolean nowBalancing) {
    return new ServiceRow(
        service,
        cluster,
        deployments,
        serviceConnect,
        volumes,
        said,
        nowSteady,
        nowBalancing,
        inactiveAt);
  }

  public ServiceRow withConfiguration(
      @Nullable ServiceConnectConfiguration connect, List<ServiceVolumeConfiguration> newVolumes) {
    return new ServiceRow(
        service, cluster, deployments, connect, newVolumes, said, steady, balancing, inactiveAt);
  }

  public ServiceRow inactive(Service changed, Instant at) {
    return new ServiceRow(
        changed, cluster, List.of(), serviceConnect, volumes, said, steady, balancing, at);
  }
}
