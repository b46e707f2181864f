/**
 * The only bus: typed tables, one writer, an ordered change feed, a durable log, time and
 * controllers.
 */
@NullMarked
package gantry.state;

import org.jspecify.annotations.NullMarked;
