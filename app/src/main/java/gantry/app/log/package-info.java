/** What the program and its libraries log, as lines on standard error. */
@NullMarked
package gantry.app.log;

import org.jspecify.annotations.NullMarked;
