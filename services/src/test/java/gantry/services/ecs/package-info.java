/** ECS as its users see it, in process, on virtual time. */
@NullMarked
package gantry.services.ecs;

import org.jspecify.annotations.NullMarked;
