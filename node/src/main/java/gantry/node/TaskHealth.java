package gantry.node;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.HealthStatus;

/**
 * Hears how containers' health checks go. The ECS API has no operation for it (Amazon's agent says
 * it over the telemetry socket), so it has a door of its own.
 */
public interface TaskHealth {

  /**
   * A check's verdict changed.
   *
   * @param output what the newest check printed; null when it printed nothing or has not run
   */
  void containerHealth(
      String taskArn,
      String containerName,
      HealthStatus status,
      Instant since,
      @Nullable String output);
}
