/** What containers use, read from control groups and /proc: cheap at a hundred containers. */
@NullMarked
package gantry.node.stats;

import org.jspecify.annotations.NullMarked;
