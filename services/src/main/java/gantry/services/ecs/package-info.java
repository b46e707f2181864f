/** Amazon ECS: the API operations, over the tables that its planners and controllers share. */
@NullMarked
package gantry.services.ecs;

import org.jspecify.annotations.NullMarked;
