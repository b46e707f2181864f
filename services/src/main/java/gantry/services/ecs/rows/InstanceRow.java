package gantry.services.ecs.rows;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;

/**
 * A container instance, or a node of the Fargate pool. Remaining resources and task counts are
 * computed, never kept.
 *
 * @param cluster the cluster's name; {@link #FARGATE_POOL} for a node that users do not see
 * @param disconnectedAt since when the agent is away; null while it is connected
 * @param inactiveAt when it was deregistered
 */
public record InstanceRow(
    ContainerInstance instance,
    String cluster,
    @Nullable Instant disconnectedAt,
    @Nullable Instant inactiveAt) {

  /** No cluster can have this name: it holds a character that names may not. */
  public static final String FARGATE_POOL = "aws:fargate";

  /**
   * The attribute that names the machine behind an instance: instances of one machine share what it
   * has.
   */
  public static final String MACHINE = "gantry.machine";

  public boolean isFargate() {
    return cluster.equals(FARGATE_POOL);
  }

  public String arn() {
    return instance.containerInstanceArn();
  }

  public boolean isActive() {
    return "ACTIVE".equals(instance.status());
  }

  public boolean isDraining() {
    return "DRAINING".equals(instance.status());
  }

  public boolean isConnected() {
    return Boolean.TRUE.equals(instance.agentConnected());
  }

  public InstanceRow with(ContainerInstance changed) {
    return new InstanceRow(changed, cluster, disconnectedAt, inactiveAt);
  }

  public @Nullable String attribute(String name) {
    for (var attribute : instance.attributes()) {
      if (attribute.name().equals(name)) {
        return attribute.value() == null ? "" : attribute.value();
      }
    }
    return null;
  }
}
