/**
 * What the registry is handed at start: who runs its images, and how it reaches other registries.
 */
@NullMarked
package gantry.app.registry;

import org.jspecify.annotations.NullMarked;
