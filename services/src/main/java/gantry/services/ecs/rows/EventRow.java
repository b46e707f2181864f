package gantry.services.ecs.rows;

import java.time.Instant;
import java.util.List;

/**
 * An event in EventBridge's shape, waiting on the feed for whoever delivers it.
 *
 * @param detailType such as {@code ECS Task State Change}
 * @param detail JSON
 */
public record EventRow(
    String id, String detailType, Instant time, List<String> resources, String detail) {}
