/** The command line and the composition root: the one place that knows everybody. */
@NullMarked
package gantry.app;

import org.jspecify.annotations.NullMarked;
