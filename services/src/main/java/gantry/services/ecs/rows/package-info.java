/**
 * The rows of the ECS tables: SDK model objects, wrapped where ECS itself keeps more than it shows.
 */
@NullMarked
package gantry.services.ecs.rows;

import org.jspecify.annotations.NullMarked;
