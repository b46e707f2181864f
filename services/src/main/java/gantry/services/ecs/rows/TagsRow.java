package gantry.services.ecs.rows;

import java.util.List;
import software.amazon.awssdk.services.ecs.model.Tag;

/** The tags of one resource, named by its ARN. */
public record TagsRow(String resourceArn, List<Tag> tags) {}
