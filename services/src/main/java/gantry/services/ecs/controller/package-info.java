/**
 * What makes state and the world agree: effects only through state and the clients of other
 * services.
 */
@NullMarked
package gantry.services.ecs.controller;

import org.jspecify.annotations.NullMarked;
