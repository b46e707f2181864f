/** The questions that a person asks the running program, and the pages that answer them. */
@NullMarked
package gantry.app.ask;

import org.jspecify.annotations.NullMarked;
