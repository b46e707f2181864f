package gantry.node;

import java.time.Instant;
import software.amazon.awssdk.services.ecs.model.HealthStatus;

/**
 * Hears how containers' health checks go. The ECS API has no operation for it (Amazon's agent says
 * it over the telemetry socket), so it has a door of its own.
 */
public interface TaskHealth {

  void containerHealth(String taskArn, String containerName, HealthStatus status, Instant since);
}
