package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.List;
import software.amazon.awssdk.services.ecs.model.HealthStatus;

/** What a container's health check last said, with the outputs of its newest probes. */
public record ContainerHealthRow(HealthStatus status, Instant since, List<String> outputs) {
  /** Newest probe outputs that are kept for each container. */
  public static final int OUTPUTS_KEPT = 5;
}
