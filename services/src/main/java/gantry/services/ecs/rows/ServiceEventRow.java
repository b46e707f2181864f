package gantry.services.ecs.rows;

import java.time.Instant;

/** One line of a service's events. */
public record ServiceEventRow(String id, Instant createdAt, String message) {}
