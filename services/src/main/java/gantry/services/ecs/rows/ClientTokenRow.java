package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.List;

/**
 * What an idempotency token stands for.
 *
 * @param fingerprint of the request's parameters
 * @param resourceIds what the first call made
 */
public record ClientTokenRow(String fingerprint, Instant createdAt, List<String> resourceIds) {}
