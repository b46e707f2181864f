package gantry.services.ecs.rows;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * A revision as it is answered, byte for byte.
 *
 * @param deleteRequestedAt null unless DELETE_IN_PROGRESS
 */
public record TaskDefinitionRow(TaskDefinition definition, @Nullable Instant deleteRequestedAt) {}
