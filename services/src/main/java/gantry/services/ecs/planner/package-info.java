/** What to do next for a service: pure functions of what is wanted, what is there and the time. */
@NullMarked
package gantry.services.ecs.planner;

import org.jspecify.annotations.NullMarked;
