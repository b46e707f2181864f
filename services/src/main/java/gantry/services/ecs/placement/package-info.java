/** Where a task goes: pure functions over an index of what is free. */
@NullMarked
package gantry.services.ecs.placement;

import org.jspecify.annotations.NullMarked;
