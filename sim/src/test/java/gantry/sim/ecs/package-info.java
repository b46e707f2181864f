/** What must hold of ECS however it is used and whatever fails. */
@NullMarked
package gantry.sim.ecs;

import org.jspecify.annotations.NullMarked;
