/** The planner alone: no tables, no time but what is given. */
@NullMarked
package gantry.services.ecs.planner;

import org.jspecify.annotations.NullMarked;
