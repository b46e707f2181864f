/** Placement alone. */
@NullMarked
package gantry.services.ecs.placement;

import org.jspecify.annotations.NullMarked;
