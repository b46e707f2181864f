package gantry.node;

import java.time.Clock;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.ecs.EcsClient;

/**
 * Everything that a node reaches beyond Docker and its own machine.
 *
 * @param ecs the control plane, as the node's own role
 * @param sockets null where there are no VPC namespaces
 */
public record NodeDoors(
    EcsClient ecs,
    TaskNetwork network,
    @Nullable NetnsSockets sockets,
    RoleClients roles,
    RegistryCredentials registry,
    TaskCredentials credentials,
    TaskHealth health,
    NodeNews news,
    Clock clock) {

  /** A node that runs tasks in bridge, host and none mode, without roles and registry of ours. */
  public static NodeDoors only(EcsClient ecs, RoleClients roles) {
    return new NodeDoors(
        ecs,
        TaskNetwork.none("this node has no VPC networking: run it as root on Linux for awsvpc"),
        null,
        roles,
        RegistryCredentials.none(),
        (taskArn, roleArn) -> {
          throw SdkClientException.create("nobody issues sessions of roles on this node");
        },
        (taskArn, container, status, since, output) -> {},
        NodeNews.NONE,
        Clock.systemUTC());
  }

  public NodeDoors withNetwork(TaskNetwork other, @Nullable NetnsSockets otherSockets) {
    return new NodeDoors(
        ecs, other, otherSockets, roles, registry, credentials, health, news, clock);
  }

  public NodeDoors withCredentials(TaskCredentials other) {
    return new NodeDoors(ecs, network, sockets, roles, registry, other, health, news, clock);
  }

  public NodeDoors withHealth(TaskHealth other) {
    return new NodeDoors(ecs, network, sockets, roles, registry, credentials, other, news, clock);
  }

  public NodeDoors withNews(NodeNews other) {
    return new NodeDoors(ecs, network, sockets, roles, registry, credentials, health, other, clock);
  }
}
