/** The agent on a machine: runs fully resolved tasks, reports what happened, decides nothing. */
@NullMarked
package gantry.node;

import org.jspecify.annotations.NullMarked;
