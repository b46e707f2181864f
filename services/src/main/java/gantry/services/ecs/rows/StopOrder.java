package gantry.services.ecs.rows;

import java.time.Instant;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/** That, when and why a task is to end. The first order given stays. */
public record StopOrder(TaskStopCode code, String reason, Instant at) {}
