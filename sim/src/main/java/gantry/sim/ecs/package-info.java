/** A whole ECS account in virtual time: the real tables and controllers, simulated machines. */
@NullMarked
package gantry.sim.ecs;

import org.jspecify.annotations.NullMarked;
